using System;
using System.Buffers.Binary;

namespace Xenolith.Domains;

/// <summary>The checks that an xz stream may put behind its blocks (XZ file format, 2.1.1.2).</summary>
internal static class XzCheck
{
    private const int None = 0, OfCrc32 = 1, OfCrc64 = 4, OfSha256 = 10;

    public static bool IsKnown(int check) => check is None or OfCrc32 or OfCrc64 or OfSha256;

    /// <summary>Bytes of the check.</summary>
    public static int SizeOf(int check) => check switch { OfCrc32 => 4, OfCrc64 => 8, OfSha256 => Sha256.Size, _ => 0 };

    /// <summary>Whether <paramref name="expected"/> is the check of the data.</summary>
    public static bool Holds(int check, ReadOnlySpan<byte> data, ReadOnlySpan<byte> expected, Crc32 crc32)
    {
        switch (check)
        {
            case OfCrc32:
                return BinaryPrimitives.ReadUInt32LittleEndian(expected) == crc32.Compute(data);
            case OfCrc64:
                return BinaryPrimitives.ReadUInt64LittleEndian(expected) == Crc64.Compute(data);
            case OfSha256:
                Span<byte> digest = stackalloc byte[Sha256.Size];
                Sha256.Compute(data, digest);
                return digest.SequenceEqual(expected);
            default:
                return true;
        }
    }
}
