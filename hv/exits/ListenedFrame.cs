using System;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Emulate;
using Xenolith.Kernel;
using Xenolith.Mm;

namespace Xenolith;

/// <summary>
/// A frame whose rights forbid an access that a listener has emulated: what is read may be the listener's, what is written may be dropped
/// (VM_EVENT_FLAG_SET_EMUL_READ_DATA, VM_EVENT_FLAG_EMULATE_NOWRITE). What the frame itself does not let the guest write is dropped too.
/// </summary>
internal sealed class ListenedFrame(PhysicalMemory memory) : MmioDevice
{
    private const int DataLength = 340;

    private readonly byte[] _data = new byte[DataLength + sizeof(ulong)];
    private Mfn _mfn;
    private bool _isWritten;
    private bool _readsData;

    /// <summary>Bytes of the data that have been read: what the instruction reads next are the next ones.</summary>
    private int _dataRead;

    /// <summary>Whether something has been written to the frame.</summary>
    public bool HasWritten { get; private set; }

    /// <summary>Which frame it is from now on, and how the listener of the vCPU has answered.</summary>
    public void Select(Vcpu vcpu, in P2mEntry entry, VmEventFlags flags)
    {
        _mfn = entry.Mfn;
        _isWritten = (flags & VmEventFlags.EmulateNoWrite) == 0 && (entry.Access & Rights.Write) != 0;
        HasWritten = false;
        _dataRead = 0;
        _readsData = (flags & VmEventFlags.SetEmulateReadData) != 0;
        if (!_readsData)
        {
            return;
        }

        VmEventReadData given = vcpu.Domain.Monitor.AnswerOf(vcpu).ReadData;
        _data.AsSpan().Clear();
        int count = (int)Math.Min(given.Size, DataLength);
        MemoryMarshal.AsBytes(new ReadOnlySpan<Bytes340>(in given.Data)).Slice(0, count).CopyTo(_data);
    }

    public override ulong Read(uint offset, int size)
    {
        if (!_readsData)
        {
            return FrameBytes.Read(memory, _mfn.Address + offset, size);
        }

        Span<byte> value = stackalloc byte[sizeof(ulong)];
        value.Clear();
        _data.AsSpan(_dataRead, size).CopyTo(value);
        _dataRead = Math.Min(_dataRead + size, DataLength);
        return BinaryPrimitives.ReadUInt64LittleEndian(value);
    }

    public override void Write(uint offset, int size, ulong value)
    {
        if (_isWritten)
        {
            HasWritten = true;
            FrameBytes.Write(memory, _mfn.Address + offset, size, value);
        }
    }

    public override bool TryExchange(uint offset, int size, ulong expected, ulong value)
    {
        if (_isWritten && !_readsData)
        {
            HasWritten = true;
            return FrameBytes.TryExchange(memory, _mfn.Address + offset, size, expected, value);
        }

        // Nothing is written, or it does not follow from what is there.
        Write(offset, size, value);
        return true;
    }
}
