using System;
using Xenolith.Abi.Contract;

namespace Xenolith.Guests;

/// <summary>
/// Text out, a line at a time: by console_io, and by port 0xE9 when that is refused (a domain without the right
/// gets -EPERM, docs/misc/pvh.pandoc's guests then have the debug port).
/// </summary>
public static unsafe class GuestConsole
{
    // unsafe: the buffer is raw RAM of the pool so that printing works before and without managed objects.

    private const ushort DebugPort = 0xE9;
    private const int LineLimit = 1024;

    private static int _length;
    private static bool _refused;

    public static void Write(ReadOnlySpan<char> text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            Write((byte)text[i]);
        }
    }

    public static void WriteDecimal(long value)
    {
        ulong rest = (ulong)value;
        if (value < 0)
        {
            Write((byte)'-');
            rest = 0 - rest;
        }

        byte* digits = stackalloc byte[20];
        int count = 0;
        do
        {
            digits[count++] = (byte)('0' + (rest % 10));
            rest /= 10;
        }
        while (rest != 0);
        while (count > 0)
        {
            Write(digits[--count]);
        }
    }

    public static void WriteHex(ulong value)
    {
        Write((byte)'0');
        Write((byte)'x');
        int shift = 60;
        while (shift > 0 && value >> shift == 0)
        {
            shift -= 4;
        }

        for (; shift >= 0; shift -= 4)
        {
            int digit = (int)(value >> shift) & 15;
            Write((byte)(digit < 10 ? '0' + digit : 'a' + digit - 10));
        }
    }

    /// <summary>Ends the line and sends it.</summary>
    public static void EndLine()
    {
        Write((byte)'\n');
        Flush();
    }

    public static void WriteLine(ReadOnlySpan<char> text)
    {
        Write(text);
        EndLine();
    }

    /// <summary>Sends what stands in the buffer.</summary>
    public static void Flush()
    {
        byte* buffer = Layout.Page(PoolPage.Console);
        if (!_refused)
        {
            _refused = Xen.Call(Hypercall.ConsoleIo, (ulong)ConsoleIoOp.Write, (ulong)_length, (ulong)buffer) < 0;
        }

        if (_refused)
        {
            for (int i = 0; i < _length; i++)
            {
                Instructions.Out8(DebugPort, buffer[i]);
            }
        }

        _length = 0;
    }

    private static void Write(byte character)
    {
        Layout.Page(PoolPage.Console)[_length++] = character;
        if (_length == LineLimit)
        {
            Flush();
        }
    }
}
