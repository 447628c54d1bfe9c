using System;
using System.Buffers.Binary;
using System.IO;
using Xenolith.Domains;

namespace Xenolith.Tests.Unit.Builder;

/// <summary>Packs without compressing: frames and streams whose blocks are stored, written from the formats' descriptions.</summary>
internal static class StoredPackers
{
    /// <summary>A frame of raw blocks with a size of four bytes and a checksum.</summary>
    public static byte[] Zstd(ReadOnlySpan<byte> data)
    {
        using var output = new MemoryStream();
        output.Write([0x28, 0xB5, 0x2F, 0xFD, 0xA4]);
        output.Write(BitConverter.GetBytes(data.Length));
        ulong checksum = XxHash64(data);
        do
        {
            int size = Math.Min(data.Length, 128 << 10);
            WriteZstdBlock(output, 0, size, data[..size], isLast: size == data.Length);
            data = data[size..];
        }
        while (data.Length != 0);
        output.Write(BitConverter.GetBytes((uint)checksum));
        return output.ToArray();
    }

    public static void WriteZstdBlock(MemoryStream output, int type, int size, ReadOnlySpan<byte> content, bool isLast)
    {
        int header = (size << 3) | (type << 1) | (isLast ? 1 : 0);
        output.Write([(byte)header, (byte)(header >> 8), (byte)(header >> 16)]);
        output.Write(content);
    }

    /// <summary>A stream of one block of stored chunks, checked by CRC32.</summary>
    public static byte[] Xz(ReadOnlySpan<byte> data)
    {
        using var chunks = new MemoryStream();
        int control = 1;
        for (ReadOnlySpan<byte> left = data; left.Length != 0;)
        {
            int size = Math.Min(left.Length, 65536);
            chunks.Write([(byte)control, (byte)((size - 1) >> 8), (byte)(size - 1)]);
            chunks.Write(left[..size]);
            left = left[size..];
            control = 2;
        }

        chunks.WriteByte(0);
        return XzStream(chunks.ToArray(), data, [0x21, 1, 22]);
    }

    /// <summary>A stream of one block with these chunks and filters, the rest as it should be.</summary>
    /// <param name="filters">Each its number, the size of its properties, and these; LZMA2 is 0x21, 1, dictionary size.</param>
    public static byte[] XzStream(ReadOnlySpan<byte> chunks, ReadOnlySpan<byte> data, ReadOnlySpan<byte> filters, int filterCount = 1, byte check = 1)
    {
        using var output = new MemoryStream();
        output.Write([0xFD, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0]);
        WriteWithCrc(output, [0, check], after: true);

        byte[] header = new byte[(2 + filters.Length + 3) & ~3];
        header[0] = (byte)(header.Length / 4);
        header[1] = (byte)(filterCount - 1);
        filters.CopyTo(header.AsSpan(2));
        WriteWithCrc(output, header, after: true);
        output.Write(chunks);
        output.Write(new byte[-chunks.Length & 3]);
        if (check == 1)
        {
            output.Write(BitConverter.GetBytes(new Crc32().Compute(data)));
        }

        using var index = new MemoryStream();
        index.Write([0, 1]);
        WriteNumber(index, header.Length + 4 + chunks.Length + (check == 1 ? 4 : 0));
        WriteNumber(index, data.Length);
        index.Write(new byte[-(int)index.Length & 3]);
        int indexSize = (int)index.Length + 4;
        WriteWithCrc(output, index.ToArray(), after: true);

        byte[] footer = new byte[6];
        BinaryPrimitives.WriteInt32LittleEndian(footer, indexSize / 4 - 1);
        footer[5] = check;
        WriteWithCrc(output, footer, after: false);
        output.Write("YZ"u8);
        return output.ToArray();
    }

    /// <summary>XXH64 by the program that is not under test: slow, plain and after the specification's pseudo code.</summary>
    private static ulong XxHash64(ReadOnlySpan<byte> data)
    {
        const ulong p1 = 11400714785074694791, p2 = 14029467366897019727, p3 = 1609587929392839161, p4 = 9650029242287828579, p5 = 2870177450012600261;
        ulong[] lanes = [unchecked(p1 + p2), p2, 0, unchecked(0 - p1)];
        ulong total = (ulong)data.Length;
        ulong hash = p5;
        if (data.Length >= 32)
        {
            for (; data.Length >= 32; data = data[32..])
            {
                for (int i = 0; i < 4; i++)
                {
                    lanes[i] = Round(lanes[i], BitConverter.ToUInt64(data[(8 * i)..]));
                }
            }

            hash = ulong.RotateLeft(lanes[0], 1) + ulong.RotateLeft(lanes[1], 7) + ulong.RotateLeft(lanes[2], 12) + ulong.RotateLeft(lanes[3], 18);
            foreach (ulong lane in lanes)
            {
                hash = (hash ^ Round(0, lane)) * p1 + p4;
            }
        }

        hash += total;
        while (data.Length != 0)
        {
            int step = data.Length >= 8 ? 8 : data.Length >= 4 ? 4 : 1;
            hash = step switch
            {
                8 => ulong.RotateLeft(hash ^ Round(0, BitConverter.ToUInt64(data)), 27) * p1 + p4,
                4 => ulong.RotateLeft(hash ^ (BitConverter.ToUInt32(data) * p1), 23) * p2 + p3,
                _ => ulong.RotateLeft(hash ^ (data[0] * p5), 11) * p1,
            };
            data = data[step..];
        }

        hash = (hash ^ (hash >> 33)) * p2;
        hash = (hash ^ (hash >> 29)) * p3;
        return hash ^ (hash >> 32);

        static ulong Round(ulong lane, ulong value) => ulong.RotateLeft(lane + value * p2, 31) * p1;
    }

    private static void WriteNumber(MemoryStream output, int value)
    {
        for (; value >= 0x80; value >>= 7)
        {
            output.WriteByte((byte)(value | 0x80));
        }

        output.WriteByte((byte)value);
    }

    private static void WriteWithCrc(MemoryStream output, byte[] bytes, bool after)
    {
        byte[] crc = BitConverter.GetBytes(new Crc32().Compute(bytes));
        output.Write(after ? bytes : crc);
        output.Write(after ? crc : bytes);
    }
}
