namespace Xenolith.Hal;

/// <summary>Segment registers by their number in the instruction encoding, then the two system segments.</summary>
public enum SegmentName { Es, Cs, Ss, Ds, Fs, Gs, Ldtr, Tr }

/// <summary>
/// A segment register with its hidden part. Attributes are laid out as in the descriptor's second word from bit 8 on,
/// without the limit's high bits (the VMCB's form; AMD APM vol. 2, 15.5.1): type 0-3, S 4, DPL 5-6, P 7, AVL 8, L 9, D/B 10, G 11.
/// Limit is in bytes, already scaled. An absent segment has P = 0 (VMX: "unusable").
/// </summary>
public readonly record struct Segment(ushort Selector, ushort Attributes, uint Limit, ulong Base)
{
    public bool Present => (Attributes & 0x80) != 0;
    public int PrivilegeLevel => (Attributes >> 5) & 3;
    public bool Long => (Attributes & 0x200) != 0;
    public bool Default32 => (Attributes & 0x400) != 0;
}

/// <summary>GDTR or IDTR: base and limit in bytes.</summary>
public readonly record struct DescriptorTable(ulong Base, ushort Limit);
