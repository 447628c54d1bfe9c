using System.Runtime.CompilerServices;

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
    public bool IsEnabled
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (_base & BaseEnabled) != 0;
    }

    /// <summary>Whether the registers are MSRs, and the page is nothing.</summary>
    public bool IsX2Apic => (_base & (BaseEnabled | BaseX2Apic)) == (BaseEnabled | BaseX2Apic);

    /// <summary>Whether the page at <see cref="PageAddress"/> holds the registers.</summary>
    public bool HasPage => IsEnabled && !IsX2Apic;

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
        WriteIdentity();
        KeepingChanged();
        _vcpu.Notify(Attention.Interrupts);
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
            case ApicRegister.CommandLow:
                value = (ulong)this[ApicRegister.CommandHigh] << 32 | this[ApicRegister.CommandLow];
                return true;
            case ApicRegister.Id or ApicRegister.Version or ApicRegister.TaskPriority or ApicRegister.ProcessorPriority
                or ApicRegister.LogicalDestination or ApicRegister.Spurious
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
        if (!IsX2Apic || offset > 0xFF0 || !IsX2ApicValue(offset, value))
            return false;
        switch (offset)
        {
            case ApicRegister.CommandLow:
                this[ApicRegister.CommandLow] = (uint)value & ~CommandBusy;
                this[ApicRegister.CommandHigh] = (uint)(value >> 32);
                SendCommand((uint)value, (uint)(value >> 32));
                return true;
            case ApicRegister.SelfIpi:
                SendCommand((uint)value | SelfShorthand, 0);
                return true;
            default:
                Write(offset, (uint)value);
                return true;
        }
    }

    /// <summary>Whether the register can be written, and with that value (SDM vol. 3, table 11-6).</summary>
    private static bool IsX2ApicValue(uint offset, ulong value)
    {
        ulong allowed;
        switch (offset)
        {
            case ApicRegister.Eoi or ApicRegister.ErrorStatus:
                allowed = 0;
                break;
            case ApicRegister.TaskPriority or ApicRegister.SelfIpi:
                allowed = 0xFF;
                break;
            case ApicRegister.Spurious:
                allowed = 0x1FF;
                break;
            case ApicRegister.CommandLow:
                allowed = 0xFFFF_FFFF_000C_DFFF;
                break;
            case ApicRegister.LvtTimer:
                allowed = 0x7_10FF;
                break;
            case ApicRegister.LvtThermal or ApicRegister.LvtPerformance:
                allowed = 0x1_17FF;
                break;
            case ApicRegister.LvtLint0 or ApicRegister.LvtLint1:
                allowed = 0x1_F7FF;
                break;
            case ApicRegister.LvtError:
                allowed = 0x1_10FF;
                break;
            case ApicRegister.InitialCount:
                allowed = uint.MaxValue;
                break;
            case ApicRegister.Divide:
                allowed = 0xB;
                break;
            default:
                return false;
        }
        return (value & ~allowed) == 0;
    }
}
