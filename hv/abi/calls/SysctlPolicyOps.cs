using Xenolith.Abi.Contract;
using Xenolith.Domains;

namespace Xenolith.Abi.Calls;

/// <summary>sysctl: what CPUs the machine has, and what of it domains may be given.</summary>
internal static class SysctlPolicyOps
{
    /// <summary>No leaf is masked for guests: those that see a CPUID of their own need none.</summary>
    public static long Levelling(ref HypercallCall call, ref SysctlOps.Frame frame)
    {
        frame.Argument.Levelling.Capabilities = 0;
        return SysctlOps.Answer(ref frame);
    }

    public static long Features(ref HypercallCall call, ref SysctlOps.Frame frame)
    {
        SysctlFeatureSet argument = frame.Argument.FeatureSet;
        if (argument.Buffer == 0)
        {
            frame.Argument.FeatureSet.Count = FeatureSet.Length;
            return SysctlOps.Answer(ref frame);
        }
        var index = (FeatureSetIndex)argument.Index;
        if (index is FeatureSetIndex.Pv or FeatureSetIndex.PvMax)
            return call.Fail(Errno.EOPNOTSUPP, "there are no paravirtual guests");
        if (index > FeatureSetIndex.HvmMax)
            return call.Fail(Errno.EINVAL, "no such set");
        if (argument.Count < FeatureSet.Length)
            return call.Fail(Errno.ENOBUFS, "not enough room");
        HostCpuid source = Source(call.Services, isHost: index is FeatureSetIndex.Raw or FeatureSetIndex.Host);
        for (int i = 0; i < FeatureSet.Length; i++)
        {
            if (!call.Handle<uint>(argument.Buffer).TryWriteElement(call.Access, (ulong)i, FeatureSet.Word(source, i)))
                return call.Fault();
        }
        frame.Argument.FeatureSet.Count = FeatureSet.Length;
        return SysctlOps.Answer(ref frame);
    }

    public static long Policy(ref HypercallCall call, ref SysctlOps.Frame frame)
    {
        SysctlCpuPolicy argument = frame.Argument.CpuPolicy;
        var index = (CpuPolicyIndex)argument.Index;
        if (index > CpuPolicyIndex.HvmDefault || argument.Reserved != 0)
            return call.Fail(Errno.EINVAL, "no such policy");
        if (index is CpuPolicyIndex.PvMax or CpuPolicyIndex.PvDefault)
            return call.Fail(Errno.EOPNOTSUPP, "there are no paravirtual guests");
        bool isHost = index is CpuPolicyIndex.Raw or CpuPolicyIndex.Host;
        long result = CpuPolicyLists.Write(ref call, Source(call.Services, isHost), isHost, argument.Leaves, ref argument.LeafCount, argument.Msrs, ref argument.MsrCount);
        if (result == -(long)Errno.EFAULT)
            return result;
        frame.Argument.CpuPolicy.LeafCount = argument.LeafCount;
        frame.Argument.CpuPolicy.MsrCount = argument.MsrCount;
        frame.CopiesBack = true;
        return result;
    }

    private static HostCpuid Source(DomainServices services, bool isHost) => isHost ? services.Cpuid! : services.DefaultCpuid!;
}
