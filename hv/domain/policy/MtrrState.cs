namespace Xenolith.Domains;

/// <summary>
/// The memory type range registers of a vCPU (SDM vol. 3, 12.11). They hold what the guest writes, checked as a CPU checks
/// it; RAM is write-back whatever they say.
/// </summary>
internal sealed class MtrrState
{
    public const int VariableRanges = 8;

    public const int FixedRanges = 11;
    private const ulong HasFixed = 1 << 8, HasWriteCombining = 1 << 10;
    private const ulong EnabledWriteBack = 0x806;

    private readonly ulong[] _variable = new ulong[2 * VariableRanges];
    private readonly ulong[] _fixed = new ulong[FixedRanges];
    private readonly ulong _reservedAddressBits;

    /// <param name="physicalAddressBits">Of the guest.</param>
    public MtrrState(int physicalAddressBits) => _reservedAddressBits = ~((1UL << physicalAddressBits) - 1);

    public static ulong Capabilities => HasWriteCombining | HasFixed | VariableRanges;

    /// <summary>IA32_MTRR_DEF_TYPE; at first what Xen's toolstack loads for a PVH guest: enabled, write-back.</summary>
    public ulong DefaultType { get; private set; } = EnabledWriteBack;

    public bool TryRead(uint index, out ulong value)
    {
        if (TryFindVariable(index, out int at))
        {
            value = _variable[at];
            return true;
        }

        bool found = TryFindFixed(index, out at);
        value = found ? _fixed[at] : 0;
        return found;
    }

    public bool TryWrite(uint index, ulong value)
    {
        const ulong defaultTypeBits = 0xCFF, baseReserved = 0xF00, maskReserved = 0x7FF;
        if (index == MsrIndex.MtrrDefaultType)
        {
            if ((value & ~defaultTypeBits) != 0 || !IsType((byte)value))
            {
                return false;
            }

            DefaultType = value;
            return true;
        }

        if (TryFindVariable(index, out int at))
        {
            bool isMask = (at & 1) != 0;
            if ((value & (_reservedAddressBits | (isMask ? maskReserved : baseReserved))) != 0 || (!isMask && !IsType((byte)value)))
            {
                return false;
            }

            _variable[at] = value;
            return true;
        }

        if (!TryFindFixed(index, out at))
        {
            return false;
        }

        for (int shift = 0; shift < 64; shift += 8)
        {
            if (!IsType((byte)(value >> shift)))
            {
                return false;
            }
        }

        _fixed[at] = value;
        return true;
    }

    // UC, WC, WT, WP, WB (SDM vol. 3, table 12-8).
    private static bool IsType(byte type) => type is 0 or 1 or 4 or 5 or 6;

    private static bool TryFindVariable(uint index, out int at)
    {
        at = (int)(index - MsrIndex.MtrrPhysicalBase0);
        return index - MsrIndex.MtrrPhysicalBase0 < 2 * VariableRanges;
    }

    private static bool TryFindFixed(uint index, out int at)
    {
        switch (index)
        {
            case MsrIndex.MtrrFix64K: at = 0; return true;
            case MsrIndex.MtrrFix16K80000: at = 1; return true;
            case MsrIndex.MtrrFix16KA0000: at = 2; return true;
            default:
                at = (int)(index - MsrIndex.MtrrFix4K) + 3;
                return index - MsrIndex.MtrrFix4K < 8;
        }
    }
}
