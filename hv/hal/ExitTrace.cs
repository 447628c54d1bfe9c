using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Xenolith.Hal;

/// <summary>
/// The last exits that a physical CPU has taken, for the report of a panic. The entry stubs write it (GuestRegisterLayout.stub.cs knows
/// the layout), through <see cref="GuestRegisters.TracePosition"/> of the vCPU that is resident; it must not be read while
/// that runs.
/// </summary>
public sealed unsafe class ExitTrace
{
    // unsafe: the stubs reach the records by address. An object does not move in the image.

    /// <summary>Records kept, of <see cref="ExitRecord"/>'s 32 bytes.</summary>
    public const int Capacity = 64;

    private const int RecordWords = 4;
    private const ulong Size = Capacity * RecordWords * 8;

    // Twice the size and once more, so that a part of it begins at a multiple of twice the size.
    private readonly ulong[] _words = new ulong[3 * Capacity * RecordWords];
    private readonly int _first;
    private readonly ulong _start;

    public ExitTrace()
    {
        var address = (ulong)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_words));
        _start = (address + 2 * Size - 1) & ~(2 * Size - 1);
        _first = (int)((_start - address) / 8);
        Position = _start;
    }

    /// <summary>Where the next exit is noted.</summary>
    public ulong Position { get; set; }

    /// <summary>Who has been running since the last <see cref="Switch"/>: <see cref="VirtualCpu.Label"/>.</summary>
    public uint Label { get; private set; }

    /// <summary>Another vCPU runs from now on. That takes a record, so that what it pushes out is no older than it.</summary>
    public void Switch(uint label)
    {
        if (label == Label)
            return;
        Add(new ExitRecord { Reason = ExitRecord.SwitchReason, Information = Label });
        Label = label;
    }

    /// <summary>Notes an exit.</summary>
    public void Add(ExitRecord record)
    {
        this[Position] = record;
        Position = (Position + RecordWords * 8) & ~Size;
    }

    /// <summary>The record that was written before the <paramref name="age"/> last ones, 0 to <see cref="Capacity"/> - 1; all zeros: none yet.</summary>
    public ExitRecord Last(int age) => this[_start + ((Position - _start - (ulong)(age + 1) * RecordWords * 8) & (Size - 1))];

    private ref ExitRecord this[ulong position] =>
        ref Unsafe.As<ulong, ExitRecord>(ref _words[_first + (int)((position - _start) / 8)]);
}

/// <summary>One exit.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct ExitRecord
{
    /// <summary>No exit: another vCPU began to run; <see cref="Information"/> is the label of the one before.</summary>
    public const ulong SwitchReason = 0xFFFF_0000;

    /// <summary>TSC of the host.</summary>
    public ulong Time;

    /// <summary>The vendor's number. Zero with a time of zero: nothing was noted.</summary>
    public ulong Reason;
    public ulong Rip;

    /// <summary>EXITINFO1 on SVM; 0 on VMX, where it takes a VMREAD.</summary>
    public ulong Information;
}
