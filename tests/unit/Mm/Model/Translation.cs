using Xenolith.Abi.Contract;
using Xenolith.Hal.Svm;
using Xenolith.Hal.Vmx;
using Xenolith.Kernel;

namespace Xenolith.Tests.Unit.Mm.Model;

/// <summary>What a walker gets for a guest frame, or for the first of several.</summary>
/// <param name="Rights">None: nothing is there. <see cref="Rights.Withheld"/>: a frame is, and the CPU does not find it.</param>
internal readonly record struct Translation(ulong Mfn, Rights Rights, bool IsUncached)
{
    public static Translation Absent => default;

    /// <summary>Whether the CPU finds it, and so may keep it.</summary>
    public bool IsPresent => (Rights & Rights.All) != 0;

    /// <summary>That of the frame so many behind.</summary>
    public Translation Plus(ulong frames) => Rights != Rights.None ? this with { Mfn = Mfn + frames } : this;
}

/// <summary>How a CPU reads the entries of nested tables: written from the manuals, so that the code under test does not judge itself.</summary>
internal sealed class EntryRules
{
    private const ulong FrameMask = 0x000F_FFFF_FFFF_F000, Large = 0x80, Bit63 = 1UL << 63, Withheld = 1UL << 52;

    private readonly bool _isEpt;
    private readonly bool _hasExecuteOnly;

    private EntryRules(PageTableFormat format, bool isEpt, bool hasExecuteOnly, bool has1G)
    {
        Format = format;
        _isEpt = isEpt;
        _hasExecuteOnly = hasExecuteOnly;
        Has1G = has1G;
    }

    public PageTableFormat Format { get; }

    public bool Has1G { get; }

    /// <summary>EPT or NPT of some CPU.</summary>
    public static EntryRules Of(uint choice)
    {
        bool has1G = (choice & 2) != 0, hasExecuteOnly = (choice & 4) != 0;
        return (choice & 1) != 0
            ? new EntryRules(new EptFormat(hasExecuteOnly, has1G), true, hasExecuteOnly, has1G)
            : new EntryRules(new NptFormat(has1G), false, false, has1G);
    }

    /// <summary>Whether leaves can say just these rights.</summary>
    public bool CanSay(Rights rights) => rights == Rights.None || (rights & Rights.Read) != 0 || (_hasExecuteOnly && rights == Rights.Execute);

    /// <summary>
    /// What a leaf says where that much is allowed: all of it, or as much as can be said without a right more. Data accesses that are missing
    /// are finished one by one, so only execution has to be said.
    /// </summary>
    public Rights LeafFor(Rights allowed)
    {
        if (allowed != Rights.None && CanSay(allowed))
            return allowed;
        return (allowed & Rights.Execute) != 0 && CanSay(Rights.Execute) ? Rights.Execute : Rights.Withheld;
    }

    /// <summary>Whether a right can be had at all.</summary>
    public bool CanHave(MemoryAccess access)
    {
        Rights allowed = AllowedBy(access);
        return allowed == Rights.None || CanSay(allowed) || (allowed & Rights.Execute) == 0 || CanSay(Rights.Execute);
    }

    /// <summary>Whether leaves say just that right.</summary>
    public bool IsExact(MemoryAccess access) => CanSay(AllowedBy(access));

    /// <summary>xen/memory.h: n, r, w, rw, x, rx, wx, rwx are the bits; rx2rw begins as rx, n2rwx as n.</summary>
    public static Rights AllowedBy(MemoryAccess access) => access switch
    {
        MemoryAccess.ReadExecuteToReadWrite => Rights.ReadExecute,
        MemoryAccess.NoneToAll => Rights.None,
        _ => (Rights)(int)access,
    };

    /// <summary>What the processor is given to use a table: memory type write-back and four levels for EPT (SDM 25.6.11).</summary>
    public ulong PointerTo(ulong root) => root << Page.Shift | (_isEpt ? 0x1EUL : 0);

    /// <summary>Whether a leaf can say that violations are for the guest itself.</summary>
    public bool HasConvertible => _isEpt;

    public bool IsPresent(ulong entry) => (entry & (_isEpt ? 7UL : 1)) != 0;

    public bool IsTable(ulong entry, int level) => level > 1 && IsPresent(entry) && (entry & Large) == 0;

    public static ulong FrameOf(ulong entry) => (entry & FrameMask) >> Page.Shift;

    /// <summary>What a leaf, or an entry that is not present, says; all bits of it are looked at.</summary>
    public Translation Decode(ulong entry, int level)
    {
        if (!IsPresent(entry) && (entry & Withheld) == 0)
        {
            if (_isEpt && entry >> 63 == 0)
                throw new ModelException($"entry {entry:x}: an absent one that does not suppress #VE");
            return Translation.Absent;
        }
        ulong rest = entry & ~FrameMask & ~(level > 1 ? Large : 0);
        if (level > 1 && (entry & Large) == 0)
            throw new ModelException($"entry {entry:x} of level {level} is no leaf");
        if (level == 3 && !Has1G)
            throw new ModelException($"entry {entry:x} maps 1 GiB, which the CPU can't");
        if ((FrameOf(entry) & ((1UL << (9 * (level - 1))) - 1)) != 0)
            throw new ModelException($"entry {entry:x} of level {level} sets reserved bits of the frame");
        return _isEpt ? DecodeEpt(entry, rest) : DecodeNpt(entry, rest);
    }

    /// <summary>An entry for a table lets everything through: the leaf decides.</summary>
    public void RequireTable(ulong entry)
    {
        // SDM table 29-3: rights, no reserved bit. APM 15.25.5: present, writable, user, no NX, no cache bits.
        ulong rest = entry & ~FrameMask;
        bool isRight = _isEpt ? (rest & ~Bit63) == (7 | Flags) : (rest & ~0x20UL) == 7;
        if (!isRight)
            throw new ModelException($"entry {entry:x} for a table withholds rights or sets reserved bits");
    }

    private const ulong Flags = 0x300;

    // SDM table 29-7: rights in bits 0-2, memory type in 3-5, ignore PAT in 6, accessed and dirty in 8 and 9, suppress #VE in 63.
    private Translation DecodeEpt(ulong entry, ulong rest)
    {
        var rights = (Rights)(rest & 7);
        ulong type = rest >> 3 & 7;
        bool isWithheld = (entry & Withheld) != 0;
        if (!CanSay(rights) || type is not (0 or 6) || isWithheld != (rights == Rights.None))
            throw new ModelException($"entry {entry:x} is an EPT misconfiguration");
        if ((rest & ~(0x38UL | Bit63 | Withheld)) != ((ulong)rights | 0x40 | Flags))
            throw new ModelException($"entry {entry:x}: ignore PAT and the flags are to be set, and nothing else");
        return new Translation(FrameOf(entry), rights | (isWithheld ? Rights.Withheld : 0) | (entry >> 63 == 0 ? Rights.Convertible : 0), type == 0);
    }

    // APM vol. 2, 5.3: present, writable, user, write-through and no caching in bits 0-4, accessed and dirty in 5 and 6.
    private static Translation DecodeNpt(ulong entry, ulong rest)
    {
        bool isUncached = (rest & 0x18) == 0x18;
        if ((entry & 1) == 0)
            return new Translation(FrameOf(entry), Rights.Withheld, isUncached);
        if ((rest & ~(Bit63 | 0x1A)) != 0x65 || (!isUncached && (rest & 0x18) != 0))
            throw new ModelException($"entry {entry:x}: present, user, accessed and dirty are to be set");
        Rights rights = Rights.Read | ((rest & 2) != 0 ? Rights.Write : 0) | ((rest & Bit63) == 0 ? Rights.Execute : 0);
        return new Translation(FrameOf(entry), rights, isUncached);
    }
}
