namespace Xenolith.Mm;

/// <summary>Bits of control registers that decide how addresses translate (SDM vol. 3, 2.5 and 2.2.1).</summary>
internal static class ControlBits
{
    public const ulong Cr0Wp = 1UL << 16;
    public const ulong Cr0Pg = 1UL << 31;
    public const ulong Cr4Pse = 1UL << 4;
    public const ulong Cr4Pae = 1UL << 5;
    public const ulong Cr4Smep = 1UL << 20;
    public const ulong Cr4Smap = 1UL << 21;
    public const ulong EferLma = 1UL << 10;
    public const ulong EferNxe = 1UL << 11;
    public const ulong RflagsAc = 1UL << 18;
}
