using System;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Xenolith.Abi.Contract;

namespace Xenolith.Domains;

/// <summary>The record of MSRs that belong to no other: MISC_FEATURES_ENABLES, when it is not 0.</summary>
internal static class MsrRecord
{
    /// <summary>More registers than this no version writes.</summary>
    private const uint MostRegisters = 64;

    public static void Save(Vcpu vcpu, ref ContextWriter writer)
    {
        if (!vcpu.Domain.Policies.Msrs.Own(vcpu).CpuidFaulting)
            return;
        Span<byte> record = stackalloc byte[(int)HvmContextConstants.MsrListOffset + Unsafe.SizeOf<HvmOneMsr>()];
        record.Clear();
        record[0] = 1;
        var register = new HvmOneMsr { Index = MsrIndex.MiscFeaturesEnables, Value = 1 };
        MemoryMarshal.Write(record.Slice((int)HvmContextConstants.MsrListOffset), in register);
        writer.Add(HvmRecord.CpuMsrs, vcpu.Id, record);
    }

    /// <summary>Takes the record over; why it can't be, or null.</summary>
    public static string? TryLoad(Vcpu vcpu, ref ContextReader reader)
    {
        ulong head = 0;
        if (!reader.TryTake(MemoryMarshal.AsBytes(new Span<ulong>(ref head))))
            return HvmContext.CutShort;
        uint count = (uint)head;
        uint length = HvmContextConstants.MsrListOffset + count * (uint)Unsafe.SizeOf<HvmOneMsr>();
        if (count is 0 or > MostRegisters || reader.Descriptor.Length != length)
            return "a list of MSRs with another number of them";
        for (uint i = 0; i < count; i++)
        {
            HvmOneMsr register = default;
            if (!reader.TryTake(MemoryMarshal.AsBytes(new Span<HvmOneMsr>(ref register))))
                return HvmContext.CutShort;
            if (register.Reserved != 0 || register.Index != MsrIndex.MiscFeaturesEnables || register.Value > 1)
                return "an MSR or a value that the vCPU does not have";
            vcpu.Domain.Policies.Msrs.Own(vcpu).CpuidFaulting = register.Value != 0;
        }
        return null;
    }
}
