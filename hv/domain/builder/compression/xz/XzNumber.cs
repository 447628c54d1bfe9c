using System;

namespace Xenolith.Domains;

/// <summary>The numbers of xz's headers: seven bits a byte, the low ones first, the high bit says that more follow (XZ file format, 1.2).</summary>
internal static class XzNumber
{
    private const int MaximumSize = 9;

    /// <summary>Reads a number of up to 63 bits and goes past it. False: cut off, too long, or written longer than it needs.</summary>
    public static bool TryRead(ReadOnlySpan<byte> input, ref int at, out ulong value)
    {
        value = 0;
        for (int i = 0; i < MaximumSize && at < input.Length; i++)
        {
            byte next = input[at++];
            value |= (ulong)(next & 0x7F) << (7 * i);
            if ((next & 0x80) == 0)
            {
                return next != 0 || i == 0;
            }
        }

        return false;
    }
}
