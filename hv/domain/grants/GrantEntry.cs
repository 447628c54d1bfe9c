using Xenolith.Abi.Contract;
using Xenolith.Kernel;

namespace Xenolith.Domains;

/// <summary>A grant entry of either version, read once.</summary>
internal readonly record struct GrantEntry(ushort Flags, ushort Domain, ulong Frame)
{
    private ushort Type => (ushort)(Flags & GrantEntryFlags.TypeMask);

    /// <summary>Whether a change to version 1 may come across it: version 1 has neither transitive grants nor frames of more than 32 bits.</summary>
    public bool FitsV1 => Type != GrantEntryFlags.Transitive && (Type != GrantEntryFlags.PermitAccess || Frame <= uint.MaxValue);

    /// <summary>What a change of version keeps: a permission; anything else is dropped.</summary>
    public GrantEntry Kept(ushort status) => Type == GrantEntryFlags.PermitAccess ? this with { Flags = (ushort)(Flags | status) } : default;

    public static GrantEntry ReadV1(PhysicalMemory memory, ulong table, int index)
    {
        ulong word = memory.Word64(table + (ulong)index * 8);
        return new GrantEntry((ushort)word, (ushort)(word >> 16), word >> 32);
    }

    public static GrantEntry ReadV2(PhysicalMemory memory, ulong table, int index)
    {
        ulong word = memory.Word64(table + (ulong)index * 16);
        return new GrantEntry((ushort)word, (ushort)(word >> 16), memory.Word64(table + (ulong)index * 16 + 8));
    }

    public void WriteV1(PhysicalMemory memory, ulong table, int index) =>
        memory.Word64(table + (ulong)index * 8) = Flags | (ulong)Domain << 16 | Frame << 32;

    public void WriteV2(PhysicalMemory memory, ulong table, int index)
    {
        memory.Word64(table + (ulong)index * 16 + 8) = Frame;
        memory.Word64(table + (ulong)index * 16) = (Flags & ~(uint)BusyFlags) | (ulong)Domain << 16;
    }

    /// <summary>The flags that the hypervisor sets while an entry is in use; version 2 keeps them in the status word.</summary>
    public const ushort BusyFlags = GrantEntryFlags.Reading | GrantEntryFlags.Writing;
}
