using System;
using Xenolith.Abi.Contract;
using Xenolith.Domains;

namespace Xenolith.Abi.Calls;

/// <summary>domctl: what concerns one vCPU, and where vCPUs run.</summary>
internal static class DomctlVcpuOps
{
    private const string NoVcpu = "no such vCPU", Pinned = "the vCPU is pinned by itself";

    /// <summary>The one node of a machine without NUMA.</summary>
    private const ulong Nodes = 1;

    public static long Describe(ref HypercallCall call, ref DomctlOps.Frame frame)
    {
        Domain domain = frame.Target!;
        ref DomctlVcpuInformation information = ref frame.Argument.VcpuInformation;
        if (information.Vcpu >= (uint)domain.Vcpus.Length)
            return call.Fail(Errno.EINVAL, NoVcpu);
        if (domain.FindVcpu(information.Vcpu) is not { } vcpu)
            return call.Fail(Errno.ESRCH, "the domain's vCPUs are not made yet");
        information.IsOnline = AsByte(vcpu.IsOnline);
        information.IsBlocked = AsByte(vcpu.IsBlocked);
        information.IsRunning = AsByte(vcpu.IsRunning);
        information.CpuTime = vcpu.RunStateNow.TimeIn(RunState.Running);
        information.Cpu = (uint)vcpu.HomeCpu;
        frame.CopiesBack = true;
        return 0;
    }

    /// <summary>Soft affinity is what the hypervisor would rather do; it is told as "anywhere" and never looked at.</summary>
    public static long GetAffinity(ref HypercallCall call, ref DomctlOps.Frame frame)
    {
        ref DomctlVcpuAffinity argument = ref frame.Argument.VcpuAffinity;
        if (FindForAffinity(ref frame) is not { } vcpu)
            return call.Fail(Errno.EINVAL, "no such vCPU, or nothing is asked for");
        var flags = (AffinityFlags)argument.Flags;
        if ((flags & AffinityFlags.Hard) != 0 && !TryWriteSet(ref call, argument.Hard, vcpu.Affinity.Bits & AllCpus(in call)))
            return call.Fault();
        if ((flags & AffinityFlags.Soft) != 0 && !TryWriteSet(ref call, argument.Soft, vcpu.SoftAffinity.Bits & AllCpus(in call)))
            return call.Fault();
        return 0;
    }

    /// <summary>Where the vCPU is not allowed any more it does not stay: the domain is held back while it moves.</summary>
    public static long SetAffinity(ref HypercallCall call, ref DomctlOps.Frame frame)
    {
        ref DomctlVcpuAffinity argument = ref frame.Argument.VcpuAffinity;
        if (FindForAffinity(ref frame) is not { } vcpu)
            return call.Fail(Errno.EINVAL, "no such vCPU, or nothing is asked for");
        var flags = (AffinityFlags)argument.Flags;
        if ((flags & AffinityFlags.Hard) != 0)
        {
            if (!TryReadSet(ref call, argument.Hard, out ulong cpus))
                return call.Fault();
            cpus &= AllCpus(in call);
            if (cpus == 0)
                return call.Fail(Errno.EINVAL, "none of the CPUs is in use");
            if (vcpu.IsPinned)
                return call.Fail(Errno.EBUSY, Pinned);
            long moved = Move(ref call, vcpu, new Kernel.CpuSet(cpus));
            if (moved != 0 || call.IsRestart)
                return moved;
            if (!TryWriteSet(ref call, argument.Hard, cpus))
                return call.Fault();
        }
        if ((flags & AffinityFlags.Soft) != 0)
        {
            if (!TryReadSet(ref call, argument.Soft, out ulong cpus))
                return call.Fault();
            if (vcpu.IsPinned)
                return call.Fail(Errno.EBUSY, Pinned);
            vcpu.SoftAffinity = new Kernel.CpuSet(cpus);
            if (!TryWriteSet(ref call, argument.Soft, cpus & vcpu.Affinity.Bits & AllCpus(in call)))
                return call.Fault();
        }
        return 0;
    }

    public static long GetNodes(ref HypercallCall call, ref DomctlOps.Frame frame) =>
        TryWriteSet(ref call, frame.Argument.NodeAffinity.Nodes, Nodes) ? 0 : call.Fault();

    public static long SetNodes(ref HypercallCall call, ref DomctlOps.Frame frame)
    {
        if (!TryReadSet(ref call, frame.Argument.NodeAffinity.Nodes, out ulong nodes))
            return call.Fault();
        return (nodes & Nodes) != 0 ? 0 : call.Fail(Errno.EINVAL, "the machine has node 0 only");
    }

    /// <summary>An NMI comes; the buttons have no device that shows them; the others are for paravirtual guests.</summary>
    public static long Trigger(ref HypercallCall call, ref DomctlOps.Frame frame)
    {
        if (frame.Target!.FindVcpu(frame.Argument.Trigger.Vcpu) is not { } vcpu)
            return call.Fail(Errno.ESRCH, NoVcpu);
        switch ((TriggerKind)frame.Argument.Trigger.Trigger)
        {
            case TriggerKind.Nmi:
                vcpu.RaiseNmi();
                return 0;
            case TriggerKind.Power or TriggerKind.Sleep:
                return 0;
            default:
                return call.Absent();
        }
    }

    private static Vcpu? FindForAffinity(ref DomctlOps.Frame frame) =>
        frame.Argument.VcpuAffinity.Flags == 0 ? null : frame.Target!.FindVcpu(frame.Argument.VcpuAffinity.Vcpu);

    private static long Move(ref HypercallCall call, Vcpu vcpu, Kernel.CpuSet cpus)
    {
        if (vcpu.TryAllow(cpus))
            return 0;
        if (vcpu.Domain == call.Domain)
            return call.Fail(Errno.EBUSY, "the caller's own vCPUs stay on the CPUs where they are");
        if (!vcpu.Domain.TryStandStill(call.Vcpu))
            return call.Restart();
        vcpu.MoveTo(cpus);
        vcpu.Domain.Unpause();
        return 0;
    }

    private static ulong AllCpus(in HypercallCall call) => ulong.MaxValue >> (64 - call.Services.CpuCount);

    private static byte AsByte(bool value) => value ? (byte)1 : (byte)0;

    /// <summary>Copies whole bytes out, as many as the caller has bits for; what the machine has no bits for is zero.</summary>
    private static bool TryWriteSet(ref HypercallCall call, ControlBitmap bitmap, ulong bits)
    {
        uint room = bitmap.Bits;
        for (uint i = 0; i < Math.Min((room + 7UL) / 8, MaximumSetBytes); i++)
        {
            uint left = room - i * 8;
            ulong value = i < sizeof(ulong) ? bits >> (int)(i * 8) & 0xFF : 0;
            if (left < 8)
                value &= (1UL << (int)left) - 1;
            if (!call.Handle<byte>(bitmap.Bytes).TryWriteElement(call.Access, i, (byte)value))
                return false;
        }
        return true;
    }

    private static bool TryReadSet(ref HypercallCall call, ControlBitmap bitmap, out ulong bits)
    {
        bits = 0;
        for (uint i = 0; i < Math.Min((bitmap.Bits + 7UL) / 8, sizeof(ulong)); i++)
        {
            if (!call.Handle<byte>(bitmap.Bytes).TryReadElement(call.Access, i, out byte value))
                return false;
            bits |= (ulong)value << (int)(i * 8);
        }
        if (bitmap.Bits < 64)
            bits &= (1UL << (int)bitmap.Bits) - 1;
        return true;
    }

    /// <summary>Bytes that are written at most, whatever room the caller says it has: one call does not go through all of its memory.</summary>
    private const ulong MaximumSetBytes = 4096;
}
