using System;
using System.Buffers.Binary;

namespace Xenolith.Tests.Unit.Builder;

/// <summary>Wraps a payload as Linux's build does: boot sector, setup header, payload, some code behind it.</summary>
internal static class BzImageFactory
{
    /// <param name="payload">Packed, with its unpacked size at the end.</param>
    public static byte[] Wrap(ReadOnlySpan<byte> payload, ushort version = 0x20F, byte setupSectors = 3)
    {
        const uint payloadOffset = 0x100;
        int start = ((setupSectors == 0 ? 4 : setupSectors) + 1) * 512;
        byte[] file = new byte[start + (int)payloadOffset + payload.Length + 0x300];
        file[0x1F1] = setupSectors;
        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(0x1FE), 0xAA55);
        "HdrS"u8.CopyTo(file.AsSpan(0x202));
        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(0x206), version);
        BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(0x248), payloadOffset);
        BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(0x24C), (uint)payload.Length);
        payload.CopyTo(file.AsSpan(start + (int)payloadOffset));
        return file;
    }

    public static byte[] WrapLz4(byte[] kernel) => Wrap([.. CompressionSamples.Lz4Legacy(kernel), .. BitConverter.GetBytes(kernel.Length)]);

    public static byte[] WrapZstd(byte[] kernel) => Wrap([.. StoredPackers.Zstd(kernel), .. BitConverter.GetBytes(kernel.Length)]);

    public static byte[] WrapXz(byte[] kernel) => Wrap([.. StoredPackers.Xz(kernel), .. BitConverter.GetBytes(kernel.Length)]);

    public static byte[] WrapGzip(byte[] kernel) =>
        Wrap(CompressionSamples.Gzip(kernel, System.IO.Compression.CompressionLevel.Optimal));
}
