using System;

namespace Xenolith.Kernel;

/// <summary>
/// The boot command line: words separated by spaces, each <c>name</c>, <c>no-name</c> or <c>name=value</c>. A lone <c>--</c> ends it.
/// When an option is given twice, the last one counts.
/// </summary>
/// <remarks>
/// Values are looked up at any time; <see cref="Check"/> judges the whole line once all tables are known. A value that is not well-formed
/// reads as absent.
/// </remarks>
public sealed class CommandLine
{
    private readonly string _text;
    private OptionRow[] _rows;

    /// <param name="text">The line, without the image's name.</param>
    /// <param name="rows">The first table of options.</param>
    public CommandLine(string text, OptionRow[] rows)
    {
        _text = text;
        _rows = rows;
    }

    /// <summary>The line, whole.</summary>
    public string Text => _text;

    /// <summary>All options known.</summary>
    public ReadOnlySpan<OptionRow> Rows => _rows;

    /// <summary>Adds a table. Allocates: for the start only.</summary>
    public void Declare(OptionRow[] rows)
    {
        var all = new OptionRow[_rows.Length + rows.Length];
        for (int i = 0; i < all.Length; i++)
        {
            all[i] = i < _rows.Length ? _rows[i] : rows[i - _rows.Length];
        }

        _rows = all;
    }

    /// <summary>Whether the option is given in any form.</summary>
    public bool IsGiven(string name) => TryFind(name, out _, out _, out _);

    /// <summary>The option's value; false: not given, or without a value.</summary>
    public bool TryGetText(string name, out ReadOnlySpan<char> value) => TryFind(name, out value, out bool hasValue, out _) && hasValue;

    /// <summary>A boolean option's value, or what holds without it.</summary>
    public bool GetBoolean(string name, bool otherwise)
    {
        if (!TryFind(name, out ReadOnlySpan<char> value, out bool hasValue, out bool negated))
        {
            return otherwise;
        }

        return hasValue ? OptionValue.TryParseBoolean(value, out bool parsed) ? parsed : otherwise : !negated;
    }

    /// <summary>A number, or what holds without it.</summary>
    public ulong GetNumber(string name, ulong otherwise) =>
        TryGetText(name, out ReadOnlySpan<char> value) && OptionValue.TryParseNumber(value, out ulong number) ? number : otherwise;

    /// <summary>A size in bytes, or what holds without it.</summary>
    public ulong GetSize(string name, ulong otherwise) =>
        TryGetText(name, out ReadOnlySpan<char> value) && OptionValue.TryParseSize(value, out ulong size) ? size : otherwise;

    /// <summary>Whether the word stands in the option's list; what holds without the option.</summary>
    public bool ListHas(string name, string word, bool otherwise)
    {
        if (!TryGetText(name, out ReadOnlySpan<char> value))
        {
            return otherwise;
        }

        while (OptionValue.TryNext(ref value, ',', out ReadOnlySpan<char> item))
        {
            if (item.SequenceEqual(word.AsSpan()))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The value of a boolean in the option's list (<see cref="OptionRow.HasBooleans"/>), or what holds without it. The last one counts.</summary>
    public bool ListBoolean(string name, string word, bool otherwise)
    {
        if (!TryGetText(name, out ReadOnlySpan<char> value))
        {
            return otherwise;
        }

        while (OptionValue.TryNext(ref value, ',', out ReadOnlySpan<char> item))
        {
            if (OptionValue.TryParseItem(item, out ReadOnlySpan<char> stated, out bool isOn) && stated.SequenceEqual(word.AsSpan()))
            {
                otherwise = isOn;
            }
        }

        return otherwise;
    }

    /// <summary>
    /// Judges every word: unknown names and malformed values are errors, each named on the log with what is accepted; options without effect
    /// get a warning. False: there was an error.
    /// </summary>
    public bool Check(Log log)
    {
        bool good = true;
        bool unknown = false;
        ReadOnlySpan<char> rest = _text.AsSpan();
        while (TryNextWord(ref rest, out ReadOnlySpan<char> word))
        {
            Split(word, out ReadOnlySpan<char> name, out ReadOnlySpan<char> value, out bool hasValue);
            OptionRow? row = FindRow(name, hasValue, out bool negated);
            if (row is null)
            {
                log.Error($"unknown option \"{word}\"");
                good = false;
                unknown = true;
            }
            else if (!IsWellFormed(row, value, hasValue, negated))
            {
                Complain(log, word, row);
                good = false;
            }
            else if (row.WithoutEffect)
            {
                log.Warning($"option \"{word}\" is accepted without effect: {row.Description}");
            }
        }

        if (unknown)
        {
            List(log);
        }

        return good;
    }

    /// <summary>Writes the table of options, as errors, so that every setting of the log shows it.</summary>
    public void List(Log log)
    {
        log.Error("accepted options:");
        foreach (OptionRow row in _rows.AsSpan())
        {
            log.Error($"  {row.Name}{Shape(row.Kind)} [{row.Default}] {row.Description}");
        }
    }

    private static string Shape(OptionKind kind) => kind switch
    {
        OptionKind.Boolean => "[=<boolean>]",
        OptionKind.Number => "=<number>",
        OptionKind.Size => "=<size>",
        OptionKind.List => "=<list>",
        _ => "=<text>",
    };

    private static void Complain(Log log, scoped ReadOnlySpan<char> word, OptionRow row)
    {
        switch (row.Kind)
        {
            case OptionKind.Boolean:
                log.Error($"malformed option \"{word}\": accepted are {row.Name}, no-{row.Name}, {row.Name}=yes|on|true|enable|1 or no|off|false|disable|0");
                break;
            case OptionKind.Number:
                log.Error($"malformed option \"{word}\": accepted is {row.Name}=<number>, decimal, 0x hexadecimal or 0 octal");
                break;
            case OptionKind.Size:
                log.Error($"malformed option \"{word}\": accepted is {row.Name}=<number>[T|G|M|K|B], KiB without a suffix");
                break;
            default:
                if (row.Accepted.Length != 0)
                {
                    log.Error($"malformed option \"{word}\": accepted for {row.Name}= are {row.Accepted}");
                }
                else
                {
                    log.Error($"malformed option \"{word}\": {row.Name}= needs a value. {row.Description}");
                }

                break;
        }
    }

    private static bool IsWellFormed(OptionRow row, scoped ReadOnlySpan<char> value, bool hasValue, bool negated)
    {
        switch (row.Kind)
        {
            case OptionKind.Boolean:
                return !hasValue || row.AcceptsAnyValue || OptionValue.TryParseBoolean(value, out _);
            case OptionKind.Number:
                return hasValue && OptionValue.TryParseNumber(value, out _);
            case OptionKind.Size:
                return hasValue && OptionValue.TryParseSize(value, out _);
            default:
                if (row.Name is "loglvl" or "guest_loglvl")
                {
                    return hasValue && OptionValue.TryParseThresholds(value, out _);
                }

                return hasValue && !negated && value.Length != 0 && AreAccepted(row, value);
        }
    }

    private static bool AreAccepted(OptionRow row, scoped ReadOnlySpan<char> value)
    {
        if (row.Accepted.Length == 0)
        {
            return true;
        }

        while (OptionValue.TryNext(ref value, ',', out ReadOnlySpan<char> item))
        {
            if (row.HasBooleans)
            {
                if (!OptionValue.TryParseItem(item, out ReadOnlySpan<char> stated, out _) || !IsAmong(row.Accepted, stated))
                {
                    return false;
                }

                continue;
            }

            int equals = item.IndexOf('=');
            ReadOnlySpan<char> word = equals >= 0 ? item[..equals] : item;
            if (!IsAmong(row.Accepted, word) && !(word.StartsWith("no-".AsSpan()) && IsAmong(row.Accepted, word[3..])))
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsAmong(string words, scoped ReadOnlySpan<char> word)
    {
        ReadOnlySpan<char> rest = words.AsSpan();
        while (OptionValue.TryNext(ref rest, ' ', out ReadOnlySpan<char> candidate))
        {
            if (candidate.SequenceEqual(word))
            {
                return true;
            }
        }

        return false;
    }

    private static bool TryNextWord(scoped ref ReadOnlySpan<char> rest, out ReadOnlySpan<char> word)
    {
        word = default;
        while (word.Length == 0)
        {
            if (!OptionValue.TryNext(ref rest, ' ', out word))
            {
                return false;
            }
        }

        return !word.SequenceEqual("--".AsSpan());
    }

    private static void Split(ReadOnlySpan<char> word, out ReadOnlySpan<char> name, out ReadOnlySpan<char> value, out bool hasValue)
    {
        int equals = word.IndexOf('=');
        hasValue = equals >= 0;
        name = hasValue ? word[..equals] : word;
        value = hasValue ? word[(equals + 1)..] : default;
    }

    // A row by its name, or by "no-" and the name of a boolean, which must not carry a value then.
    private OptionRow? FindRow(scoped ReadOnlySpan<char> name, bool hasValue, out bool negated)
    {
        negated = false;
        foreach (OptionRow row in _rows.AsSpan())
        {
            if (name.SequenceEqual(row.Name.AsSpan()))
            {
                return row;
            }
        }

        negated = true;
        foreach (OptionRow row in _rows.AsSpan())
        {
            if (!hasValue && row.Kind == OptionKind.Boolean && name.StartsWith("no-".AsSpan()) && name[3..].SequenceEqual(row.Name.AsSpan()))
            {
                return row;
            }
        }

        return null;
    }

    private bool TryFind(string option, out ReadOnlySpan<char> value, out bool hasValue, out bool negated)
    {
        bool found = false;
        value = default;
        hasValue = negated = false;
        ReadOnlySpan<char> rest = _text.AsSpan();
        while (TryNextWord(ref rest, out ReadOnlySpan<char> word))
        {
            Split(word, out ReadOnlySpan<char> name, out ReadOnlySpan<char> wordValue, out bool wordHasValue);
            bool plain = name.SequenceEqual(option.AsSpan());
            bool no = !plain && !wordHasValue && name.StartsWith("no-".AsSpan()) && name[3..].SequenceEqual(option.AsSpan());
            if (plain || no)
            {
                found = true;
                value = wordValue;
                hasValue = wordHasValue;
                negated = no;
            }
        }

        return found;
    }
}
