using System;

namespace Xenolith.Domains;

/// <summary>The CRC-64 of xz (ECMA-182, reflected; XZ file format, 6): polynomial 0xC96C5795D7870F42, remainder inverted before and after.</summary>
internal static class Crc64
{
    public static ulong Compute(ReadOnlySpan<byte> bytes)
    {
        Span<ulong> table = stackalloc ulong[256];
        for (int i = 0; i < table.Length; i++)
        {
            ulong value = (ulong)i;
            for (int bit = 0; bit < 8; bit++)
            {
                value = (value & 1) != 0 ? (value >> 1) ^ 0xC96C_5795_D787_0F42 : value >> 1;
            }

            table[i] = value;
        }

        ulong remainder = ulong.MaxValue;
        for (int i = 0; i < bytes.Length; i++)
        {
            remainder = table[(byte)(remainder ^ bytes[i])] ^ (remainder >> 8);
        }

        return ~remainder;
    }
}
