namespace Xenolith.Kernel;

/// <summary>What an option's value looks like.</summary>
public enum OptionKind : byte
{
    /// <summary>name, no-name, name=yes|on|true|enable|1 or no|off|false|disable|0.</summary>
    Boolean,

    /// <summary>name=number: decimal, 0x hexadecimal or 0 octal.</summary>
    Number,

    /// <summary>name=number with a suffix T, G, M, K or B; without one KiB are meant.</summary>
    Size,

    /// <summary>name=text.</summary>
    Text,

    /// <summary>name=word,word…; with <see cref="OptionRow.Accepted"/> set, only those words (each also as word=value or no-word).</summary>
    List,
}

/// <summary>One row of the table of boot options.</summary>
/// <param name="name">The name, as typed.</param>
/// <param name="kind">What its value looks like.</param>
/// <param name="defaultValue">What holds when it is not given, in words.</param>
/// <param name="description">One sentence.</param>
public sealed class OptionRow(string name, OptionKind kind, string defaultValue, string description)
{
    public string Name { get; } = name;

    public OptionKind Kind { get; } = kind;

    public string Default { get; } = defaultValue;

    public string Description { get; } = description;

    /// <summary>For lists and texts: the words allowed, separated by spaces; empty: any.</summary>
    public string Accepted { get; init; } = "";

    /// <summary>Of a list: each word is a boolean: word, no-word, word=yes|no….</summary>
    public bool HasBooleans { get; init; }

    /// <summary>Known, because people pass it out of habit, but nothing here depends on it: it gets a warning line.</summary>
    public bool WithoutEffect { get; init; }

    /// <summary>Whether a boolean may carry any other value as well (as in <c>console_timestamps=boot</c>).</summary>
    public bool AcceptsAnyValue { get; init; }
}
