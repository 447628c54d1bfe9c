namespace Xenolith.Domains;

/// <summary>IA32_APIC_BASE and the x2APIC registers (SDM vol. 3, 11.4.4 and 11.12).</summary>
public sealed partial class VirtualApic
{
    /// <summary>MSRs 0x800 to 0x8FF are the APIC's in x2APIC mode.</summary>
    public const uint FirstMsr = 0x800;

    /// <summary>The last MSR of the x2APIC range.</summary>
    public const uint LastMsr = 0x8FF;

    private const ulong BaseBootProcessor = 1 << 8;
    private const ulong BaseX2Apic = 1 << 10;
    private const ulong BaseEnabled = 1 << 11;

    private ulong _base;

    /// <summary>Whether CPUID offers x2APIC mode; the builder sets it from the policy.</summary>
    public bool OffersX2Apic { get; set; } = true;

    /// <summary>IA32_APIC_BASE.</summary>
    public ulong BaseMsr => _base;

    /// <summary>Whether IA32_APIC_BASE switches the APIC on.</summary>
    public bool IsEnabled => (_base & BaseEnabled) != 0;

    /// <summary>Whether the registers are MSRs, and the page is nothing.</summary>
    public bool IsX2Apic => (_base & (BaseEnabled | BaseX2Apic)) == (BaseEnabled | BaseX2Apic);

    private uint X2ApicLogicalId => (Id >> 4) << 16 | 1u << (int)(Id & 0xF);

    /// <summary>
    /// Writes IA32_APIC_BASE. False: #GP, for a reserved bit, a transition that 11.12.5 forbids, or another address than
    /// <see cref="PageAddress"/>, which is not offered here.
    /// </summary>
    public bool TryWriteBaseMsr(ulong value)
    {
        const ulong writable = BaseBootProcessor | BaseEnabled | BaseX2Apic;
        ulong wanted = value & (BaseEnabled | BaseX2Apic);
        if ((value & ~writable) != PageAddress
            || (wanted & BaseX2Apic) != 0 && !OffersX2Apic
            || wanted == BaseX2Apic
            || IsX2Apic && wanted == BaseEnabled
            || !IsEnabled && wanted == (BaseEnabled | BaseX2Apic))
        {
            return false;
        }
        bool wasEnabled = IsEnabled;
        // The boot-processor flag is not the guest's to change, but writing either value is no error.
        _base = PageAddress | wanted | (_base & BaseBootProcessor);
        if (wasEnabled && !IsEnabled)
            Reset();
        return true;
    }

    /// <summary>Reads an x2APIC register. False: #GP.</summary>
    /// <param name="index"><see cref="FirstMsr"/> to <see cref="LastMsr"/>.</param>
    public bool TryReadMsr(uint index, out ulong value)
    {
        uint offset = (index - FirstMsr) << 4;
        value = 0;
        if (!IsX2Apic || offset > 0xFF0)
            return false;
        switch (offset)
        {
            case ApicRegister.Id:
                value = Id;
                return true;
            case ApicRegister.LogicalDestination:
                value = X2ApicLogicalId;
                return true;
            case ApicRegister.CommandLow:
                value = (ulong)this[ApicRegister.CommandHigh] << 32 | this[ApicRegister.CommandLow];
                return true;
            case ApicRegister.Version or ApicRegister.TaskPriority or ApicRegister.ProcessorPriority or ApicRegister.Spurious
                or ApicRegister.ErrorStatus or ApicRegister.InitialCount or ApicRegister.CurrentCount or ApicRegister.Divide
                or (>= ApicRegister.InService and < ApicRegister.ErrorStatus)
                or (>= ApicRegister.LvtTimer and <= ApicRegister.LvtError):
                value = Read(offset);
                return true;
            default:
                return false;
        }
    }

    /// <summary>Writes an x2APIC register. False: #GP, for a register that is not writable or a reserved bit.</summary>
    /// <param name="index"><see cref="FirstMsr"/> to <see cref="LastMsr"/>.</param>
    public bool TryWriteMsr(uint index, ulong value)
    {
        uint offset = (index - FirstMsr) << 4;
        if (!IsX2Apic || offset > 0xFF0 || (value >> 32 != 0 && offset != ApicRegister.CommandLow) || (value & X2ApicReserved(offset)) != 0)
            return false;
        switch (offset)
        {
            case ApicRegister.CommandLow:
                this[ApicRegister.CommandLow] = (uint)value & ~CommandBusy;
                this[ApicRegister.CommandHigh] = (uint)(value >> 32);
                SendCommand((uint)value, (uint)(value >> 32));
                return true;
            case ApicRegister.SelfIpi:
                SendCommand((uint)value | 1 << 18, 0);
                return true;
            default:
                Write(offset, (uint)value);
                return true;
        }
    }

    /// <summary>Bits that must be 0; all of them for a register that can't be written (SDM vol. 3, table 11-6).</summary>
    private static ulong X2ApicReserved(uint offset) => offset switch
    {
        ApicRegister.TaskPriority => ~0xFFUL,
        ApicRegister.Eoi or ApicRegister.ErrorStatus => ~0UL,
        ApicRegister.Spurious => ~0x1FFUL,
        ApicRegister.CommandLow => 0xFFF3_3000 & ~(ulong)CommandBusy,
        ApicRegister.LvtTimer => ~0x7_10FFUL,
        ApicRegister.LvtThermal or ApicRegister.LvtPerformance => ~0x1_17FFUL,
        ApicRegister.LvtLint0 or ApicRegister.LvtLint1 => ~0x1_F7FFUL,
        ApicRegister.LvtError => ~0x1_10FFUL,
        ApicRegister.InitialCount => 0,
        ApicRegister.Divide => ~0xBUL,
        ApicRegister.SelfIpi => ~0xFFUL,
        _ => ulong.MaxValue,
    };
}
