using Xenolith.Abi.Contract;
using Xenolith.Kernel;
using Xenolith.Mm;

namespace Xenolith.Domains;

/// <summary>
/// The queues of one vCPU on the FIFO ABI: heads and ready bits in its control block, which the guest writes too, tails here
/// (struct evtchn_fifo_control_block, public/event_channel.h).
/// </summary>
internal sealed class FifoQueues(P2m p2m, PhysicalMemory memory)
{
    /// <summary>Bytes of a control block.</summary>
    public const int BlockSize = HeadOffset + (int)EventChannelLimits.FifoQueues * sizeof(uint);

    private const int HeadOffset = 8;

    private readonly SharedPage _page = new(p2m, memory);
    private readonly uint[] _tails = new uint[EventChannelLimits.FifoQueues];
    private int _offset;

    /// <summary>Whether the guest has given the vCPU a control block.</summary>
    public bool IsAttached => _page.IsAttached;

    /// <summary>The port that was linked last at the priority; 0: none since the queue was known to be empty.</summary>
    public ref uint Tail(int priority) => ref _tails[priority];

    /// <summary>Pins the block's page. False: it is not the guest's own writable memory.</summary>
    /// <param name="offset">Bytes; a multiple of 8 up to the page's size - <see cref="BlockSize"/>.</param>
    public bool TryAttach(Gfn gfn, uint offset)
    {
        _offset = (int)offset;
        return _page.TryAttach(gfn);
    }

    public void Release()
    {
        _page.Detach();
        System.Array.Clear(_tails);
    }

    /// <summary>The queue begins at the port: it was empty.</summary>
    public void SetHead(int priority, uint port) => _page.Write32(_offset + HeadOffset + priority * sizeof(uint), port);

    /// <summary>Marks the queue as having events; true when it was marked already.</summary>
    public bool TestAndSetReady(int priority) => _page.TestAndSetBit(_offset, priority);
}
