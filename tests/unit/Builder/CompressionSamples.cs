using System;
using System.IO;
using System.IO.Compression;
using System.Text;

namespace Xenolith.Tests.Unit.Builder;

/// <summary>Data to pack, and packers of the outside world.</summary>
internal static class CompressionSamples
{
    /// <summary>Bytes of several kinds: empty, one byte, runs, text, noise, and a mixture with far references.</summary>
    public static byte[] Sample(int kind)
    {
        var random = new Random(kind);
        switch (kind)
        {
            case 0:
                return [];
            case 1:
                return [0x5A];
            case 2:
                return new byte[100_000];
            case 3:
                var text = new StringBuilder();
                for (int i = 0; i < 4000; i++)
                {
                    text.Append("line ").Append(i * 7919 % 1000).Append(" of a text that repeats itself; ");
                }

                return Encoding.ASCII.GetBytes(text.ToString());
            case 4:
                byte[] noise = new byte[70_000];
                random.NextBytes(noise);
                return noise;
            default:
                byte[] mixed = new byte[200_000];
                random.NextBytes(mixed.AsSpan(0, 5000));
                for (int at = 5000; at < mixed.Length;)
                {
                    int length = Math.Min(random.Next(1, 400), mixed.Length - at);
                    int from = random.Next(0, at);
                    for (int i = 0; i < length; i++)
                    {
                        mixed[at + i] = mixed[from + i];
                    }

                    at += length;
                }

                return mixed;
        }
    }

    public const int Kinds = 6;

    public static byte[] Gzip(byte[] data, CompressionLevel level)
    {
        using var output = new MemoryStream();
        using (var packer = new GZipStream(output, level))
        {
            packer.Write(data);
        }

        return output.ToArray();
    }

    /// <summary>
    /// A small greedy packer for LZ4's block format, written from its description: the last five bytes are literals and the
    /// last match starts at least twelve bytes before the end.
    /// </summary>
    public static byte[] Lz4Block(ReadOnlySpan<byte> data)
    {
        using var output = new MemoryStream();
        int[] last = new int[1 << 16];
        Array.Fill(last, -1);
        int anchor = 0;
        for (int at = 0; at + 12 < data.Length;)
        {
            int hash = (int)((BitConverter.ToUInt32(data[at..]) * 2654435761u) >> 16);
            int from = last[hash];
            last[hash] = at;
            if (from < 0 || at - from > 65535 || !data.Slice(from, 4).SequenceEqual(data.Slice(at, 4)))
            {
                at++;
                continue;
            }

            int length = 4;
            while (at + length < data.Length - 5 && data[from + length] == data[at + length])
            {
                length++;
            }

            WriteSequence(output, data[anchor..at], at - from, length);
            at += length;
            anchor = at;
        }

        WriteSequence(output, data[anchor..], 0, 0);
        return output.ToArray();
    }

    public static byte[] Lz4Legacy(ReadOnlySpan<byte> data)
    {
        using var output = new MemoryStream();
        output.Write([0x02, 0x21, 0x4C, 0x18]);
        do
        {
            int size = Math.Min(data.Length, 8 << 20);
            byte[] block = Lz4Block(data[..size]);
            output.Write(BitConverter.GetBytes(block.Length));
            output.Write(block);
            data = data[size..];
        }
        while (data.Length != 0);
        return output.ToArray();
    }

    private static void WriteSequence(MemoryStream output, ReadOnlySpan<byte> literals, int distance, int length)
    {
        int match = length == 0 ? 0 : length - 4;
        output.WriteByte((byte)(Math.Min(literals.Length, 15) << 4 | Math.Min(match, 15)));
        WriteRest(output, literals.Length);
        output.Write(literals);
        if (length != 0)
        {
            output.WriteByte((byte)distance);
            output.WriteByte((byte)(distance >> 8));
            WriteRest(output, match);
        }
    }

    private static void WriteRest(MemoryStream output, int length)
    {
        if (length < 15)
        {
            return;
        }

        int rest = length - 15;
        for (; rest >= 255; rest -= 255)
        {
            output.WriteByte(255);
        }

        output.WriteByte((byte)rest);
    }
}
