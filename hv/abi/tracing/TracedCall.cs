using System;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Xenolith.Hal;
using Xenolith.Kernel;
using Xenolith.Mm;

namespace Xenolith.Abi.Tracing;

/// <summary>A call as it was issued: registers, and what the argument held. Lives on the stack for as long as the call is handled.</summary>
internal struct TracedCall
{
    // Longer arguments are shown as far as this goes.
    private const int MostBytes = 256;

    private Arguments _registers;
    private Bytes _argument;
    private ulong _pointer;
    private int _length;
    private bool _isReadable;
    private bool _is64Bit;

    /// <summary>Whether a line is to be written.</summary>
    public bool IsWanted;

    public ulong Number { get; private set; }

    /// <summary>0 for a number without operations, and when the memory that the operation stands in can't be read.</summary>
    public uint Operation { get; private set; }

    private readonly ReadOnlySpan<byte> Registers => CallFormats.Registers(Number, _is64Bit);

    private readonly ReadOnlySpan<byte> Fields => CallFormats.Argument(Number, Operation, _is64Bit);

    /// <summary>Notes registers and operation.</summary>
    public void Take(in HypercallCall call)
    {
        _is64Bit = call.Is64Bit;
        Number = call.Number;
        _registers[0] = call.A0;
        _registers[1] = call.A1;
        _registers[2] = call.A2;
        _registers[3] = call.A3;
        _registers[4] = call.A4;
        _registers[5] = call.A5;
        _length = 0;
        _isReadable = false;
        Operation = 0;
        _pointer = 0;
        ReadOnlySpan<byte> words = Registers;
        for (int i = 0; FormatText.Word(words, i) is { Length: not 0 } word; i++)
        {
            if (word[0] == (byte)'!')
                Operation = unchecked((uint)call.A0) & (word.Length == 1 ? uint.MaxValue : 0x3F);
            else if (word[0] == (byte)'*')
                Follow(word, _registers[i], call.Access);
        }
    }

    /// <summary>Finds the argument that a register points at, and the operation, where that stands there.</summary>
    private void Follow(ReadOnlySpan<byte> word, ulong pointer, GuestAccess access)
    {
        if (word[1] == (byte)'*')
        {
            ulong first = 0;
            access.CopyIn(pointer, MemoryMarshal.AsBytes(MemoryMarshal.CreateSpan(ref first, 1)).Slice(0, _is64Bit ? sizeof(ulong) : sizeof(uint)));
            pointer = first;
        }
        _pointer = pointer;
        uint operation = 0;
        if (word.IndexOf((byte)'!') >= 0 && access.CopyIn(pointer, MemoryMarshal.AsBytes(MemoryMarshal.CreateSpan(ref operation, 1))))
            Operation = operation;
    }

    /// <summary>Notes what the argument holds, of a call that has one that goes in.</summary>
    public void ReadArgument(GuestAccess access)
    {
        ReadOnlySpan<byte> format = Fields;
        if (format.Length == 0)
            return;
        _length = Math.Min(FormatText.Number(format.Slice(1)), MostBytes);
        _isReadable = format[0] != (byte)'o' && access.CopyIn(_pointer, MemoryMarshal.CreateSpan(ref _argument[0], _length));
    }

    /// <summary>The operation's name; that of the number with the operation's number, where there is no such operation.</summary>
    public readonly void AppendName(ref LineText line)
    {
        string name = HypercallNames.Of(Number, Operation);
        line.Append(name);
        if (Number > uint.MaxValue || name == "no hypercall")
        {
            line.Append(" 0x");
            line.Append(Number, "x");
        }
        else if (Registers.IndexOf((byte)'!') >= 0 && ReferenceEquals(name, HypercallNames.OfGroup(Number)))
        {
            line.Append(" 0x");
            line.Append(Operation, "x");
        }
    }

    /// <summary>Registers by name, then the fields of the argument: what went in, and behind an arrow what came out, where that is something else.</summary>
    /// <param name="isDone">The call has succeeded, so that what goes out is there.</param>
    public readonly void AppendArguments(ref LineText line, GuestAccess access, bool isDone)
    {
        AppendRegisters(ref line);
        ReadOnlySpan<byte> format = Fields;
        if (format.Length == 0)
            return;
        Bytes after = default;
        Span<byte> afterBytes = MemoryMarshal.CreateSpan(ref after[0], _length);
        bool goesOut = format[0] != (byte)'i' && isDone && access.CopyIn(_pointer, afterBytes);
        if (!_isReadable && !goesOut)
        {
            line.Append(isDone && format[0] != (byte)'i' ? " (what came out can't be read)" : _length != 0 && format[0] != (byte)'o' ? " (the argument can't be read)" : "");
            return;
        }
        Bytes before = _argument;
        ReadOnlySpan<byte> beforeBytes = MemoryMarshal.CreateReadOnlySpan(ref before[0], _length);
        for (int i = 1; FormatText.Word(format, i) is { Length: not 0 } field; i++)
            FormatText.AppendField(ref line, field, _isReadable ? beforeBytes : default, goesOut ? afterBytes : default);
    }

    private readonly void AppendRegisters(ref LineText line)
    {
        ReadOnlySpan<byte> words = Registers;
        bool hasFields = Fields.Length != 0;
        for (int i = 0; FormatText.Word(words, i) is { Length: not 0 } word; i++)
        {
            ulong value = _registers[i];
            bool isPointer = word[0] == (byte)'*';
            if (word.StartsWith("!6:"u8))
            {
                value >>= 6;
                word = word.Slice(3);
                isPointer = true;
            }
            // What is pointed at stands there in its place; a null pointer, and no progress, are not worth a word.
            if (word[0] == (byte)'!' || (isPointer && (value == 0 || (word[0] == (byte)'*' && hasFields))))
                continue;
            FormatText.AppendName(ref line, word.TrimMarks());
            line.Append("0x");
            line.Append(value, "x");
        }
    }

    [InlineArray(6)]
    private struct Arguments
    {
        private ulong _first;
    }

    [InlineArray(MostBytes)]
    private struct Bytes
    {
        private byte _first;
    }
}
