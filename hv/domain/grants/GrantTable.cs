using System;
using Xenolith.Abi.Contract;
using Xenolith.Kernel;

namespace Xenolith.Domains;

/// <summary>
/// A domain's grant table (public/grant_table.h): the frames that the guest writes its grants into, who uses them, and the mappings
/// that the domain has of others' grants. All of it under the domain's lock.
/// </summary>
public sealed partial class GrantTable
{
    private const int EntriesPerFrameV1 = Page.Size / 8;
    private const int EntriesPerFrameV2 = Page.Size / 16;
    private const int StatusPerFrame = Page.Size / 2;

    private readonly Domain _domain;
    private readonly LentFrame[] _frames;
    private readonly LentFrame[] _statusFrames;
    private readonly FrameTable<GrantWords> _active;
    private uint _releaseAt;

    /// <param name="domain">Whose table.</param>
    /// <param name="maximumFrames">gnttab_max_frames.</param>
    /// <param name="maximumMappingFrames">gnttab_max_maptrack_frames: mappings of others' grants, in frames of 256.</param>
    internal GrantTable(Domain domain, int maximumFrames, int maximumMappingFrames)
    {
        _domain = domain;
        MaximumFrames = maximumFrames;
        _active = new FrameTable<GrantWords>(domain.Services.Memory, domain.Services.Frames, (uint)(maximumFrames * EntriesPerFrameV1));
        Mappings = new GrantMappings(domain.Services.Memory, domain.Services.Frames, maximumMappingFrames);
        _frames = NewFrames(maximumFrames);
        _statusFrames = NewFrames(StatusFramesFor(maximumFrames));
    }

    /// <summary>The mappings that the domain has of others' grants.</summary>
    public GrantMappings Mappings { get; }

    /// <summary>1 or 2: the layout of the entries.</summary>
    public int Version { get; private set; } = 1;

    /// <summary>Frames of entries at present; at least 1.</summary>
    public int FrameCount { get; private set; }

    /// <summary>The most frames of entries.</summary>
    public int MaximumFrames { get; }

    /// <summary>The most frames of status words.</summary>
    public int MaximumStatusFrames => _statusFrames.Length;

    /// <summary>Frames of status words at present; 0 in version 1.</summary>
    public int StatusFrameCount { get; private set; }

    /// <summary>Entries at present.</summary>
    public int EntryCount => FrameCount * (Version == 1 ? EntriesPerFrameV1 : EntriesPerFrameV2);

    /// <summary>A frame of entries. <paramref name="index"/>: 0 to <see cref="FrameCount"/> - 1.</summary>
    public LentFrame Frame(int index) => index < FrameCount ? _frames[index] : throw new ArgumentOutOfRangeException(nameof(index));

    /// <summary>A frame of status words. <paramref name="index"/>: 0 to <see cref="StatusFrameCount"/> - 1.</summary>
    public LentFrame StatusFrame(int index) =>
        index < StatusFrameCount ? _statusFrames[index] : throw new ArgumentOutOfRangeException(nameof(index));

    /// <summary>The frame of the table, of either kind, that the machine frame is; null: none.</summary>
    internal LentFrame? FindFrame(Mfn mfn) => Find(_frames, FrameCount, mfn) ?? Find(_statusFrames, StatusFrameCount, mfn);

    /// <summary>Grows the table to that many frames of entries. False: beyond the maximum, or out of memory; what grew stays.</summary>
    public bool TryGrow(int frames)
    {
        if (frames > MaximumFrames)
            return false;
        if (Version == 2 && !TryGrowStatus(StatusFramesFor(frames)))
            return false;
        while (FrameCount < frames)
        {
            if (!_active.TryGrow((uint)((FrameCount + 1) * EntriesPerFrameV1)) || !_domain.TryAllocateLent(_frames[FrameCount]))
                return false;
            FrameCount++;
        }
        return true;
    }

    /// <summary>
    /// The frame that XENMEM_add_to_physmap names with space 1, growing the table as needed. EINVAL: beyond the maximum, or out
    /// of memory.
    /// </summary>
    /// <param name="index">With <see cref="MapIndices.GrantStatus"/>: a status frame, in version 2.</param>
    public Errno FrameFor(ulong index, out LentFrame? frame)
    {
        frame = null;
        if (Version == 2 && (index & MapIndices.GrantStatus) != 0)
        {
            ulong status = index & ~MapIndices.GrantStatus;
            if (status >= (ulong)_statusFrames.Length)
                return Errno.EINVAL;
            if (status >= (ulong)StatusFrameCount)
            {
                int frames = Math.Min(((int)status + 1) * (StatusPerFrame / EntriesPerFrameV2), MaximumFrames);
                if (!TryGrow(frames) || status >= (ulong)StatusFrameCount)
                    return Errno.EINVAL;
            }
            frame = _statusFrames[(int)status];
            return Errno.None;
        }
        if (index >= (ulong)MaximumFrames || ((int)index >= FrameCount && !TryGrow((int)index + 1)))
            return Errno.EINVAL;
        frame = _frames[(int)index];
        return Errno.None;
    }

    /// <summary>
    /// GNTTABOP_set_version. All entries but the reserved ones are cleared. EINVAL: neither 1 nor 2; EBUSY: an entry that is not
    /// reserved is in use; ENOMEM; ERANGE: a reserved entry of version 2 can't be said in version 1.
    /// </summary>
    public Errno SetVersion(uint version)
    {
        if (version is not (1 or 2))
            return Errno.EINVAL;
        if (version == Version)
            return Errno.None;
        if (AreInUse(GrantReferences.ReservedCount, (uint)EntryCount))
            return Errno.EBUSY;
        if (version == 2 && !TryGrowStatus(StatusFramesFor(FrameCount)))
            return Errno.ENOMEM;

        Span<GrantEntry> kept = stackalloc GrantEntry[(int)GrantReferences.ReservedCount];
        PhysicalMemory memory = _domain.Services.Memory;
        ulong table = _frames[0].Mfn.Address;
        for (int i = 0; i < kept.Length; i++)
        {
            kept[i] = Version == 1 ? GrantEntry.ReadV1(memory, table, i) : GrantEntry.ReadV2(memory, table, i);
            if (version == 1 && !kept[i].FitsV1)
                return Errno.ERANGE;
        }
        for (int i = 0; version == 1 && i < kept.Length; i++)
            kept[i] = kept[i].Kept(StatusOf((uint)i));
        for (int i = 0; i < FrameCount; i++)
            memory.Frame(_frames[i].Mfn).Clear();
        for (int i = 0; i < StatusFrameCount; i++)
            memory.Frame(_statusFrames[i].Mfn).Clear();
        if (version == 1)
            WithdrawStatusFrames();
        Version = (int)version;
        for (int i = 0; i < kept.Length; i++)
        {
            if (version == 1)
            {
                kept[i].WriteV1(memory, table, i);
                continue;
            }
            kept[i].WriteV2(memory, table, i);
            SetBusy((uint)i, (ushort)(kept[i].Flags & GrantEntry.BusyFlags));
        }
        return Errno.None;
    }

    /// <summary>
    /// The end of the domain: the table's frames go, at once or with whoever maps them. What the domain has mapped itself is given back
    /// by <see cref="ReleaseMappings"/>.
    /// </summary>
    internal void Release()
    {
        foreach (LentFrame frame in _frames)
            _domain.FreeLent(frame);
        foreach (LentFrame frame in _statusFrames)
            _domain.FreeLent(frame);
        _active.Release();
        FrameCount = 0;
        StatusFrameCount = 0;
    }

    private static int StatusFramesFor(int frames) => (frames * EntriesPerFrameV2 + StatusPerFrame - 1) / StatusPerFrame;

    private static LentFrame[] NewFrames(int count)
    {
        var frames = new LentFrame[count];
        for (int i = 0; i < count; i++)
            frames[i] = new LentFrame();
        return frames;
    }

    private static LentFrame? Find(LentFrame[] frames, int count, Mfn mfn)
    {
        for (int i = 0; i < count; i++)
        {
            if (frames[i].Mfn == mfn)
                return frames[i];
        }
        return null;
    }

    private bool TryGrowStatus(int frames)
    {
        while (StatusFrameCount < frames)
        {
            if (!_domain.TryAllocateLent(_statusFrames[StatusFrameCount]))
                return false;
            StatusFrameCount++;
        }
        return true;
    }

    /// <summary>The frames are kept for the next change of version; the guest no longer sees them.</summary>
    private void WithdrawStatusFrames()
    {
        for (int i = 0; i < StatusFrameCount; i++)
            _domain.Withdraw(_statusFrames[i]);
        StatusFrameCount = 0;
    }
}
