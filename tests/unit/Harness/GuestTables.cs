using System;
using System.Buffers.Binary;
using Xenolith.Mm;

namespace Xenolith.Tests.Unit.Harness;

/// <summary>Lays out four-level page tables in a guest's memory, as the guest would.</summary>
public sealed class GuestTables
{
    public const ulong Present = 1, Writable = 2, User = 4, Accessed = 0x20, Dirty = 0x40, Large = 0x80, NoExecute = 1UL << 63;

    private readonly GuestMemory _memory;
    private ulong _next;

    /// <param name="root">Guest-physical address of the top table; further tables follow it, page by page.</param>
    public GuestTables(GuestMemory memory, ulong root)
    {
        _memory = memory;
        Root = root;
        _next = root;
        NewTable();
    }

    /// <summary>CR3.</summary>
    public ulong Root { get; }

    /// <summary>Maps linear addresses onto the same guest-physical ones in 2 MiB pages, for the supervisor, writable.</summary>
    public void MapIdentity(ulong start, ulong length)
    {
        for (ulong address = start & ~0x1F_FFFFUL; address < start + length; address += 0x20_0000)
            Map(address, address, Present | Writable, level: 2);
    }

    /// <summary>Maps one page. Tables on the way allow everything.</summary>
    /// <param name="level">1 = 4 KiB, 2 = 2 MiB, 3 = 1 GiB.</param>
    public void Map(ulong linear, ulong physical, ulong flags, int level = 1)
    {
        ulong slot = SlotFor(linear, level);
        Write(slot, physical | flags | (level > 1 ? Large : 0));
    }

    /// <summary>Guest-physical address of the entry at the level, making tables above it as needed.</summary>
    public ulong SlotFor(ulong linear, int level)
    {
        ulong table = Root;
        for (int at = 4; at > level; at--)
        {
            ulong slot = table + Index(linear, at) * 8;
            ulong entry = Read(slot);
            if ((entry & Present) == 0)
            {
                entry = NewTable() | Present | Writable | User;
                Write(slot, entry);
            }
            table = entry & 0x000F_FFFF_FFFF_F000;
        }
        return table + Index(linear, level) * 8;
    }

    public ulong Read(ulong physical)
    {
        Span<byte> bytes = stackalloc byte[8];
        if (!_memory.TryRead(physical, bytes))
            throw new InvalidOperationException("a table lies outside the guest's memory");
        return BinaryPrimitives.ReadUInt64LittleEndian(bytes);
    }

    public void Write(ulong physical, ulong value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        if (!_memory.TryWrite(physical, bytes))
            throw new InvalidOperationException("a table lies outside the guest's memory");
    }

    private static ulong Index(ulong linear, int level) => (linear >> (12 + 9 * (level - 1))) & 0x1FF;

    private ulong NewTable()
    {
        ulong table = _next;
        _next += 0x1000;
        if (!_memory.TryClear(table, 0x1000))
            throw new InvalidOperationException("a table lies outside the guest's memory");
        return table;
    }
}
