using System;
using System.Runtime.CompilerServices;
using Xenolith.Abi.Contract;
using Xenolith.Kernel;
using Xenolith.Mm;

namespace Xenolith.Domains;

/// <summary>
/// Where a vCPU's vcpu_info lies: in shared_info for the first 32, until the guest registers a place of its own. A later
/// vCPU has none before that, and events for it are lost, as on Xen.
/// </summary>
public sealed class VcpuInfoArea
{
    private const int UpcallPendingOffset = 0;
    private const int UpcallMaskOffset = 1;

    /// <summary>vcpu_time_info in both layouts.</summary>
    internal const int TimeOffset = 32;

    private readonly SharedInfoPage _sharedInfo;
    private readonly SharedPage _own;
    private readonly int _vcpu;
    private SharedPage? _page;
    private int _offset;
    private SharedByte _upcallPending;

    internal VcpuInfoArea(SharedInfoPage sharedInfo, SharedPage own, int vcpu)
    {
        _sharedInfo = sharedInfo;
        _own = own;
        _vcpu = vcpu;
        UseFirstPlace();
    }

    /// <summary>Whether the guest chose the place.</summary>
    public bool IsRegistered => _own.IsAttached;

    /// <summary>Whether there is a place at all.</summary>
    public bool Exists => _page != null;

    private int SelectorOffset
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _sharedInfo.Is64Bit ? 8 : 4;
    }

    /// <summary>Whether events wait for the vCPU.</summary>
    public bool UpcallPending => _upcallPending.IsSet;

    /// <summary>Sets evtchn_upcall_pending; true when it was set already (or there is no place).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool TestAndSetUpcallPending() => _page is not { } page || page.TestAndSetBit(_offset + UpcallPendingOffset, 0);

    /// <summary>Sets a bit of evtchn_pending_sel; true when it was set already (or there is no place).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool TestAndSetSelector(int word) => _page is not { } page || page.TestAndSetBit(_offset + SelectorOffset, word);

    /// <summary>Clears evtchn_upcall_mask, as SCHEDOP_block does. It has no effect on delivery to this kind of guest.</summary>
    internal void ClearUpcallMask() => _page?.Write8(_offset + UpcallMaskOffset, 0);

    /// <summary>Whether a vcpu_info can lie at the offset: within the page, aligned as the guest's compiler aligns it.</summary>
    internal bool IsOffset(uint offset) =>
        offset <= Page.Size - SharedInfoPage.VcpuInfoSize && (offset & (_sharedInfo.Is64Bit ? 7u : 3u)) == 0;

    /// <summary>
    /// Moves the vcpu_info to a place that the guest chose, contents and all, and marks every event word pending so that
    /// nothing is lost. The caller has checked that the vCPU may do it, once, and there.
    /// </summary>
    /// <returns>EINVAL: the frame is not the guest's own writable memory.</returns>
    internal Errno TryRegister(Gfn gfn, uint offset)
    {
        if (!_own.TryAttach(gfn))
            return Errno.EINVAL;
        Span<byte> content = stackalloc byte[SharedInfoPage.VcpuInfoSize];
        content.Clear();
        if (_page != null)
            _page.Read(_offset, content);
        else
            content[UpcallMaskOffset] = 1;
        Use(_own, (int)offset);
        _own.Write(_offset, content);
        for (int word = 0; word < _sharedInfo.WordBits; word++)
            TestAndSetSelector(word);
        TestAndSetUpcallPending();
        return Errno.None;
    }

    /// <summary>Writes vcpu_time_info under its version protocol: odd while it changes (public/xen.h).</summary>
    internal void WriteTime(in PvTime time)
    {
        if (_page == null)
            return;
        int at = _offset + TimeOffset;
        uint version = _page.Read32(at) | 1;
        _page.Write32(at, version);
        Span<byte> body = stackalloc byte[PvTime.Size];
        time.Write(body, 0);
        _page.Write(at + PvTime.BodyOffset, body.Slice(PvTime.BodyOffset));
        _page.Write32(at, unchecked(version + 1));
    }

    /// <summary>The place that the guest chose is forgotten: vcpu_info is where it was at first.</summary>
    internal void Forget()
    {
        Release();
        UseFirstPlace();
    }

    internal void Release()
    {
        _page = null;
        _upcallPending = default;
        _own.Detach();
    }

    private void UseFirstPlace()
    {
        if (_vcpu < Limits.LegacyVcpus)
            Use(_sharedInfo.Page, _vcpu * SharedInfoPage.VcpuInfoSize);
    }

    private void Use(SharedPage page, int offset)
    {
        _page = page;
        _offset = offset;
        _upcallPending = page.Byte(offset + UpcallPendingOffset);
    }
}
