using System;

namespace Xenolith.Domains;

/// <summary>The CRC of gzip (RFC 1952, 8): polynomial 0xEDB88320 reflected, remainder inverted before and after.</summary>
public sealed class Crc32
{
    private readonly uint[] _table = new uint[256];

    public Crc32()
    {
        for (uint i = 0; i < 256; i++)
        {
            uint value = i;
            for (int bit = 0; bit < 8; bit++)
            {
                value = (value & 1) != 0 ? (value >> 1) ^ 0xEDB88320u : value >> 1;
            }

            _table[i] = value;
        }
    }

    public uint Compute(ReadOnlySpan<byte> bytes)
    {
        uint remainder = uint.MaxValue;
        for (int i = 0; i < bytes.Length; i++)
        {
            remainder = _table[(byte)(remainder ^ bytes[i])] ^ (remainder >> 8);
        }

        return ~remainder;
    }
}
