using Xenolith.Abi.Contract;
using Xenolith.Kernel;
using Xenolith.Mm;

namespace Xenolith.Domains;

/// <summary>Memory of the domain whose writes go to one of its device models (HVMMEM_ioreq_server).</summary>
public sealed partial class IoRequestServers
{
    private IoRequestServer? _memoryServer;

    /// <summary>How many frames are of that type, at most: some may have been taken away since.</summary>
    private ulong _memoryFrames;

    /// <summary>Whether a device model asks for writes to such memory.</summary>
    public bool HasMemoryServer => _memoryServer is not null;

    /// <summary>Whether some of the domain's memory is of the type.</summary>
    public bool HasMemory => _memoryFrames != 0;

    /// <summary>The server gets the writes from now on. EBUSY: one does, or frames of one before are still of the type.</summary>
    public Errno TakeMemory(IoRequestServer server)
    {
        if (_memoryServer is not null || _memoryFrames != 0)
            return Errno.EBUSY;
        _memoryServer = server;
        return Errno.None;
    }

    /// <summary>The server gets them no more. EINVAL: it does not.</summary>
    public Errno GiveMemoryUp(IoRequestServer server)
    {
        if (_memoryServer != server)
            return Errno.EINVAL;
        _memoryServer = null;
        return Errno.None;
    }

    /// <summary>A frame has become of the type, or is no more.</summary>
    public void CountMemory(bool isMore)
    {
        if (isMore)
            _memoryFrames++;
        else if (_memoryFrames != 0)
            _memoryFrames--;
    }

    /// <summary>
    /// Makes plain memory of frames of the type, from a guest frame on. True: there is none left, or there is no memory for page tables, and
    /// then writes to the rest arrive as in any other.
    /// </summary>
    /// <param name="gfn">Where it goes on.</param>
    /// <param name="budget">The most leaves to look at.</param>
    public bool ResetMemory(ref ulong gfn, int budget)
    {
        P2m p2m = _domain.P2m;
        while (_memoryFrames != 0 && gfn <= p2m.MaximumGfn.Value)
        {
            if (budget-- == 0)
                return false;
            if (p2m.IsUncleared(new Gfn(gfn), out ulong next))
            {
                gfn = next;
                continue;
            }
            P2mEntry entry = p2m.Lookup(new Gfn(gfn));
            if (entry.Type == P2mType.RamForwarded && p2m.TrySet(new Gfn(gfn), entry.Mfn, 0, P2mType.Ram))
                _memoryFrames--;
            gfn = (gfn | ((1UL << entry.Order) - 1)) + 1;
        }
        _memoryFrames = 0;
        return true;
    }

    /// <summary>Sends a write to memory of the type to who asks for it; the vCPU waits then. False: nobody does.</summary>
    public bool TrySendMemory(Vcpu vcpu, in IoRequest request) => _memoryServer is { } server && TrySend(vcpu, in request, server, isWrite: true);
}
