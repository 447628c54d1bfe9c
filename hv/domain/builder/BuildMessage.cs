using System;

namespace Xenolith.Domains;

/// <summary>
/// Puts the sentence of a <see cref="BuildError"/> together. It allocates, which is allowed while a domain is built;
/// text beyond <see cref="Capacity"/> characters is cut.
/// </summary>
public sealed class BuildMessage
{
    public const int Capacity = 280;

    private readonly char[] _text = new char[Capacity];
    private int _length;

    public BuildMessage Add(string text) => Add(text.AsSpan());

    public BuildMessage Add(ReadOnlySpan<char> text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            Put(text[i]);
        }

        return this;
    }

    /// <summary>A number in decimal.</summary>
    public BuildMessage Add(ulong value)
    {
        Span<char> digits = stackalloc char[20];
        int at = digits.Length;
        do
        {
            digits[--at] = (char)('0' + (int)(value % 10));
            value /= 10;
        }
        while (value != 0);

        return Add(digits[at..]);
    }

    /// <summary>A number in hexadecimal with 0x before it.</summary>
    public BuildMessage AddHex(ulong value)
    {
        Span<char> digits = stackalloc char[16];
        int at = digits.Length;
        do
        {
            int digit = (int)(value & 15);
            digits[--at] = (char)(digit < 10 ? '0' + digit : 'a' + digit - 10);
            value >>= 4;
        }
        while (value != 0);

        return Add("0x").Add(digits[at..]);
    }

    /// <summary>A size in bytes, said in MiB or KiB (rounded up) so that it can be compared with an option's value.</summary>
    public BuildMessage AddSize(ulong bytes)
    {
        if (bytes >= 10UL << 20)
        {
            return Add((bytes >> 20) + ((bytes & 0xFFFFF) != 0 ? 1UL : 0UL)).Add(" MiB");
        }

        return bytes >= 10UL << 10
            ? Add((bytes >> 10) + ((bytes & 0x3FF) != 0 ? 1UL : 0UL)).Add(" KiB")
            : Add(bytes).Add(" bytes");
    }

    public BuildError ToError(BuildErrorKind kind) => new(kind, new string(_text.AsSpan(0, _length)));

    public override string ToString() => new(_text.AsSpan(0, _length));

    private void Put(char character)
    {
        if (_length < _text.Length)
        {
            _text[_length++] = character;
        }
    }
}
