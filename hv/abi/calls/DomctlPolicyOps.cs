using Xenolith.Abi.Contract;
using Xenolith.Domains;

namespace Xenolith.Abi.Calls;

/// <summary>domctl: what CPUID and the MSRs that go with it show a domain.</summary>
internal static class DomctlPolicyOps
{
    public static long Get(ref HypercallCall call, ref DomctlOps.Frame frame)
    {
        ref DomctlCpuPolicy argument = ref frame.Argument.CpuPolicy;
        DomctlCpuPolicy copy = argument;
        long result = CpuPolicyLists.Write(ref call, frame.Target!.Policies.Cpuid, isRaw: false, copy.Leaves, ref copy.LeafCount, copy.Msrs, ref copy.MsrCount);
        if (result == 0)
            argument = copy;
        frame.CopiesBack = true;
        return result;
    }

    /// <summary>Looks at all of it before anything of it holds.</summary>
    public static long Set(ref HypercallCall call, ref DomctlOps.Frame frame)
    {
        Domain domain = frame.Target!;
        if (domain == call.Domain)
            return call.Fail(Errno.EINVAL, "not of the caller itself");
        if (domain.HasBegun)
            return call.Fail(Errno.EEXIST, "the domain has run");
        DomctlCpuPolicy argument = frame.Argument.CpuPolicy;
        ref DomctlCpuPolicy answer = ref frame.Argument.CpuPolicy;
        answer.WrongLeaf = answer.WrongSubleaf = answer.WrongMsr = uint.MaxValue;
        frame.CopiesBackFailure = true;
        long result = CheckLeaves(ref call, domain.Policies.Cpuid, in argument, ref answer);
        if (result == 0)
            result = CheckMsrs(ref call, in argument, ref answer);
        if (result == 0)
            result = Compare(ref call, domain.Policies.Cpuid, in argument, ref answer);
        if (result != 0)
            return result;
        frame.CopiesBackFailure = false;
        for (uint i = 0; i < argument.LeafCount; i++)
        {
            // It may have changed since it was looked at; the policy takes nothing that it can't have.
            if (call.Handle<XenCpuidLeaf>(argument.Leaves).TryReadElement(call.Access, i, out XenCpuidLeaf leaf))
                domain.Policies.Cpuid.Replace(in leaf);
        }
        domain.Policies.Refresh(domain);
        return 0;
    }

    private static long CheckLeaves(ref HypercallCall call, CpuidPolicy policy, in DomctlCpuPolicy argument, ref DomctlCpuPolicy answer)
    {
        if (argument.LeafCount > CpuidListing.MostLeaves)
            return call.Fail(Errno.E2BIG, "more leaves than a policy has");
        for (uint i = 0; i < argument.LeafCount; i++)
        {
            if (!call.Handle<XenCpuidLeaf>(argument.Leaves).TryReadElement(call.Access, i, out XenCpuidLeaf leaf))
                return call.Fault();
            if (CpuidPolicy.IsLeaf(leaf.Leaf, leaf.Subleaf))
                continue;
            (answer.WrongLeaf, answer.WrongSubleaf) = (leaf.Leaf, leaf.Subleaf);
            return call.Fail(Errno.ERANGE, "a leaf that no policy has");
        }
        return 0;
    }

    private static long CheckMsrs(ref HypercallCall call, in DomctlCpuPolicy argument, ref DomctlCpuPolicy answer)
    {
        if (argument.MsrCount > CpuPolicyLists.MsrCount)
            return call.Fail(Errno.E2BIG, "more MSRs than a policy has");
        for (uint i = 0; i < argument.MsrCount; i++)
        {
            if (!call.Handle<XenMsrEntry>(argument.Msrs).TryReadElement(call.Access, i, out XenMsrEntry entry))
                return call.Fault();
            answer.WrongMsr = entry.Index;
            if (entry.Flags != 0)
                return call.Fail(Errno.EINVAL, "flags of an MSR");
            if (entry.Index is not (MsrIndex.PlatformInfo or CpuPolicyLists.ArchCapabilities))
                return call.Fail(Errno.ERANGE, "an MSR that no policy has");
            if (entry.Index == MsrIndex.PlatformInfo && (entry.Value & ~CpuPolicyLists.CpuidFaulting) != 0)
                return call.Fail(Errno.EINVAL, "a bit that a domain's MSR can't have");
            answer.WrongMsr = uint.MaxValue;
        }
        return 0;
    }

    /// <summary>A list may not promise more leaves than there are.</summary>
    private static long Compare(ref HypercallCall call, CpuidPolicy policy, in DomctlCpuPolicy argument, ref DomctlCpuPolicy answer)
    {
        for (uint i = 0; i < argument.LeafCount; i++)
        {
            if (!call.Handle<XenCpuidLeaf>(argument.Leaves).TryReadElement(call.Access, i, out XenCpuidLeaf leaf))
                return call.Fault();
            if (policy.CanHave(in leaf))
                continue;
            (answer.WrongLeaf, answer.WrongSubleaf) = (leaf.Leaf, leaf.Subleaf);
            return call.Fail(Errno.EINVAL, "more leaves than the machine has");
        }
        return 0;
    }
}
