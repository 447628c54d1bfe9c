using System;
using Xenolith.Kernel;

namespace Xenolith.Hal.Vmx;

/// <summary>Page-modification logging (Intel SDM vol. 3, 29.3.6).</summary>
public sealed partial class VmxCpu
{
    private const int WriteLogEntries = Page.Size / sizeof(ulong);

    /// <summary>Where the CPU writes addresses, from the last entry down.</summary>
    private Mfn _writeLog = Mfn.Invalid;

    private bool _writeLogStale;

    public override bool TryPrepareWriteLog()
    {
        if (!_virtualisation.LogsWrites)
            return false;
        if (_writeLog == Mfn.Invalid && _frames.TryAllocate(0, FrameAllocator.HypervisorOwner, FrameType.Control, out Mfn frame))
            _writeLog = frame;
        return _writeLog != Mfn.Invalid;
    }

    protected override void SwitchWriteLog()
    {
        if (LogsWrites && _writeLog == Mfn.Invalid)
            throw new InvalidOperationException("a log without a frame");
        // The flags of EPT entries are used or not by a bit of the pointer; what was cached without knows nothing of them (29.3.5).
        _rootStale = true;
        _nestedTranslationsStale = true;
        _writeLogStale = true;
        _needsPreparation = true;
    }

    public override ReadOnlySpan<ulong> TakeWrites()
    {
        // Of the entry that is written next; one below the first is 0xFFFF.
        int first = (ushort)(_vmcs.Read(VmcsField.PmlIndex) + 1);
        if (first >= WriteLogEntries)
            return default;
        _vmcs.Write(VmcsField.PmlIndex, WriteLogEntries - 1);
        return _memory.Words64(_writeLog.Address + (ulong)first * sizeof(ulong), WriteLogEntries - first);
    }

    private void WriteWriteLog()
    {
        if (LogsWrites)
        {
            _vmcs.Write(VmcsField.PmlAddress, _writeLog.Address);
            _vmcs.Write(VmcsField.PmlIndex, WriteLogEntries - 1);
        }
        _vmcs.WriteBits(VmcsField.SecondaryControls, (uint)SecondaryControls.EnablePml, LogsWrites);
        _writeLogStale = false;
    }
}
