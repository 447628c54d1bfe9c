using Xenolith.Abi.Contract;

namespace Xenolith.Domains;

/// <summary>A message-signalled interrupt: a device's write to the local APICs' addresses (SDM vol. 3, 11.11).</summary>
public static class InterruptMessage
{
    private const int DestinationShift = 12, ModeShift = 8;
    private const ulong Logical = 1 << 2;
    private const uint Fixed = 0, LowestPriority = 1;

    /// <summary>The APIC or the set of them that the address names.</summary>
    public static byte DestinationOf(ulong address) => unchecked((byte)(address >> DestinationShift));

    /// <summary>
    /// Delivers it to the vCPUs that it is meant for. EINVAL: another way of delivery than fixed or lowest priority; ESRCH: lowest priority, and
    /// no APIC that is switched on takes it. A fixed one for nobody is lost. The domain's lock is held.
    /// </summary>
    public static Errno Deliver(Domain domain, ulong address, uint data)
    {
        uint mode = data >> ModeShift & 7;
        byte destination = DestinationOf(address);
        bool logical = (address & Logical) != 0;
        byte vector = unchecked((byte)data);
        if (mode > LowestPriority)
            return Errno.EINVAL;
        VirtualApic? lowest = null;
        foreach (Vcpu vcpu in domain.MadeVcpus)
        {
            if (!vcpu.Apic.IsMeantByMessage(destination, logical))
                continue;
            if (mode == Fixed)
                vcpu.Apic.RaiseByMessage(vector);
            else
                lowest = vcpu.Apic.LowerOf(lowest);
        }
        if (mode == Fixed)
            return Errno.None;
        if (lowest is null)
            return Errno.ESRCH;
        lowest.RaiseByMessage(vector);
        return Errno.None;
    }
}
