using System;
using System.Runtime.CompilerServices;
using Xenolith.Abi.Contract;
using Xenolith.Domains;

namespace Xenolith.Abi.Calls;

/// <summary>Virtual NUMA nodes: what a toolstack tells a domain of them (domctl), and how that reads it (memory_op).</summary>
internal static class VirtualNodeOps
{
    /// <summary>Nodes that a machine could have, on Xen.</summary>
    private const uint MachineNodes = 64;

    /// <summary>XEN_DOMCTL_setvnumainfo: all of it is taken, or nothing.</summary>
    public static long Set(ref HypercallCall call, ref DomctlOps.Frame frame)
    {
        ref readonly DomctlVirtualNodes argument = ref frame.Argument.VirtualNodes;
        Domain domain = frame.Target!;
        if (argument.VcpuCount != (uint)domain.Vcpus.Length || argument.Pad != 0)
            return call.Fail(Errno.EINVAL, "not as many vCPUs as the domain may have, or a reserved field is not zero");
        if (argument.NodeCount is 0 or > VirtualNodes.MaximumNodes || argument.RangeCount > VirtualNodes.MaximumRanges)
            return call.Fail(Errno.EINVAL, "no virtual node, more than 32, or more than 170 ranges");
        VirtualNodes spare = domain.SpareVirtualNodes;
        if (!spare.TryMake((int)argument.NodeCount, (int)argument.RangeCount, (int)argument.VcpuCount))
            return call.Fail(Errno.ENOMEM, "no frame for the topology");
        long result = Read(ref call, in argument, spare);
        if (result == 0)
            domain.VirtualNodes.Exchange(spare);
        spare.Release();
        return result;
    }

    /// <summary>XENMEM_get_vnumainfo.</summary>
    public static long Get(ref HypercallCall call)
    {
        if (!call.TryRead(call.A1, out VnumaTopologyInfo argument))
            return call.Fault();
        if (argument.Pad != 0)
            return call.Fail(Errno.EINVAL, "a reserved field is not zero");
        Errno error = call.TryResolve(argument.Domain, out Domain domain);
        if (error != Errno.None)
            return -(long)error;
        VirtualNodes nodes = domain.VirtualNodes;
        if (nodes.NodeCount == 0)
            return call.Fail(Errno.EOPNOTSUPP, "the domain has no virtual NUMA nodes");
        bool isRoom = argument.NodeCount >= nodes.NodeCount && argument.VcpuCount >= nodes.VcpuCount && argument.RangeCount >= nodes.RangeCount;
        if (isRoom && !(TryWrite(ref call, argument.Ranges, nodes.Ranges) && TryWrite(ref call, argument.Distances, nodes.Distances)
            && TryWrite(ref call, argument.VcpuToNode, nodes.VcpuNodes)))
        {
            return call.Fault();
        }
        (argument.NodeCount, argument.VcpuCount, argument.RangeCount) = ((uint)nodes.NodeCount, (uint)nodes.VcpuCount, (uint)nodes.RangeCount);
        if (!call.TryWrite(call.A1, in argument))
            return call.Fault();
        return isRoom ? 0 : call.Fail(Errno.ENOBUFS, "not enough room");
    }

    private static long Read(ref HypercallCall call, in DomctlVirtualNodes argument, VirtualNodes nodes)
    {
        if (!TryRead(ref call, argument.Distances, nodes.Distances) || !TryRead(ref call, argument.Ranges, nodes.Ranges)
            || !TryRead(ref call, argument.VcpuToNode, nodes.VcpuNodes))
        {
            return call.Fault();
        }
        foreach (uint node in nodes.VcpuNodes)
        {
            if (node >= argument.NodeCount)
                return call.Fail(Errno.E2BIG, "a vCPU of a node that there is not");
        }
        for (uint i = 0; i < argument.NodeCount; i++)
        {
            if (!call.Handle<uint>(argument.NodeToMachineNode).TryReadElement(call.Access, i, out uint node))
                return call.Fault();
            if (node >= MachineNodes)
                return call.Fail(Errno.E2BIG, "more nodes than a machine could have");
        }
        foreach (ref readonly VirtualMemoryRange range in nodes.Ranges)
        {
            if (range.Flags != 0)
                return call.Fail(Errno.EINVAL, "flags of a range");
        }
        return 0;
    }

    private static bool TryRead<T>(ref HypercallCall call, ulong address, Span<T> elements) where T : unmanaged
    {
        for (int i = 0; i < elements.Length; i++)
        {
            if (!call.Handle<T>(address).TryReadElement(call.Access, (ulong)i, out elements[i]))
                return false;
        }
        return true;
    }

    private static bool TryWrite<T>(ref HypercallCall call, ulong address, Span<T> elements) where T : unmanaged
    {
        for (int i = 0; i < elements.Length; i++)
        {
            if (!call.Handle<T>(address).TryWriteElement(call.Access, (ulong)i, in elements[i]))
                return false;
        }
        return true;
    }
}
