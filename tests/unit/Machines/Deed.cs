using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;

namespace Xenolith.Tests.Unit.Machines;

/// <summary>What happens in one step of a run.</summary>
internal enum DeedKind
{
    /// <summary>A guest writes bytes: guest-physical address.</summary>
    Write,

    /// <summary>A guest writes an entry of its grant table: reference, and one word or two.</summary>
    Entry,

    /// <summary>A vCPU makes a call: number, and up to six arguments. It is taken once; what is not done then goes on by <see cref="Go"/>.</summary>
    Call,

    /// <summary>A vCPU runs on once: its call, or else until an interrupt of the host's.</summary>
    Go,

    /// <summary>A vCPU's call goes on until it is done.</summary>
    Finish,

    /// <summary>A vCPU handles its events.</summary>
    Take,

    /// <summary>A vCPU executes HLT.</summary>
    Halt,

    /// <summary>A guest masks a port or unmasks it, by writing to memory: port, 1 or 0.</summary>
    Mask,

    /// <summary>Nanoseconds go by.</summary>
    Pass,

    /// <summary>How much of a call is done at a time.</summary>
    Budget,

    /// <summary>Frames are taken away until so many are free, or, for a number above, given back.</summary>
    Hog,

    /// <summary>A call from user mode, as <see cref="Call"/>.</summary>
    UserCall,

    /// <summary>A domain is shown calls: group of exposure bits, and the bits.</summary>
    Show,

    /// <summary>A domain's vCPUs get registers and, for 64 bits, page tables, and are up: 64 or 32.</summary>
    Boot,
}

/// <summary>A step with all its values: what a run is made of, and what a failure prints so that it can be run again.</summary>
/// <param name="Domain">Its id.</param>
/// <param name="Values">As <see cref="DeedKind"/> says.</param>
/// <param name="Bytes">What is written.</param>
/// <param name="Name">For who reads it.</param>
internal sealed record Deed(DeedKind Kind, ushort Domain, int Vcpu, ulong[] Values, byte[]? Bytes = null, string Name = "")
{
    private const char Comment = '#';

    public static Deed Pass(ulong nanoseconds) => new(DeedKind.Pass, 0, 0, [nanoseconds]);

    public static Deed Of(DeedKind kind, ushort domain, int vcpu, params ulong[] values) => new(kind, domain, vcpu, values);

    /// <summary>One line: "call d1v0 20 0 14000 1 # GNTTABOP_map_grant_ref". Numbers are hexadecimal.</summary>
    public override string ToString()
    {
        string text = $"{Kind.ToString().ToLowerInvariant()} d{Domain}v{Vcpu} {string.Join(' ', Values.Select(value => value.ToString("x", CultureInfo.InvariantCulture)))}";
        if (Bytes is not null)
            text += $" : {Hex(Bytes)}";
        return Name.Length == 0 ? text : $"{text} {Comment} {Name}";
    }

    /// <summary>Reads lines as <see cref="ToString"/> writes them; empty ones are skipped.</summary>
    public static IEnumerable<Deed> Parse(string text)
    {
        foreach (string line in text.Split('\n', StringSplitOptions.TrimEntries))
        {
            string[] parts = line.Split(Comment)[0].Split(':');
            string[] words = parts[0].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words.Length == 0)
                continue;
            string[] who = words[1][1..].Split('v');
            yield return new Deed(
                Enum.Parse<DeedKind>(words[0], ignoreCase: true),
                ushort.Parse(who[0], CultureInfo.InvariantCulture),
                int.Parse(who[1], CultureInfo.InvariantCulture),
                [.. words.Skip(2).Select(word => ulong.Parse(word, NumberStyles.HexNumber, CultureInfo.InvariantCulture))],
                parts.Length > 1 ? FromHex(parts[1].Trim()) : null,
                line.Contains(Comment) ? line.Split(Comment)[1].Trim() : "");
        }
    }

    /// <summary>As they are, but zeroes at the end only counted: "01000000+140".</summary>
    private static string Hex(byte[] bytes)
    {
        int length = bytes.Length;
        while (length > 0 && bytes[length - 1] == 0)
            length--;
        return $"{Convert.ToHexStringLower(bytes.AsSpan(0, length))}+{bytes.Length - length}";
    }

    private static byte[] FromHex(string text)
    {
        string[] parts = text.Split('+');
        return [.. Convert.FromHexString(parts[0]), .. new byte[int.Parse(parts[1], CultureInfo.InvariantCulture)]];
    }
}
