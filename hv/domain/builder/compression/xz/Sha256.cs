using System;
using System.Buffers.Binary;
using System.Numerics;

namespace Xenolith.Domains;

/// <summary>SHA-256 (FIPS 180-4, 6.2).</summary>
internal static class Sha256
{
    public const int Size = 32;

    private const int BlockSize = 64;
    private const int LengthSize = 8;

    /// <summary>Writes the digest of <paramref name="bytes"/>, <see cref="Size"/> bytes, to <paramref name="digest"/>.</summary>
    public static void Compute(ReadOnlySpan<byte> bytes, Span<byte> digest)
    {
        Span<uint> hash = [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19];
        ulong length = 8 * (ulong)bytes.Length;
        for (; bytes.Length >= BlockSize; bytes = bytes[BlockSize..])
        {
            Compress(hash, bytes[..BlockSize]);
        }

        // 5.1.1: a one bit, zeros, and the length in bits at a block's end.
        Span<byte> tail = stackalloc byte[2 * BlockSize];
        tail.Clear();
        bytes.CopyTo(tail);
        tail[bytes.Length] = 0x80;
        int end = bytes.Length + 1 + LengthSize > BlockSize ? 2 * BlockSize : BlockSize;
        BinaryPrimitives.WriteUInt64BigEndian(tail[(end - LengthSize)..], length);
        for (int at = 0; at < end; at += BlockSize)
        {
            Compress(hash, tail.Slice(at, BlockSize));
        }

        for (int i = 0; i < hash.Length; i++)
        {
            BinaryPrimitives.WriteUInt32BigEndian(digest[(4 * i)..], hash[i]);
        }
    }

    private static void Compress(Span<uint> hash, ReadOnlySpan<byte> block)
    {
        ReadOnlySpan<uint> constants =
        [
            0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
            0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
            0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
            0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
            0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
            0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
            0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
            0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
        ];
        Span<uint> schedule = stackalloc uint[64];
        for (int i = 0; i < 16; i++)
        {
            schedule[i] = BinaryPrimitives.ReadUInt32BigEndian(block[(4 * i)..]);
        }

        for (int i = 16; i < schedule.Length; i++)
        {
            uint near = schedule[i - 15];
            uint late = schedule[i - 2];
            uint small = BitOperations.RotateLeft(near, 25) ^ BitOperations.RotateLeft(near, 14) ^ (near >> 3);
            uint large = BitOperations.RotateLeft(late, 15) ^ BitOperations.RotateLeft(late, 13) ^ (late >> 10);
            schedule[i] = unchecked(schedule[i - 16] + small + schedule[i - 7] + large);
        }

        uint a = hash[0], b = hash[1], c = hash[2], d = hash[3], e = hash[4], f = hash[5], g = hash[6], h = hash[7];
        for (int i = 0; i < schedule.Length; i++)
        {
            uint large = BitOperations.RotateLeft(e, 26) ^ BitOperations.RotateLeft(e, 21) ^ BitOperations.RotateLeft(e, 7);
            uint small = BitOperations.RotateLeft(a, 30) ^ BitOperations.RotateLeft(a, 19) ^ BitOperations.RotateLeft(a, 10);
            uint first = unchecked(h + large + ((e & f) ^ (~e & g)) + constants[i] + schedule[i]);
            uint second = unchecked(small + ((a & b) ^ (a & c) ^ (b & c)));
            h = g;
            g = f;
            f = e;
            e = unchecked(d + first);
            d = c;
            c = b;
            b = a;
            a = unchecked(first + second);
        }

        hash[0] += a;
        hash[1] += b;
        hash[2] += c;
        hash[3] += d;
        hash[4] += e;
        hash[5] += f;
        hash[6] += g;
        hash[7] += h;
    }
}
