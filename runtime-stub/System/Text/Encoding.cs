namespace System.Text;

/// <summary>Texts as bytes.</summary>
public abstract class Encoding
{
    private static readonly ASCIIEncoding s_ascii = new ASCIIEncoding();
    private static readonly UTF8Encoding s_utf8 = new UTF8Encoding();

    /// <summary>ASCII; everything else becomes '?'.</summary>
    public static Encoding ASCII => s_ascii;
    /// <summary>UTF-8; half surrogate pairs become U+FFFD.</summary>
    public static Encoding UTF8 => s_utf8;

    /// <summary>How many bytes a text takes.</summary>
    public abstract int GetByteCount(ReadOnlySpan<char> chars);
    /// <summary>Writes a text's bytes; how many is returned.</summary>
    /// <exception cref="ArgumentException">There is no room.</exception>
    public abstract int GetBytes(ReadOnlySpan<char> chars, Span<byte> bytes);
    /// <summary>How many characters bytes make.</summary>
    public abstract int GetCharCount(ReadOnlySpan<byte> bytes);
    /// <summary>Writes the characters of bytes; how many is returned.</summary>
    /// <exception cref="ArgumentException">There is no room.</exception>
    public abstract int GetChars(ReadOnlySpan<byte> bytes, Span<char> chars);

    /// <summary>How many bytes a text takes.</summary>
    public int GetByteCount(string s) => GetByteCount((ReadOnlySpan<char>)s);

    /// <summary>A text's bytes, as a new array.</summary>
    public byte[] GetBytes(string s)
    {
        byte[] bytes = new byte[GetByteCount((ReadOnlySpan<char>)s)];
        GetBytes((ReadOnlySpan<char>)s, bytes);
        return bytes;
    }

    /// <summary>Writes a text's bytes; false if there is no room.</summary>
    public bool TryGetBytes(ReadOnlySpan<char> chars, Span<byte> bytes, out int bytesWritten)
    {
        bytesWritten = 0;
        if (GetByteCount(chars) > bytes.Length)
            return false;
        bytesWritten = GetBytes(chars, bytes);
        return true;
    }

    /// <summary>The text of bytes, as a new string.</summary>
    public string GetString(ReadOnlySpan<byte> bytes)
    {
        int length = GetCharCount(bytes);
        if (length == 0)
            return "";
        string text = string.Allocate(length);
        GetChars(bytes, new Span<char>(ref text.FirstCharacter, length));
        return text;
    }

    /// <summary>The text of bytes, as a new string.</summary>
    public string GetString(byte[] bytes) => GetString((ReadOnlySpan<byte>)bytes);
}

/// <summary>ASCII; everything else becomes '?'.</summary>
public sealed class ASCIIEncoding : Encoding
{
    /// <inheritdoc/>
    public override int GetByteCount(ReadOnlySpan<char> chars) => chars.Length;

    /// <inheritdoc/>
    public override int GetBytes(ReadOnlySpan<char> chars, Span<byte> bytes)
    {
        if (chars.Length > bytes.Length)
            ThrowHelper.ThrowArgument();
        for (int i = 0; i < chars.Length; i++)
            bytes[i] = chars[i] < 0x80 ? (byte)chars[i] : (byte)'?';
        return chars.Length;
    }

    /// <inheritdoc/>
    public override int GetCharCount(ReadOnlySpan<byte> bytes) => bytes.Length;

    /// <inheritdoc/>
    public override int GetChars(ReadOnlySpan<byte> bytes, Span<char> chars)
    {
        if (bytes.Length > chars.Length)
            ThrowHelper.ThrowArgument();
        for (int i = 0; i < bytes.Length; i++)
            chars[i] = bytes[i] < 0x80 ? (char)bytes[i] : '?';
        return bytes.Length;
    }
}
