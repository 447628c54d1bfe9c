namespace System.Globalization;

/// <summary>Which numbers are read.</summary>
[Flags]
public enum NumberStyles
{
    /// <summary>Digits alone.</summary>
    None = 0,
    /// <summary>White space before.</summary>
    AllowLeadingWhite = 1,
    /// <summary>White space behind.</summary>
    AllowTrailingWhite = 2,
    /// <summary>A sign before.</summary>
    AllowLeadingSign = 4,
    /// <summary>Hexadecimal digits.</summary>
    AllowHexSpecifier = 0x200,
    /// <summary>Binary digits.</summary>
    AllowBinarySpecifier = 0x400,
    /// <summary>White space and a sign.</summary>
    Integer = AllowLeadingWhite | AllowTrailingWhite | AllowLeadingSign,
    /// <summary>White space and hexadecimal digits, without a prefix.</summary>
    HexNumber = AllowLeadingWhite | AllowTrailingWhite | AllowHexSpecifier,
    /// <summary>White space and binary digits, without a prefix.</summary>
    BinaryNumber = AllowLeadingWhite | AllowTrailingWhite | AllowBinarySpecifier,
}

/// <summary>The customs of people. There is one here, the invariant one.</summary>
public sealed class CultureInfo : IFormatProvider
{
    private CultureInfo() { }
    /// <summary>The invariant one. Nothing here asks it anything, so that null will do.</summary>
    public static CultureInfo? InvariantCulture => null;
    /// <summary>The invariant one.</summary>
    public static CultureInfo? CurrentCulture => null;
    /// <inheritdoc/>
    public object? GetFormat(Type? formatType) => null;
}
