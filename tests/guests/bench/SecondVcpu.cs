using System.Runtime;
using System.Runtime.CompilerServices;
using System.Threading;
using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Bench;

/// <summary>The second vCPU, which halts until an event comes, takes it, and halts again.</summary>
internal sealed class SecondVcpu : InterruptHandler
{
    private const ulong VcpuInfoSize = 64, Selector = 8;
    private static int s_waits;

    private readonly uint _port;
    private ulong _arrival;

    private SecondVcpu(uint port) => _port = port;

    /// <summary>When the last event arrived, by the TSC; 0 since <see cref="Expect"/> until it does.</summary>
    public ulong Arrival => Volatile.Read(ref _arrival);

    /// <summary>The port on which the first vCPU reaches it.</summary>
    public uint Port => _port;

    /// <summary>Starts it. Null: the domain has one vCPU only, or it did not come.</summary>
    public static SecondVcpu? Start()
    {
        const ulong second = 1000 * (ulong)Clock.Millisecond;
        var context = new VcpuHvmContext { Mode = 1 };
        context.LongMode.Rip = Entry();
        context.LongMode.Cr0 = 0x8001_0033;
        context.LongMode.Cr3 = Xenolith.Guests.Instructions.ReadCr3();
        context.LongMode.Cr4 = 0x620;
        context.LongMode.Efer = 0x500;
        var bind = new EvtchnBindIpi { Vcpu = 1 };
        if (Xen.Call(Hypercall.EventChannelOp, (ulong)EventChannelOp.BindIpi, ref bind) != 0
            || Xen.Call(Hypercall.VcpuOp, (ulong)VcpuOp.Initialise, 1, Xen.AddressOf(ref context)) != 0)
        {
            return null;
        }

        var vcpu = new SecondVcpu(bind.Port);
        Interrupts.SetHandler(Events.Vector, vcpu);
        SharedState.ClearMask(bind.Port);
        Xen.Call(Hypercall.VcpuOp, (ulong)VcpuOp.Up, 1);
        for (ulong end = Clock.Now + second; !Waits && Clock.Now < end;)
        {
            Yield();
        }

        return Waits ? vcpu : null;
    }

    /// <summary>Waits until it has halted, and forgets the last event.</summary>
    public void Expect()
    {
        while (!Waits)
        {
            Yield();
        }

        // It says so just before it halts.
        Yield();
        Yield();
        Volatile.Write(ref _arrival, 0);
    }

    /// <summary>Lets it run where both share a processor.</summary>
    public static void Yield() => Xen.Call(Hypercall.SchedOp, (ulong)SchedOp.Yield);

    public override void Handle(ref InterruptFrame frame)
    {
        ulong now = Xenolith.Guests.Instructions.ReadTsc();
        Memory.Write8(SharedState.Address + VcpuInfoSize, 0);
        Memory.Write64(SharedState.Address + VcpuInfoSize + Selector, 0);
        SharedState.ClearPending(_port);
        Volatile.Write(ref s_waits, 0);
        Volatile.Write(ref _arrival, now);
    }

    private static bool Waits => Volatile.Read(ref s_waits) != 0;

    [RuntimeImport("*", "bench_address_of_second_entry")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern ulong Entry();

    [RuntimeExport("bench_second")]
    private static void Second()
    {
        Interrupts.LoadTable();
        while (true)
        {
            Volatile.Write(ref s_waits, 1);
            Xenolith.Guests.Instructions.EnableInterruptsAndHalt();
            Xenolith.Guests.Instructions.DisableInterrupts();
        }
    }
}

/// <summary>A send to the second vCPU, up to its handler there; the first lets go of the processor meanwhile.</summary>
internal sealed class SendElsewhere(string name, SecondVcpu other) : Operation(name, TimedInstruction.Hypercall)
{
    public override void Prepare() => other.Expect();

    public override uint Run()
    {
        ulong start = Xenolith.Guests.Instructions.ReadTsc();
        base.Run();
        while (other.Arrival == 0)
        {
            SecondVcpu.Yield();
        }

        return (uint)(other.Arrival - start);
    }
}
