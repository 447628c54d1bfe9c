using System;

namespace Xenolith.Drivers;

/// <summary>
/// Finds \_S5_ in AML without an interpreter: <c>Name (_S5_, Package () {a, b, …})</c> is a fixed pattern of bytes (ACPI Specification
/// 6.5, 7.4.2, 20.2).
/// </summary>
public static class SleepPackage
{
    private const byte NameOp = 0x08;
    private const byte RootChar = 0x5C;
    private const byte PackageOp = 0x12;
    private const byte BytePrefix = 0x0A;
    private const byte WordPrefix = 0x0B;
    private const byte DwordPrefix = 0x0C;
    private const byte QwordPrefix = 0x0E;
    private const byte OnesOp = 0xFF;

    /// <summary>The first well-formed package in the AML of a definition block.</summary>
    public static bool TryFind(ReadOnlySpan<byte> aml, out SleepTypes types)
    {
        for (int at = 1; at + 4 < aml.Length; at++)
        {
            bool named = aml[at - 1] == NameOp || (at >= 2 && aml[at - 1] == RootChar && aml[at - 2] == NameOp);
            if (named && aml.Slice(at, 4).SequenceEqual("_S5_"u8) && TryParse(aml[(at + 4)..], out types))
            {
                return true;
            }
        }

        types = default;
        return false;
    }

    private static bool TryParse(ReadOnlySpan<byte> aml, out SleepTypes types)
    {
        types = default;

        // The length's top two bits say how many bytes follow its first (20.2.4); then the number of elements.
        if (aml.Length < 2 || aml[0] != PackageOp)
        {
            return false;
        }

        int at = 2 + (aml[1] >> 6);
        if (at >= aml.Length || aml[at] < 1)
        {
            return false;
        }

        byte elements = aml[at++];
        if (!TryInteger(aml, ref at, out byte a))
        {
            return false;
        }

        byte b = 0;
        if (elements > 1 && !TryInteger(aml, ref at, out b))
        {
            return false;
        }

        types = new SleepTypes((byte)(a & 7), (byte)(b & 7));
        return true;
    }

    private static bool TryInteger(ReadOnlySpan<byte> aml, ref int at, out byte value)
    {
        value = 0;
        if (at >= aml.Length)
        {
            return false;
        }

        byte op = aml[at++];
        int bytes = op switch { BytePrefix => 1, WordPrefix => 2, DwordPrefix => 4, QwordPrefix => 8, _ => 0 };
        if (bytes == 0)
        {
            value = op;
            return op is 0 or 1 or OnesOp;
        }

        if (bytes > aml.Length - at)
        {
            return false;
        }

        value = aml[at];
        at += bytes;
        return true;
    }
}
