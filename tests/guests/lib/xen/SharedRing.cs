using System.Runtime.CompilerServices;
using System.Threading;
using Xenolith.Abi.Contract;

namespace Xenolith.Guests;

/// <summary>A page with a ring of requests and responses (Xen public header io/ring.h), as both of its ends see it.</summary>
public static class SharedRing
{
    private const uint First = 64;

    /// <summary>The most entries that fit in a page and are a power of two.</summary>
    public const uint Entries = 256;

    internal static ulong At(ulong page, uint index) => page + First + (index % Entries * (uint)Unsafe.SizeOf<NetifTxRequest>());

    /// <summary>
    /// Makes entries up to an index known to the other end. Whether it asked to be told of one of them: it says so before it looks for the
    /// last time, so the exchange, which is a barrier, has to stand before the look.
    /// </summary>
    internal static bool Publish(ref uint producer, ref uint wanted, uint index)
    {
        uint before = Interlocked.Exchange(ref producer, index);
        return index - Volatile.Read(ref wanted) < index - before;
    }

    /// <summary>Asks to be told of the entry after those that were taken. Whether there is one already.</summary>
    internal static bool Ask(ref uint producer, ref uint wanted, uint taken)
    {
        Interlocked.Exchange(ref wanted, taken + 1);
        return Volatile.Read(ref producer) != taken;
    }
}

/// <summary>The end that makes requests, and owns the page.</summary>
public sealed class FrontRing(ulong page)
{
    private uint _requests, _responses;

    private ref NetifTxRing Ring => ref Memory.At<NetifTxRing>(page);

    /// <summary>Requests without a response.</summary>
    public uint Outstanding => _requests - _responses;

    public void Initialize()
    {
        Memory.Fill(page, Layout.PageSize, 0);
        Ring.RequestEvent = 1;
        Ring.ResponseEvent = 1;
    }

    public void Put(in NetifTxRequest request) => Memory.At<NetifTxRequest>(SharedRing.At(page, _requests++)) = request;

    /// <summary>Makes requests known. Whether the other end wants an event.</summary>
    public bool Push() => SharedRing.Publish(ref Ring.RequestProducer, ref Ring.RequestEvent, _requests);

    public bool TryTake(out NetifTxResponse response)
    {
        response = default;
        if (Volatile.Read(ref Ring.ResponseProducer) == _responses)
        {
            return false;
        }

        response = Memory.At<NetifTxResponse>(SharedRing.At(page, _responses++));
        return true;
    }

    /// <summary>To be asked before waiting for an event: whether there is a response already.</summary>
    public bool HasMore() => SharedRing.Ask(ref Ring.ResponseProducer, ref Ring.ResponseEvent, _responses);

    /// <summary>Claims requests that were not made.</summary>
    public void Lie(uint count) => Ring.RequestProducer = _requests + count;
}

/// <summary>What the back end finds in a ring.</summary>
public enum RingState
{
    Empty,
    Request,

    /// <summary>The other end claims more requests than there are entries.</summary>
    Overflow,
}

/// <summary>The end that serves requests in a page of somebody whom it does not trust: an index is read once, and a request copied.</summary>
public sealed class BackRing(ulong page)
{
    private uint _requests, _responses;

    private ref NetifTxRing Ring => ref Memory.At<NetifTxRing>(page);

    public RingState Take(out NetifTxRequest request)
    {
        request = default;
        uint produced = Volatile.Read(ref Ring.RequestProducer);
        if (produced - _responses > SharedRing.Entries)
        {
            return RingState.Overflow;
        }

        if (produced == _requests)
        {
            return RingState.Empty;
        }

        request = Memory.At<NetifTxRequest>(SharedRing.At(page, _requests++));
        return RingState.Request;
    }

    public void Put(in NetifTxResponse response) => Memory.At<NetifTxResponse>(SharedRing.At(page, _responses++)) = response;

    /// <summary>Makes responses known. Whether the other end wants an event.</summary>
    public bool Push() => SharedRing.Publish(ref Ring.ResponseProducer, ref Ring.ResponseEvent, _responses);

    /// <summary>To be asked before waiting for an event: whether there is a request already.</summary>
    public bool HasMore() => SharedRing.Ask(ref Ring.RequestProducer, ref Ring.RequestEvent, _requests);
}
