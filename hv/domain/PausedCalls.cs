using System;
using Xenolith.Abi.Contract;

namespace Xenolith.Domains;

/// <summary>A call that has paused: which it is, and how far it has come.</summary>
public readonly record struct PausedCall(ulong Number, uint Operation, ulong A1, ulong A2, ulong A3, ulong Progress)
{
    /// <summary>Whether it is that call with those arguments.</summary>
    public bool IsOf(ulong number, uint operation, ulong a1, ulong a2, ulong a3) =>
        Number == number && Operation == operation && A1 == a1 && A2 == a2 && A3 == a3;
}

/// <summary>
/// The calls of a domain that have paused and wait to be made again with their cookies, on any vCPU. A cookie is good once. There is room for a few:
/// whoever pauses when they are full drops the oldest, so that what is never gone on with holds nothing up. Under the domain's lock.
/// </summary>
public sealed class PausedCalls
{
    /// <summary>How many there is room for.</summary>
    public const int Capacity = (int)V2Calls.MostPaused;

    // A cookie has 32 bits, since a 32-bit caller's registers have no more: the place, and above it a number that tells who had it from who has.
    private const int PlaceBits = 4;
    private const uint PlaceMask = (1 << PlaceBits) - 1;

    private readonly PausedCall[] _calls = new PausedCall[Capacity];

    /// <summary>By place; 0: nobody's.</summary>
    private readonly uint[] _cookies = new uint[Capacity];

    /// <summary>By place, when it was taken: larger is later.</summary>
    private readonly ulong[] _times = new ulong[Capacity];
    private ulong _time;

    /// <summary>How many wait.</summary>
    public int Count
    {
        get
        {
            int count = 0;
            for (int place = 0; place < Capacity; place++)
                count += _cookies[place] != 0 ? 1 : 0;
            return count;
        }
    }

    /// <summary>Keeps a call; its cookie, which is not 0.</summary>
    public uint Keep(in PausedCall call)
    {
        int place = 0;
        for (int i = 0; i < Capacity && _cookies[place] != 0; i++)
        {
            if (_cookies[i] == 0 || _times[i] < _times[place])
                place = i;
        }
        _time++;
        // After 2^28 calls the numbers begin again, at 1 as at first.
        uint number = (uint)(_time % ((1UL << (32 - PlaceBits)) - 1)) + 1;
        _calls[place] = call;
        _times[place] = _time;
        _cookies[place] = number << PlaceBits | (uint)place;
        return _cookies[place];
    }

    /// <summary>The call that has paused with a cookie, if it still waits.</summary>
    public bool TryFind(ulong cookie, out PausedCall call)
    {
        int place = (int)(cookie & PlaceMask);
        bool isThere = cookie != 0 && _cookies[place] == cookie;
        call = isThere ? _calls[place] : default;
        return isThere;
    }

    /// <summary>The call that has paused with the cookie, which is one, waits no longer.</summary>
    public void Drop(ulong cookie) => _cookies[(int)(cookie & PlaceMask)] = 0;

    /// <summary>None waits any longer.</summary>
    public void Clear() => _cookies.AsSpan().Clear();
}
