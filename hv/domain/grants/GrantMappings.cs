using Xenolith.Kernel;

namespace Xenolith.Domains;

/// <summary>
/// The mappings of others' grants that a domain has, by handle (Xen's maptrack). Handles count up from 0 and are used again in
/// the order in which they came free, 256 to a frame; the last free one is never given out while there may be more, as on Xen.
/// </summary>
public sealed class GrantMappings
{
    // An element in use: the mapping. A free one: zero, and the next free one's number plus one (0: the last).
    private readonly FrameTable<GrantWords> _elements;
    private uint _firstFree = None, _lastFree = None;

    private const uint None = uint.MaxValue;

    /// <param name="maximumFrames">gnttab_max_maptrack_frames: the limit, in frames of 256.</param>
    internal GrantMappings(PhysicalMemory memory, FrameAllocator allocator, int maximumFrames) =>
        _elements = new FrameTable<GrantWords>(memory, allocator, (uint)maximumFrames * FrameTable<GrantWords>.EntriesPerFrame);

    /// <summary>One past the highest handle so far.</summary>
    public uint Limit => _elements.Count;

    /// <summary>Reserves a handle, which names nothing until <see cref="Set"/>. False: the domain has as many as it may, or there is no memory.</summary>
    public bool TryTake(out uint handle)
    {
        handle = _firstFree;
        if (handle == None || handle == _lastFree)
            return TryTakeNew(out handle);
        _firstFree = NextOf(handle);
        return true;
    }

    /// <summary>Gives a handle back that <see cref="TryTake"/> reserved. It names nothing any more.</summary>
    public void GiveBack(uint handle)
    {
        _elements[handle].First = 0;
        _elements[handle].Second = 0;
        if (_lastFree == None)
            _firstFree = handle;
        else
            _elements[_lastFree].Second = handle + 1UL;
        _lastFree = handle;
    }

    public void Set(uint handle, in GrantMapping mapping)
    {
        _elements[handle].Second = mapping.Second;
        _elements[handle].First = mapping.First;
    }

    /// <summary>The mapping with that handle, of any value; false: none.</summary>
    public bool TryGet(uint handle, out GrantMapping mapping)
    {
        mapping = default;
        if (handle >= Limit || _elements[handle].First == 0)
            return false;
        mapping = GrantMapping.Unpack(_elements[handle].First, _elements[handle].Second);
        return true;
    }

    public void Release() => _elements.Release();

    private bool TryTakeNew(out uint handle)
    {
        handle = Limit;
        if (!_elements.TryGrow(handle + FrameTable<GrantWords>.EntriesPerFrame))
            return false;
        // The rest of the frame goes before what was free.
        uint last = Limit - 1;
        for (uint free = handle + 1; free < last; free++)
            _elements[free].Second = free + 2UL;
        _elements[last].Second = _firstFree == None ? 0 : _firstFree + 1UL;
        if (_lastFree == None)
            _lastFree = last;
        _firstFree = handle + 1;
        return true;
    }

    private uint NextOf(uint handle) => (uint)_elements[handle].Second - 1;
}

/// <summary>One mapping of a grant.</summary>
/// <param name="Granter">Whose grant; it may have ended since.</param>
/// <param name="Reference">Which.</param>
/// <param name="IsReadOnly">Whether it was mapped without the right to write.</param>
/// <param name="Mfn">The frame, which the mapping holds a reference to.</param>
public readonly record struct GrantMapping(DomainHandle Granter, uint Reference, bool IsReadOnly, Mfn Mfn)
{
    private const int DomainShift = 32, SerialShift = 28;
    private const ulong InUse = 1UL << 48, ReadOnlyBit = 1UL << 49;
    private const ulong MfnMask = (1UL << SerialShift) - 1;

    public static GrantMapping Unpack(ulong first, ulong second) => new(
        new DomainHandle((ushort)(first >> DomainShift), second >> SerialShift), (uint)first, (first & ReadOnlyBit) != 0, new Mfn(second & MfnMask));

    public ulong First => Reference | (ulong)Granter.Id << DomainShift | InUse | (IsReadOnly ? ReadOnlyBit : 0);

    public ulong Second => Mfn.Value | Granter.Serial << SerialShift;
}
