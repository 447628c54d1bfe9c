using System;
using System.Threading;
using Xenolith.Abi.Contract;
using Xenolith.Kernel;
using Xenolith.Mm;
using SpinLock = Xenolith.Kernel.SpinLock;

namespace Xenolith.Domains;

/// <summary>
/// A domain's event words and queues on the FIFO ABI (public/event_channel.h). The guest gives the pages, which are pinned until the
/// domain goes back to two levels or ends, and may write into them what it likes: nothing here follows a link that the guest can have
/// written. Of a queue only its tail is kept, by port, and a word is found by a port of the hypervisor's own.
/// </summary>
/// <remarks>
/// One lock, which timers take too, guards all of it. Pages come and go with the domain's lock held, and without this one: a page is whole
/// before anybody is told of it, and nobody looks at one any more before it is let go.
/// </remarks>
internal sealed class FifoEvents
{
    private const int WordsPerPage = Page.Size / sizeof(uint);
    private const int MaximumPages = (int)EventChannelLimits.Fifo / WordsPerPage;

    // A word that changes more often while it is looked at is changed by a guest that wants to lose events.
    private const int LinkAttempts = 4;

    private const uint MaskedOrLinked = 1u << (int)EventWord.Masked | 1u << (int)EventWord.Linked;

    private readonly Domain _domain;
    private readonly SharedPage[] _pages = new SharedPage[MaximumPages];
    private readonly FifoQueues[] _queues;
    private readonly SpinLock _lock;
    private int _pageCount;
    private bool _isActive;

    public FifoEvents(Domain domain)
    {
        PhysicalMemory memory = domain.Services.Memory;
        _domain = domain;
        _lock = new SpinLock(LockRank.Event, "FIFO events", domain.Id);
        _queues = new FifoQueues[domain.Vcpus.Length];
        for (int i = 0; i < _queues.Length; i++)
            _queues[i] = new FifoQueues(domain.P2m, memory);
        for (int i = 0; i < MaximumPages; i++)
            _pages[i] = new SharedPage(domain.P2m, memory);
    }

    /// <summary>Whether the domain uses this ABI; else two levels.</summary>
    public bool IsActive => Volatile.Read(ref _isActive);

    /// <summary>Ports that the guest has given event words for.</summary>
    public uint WordCount => (uint)_pageCount * WordsPerPage;

    /// <summary>Gives a vCPU its control block. The first one makes the ABI the domain's. EINVAL: it has one, or it is not the guest's own writable memory.</summary>
    public Errno AttachControl(int vcpu, Gfn gfn, uint offset)
    {
        if (_queues[vcpu].IsAttached || !_queues[vcpu].TryAttach(gfn, offset))
            return Errno.EINVAL;
        Volatile.Write(ref _isActive, true);
        return Errno.None;
    }

    /// <summary>
    /// The next page of event words; <paramref name="first"/> is its first port. ENOSPC: all ports have words; EINVAL: not the guest's own
    /// writable memory.
    /// </summary>
    public Errno AttachWords(Gfn gfn, out uint first)
    {
        first = WordCount;
        if (_pageCount == MaximumPages)
            return Errno.ENOSPC;
        if (!_pages[_pageCount].TryAttach(gfn))
            return Errno.EINVAL;
        Volatile.Write(ref _pageCount, _pageCount + 1);
        return Errno.None;
    }

    /// <summary>Back to two levels: lets go of every page.</summary>
    public void Release()
    {
        _lock.Acquire();
        Volatile.Write(ref _isActive, false);
        _lock.Release();
        foreach (FifoQueues queues in _queues)
            queues.Release();
        while (_pageCount != 0)
            _pages[--_pageCount].Detach();
    }

    /// <summary>An event arrived: marks the port, and puts it into its queue unless it is masked or in one.</summary>
    /// <param name="channel">The port's entry.</param>
    /// <returns>Whether it was not pending before.</returns>
    public bool SetPending(uint port, ref EventChannel channel, int vcpu)
    {
        _lock.Acquire();
        bool isNew = IsActive && channel.State != EventChannelState.Closed && Mark(port, ref channel, vcpu);
        _lock.Release();
        return isNew;
    }

    /// <summary>The port is bound or closed: its entry changes, but for where it was linked, and an event that waited is forgotten.</summary>
    public void Replace(uint port, ref EventChannel channel, in EventChannel replacement)
    {
        _lock.Acquire();
        FifoPlace place = channel.Place;
        place.IsPending = false;
        channel = replacement;
        channel.Place = place;
        if (TryFind(port, out SharedPage page, out int offset) && channel.State == EventChannelState.Closed)
            page.TestAndClearBit(offset, (int)EventWord.Pending);
        _lock.Release();
    }

    /// <summary>The first control block has made the ABI the domain's: what is pending on two levels will be when the port has a word.</summary>
    public void TakeOver(ref EventChannel channel, bool isPending)
    {
        _lock.Acquire();
        channel.Priority = (byte)EventChannelLimits.FifoPriorityDefault;
        channel.Place.IsPending |= isPending;
        _lock.Release();
    }

    /// <summary>Clears the mask bit; true when events wait behind it.</summary>
    public bool Unmask(uint port)
    {
        if (!TryFind(port, out SharedPage page, out int offset))
            return false;
        page.TestAndClearBit(offset, (int)EventWord.Masked);
        return page.TestBit(offset, (int)EventWord.Pending);
    }

    public bool IsPending(uint port) => TestBit(port, EventWord.Pending, false);

    /// <summary>Whether the port is masked; one without a word is.</summary>
    public bool IsMasked(uint port) => TestBit(port, EventWord.Masked, true);

    /// <summary>Whether the port is in a queue. Such a port can't be bound again: its event would come with the new binding.</summary>
    public bool IsLinked(uint port) => TestBit(port, EventWord.Linked, false);

    private bool Mark(uint port, ref EventChannel channel, int vcpu)
    {
        if (!TryFind(port, out SharedPage page, out int offset))
        {
            channel.Place.IsPending = true;
            return false;
        }
        bool wasPending = page.TestAndSetBit(offset, (int)EventWord.Pending);
        // Without a control block nobody may have unmasked the port: the event waits, marked.
        if ((page.Read32(offset) & MaskedOrLinked) == 0 && _queues[vcpu].IsAttached && !page.TestAndSetBit(offset, (int)EventWord.Linked))
            Enqueue(port, ref channel, vcpu);
        return !wasPending;
    }

    private void Enqueue(uint port, ref EventChannel channel, int vcpu)
    {
        FifoQueues queues = _queues[vcpu];
        int priority = channel.Priority;
        // The guest has taken it out of its old queue. Where it was the tail nothing is left, and nothing may be linked to it there.
        ref uint left = ref _queues[channel.Place.Vcpu].Tail(channel.Place.Priority);
        if (left == port)
            left = 0;
        channel.Place.Vcpu = (byte)vcpu;
        channel.Place.Priority = (byte)priority;

        uint tail = queues.Tail(priority);
        bool isLinked = tail != 0 && TryLink(tail, port);
        queues.Tail(priority) = port;
        if (isLinked)
            return;
        queues.SetHead(priority, port);
        if (!queues.TestAndSetReady(priority))
            _domain.Vcpus[vcpu].MarkEventsPending();
    }

    /// <summary>
    /// Links the tail to the port. False: the tail is no longer in the queue, which is empty. A guest that keeps the word changing loses
    /// the event.
    /// </summary>
    private bool TryLink(uint tail, uint port)
    {
        if (!TryFind(tail, out SharedPage page, out int offset))
            return false;
        uint word = page.Read32(offset);
        if (TryLink(page, offset, ref word, port) is { } first)
            return first;
        // Busy tells the guest not to touch the word, but it need not listen.
        page.TestAndSetBit(offset, (int)EventWord.Busy);
        word = page.Read32(offset);
        for (int attempt = 0; attempt < LinkAttempts; attempt++)
        {
            if (TryLink(page, offset, ref word, port) is not { } linked)
                continue;
            if (!linked)
                page.TestAndClearBit(offset, (int)EventWord.Busy);
            return linked;
        }
        page.TestAndClearBit(offset, (int)EventWord.Busy);
        return true;
    }

    /// <returns>Null: the word changed meanwhile.</returns>
    private static bool? TryLink(SharedPage page, int offset, ref uint word, uint port)
    {
        if ((word & 1u << (int)EventWord.Linked) == 0)
            return false;
        uint before = word;
        word = page.CompareExchange32(offset, before & ~(1u << (int)EventWord.Busy | EventWord.LinkMask) | port, before);
        return word == before ? true : null;
    }

    private bool TestBit(uint port, uint bit, bool without) =>
        TryFind(port, out SharedPage page, out int offset) ? page.TestBit(offset, (int)bit) : without;

    private bool TryFind(uint port, out SharedPage page, out int offset)
    {
        uint index = port / WordsPerPage;
        page = null!;
        offset = (int)(port % WordsPerPage) * sizeof(uint);
        if (index >= (uint)Volatile.Read(ref _pageCount))
            return false;
        page = _pages[index];
        return true;
    }
}
