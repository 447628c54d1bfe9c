using System;
using Xenolith.Abi.Contract;
using Xenolith.Kernel;
using Xenolith.Mm;

namespace Xenolith.Domains;

/// <summary>
/// The words by which a boot module says that it is the kernel of a further domain: <c>domain</c>, then any of name=, memory=,
/// vcpus=, weight=, cap=, cpus=, privileged, paused, ramdisk, expose=, hide=, altp2m=, altp2m_count=, altp2m_options= and on_reboot=, each once; what stands behind <c>--</c> is the kernel's
/// own. The names and their values are xl.cfg's, where that has them.
/// </summary>
public sealed class DomainWords
{
    private const string Known = "write name=, memory=, vcpus=, weight=, cap=, cpus=, privileged, paused, ramdisk, expose=, hide=, altp2m=, altp2m_count=, altp2m_options= or on_reboot=, and the kernel's own words behind --";

    private readonly DomainSpecification _domain;
    private readonly string _file;
    private uint _given;

    private DomainWords(DomainSpecification domain, string file)
    {
        _domain = domain;
        _file = file;
    }

    private enum Word
    {
        Name,
        Memory,
        Vcpus,
        Weight,
        Cap,
        Cpus,
        Privileged,
        Paused,
        Ramdisk,
        Expose,
        Hide,
        Altp2m,
        Altp2mCount,
        Altp2mOptions,
        OnReboot,
    }

    /// <summary>Whether the words (behind the file's name) begin a domain.</summary>
    public static bool BeginDomain(string text)
    {
        ReadOnlySpan<char> rest = text.AsSpan();
        return TryNextWord(ref rest, out ReadOnlySpan<char> word) && word.SequenceEqual("domain".AsSpan());
    }

    /// <summary>Reads the words. Null: all are understood, and <paramref name="domain"/> has what they ask for.</summary>
    /// <param name="text">The words behind the file's name; the first is <c>domain</c>.</param>
    /// <param name="file">The file's name, for messages; empty when the loader does not tell it.</param>
    public static BuildError? TryRead(string text, string file, DomainSpecification domain)
    {
        var reader = new DomainWords(domain, file);
        ReadOnlySpan<char> rest = text.AsSpan();
        TryNextWord(ref rest, out _);
        while (TryNextWord(ref rest, out ReadOnlySpan<char> word))
        {
            if (word.SequenceEqual("--".AsSpan()))
            {
                domain.CommandLine = new string(SkipSpaces(rest));
                break;
            }

            if (reader.TryTake(word) is { } error)
            {
                return error;
            }
        }

        if (!reader.IsGiven(Word.Memory))
        {
            return reader.Message().Add("says no memory=; write how much the domain gets, like memory=256M").ToError(BuildErrorKind.BadDomainWord);
        }

        return null;
    }

    /// <summary>The start of a message about a module: its number, and its file's name where that is known.</summary>
    public static BuildMessage MessageAbout(int module, string file)
    {
        BuildMessage message = new BuildMessage().Add("module ").Add((ulong)module);
        return (file.Length == 0 ? message : message.Add(" (").Add(file).Add(")")).Add(": ");
    }

    private BuildMessage Message() => MessageAbout(_domain.ModuleNumber, _file);

    private BuildError? TryTake(ReadOnlySpan<char> word)
    {
        int equals = word.IndexOf('=');
        ReadOnlySpan<char> name = equals < 0 ? word : word[..equals];
        ReadOnlySpan<char> value = equals < 0 ? default : word[(equals + 1)..];
        if (!TryFind(name, out Word which) || (equals < 0) != (which is Word.Privileged or Word.Paused or Word.Ramdisk))
        {
            return Message().Add("\"").Add(word).Add("\" is not a word for a domain; ").Add(Known).ToError(BuildErrorKind.BadDomainWord);
        }

        if (IsGiven(which))
        {
            return Message().Add("\"").Add(word).Add("\" says ").Add(name).Add(" a second time; leave one of them out").ToError(BuildErrorKind.BadDomainWord);
        }

        _given |= 1u << (int)which;
        return TryStore(which, value)
            ? null
            : Message().Add("\"").Add(word).Add("\" is not possible; write ").Add(MendFor(which)).ToError(BuildErrorKind.BadDomainWord);
    }

    private bool IsGiven(Word word) => (_given & (1u << (int)word)) != 0;

    private bool TryStore(Word word, ReadOnlySpan<char> value)
    {
        switch (word)
        {
            case Word.Name:
                _domain.Name = new string(value);
                return IsName(value);
            case Word.Memory:
                bool isSize = OptionValue.TryParseSize(value, out ulong bytes) && value[^1] is not (>= '0' and <= '9');
                _domain.Memory = bytes & ~Page.OffsetMask;
                return isSize && bytes >= GuestLayout.MinimumMemory;
            case Word.Vcpus:
                _domain.VcpuCount = NumberIn(value, 1, Domain.MaximumVcpus);
                return _domain.VcpuCount >= 0;
            case Word.Weight:
                _domain.Weight = NumberIn(value, 1, DomainShare.MaximumWeight);
                return _domain.Weight >= 0;
            case Word.Cap:
                _domain.Cap = NumberIn(value, 0, 100 * CpuList.Limit);
                return _domain.Cap >= 0;
            case Word.Cpus:
                bool isList = CpuList.TryParse(value, out ulong cpus);
                _domain.Cpus = cpus;
                _domain.CpusText = new string(value);
                return isList;
            case Word.Privileged:
                _domain.IsPrivileged = true;
                return true;
            case Word.Paused:
                _domain.IsHeldBack = true;
                return true;
            case Word.Ramdisk:
                _domain.HasRamdisk = true;
                return true;
            case Word.Expose:
                _domain.Expose = new string(value);
                return value.Length != 0;
            case Word.Hide:
                _domain.Hide = new string(value);
                return value.Length != 0;
            case Word.Altp2m:
                return TryFindMode(value);
            case Word.Altp2mCount:
                _domain.MaximumViews = NumberIn(value, 1, Altp2m.MaximumLimit);
                return _domain.MaximumViews >= 0;
            case Word.Altp2mOptions:
                return TryFindOptions(value);
            default:
                _domain.RestartsOnReboot = value.SequenceEqual("restart".AsSpan());
                return _domain.RestartsOnReboot || value.SequenceEqual("destroy".AsSpan());
        }
    }

    private bool TryFindMode(ReadOnlySpan<char> value)
    {
        for (Altp2mMode mode = Altp2mMode.Disabled; mode <= Altp2mMode.Limited; mode++)
        {
            if (value.SequenceEqual(NameOf(mode).AsSpan()))
            {
                _domain.Altp2mMode = mode;
                return true;
            }
        }

        return false;
    }

    private bool TryFindOptions(ReadOnlySpan<char> value)
    {
        while (true)
        {
            int comma = value.IndexOf(',');
            ReadOnlySpan<char> name = comma < 0 ? value : value[..comma];
            if (name.SequenceEqual("self-first".AsSpan()))
            {
                _domain.ViewOptions |= Altp2mOptions.SelfFirst;
            }
            else if (name.SequenceEqual("lost-virq".AsSpan()))
            {
                _domain.ViewOptions |= Altp2mOptions.LostVirq;
            }
            else
            {
                return false;
            }

            if (comma < 0)
            {
                return true;
            }

            value = value[(comma + 1)..];
        }
    }

    private static string NameOf(Altp2mMode mode) => mode switch
    {
        Altp2mMode.Disabled => "disabled",
        Altp2mMode.Mixed => "mixed",
        Altp2mMode.External => "external",
        _ => "limited",
    };

    private static string MendFor(Word word) => word switch
    {
        Word.Name => "name= with 1 to 31 letters, digits, dots, dashes, plus signs or underscores",
        Word.Memory => "memory= with a number and its unit, like memory=256M; 2M is the least",
        Word.Vcpus => "vcpus= with a number from 1 to 128",
        Word.Weight => "weight= with a number from 1 to 65535",
        Word.Cap => "cap= with a number of per cent of a CPU, up to 6400; 0 is no limit",
        Word.Cpus => "cpus=all, or numbers below 64 like cpus=0-3,^2",
        Word.Expose or Word.Hide => "names of calls separated by commas, like expose=VCPUOP_register_runstate_phys_area",
        Word.Altp2m => "altp2m=disabled, altp2m=mixed, altp2m=external or altp2m=limited",
        Word.Altp2mCount => "altp2m_count= with a number from 1 to 512",
        Word.Altp2mOptions => "altp2m_options= with self-first, lost-virq, or both and a comma",
        _ => "on_reboot=restart or on_reboot=destroy",
    };

    private static bool TryFind(ReadOnlySpan<char> name, out Word word)
    {
        for (word = Word.Name; word <= Word.OnReboot; word++)
        {
            if (name.SequenceEqual(NameOf(word).AsSpan()))
            {
                return true;
            }
        }

        return false;
    }

    private static string NameOf(Word word) => word switch
    {
        Word.Name => "name",
        Word.Memory => "memory",
        Word.Vcpus => "vcpus",
        Word.Weight => "weight",
        Word.Cap => "cap",
        Word.Cpus => "cpus",
        Word.Privileged => "privileged",
        Word.Paused => "paused",
        Word.Ramdisk => "ramdisk",
        Word.Expose => "expose",
        Word.Hide => "hide",
        Word.Altp2m => "altp2m",
        Word.Altp2mCount => "altp2m_count",
        Word.Altp2mOptions => "altp2m_options",
        _ => "on_reboot",
    };

    /// <summary>-1: not a number from <paramref name="low"/> to <paramref name="high"/>.</summary>
    private static int NumberIn(ReadOnlySpan<char> text, int low, int high) =>
        OptionValue.TryParseNumber(text, out ulong value) && value >= (ulong)low && value <= (ulong)high ? (int)value : -1;

    private static bool IsName(ReadOnlySpan<char> text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] is not (>= 'a' and <= 'z' or >= 'A' and <= 'Z' or >= '0' and <= '9' or '.' or '-' or '+' or '_'))
            {
                return false;
            }
        }

        return text.Length is > 0 and <= DomainSpecification.MaximumNameLength;
    }

    private static bool TryNextWord(scoped ref ReadOnlySpan<char> rest, out ReadOnlySpan<char> word)
    {
        rest = SkipSpaces(rest);
        int end = rest.IndexOf(' ');
        word = end < 0 ? rest : rest[..end];
        rest = end < 0 ? default : rest[end..];
        return word.Length != 0;
    }

    private static ReadOnlySpan<char> SkipSpaces(ReadOnlySpan<char> text)
    {
        int start = 0;
        while (start < text.Length && text[start] == ' ')
        {
            start++;
        }

        return text[start..];
    }
}
