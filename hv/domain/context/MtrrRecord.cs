using Xenolith.Abi.Contract;
using Xenolith.Hal;

namespace Xenolith.Domains;

/// <summary>The record of memory types of an HVM context.</summary>
internal static class MtrrRecord
{
    private const ulong CountMask = 0xFF;

    public static void Save(Vcpu vcpu, out HvmHwMtrr record)
    {
        MtrrState state = vcpu.Domain.Policies.Msrs.Own(vcpu).Mtrr;
        record = default;
        vcpu.Cpu.TryReadMsr(MsrIndex.Pat, out record.Pat);
        for (int i = 0; i < 2 * MtrrState.VariableRanges; i++)
            state.TryRead(MsrIndex.MtrrPhysicalBase0 + (uint)i, out record.Variable[i]);
        for (int i = 0; i < MtrrState.FixedRanges; i++)
            state.TryRead(FixedIndex(i), out record.Fixed[i]);
        record.Capabilities = MtrrState.Capabilities;
        record.DefaultType = state.DefaultType;
    }

    /// <summary>Takes the record over; values that WRMSR would fault for are left out, as on Xen. False: it has more ranges than there are.</summary>
    public static bool TryLoad(Vcpu vcpu, in HvmHwMtrr record)
    {
        if ((record.Capabilities & CountMask) > MtrrState.VariableRanges)
            return false;
        MtrrState state = vcpu.Domain.Policies.Msrs.Own(vcpu).Mtrr;
        for (int i = 0; i < 2 * MtrrState.VariableRanges; i++)
            state.TryWrite(MsrIndex.MtrrPhysicalBase0 + (uint)i, record.Variable[i]);
        for (int i = 0; i < MtrrState.FixedRanges; i++)
            state.TryWrite(FixedIndex(i), record.Fixed[i]);
        state.TryWrite(MsrIndex.MtrrDefaultType, record.DefaultType);
        if (MsrPolicy.IsPat(record.Pat))
            vcpu.Cpu.TryWriteMsr(MsrIndex.Pat, record.Pat);
        return true;
    }

    private static uint FixedIndex(int range) => range switch
    {
        0 => MsrIndex.MtrrFix64K,
        1 => MsrIndex.MtrrFix16K80000,
        2 => MsrIndex.MtrrFix16KA0000,
        _ => MsrIndex.MtrrFix4K + (uint)range - 3,
    };
}
