using System.Runtime.CompilerServices;
using Xenolith.Abi.Contract;
using Xenolith.Abi.Tracing;
using Xenolith.Domains;
using Xenolith.Hal;
using Xenolith.Kernel;

namespace Xenolith.Abi;

/// <summary>
/// Takes a vCPU that exited on VMCALL or VMMCALL through the table: mode and privilege level, exposure, permission, handler, result.
/// One a machine.
/// </summary>
/// <param name="services">What domains need of the machine; its log takes a line for each error that leaves.</param>
/// <param name="consoleInput">What was typed, for CONSOLEIO_read; null: nothing ever is.</param>
public sealed class HypercallDispatcher(DomainServices services, ConsoleInput? consoleInput = null)
{
    private const ulong Cr0Pe = 1;

    /// <summary>Numbers below have no flags, and are what Xen knows.</summary>
    private const ulong LowNumbers = V2Calls.First;

    /// <summary>
    /// Extents, entries or calls that one pass handles before it lets the guest issue the call again, so that interrupts and timers are
    /// seen to in between.
    /// </summary>
    public int Budget { get; set; } = 64;

    /// <summary>Nanoseconds after which a pass over work of very different sizes ends, whatever is left of <see cref="Budget"/>.</summary>
    internal const ulong PassNanoseconds = 1_000_000;

    internal DomainServices Services { get; } = services;

    /// <summary>Who may do what to whom.</summary>
    public CallPolicy Policy { get; set; } = CallPolicy.Default();

    /// <summary>What is written to the log of each call; null: nothing.</summary>
    public CallTrace? Trace { get; set; }

    internal ConsoleInput? ConsoleInput { get; } = consoleInput;

    /// <summary>The calls that a new domain is shown, a word a group: all of 4.17's.</summary>
    public static ulong[] FrozenExposure()
    {
        var groups = new ulong[(int)ExposureGroup.Count];
        for (int group = 0; group < groups.Length; group++)
            groups[group] = Dispatch.DefaultExposure((ExposureGroup)group);
        return groups;
    }

    /// <summary>All calls that a domain can be shown, a word a group.</summary>
    public static ulong[] WholeExposure()
    {
        var groups = new ulong[(int)ExposureGroup.Count];
        for (int group = 0; group < groups.Length; group++)
            groups[group] = Dispatch.WholeExposure((ExposureGroup)group);
        return groups;
    }

    /// <summary>
    /// Handles one call. Reads the registers, writes RAX (EAX for a 32-bit caller, whose upper half becomes zero); RIP is
    /// the run loop's to move. Takes the domain's lock, but for rows that the table says need none.
    /// </summary>
    public HypercallOutcome Handle(Vcpu vcpu) => Trace is null ? HandleCall(vcpu) : HandleTraced(vcpu, Trace);

    // Not inlined, so that who is not traced does not pay for the room to note calls down.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private HypercallOutcome HandleTraced(Vcpu vcpu, CallTrace trace)
    {
        VirtualCpu cpu = vcpu.Cpu;
        var call = new HypercallCall(this, vcpu, (cpu.Mode & CpuMode.Long) != 0, ref cpu.Registers);
        TracedCall traced = default;
        trace.Begin(in call, ref traced);
        HypercallOutcome outcome = HandleCall(vcpu);
        ulong result = cpu.Registers.Rax;
        trace.End(vcpu, ref traced, call.Is64Bit ? unchecked((long)result) : unchecked((int)result), outcome == HypercallOutcome.Restart);
        return outcome;
    }

    // One copy in each of the two.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private HypercallOutcome HandleCall(Vcpu vcpu)
    {
        VirtualCpu cpu = vcpu.Cpu;
        CpuMode mode = cpu.Mode;
        var call = new HypercallCall(this, vcpu, (mode & CpuMode.Long) != 0, ref cpu.Registers);
        long result;
        // Real mode has no privilege levels and may call; virtual-8086 mode never may. Otherwise level 0 only, but for a guest request that
        // a listener takes from user mode, and for what a kernel leaves to it. CR0 last, which is dear to read.
        if ((mode & CpuMode.Supervisor) == 0 && (cpu.Cr0 & Cr0Pe) != 0 && !IsRequestOfUser(in call) && !IsLeftToUser(in call))
            result = call.Fail(Errno.EPERM, "not from user mode");
        else if (!vcpu.Domain.Exposure.Shows(ExposureGroup.Number, call.Number))
            result = call.Number < LowNumbers ? call.Unknown() : HandleOther(ref call);
        else if (Dispatch.IsUnlocked(in call))
            result = Dispatch.Invoke(ref call);
        else
            result = InvokeLocked(ref call);
        if (call.IsUnfinished)
            return Leave(ref call, result);
        cpu.Registers.Rax = call.Is64Bit ? unchecked((ulong)result) : unchecked((uint)result);
        if (result < 0 && !Services.Log.IsSilent(ref call.Domain.LogLimit))
            Report(ref call, result);
        // A call that takes the vCPU off says so for the run loop's sake.
        return (vcpu.Attention & Attention.Schedule) == 0 || vcpu.IsRunnable ? HypercallOutcome.Done : HypercallOutcome.Blocked;
    }

    /// <summary>A call that goes on when it is issued again, or that has paused: neither is an error to tell of.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static HypercallOutcome Leave(ref HypercallCall call, long result)
    {
        Vcpu vcpu = call.Vcpu;
        if (call.IsRestart)
        {
            call.StoreArguments(ref vcpu.Cpu.Registers);
            return HypercallOutcome.Restart;
        }
        vcpu.Cpu.Registers.Rax = call.Is64Bit ? unchecked((ulong)result) : unchecked((uint)result);
        return vcpu.IsRunnable ? HypercallOutcome.Done : HypercallOutcome.Blocked;
    }

    /// <summary>A number that is none of 4.17's that the domain is shown: one from 64 on, or with a flag, or no call.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private long HandleOther(ref HypercallCall call)
    {
        if (IsV2(in call))
            return HandleV2(ref call);
        if (!call.TryTakeFlags())
            return call.Unknown();
        call.ApplyFlags();
        long result = Dispatch.IsUnlocked(in call) ? Dispatch.Invoke(ref call) : InvokeLocked(ref call);
        call.Access.EndPhysical();
        return result;
    }

    /// <summary>One from 64 on, that the domain is shown. Each is about the domain itself, so the administrator's rules need no more than its name.</summary>
    private long HandleV2(ref HypercallCall call)
    {
        if (Policy.HasRules && !Policy.Allows(Permission.Anyone, call.Domain, call.Domain, call.Number, HypercallCall.Low(call.A0)))
        {
            call.Operation = HypercallCall.Low(call.A0);
            return call.Fail(Errno.EPERM, "the administrator's rules forbid it");
        }
        // None of these has a pointer.
        if (Dispatch.IsUnlockedV2(in call))
            return Dispatch.Invoke(ref call);
        call.BeginV2();
        long result = InvokeLocked(ref call);
        call.Access.EndPhysical();
        return result;
    }

    /// <summary>Whether it is a call from 64 on that the domain is shown.</summary>
    private static bool IsV2(in HypercallCall call) => call.Domain.Exposure.Shows(ExposureGroup.HighNumber, unchecked(call.Number - LowNumbers));

    /// <summary>Whether the kernel leaves the call to its user mode.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool IsLeftToUser(in HypercallCall call) => (call.Vcpu.UserCalls & Dispatch.UserCallOf(call.Number, call.A0)) != UserCalls.None
        && IsV2(in call) && (call.Vcpu.Cpu.Rflags & RflagsBits.Virtual8086) == 0;

    private static bool IsRequestOfUser(in HypercallCall call) => call.Number == (ulong)Hypercall.HvmOp
        && call.A0 == (ulong)HvmOp.GuestRequestVmEvent && call.Domain.Monitor.Settings.RequestFromUser;

    // Not inlined, so that who needs no lock does not pay for the room to take one.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static long InvokeLocked(ref HypercallCall call)
    {
        Vcpu vcpu = call.Vcpu;
        Domain domain = vcpu.Domain;
        domain.Acquire();
        long result = Dispatch.Invoke(ref call);
        vcpu.ReleaseOther();
        domain.Release();
        return result;
    }

    // Not inlined: it is a large frame to clear.
    /// <summary>One line for an error, within the domain's limit. Without a reason a handler has forgotten to give one.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal void Report(ref HypercallCall call, long result)
    {
        string reason = call.Reason ?? "no reason given";
        string name = HypercallNames.Of(call.Number, call.Operation);
        string error = ErrnoNames.Of((Errno)(-result));
        Services.Log.Guest(ref call.Domain.LogLimit,
            $"d{call.Domain.Id}v{call.Vcpu.Id}: {name} (call {call.Number}, operation {call.Operation}): {error}: {reason}");
    }
}
