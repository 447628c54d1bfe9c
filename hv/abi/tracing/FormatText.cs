using System;
using Xenolith.Kernel;

namespace Xenolith.Abi.Tracing;

/// <summary>Reads the texts of <see cref="CallFormats"/> and writes values as they say.</summary>
internal static class FormatText
{
    // Of an array or a text no more is shown.
    private const int MostElements = 4, MostBytes = 16, MostCharacters = 64;

    /// <summary>Word number <paramref name="index"/> of words separated by spaces; empty: there are not so many.</summary>
    public static ReadOnlySpan<byte> Word(ReadOnlySpan<byte> text, int index)
    {
        for (; index > 0; index--)
        {
            int space = text.IndexOf((byte)' ');
            if (space < 0)
                return default;
            text = text.Slice(space + 1);
        }
        int end = text.IndexOf((byte)' ');
        return end < 0 ? text : text.Slice(0, end);
    }

    /// <summary>The name of a register without what says what it is.</summary>
    public static ReadOnlySpan<byte> TrimMarks(this ReadOnlySpan<byte> word)
    {
        while (word[0] is (byte)'*' or (byte)'!')
            word = word.Slice(1);
        return word;
    }

    /// <summary>The decimal number that the text begins with.</summary>
    public static int Number(ReadOnlySpan<byte> text)
    {
        int value = 0;
        for (int i = 0; i < text.Length && text[i] is >= (byte)'0' and <= (byte)'9'; i++)
            value = value * 10 + (text[i] - '0');
        return value;
    }

    public static void AppendName(ref LineText line, scoped ReadOnlySpan<byte> name)
    {
        line.Append(' ');
        line.Append(name);
        line.Append('=');
    }

    /// <summary>One field: what went in, what came out, or both where they differ. An empty span: nothing did.</summary>
    public static void AppendField(ref LineText line, scoped ReadOnlySpan<byte> field, scoped ReadOnlySpan<byte> before, scoped ReadOnlySpan<byte> after)
    {
        int colon = field.IndexOf((byte)':');
        ReadOnlySpan<byte> name = field.Slice(0, colon), rest = field.Slice(colon + 1);
        int offset = Number(rest);
        rest = rest.Slice(rest.IndexOf((byte)':') + 1);
        bool isText = rest[0] == (byte)'s', isSigned = rest[0] == (byte)'i';
        if (isText || isSigned)
            rest = rest.Slice(1);
        int size = Number(rest);
        int star = rest.IndexOf((byte)'*');
        int count = star < 0 ? 1 : Number(rest.Slice(star + 1));
        int length = Math.Min(size * count, Math.Max(before.Length, after.Length) - offset);
        if (length < size)
            return;
        if (name.Length != 0)
            AppendName(ref line, name);
        else
            line.Append(' ');
        ReadOnlySpan<byte> first = before.Length != 0 ? before.Slice(offset, length) : default, second = after.Length != 0 ? after.Slice(offset, length) : default;
        if (first.Length != 0)
            AppendValue(ref line, first, size, isText, isSigned);
        if (second.Length == 0 || first.SequenceEqual(second))
            return;
        if (first.Length != 0)
            line.Append("->");
        AppendValue(ref line, second, size, isText, isSigned);
    }

    private static void AppendValue(ref LineText line, scoped ReadOnlySpan<byte> value, int size, bool isText, bool isSigned)
    {
        if (isText)
        {
            int end = value.IndexOf((byte)0);
            line.Append('"');
            line.Append(value.Slice(0, Math.Min(end < 0 ? value.Length : end, MostCharacters)));
            line.Append('"');
            return;
        }
        if (value.Length == size)
        {
            AppendNumber(ref line, value, isSigned);
            return;
        }
        int elements = Math.Min(value.Length / size, size == 1 ? MostBytes : MostElements);
        for (int i = 0; i < elements; i++)
        {
            if (size == 1)
            {
                line.Append(value[i], "x2");
                continue;
            }
            line.Append(i == 0 ? "" : ",");
            AppendNumber(ref line, value.Slice(i * size, size), isSigned);
        }
        if (elements * size < value.Length)
            line.Append("..");
    }

    /// <summary>Hexadecimal, but for what is less than 0: an error, or "none".</summary>
    private static void AppendNumber(ref LineText line, scoped ReadOnlySpan<byte> value, bool isSigned)
    {
        ulong number = 0;
        for (int i = value.Length - 1; i >= 0; i--)
            number = number << 8 | value[i];
        int unused = 64 - value.Length * 8;
        long signed = unchecked((long)(number << unused)) >> unused;
        if (isSigned && signed < 0)
        {
            line.AppendSigned(signed, sizeof(long), null);
            return;
        }
        line.Append("0x");
        line.Append(number, "x");
    }
}
