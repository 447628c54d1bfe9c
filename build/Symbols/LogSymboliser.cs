using System;
using System.Globalization;
using System.IO;
using System.Text.RegularExpressions;
using Xenolith.Build.Elf;
using Xenolith.Build.Host;

namespace Xenolith.Build.Symbols;

/// <summary>Puts names behind the addresses of a console log.</summary>
public sealed partial class LogSymboliser
{
    private readonly ElfFile _image;
    private readonly SymbolTableReader _symbols;

    /// <param name="image">The image that printed the log, or its debug twin.</param>
    public LogSymboliser(ElfFile image)
    {
        _image = image;
        _symbols = SymbolTableReader.Of(image);
    }

    /// <summary>Whether the log has said which build it comes from.</summary>
    public bool HasSeenBuild { get; private set; }

    /// <summary>Copies a log line by line. A log of another build is refused by a <see cref="BuildFailure"/>, before its addresses are named.</summary>
    public void Copy(TextReader log, TextWriter to)
    {
        // A pasted part may have the build behind the addresses, as a panic has.
        string text = log.ReadToEnd();
        foreach (Match build in Build().Matches(text))
        {
            HasSeenBuild = true;
            ulong id = ulong.Parse(build.Groups[1].ValueSpan, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            if (id != _symbols.BuildId)
            {
                throw new BuildFailure($"the log is of build {id:x16}, but {_image.Name} is build {_symbols.BuildId:x16}; name the image that printed it with --image");
            }
        }

        foreach (string line in text.TrimEnd('\n').Split('\n'))
        {
            to.WriteLine(Name(line.TrimEnd('\r')));
        }
    }

    /// <summary>A line with names behind its addresses; lines of a backtrace, which has them, stay as they are.</summary>
    public string Name(string line) => BacktraceLine().IsMatch(line) || Build().IsMatch(line) ? line : Address().Replace(line, WithName);

    private string WithName(Match match)
    {
        ulong address = ulong.Parse(match.Groups[1].ValueSpan, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        return (_symbols.Describe(address) ?? DescribeData(address)) is { } name ? $"{match.Value} <{name}>" : match.Value;
    }

    private string? DescribeData(ulong address)
    {
        foreach (ElfSection section in _image.Sections)
        {
            if (!section.Allocated || !section.Contains(address))
            {
                continue;
            }

            ElfSymbol? nearest = null;
            foreach (ElfSymbol symbol in _image.Symbols)
            {
                if (symbol.Name.Length != 0 && symbol.Section == section.Index && symbol.Value <= address && (nearest is null || symbol.Value > nearest.Value))
                {
                    nearest = symbol;
                }
            }

            return nearest is null ? $"{section.Name}+0x{address - section.Address:x}" : $"{nearest.Name}+0x{address - nearest.Value:x}";
        }

        return null;
    }

    // The image lies in the last 2 GiB; what has fewer digits can't be in it.
    [GeneratedRegex(@"(?<![0-9a-fA-F])(?:0x)?([fF]{8}[0-9a-fA-F]{8})(?![0-9a-fA-F])")]
    private static partial Regex Address();

    [GeneratedRegex(@"#\d+ 0x[0-9a-f]{16} \S+ \+0x")]
    private static partial Regex BacktraceLine();

    [GeneratedRegex(@"\bbuild ([0-9a-f]{16})\b")]
    private static partial Regex Build();
}
