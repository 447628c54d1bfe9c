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
    private readonly byte[] _data = new byte[sizeof(ulong)];
    private Mfn _mfn;
    private bool _isWritten;
    private int _dataLength;

    /// <summary>Which frame it is from now on, and how the listener of the vCPU has answered.</summary>
    public void Select(Vcpu vcpu, in P2mEntry entry, VmEventFlags flags)
    {
        _mfn = entry.Mfn;
        _isWritten = (flags & VmEventFlags.EmulateNoWrite) == 0 && (entry.Access & Rights.Write) != 0;
        _dataLength = 0;
        if ((flags & VmEventFlags.SetEmulateReadData) == 0)
        {
            return;
        }

        VmEventReadData given = vcpu.Domain.Monitor.AnswerOf(vcpu).ReadData;
        _data.AsSpan().Clear();
        _dataLength = _data.Length;
        int count = (int)Math.Min(given.Size, (uint)_data.Length);
        MemoryMarshal.AsBytes(new ReadOnlySpan<Bytes340>(in given.Data)).Slice(0, count).CopyTo(_data);
    }

    public override ulong Read(uint offset, int size)
    {
        if (_dataLength == 0)
        {
            return FrameBytes.Read(memory, _mfn.Address + offset, size);
        }

        Span<byte> value = stackalloc byte[sizeof(ulong)];
        value.Clear();
        _data.AsSpan(0, size).CopyTo(value);
        return BinaryPrimitives.ReadUInt64LittleEndian(value);
    }

    public override void Write(uint offset, int size, ulong value)
    {
        if (_isWritten)
        {
            FrameBytes.Write(memory, _mfn.Address + offset, size, value);
        }
    }

    public override bool TryExchange(uint offset, int size, ulong expected, ulong value)
    {
        if (_isWritten && _dataLength == 0)
        {
            return FrameBytes.TryExchange(memory, _mfn.Address + offset, size, expected, value);
        }

        // Nothing is written, or it does not follow from what is there.
        Write(offset, size, value);
        return true;
    }
}
