using System.Runtime;
using System.Runtime.CompilerServices;
using System.Threading;
using Xenolith.Kernel;

namespace Xenolith.Tests.Features;

/// <summary>As <see cref="InducedFaults"/>: faults that take several CPUs, or befall one that did not boot.</summary>
// unsafe: wild pointers are what is tested.
internal static unsafe class InducedProcessorFaults
{
    private const uint BankStatusMsr = 0x401;
    private const uint GlobalStatusMsr = 0x17A;

    // Valid, not corrected, enabled, context corrupt; an internal timer error (Intel SDM vol. 3, 16.9.1).
    private const ulong TimerError = 0xB200_0000_0000_0400;
    private const ulong InProgress = 4;

    // Registers that no machine here has, in the chipset's part of the address space.
    private const ulong DeviceAddress = 0xFEC1_0000;

    /// <summary>Their names, for the table of options.</summary>
    public const string Names = " lock-order lock-twice deadlock machine-check machine-check-bank watchdog shootdown other-non-maskable other-null-read other-stack-overflow other-index";

    private static SpinLock? s_lock;
    private static int s_stage;
    private static ulong s_device;

    /// <summary>Commits one if it is asked for.</summary>
    public static void Run(System.ReadOnlySpan<char> fault)
    {
        InducedFaults.RunIf(fault, "lock-order", &TakeInWrongOrder);
        InducedFaults.RunIf(fault, "lock-twice", &TakeTwice);
        InducedFaults.RunIf(fault, "deadlock", &Deadlock);
        InducedFaults.RunIf(fault, "machine-check", &CheckMachine);
        InducedFaults.RunIf(fault, "machine-check-bank", &CheckMachineWithBank);
        InducedFaults.RunIf(fault, "watchdog", &Hang);
        InducedFaults.RunIf(fault, "shootdown", &UseUnmapped);
        InducedFaults.RunIf(fault, "other-non-maskable", &InterruptOther);
        InducedFaults.RunIf(fault, "other-null-read", &ReadNullElsewhere);
        InducedFaults.RunIf(fault, "other-stack-overflow", &OverflowElsewhere);
        InducedFaults.RunIf(fault, "other-index", &IndexElsewhere);
    }

    private static KernelServices Services => Boot.Current;

    private sealed class Work(delegate*<void> body) : CpuWork
    {
        private readonly delegate*<void> _body = body;

        public override void Run()
        {
            if (CurrentCpu.Number == 1)
                _body();
        }
    }

    private static void OnTheOther(delegate*<void> body) => Services.Cpus.StartOthers(new Work(body), Services.Messages);

    // Interrupts are let in, as a run loop does.
    private static void WaitForEver()
    {
        while (Opaque.Of(true))
        {
            Services.Messages.Poll();
            Cpu.Idle();
        }
    }

    private static void WaitForStage(int stage)
    {
        while (Volatile.Read(ref s_stage) < stage)
            Cpu.Pause();
    }

    private static void TakeInWrongOrder()
    {
        LockChecks.Enabled = true;
        var log = new SpinLock(LockRank.Log, "upper");
        var frames = new SpinLock(LockRank.FrameAllocator, "lower");
        log.Acquire();
        frames.Acquire(); // induce: lock-order
        FeatureHost.Write("came back\n");
    }

    private static void TakeTwice()
    {
        var once = new SpinLock(LockRank.DomainList, "once");
        once.Acquire();
        once.Acquire(); // induce: lock-twice
        FeatureHost.Write("came back\n");
    }

    private static void Deadlock()
    {
        LockChecks.SetPatience(Services.Clock, 100_000_000);
        LockChecks.Enabled = true;
        s_lock = new SpinLock(LockRank.DomainList, "kept");
        OnTheOther(&KeepLock);
        WaitForStage(1);
        s_lock.Acquire(); // induce: deadlock
        FeatureHost.Write("came back\n");
    }

    private static void KeepLock()
    {
        s_lock!.Acquire();
        Volatile.Write(ref s_stage, 1);
        WaitForStage(2);
        s_lock.Release();
    }

    private static void CheckMachine()
    {
        RaiseMachineCheck(); // induce: machine-check
        FeatureHost.Write("came back\n");
    }

    private static void CheckMachineWithBank()
    {
        // A virtual machine's registers can be written; a real CPU's take zero only.
        if (!Cpu.TryWriteMsr(BankStatusMsr, TimerError) || !Cpu.TryWriteMsr(GlobalStatusMsr, InProgress))
            FeatureHost.Write("the bank takes no value\n");
        RaiseMachineCheck(); // induce: machine-check-bank
        FeatureHost.Write("came back\n");
    }

    [RuntimeImport("*", "features_raise_machine_check")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern void RaiseMachineCheck();

    private static void Hang()
    {
        OnTheOther(&SpinForEver);
        WaitForEver();
    }

    private static void SpinForEver()
    {
        // For a while it passes its run loop's place, so that the watchdog knows it.
        ulong start = Services.Clock.Nanoseconds;
        while (Services.Clock.Nanoseconds - start < 2 * Watchdog.Period)
            Cpu.Idle();
        while (Opaque.Of(true))
            Cpu.Pause(); // induce: watchdog
    }

    private static void UseUnmapped()
    {
        s_device = Boot.AddressSpace.MapPhysical(DeviceAddress, Page.Size, Rights.ReadWrite, Caching.Uncached);
        OnTheOther(&ReadDevice);
        WaitForStage(1);

        // The other CPU has the translation now, and answers nobody but this one's request.
        Boot.AddressSpace.UnmapPhysical(DeviceAddress, Page.Size);
        Volatile.Write(ref s_stage, 2);
        WaitForEver();
    }

    private static void ReadDevice()
    {
        int value = ReadOnce();
        Volatile.Write(ref s_stage, 1);
        while (Volatile.Read(ref s_stage) != 2)
            Services.Messages.Poll();
        FeatureHost.Write(ReadOnce() == value ? "came back\n" : "came back with another value\n");
    }

    private static int ReadOnce() => Volatile.Read(ref *(int*)Opaque.Of(s_device)); // induce: shootdown

    private static void InterruptOther()
    {
        OnTheOther(&AwaitInterrupt);
        WaitForStage(1);
        Services.Messages.Interrupt(CpuSet.Of(1));
        WaitForEver();
    }

    private static void AwaitInterrupt()
    {
        Volatile.Write(ref s_stage, 1);
        while (Opaque.Of(true))
            Cpu.Pause(); // induce: other-non-maskable
    }

    private static void ReadNullElsewhere()
    {
        OnTheOther(&ReadNull);
        WaitForEver();
    }

    private sealed class Node
    {
        public int Value;
    }

    private static void ReadNull() => FeatureHost.Write(Opaque.Of<Node?>(null)!.Value == 0 ? "zero\n" : "other\n"); // induce: other-null-read

    private static void OverflowElsewhere()
    {
        OnTheOther(&Overflow);
        WaitForEver();
    }

    private static void Overflow() => FeatureHost.Write(Descend(Opaque.Of(1)) == 0 ? "zero\n" : "other\n");

    // Not the last thing it does, so that it stays a call.
    private static int Descend(int depth) => depth < 0 ? 0 : Descend(depth + 1) + Opaque.Of(1); // induce: other-stack-overflow

    private static readonly int[] s_three = [1, 2, 3];

    private static void IndexElsewhere()
    {
        OnTheOther(&ReadBehind);
        WaitForEver();
    }

    private static void ReadBehind() => FeatureHost.Write(s_three[Opaque.Of(3)] == 0 ? "zero\n" : "other\n"); // induce: other-index
}
