using System;
using System.Collections.Generic;
using System.Linq;
using Xenolith.Abi.Contract;
using Xenolith.Abi.Contract.Table;
using Xenolith.Domains;
using Xenolith.Kernel;
using Xenolith.Mm;

namespace Xenolith.Tests.Unit.Machines;

/// <summary>Draws values for one step out of what the machine has at that moment: mostly one that there is, now and then one that almost is.</summary>
/// <param name="picks">The numbers that decide, in order; zero after the last.</param>
internal sealed class Picker(WholeMachine machine, uint[] picks)
{
    /// <summary>Random words keep away from small frames and addresses, which others of the harness rely on.</summary>
    private const ulong FirstRandom = 1UL << 32;

    private static readonly ulong[] s_counts = [1, 1, 1, 2, 0, 3, 5, 64, 65, 1000, 0x7FFF_FFFF, 0x8000_0000, uint.MaxValue];
    private static readonly ulong[] s_orders = [0, 0, 0, 0, 1, 9, 10, 12, 32];
    private static readonly ulong[] s_bytes = [0, 0, 8, 64, 0x100, 0xFC0, 0xFFC, 0x1000, 0xFFFF];

    private int _at;

    /// <summary>Whom the values drawn last are about.</summary>
    public Domain? Target { get; private set; }

    /// <summary>The next number.</summary>
    public uint Next => _at < picks.Length ? picks[_at++] : 0;

    /// <summary>The next number, below a limit.</summary>
    public int Below(int limit) => (int)(Next % (uint)limit);

    /// <summary>True once in so many times.</summary>
    public bool OneIn(int count) => Next % (uint)count == (uint)count - 1;

    public T Of<T>(IReadOnlyList<T> all) => all[Below(all.Count)];

    /// <summary>A domain that there is.</summary>
    public Domain Domain() => Of([.. machine.Domains]);

    /// <summary>One of the domains but the control domain; null: there is none.</summary>
    public Domain? Other(Domain domain)
    {
        Domain[] others = [.. machine.Domains.Where(other => other != domain)];
        return others.Length == 0 ? null : Of(others);
    }

    /// <summary>A frame that calls may do with what they like.</summary>
    public ulong CommonFrame() => GuestLayout.FirstCommon + Next % (GuestLayout.Frames - GuestLayout.FirstCommon);

    /// <summary>A frame far from all others, for which page tables are missing.</summary>
    public ulong FarFrame() => (1UL + Next % 6) << (9 * (1 + Below(3))) | Next % 3;

    /// <summary>A frame where nothing was at first.</summary>
    public ulong Place() => GuestLayout.FirstPlace + Next % GuestLayout.Places;

    /// <summary>A value of the kind, for a caller.</summary>
    public ulong Value(ValueKind kind, Vcpu caller)
    {
        // Plain random words now and then, whatever is meant.
        if (kind is not (ValueKind.Operation or ValueKind.Argument or ValueKind.Padding) && OneIn(40))
            return Random();
        switch (kind)
        {
            case ValueKind.Domain:
                ulong id = DomainId(caller.Domain);
                Target = id == DomainIds.Self ? caller.Domain : machine.Services.Domains.Find((ushort)id);
                return id;
            case ValueKind.Port:
                return Port(OneIn(3) ? caller.Domain : Target ?? caller.Domain);
            case ValueKind.Vcpu:
                return (ulong)Below((Target ?? caller.Domain).Vcpus.Length + 1);
            case ValueKind.Reference:
                return Reference(Target ?? caller.Domain);
            case ValueKind.Mapping:
                return Mapping(caller.Domain);
            case ValueKind.Frame:
                return Frame();
            case ValueKind.FrameAddress:
                return Frame() << Page.Shift | (OneIn(8) ? Next & Page.OffsetMask : 0);
            case ValueKind.Buffer or ValueKind.FrameList or ValueKind.PortList or ValueKind.BufferList:
                return Address(caller);
            case ValueKind.PhysicalFrameList:
                return Address(caller);
            case ValueKind.TablePages:
                return Of<ulong>([1, 1, 2, 8, 64, 0, 1UL << 20, 1UL << 36, (1UL << 36) + 1, ulong.MaxValue >> 8]) << 8 | (OneIn(8) ? Next & 0xFF : Next & (ulong)HypercallTlbFlags.All);
            case ValueKind.Cookie:
                return Cookie(caller.Domain);
            case ValueKind.Count:
                return OneIn(2) ? 1 : Of(s_counts);
            case ValueKind.Order:
                return Of(s_orders);
            case ValueKind.Bytes:
                return Of(s_bytes);
            case ValueKind.Virq:
                return (ulong)Below((int)Limits.Virqs + 1);
            case ValueKind.Small:
                return (ulong)Below(OneIn(4) ? 48 : 6);
            case ValueKind.Flags:
                return Flags();
            case ValueKind.Time:
                return Of<ulong>([0, 1, 1_000_000, 20_000_000, machine.Clock.Nanoseconds + 1_000_000, machine.Clock.Nanoseconds + 50_000_000, ulong.MaxValue]);
            case ValueKind.Padding:
                return OneIn(20) ? Next : 0;
            default:
                return OneIn(2) ? (ulong)Below(16) : Random();
        }
    }

    /// <summary>A port that the domain has in use, or one beside.</summary>
    public ulong Port(Domain domain)
    {
        FrameTable<EventChannel> table = Private.Channels(domain.EventChannels);
        var open = new List<ulong>();
        for (uint port = 1; port < table.Count; port++)
        {
            if (table[port].State != EventChannelState.Closed)
                open.Add(port);
        }
        if (open.Count == 0 || OneIn(10))
            return Of<ulong>([0, 1, (ulong)open.Count + 1, table.Count - 1, table.Count, uint.MaxValue]);
        return Of(open);
    }

    /// <summary>A mapping that the domain has, or one beside.</summary>
    public ulong Mapping(Domain domain)
    {
        GrantMappings mappings = domain.GrantTable.Mappings;
        var all = new List<ulong>();
        for (uint handle = 0; handle < mappings.Limit; handle++)
        {
            if (mappings.TryGet(handle, out _))
                all.Add(handle);
        }
        if (all.Count == 0 || OneIn(10))
            return Of<ulong>([0, (ulong)all.Count, mappings.Limit, uint.MaxValue]);
        return Of(all);
    }

    /// <summary>No cookie; one of a call that waits; one beside.</summary>
    private ulong Cookie(Domain domain)
    {
        ulong[] waiting = [.. Private.Cookies(domain.PausedCalls).Where(cookie => cookie != 0).Select(cookie => (ulong)cookie)];
        if (waiting.Length == 0 || OneIn(2))
            return OneIn(6) ? Of<ulong>([1, 16, 17, uint.MaxValue, 1UL << 32]) : 0;
        return Of(waiting) + (OneIn(4) ? Of<ulong>([1, 16, 1UL << 32]) : 0);
    }

    private ulong Random() => (Below(3)) switch
    {
        0 => FirstRandom + ((ulong)Next << 32) + Next,
        1 => 1UL << (32 + Below(32)),
        _ => ulong.MaxValue - (ulong)Below(16),
    };

    private ulong DomainId(Domain caller)
    {
        if (!OneIn(6))
            return OneIn(3) ? DomainIds.Self : Domain().Id;
        return Of<ulong>([caller.Id, .. machine.Ids.Select(id => (ulong)id), 0x123, DomainIds.Self, DomainIds.Xen, DomainIds.Io, DomainIds.Invalid, 0x7FEF, ushort.MaxValue]);
    }

    private ulong Reference(Domain domain)
    {
        if (OneIn(12))
            return Of<ulong>([(ulong)domain.GrantTable.EntryCount - 1, (ulong)domain.GrantTable.EntryCount, 512, uint.MaxValue]);
        return (ulong)Below(16);
    }

    private ulong Frame() => Below(12) switch
    {
        < 5 => CommonFrame(),
        < 9 => Place(),
        9 => GuestLayout.Frames,
        10 => Of<ulong>([0, 0x200, 0xFEE00, 0xFEFFF, 1UL << 24, (1UL << 36) - 1, 1UL << 36, ulong.MaxValue]),
        _ => Of([GuestLayout.FirstArgument, GuestLayout.FirstList, 1UL]),
    };

    /// <summary>
    /// An address of a list: mostly good, or straddling the end of memory, unmapped, wrapping, not canonical, the argument itself; or a list of frames in the place of a
    /// guest-physical one.
    /// </summary>
    private ulong Address(Vcpu caller)
    {
        if (!OneIn(6))
            return GuestLayout.ListOf(caller.Id);
        if (OneIn(3))
            return 1UL << 63 | GuestLayout.BufferListOf(caller.Id) >> Page.Shift << 30 | Of<ulong>([0, 8, 0xFFC, 0x1000, 0x3FF8, 0x3FFF_FFFF]);
        return Of<ulong>(
        [
            0, (GuestLayout.Frames << Page.Shift) - 4, GuestLayout.Frames << Page.Shift, 0x40_0000_0000, 0x8000_0000_0000, ulong.MaxValue - 7, uint.MaxValue - 3, 0xFEE0_0000,
            GuestLayout.ArgumentOf(caller.Id), GuestLayout.ListOf(caller.Id) + Page.Size - 4, GuestLayout.FirstPlace << Page.Shift,
        ]);
    }

    private ulong Flags() => Below(8) switch
    {
        0 => 0,
        1 => 1UL << Below(32),
        2 => Next,
        _ => (ulong)Below(8),
    };
}
