namespace System.Text;

/// <summary>UTF-8; what is malformed becomes U+FFFD, one for each byte or half pair.</summary>
public sealed class UTF8Encoding : Encoding
{
    private const uint Replacement = 0xFFFD;

    private static uint NextScalar(ReadOnlySpan<char> chars, ref int index)
    {
        char first = chars[index++];
        if (!char.IsSurrogate(first))
            return first;
        if (char.IsHighSurrogate(first) && index < chars.Length && char.IsLowSurrogate(chars[index]))
            return 0x10000u + ((uint)(first - 0xD800) << 10) + (uint)(chars[index++] - 0xDC00);
        return Replacement;
    }

    private static int ByteCount(uint scalar) => scalar < 0x80 ? 1 : scalar < 0x800 ? 2 : scalar < 0x10000 ? 3 : 4;

    /// <inheritdoc/>
    public override int GetByteCount(ReadOnlySpan<char> chars)
    {
        int count = 0;
        for (int i = 0; i < chars.Length;)
            count += ByteCount(NextScalar(chars, ref i));
        return count;
    }

    /// <inheritdoc/>
    public override int GetBytes(ReadOnlySpan<char> chars, Span<byte> bytes)
    {
        int written = 0;
        for (int i = 0; i < chars.Length;)
        {
            uint scalar = NextScalar(chars, ref i);
            int count = ByteCount(scalar);
            if (written + count > bytes.Length)
                ThrowHelper.ThrowArgument();
            if (count == 1)
            {
                bytes[written++] = (byte)scalar;
                continue;
            }
            // The first byte has as many leading ones as there are bytes; the others carry six bits each.
            bytes[written++] = (byte)((0xF00u >> count) | (scalar >> (6 * (count - 1))));
            for (int shift = 6 * (count - 2); shift >= 0; shift -= 6)
                bytes[written++] = (byte)(0x80 | ((scalar >> shift) & 0x3F));
        }
        return written;
    }

    private static uint NextScalar(ReadOnlySpan<byte> bytes, ref int index)
    {
        byte first = bytes[index++];
        if (first < 0x80)
            return first;
        int following = first >= 0xF0 && first < 0xF5 ? 3 : first >= 0xE0 && first < 0xF0 ? 2 : first >= 0xC2 && first < 0xE0 ? 1 : 0;
        if (following == 0 || index + following > bytes.Length)
            return Replacement;
        uint scalar = (uint)first & (0x3Fu >> following);
        for (int i = 0; i < following; i++)
        {
            if ((bytes[index + i] & 0xC0) != 0x80)
                return Replacement;
            scalar = (scalar << 6) | (uint)(bytes[index + i] & 0x3F);
        }
        bool overlong = ByteCount(scalar) != following + 1;
        if (overlong || scalar > 0x10FFFF || scalar - 0xD800 < 0x800)
            return Replacement;
        index += following;
        return scalar;
    }

    /// <inheritdoc/>
    public override int GetCharCount(ReadOnlySpan<byte> bytes)
    {
        int count = 0;
        for (int i = 0; i < bytes.Length;)
            count += NextScalar(bytes, ref i) >= 0x10000 ? 2 : 1;
        return count;
    }

    /// <inheritdoc/>
    public override int GetChars(ReadOnlySpan<byte> bytes, Span<char> chars)
    {
        int written = 0;
        for (int i = 0; i < bytes.Length;)
        {
            uint scalar = NextScalar(bytes, ref i);
            if (written + (scalar >= 0x10000 ? 2 : 1) > chars.Length)
                ThrowHelper.ThrowArgument();
            if (scalar < 0x10000)
            {
                chars[written++] = (char)scalar;
                continue;
            }
            chars[written++] = (char)(0xD800 + ((scalar - 0x10000) >> 10));
            chars[written++] = (char)(0xDC00 + (scalar & 0x3FF));
        }
        return written;
    }
}
