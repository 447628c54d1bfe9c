using System;
using System.Buffers.Binary;
using Xenolith.Abi.Contract;

namespace Xenolith.Domains;

/// <summary>The local APIC in an HVM context: its registers as they lie in the page, and what is in no register.</summary>
public sealed partial class VirtualApic
{
    private const int RegisterStride = 16;
    private const uint OffByBase = 1 << 0, OffBySoftware = 1 << 1;

    /// <summary>What is in no register.</summary>
    internal HvmHwLapic Hidden => new()
    {
        BaseMsr = _base,
        Disabled = (IsEnabled ? 0 : OffByBase) | (_isSoftwareEnabled ? 0 : OffBySoftware),
        TimerDivisor = (uint)(TickNanoseconds / BusCycle),
        TscDeadline = TscDeadline,
    };

    /// <summary>Takes over what <see cref="Hidden"/> gave. False: no such IA32_APIC_BASE can be.</summary>
    internal bool TryLoadHidden(in HvmHwLapic hidden)
    {
        const ulong modes = BaseEnabled | BaseX2Apic;
        ulong mode = hidden.BaseMsr & modes;
        if ((hidden.BaseMsr & ~(modes | BaseBootProcessor)) != PageAddress || mode == BaseX2Apic || (mode == modes && !OffersX2Apic))
            return false;
        _base = hidden.BaseMsr;
        WriteIdentity();
        KeepingChanged();
        // The mode that the deadline is for may come with the registers, which are loaded later.
        _tscDeadline = hidden.TscDeadline;
        if (IsTscDeadline)
            ArmTscDeadline();
        return true;
    }

    /// <summary>Writes the registers at their offsets. No CPU has the vCPU.</summary>
    /// <param name="page">1,024 bytes.</param>
    internal void SaveRegisters(Span<byte> page)
    {
        LookAtPosted();
        _registers.CopyTo(page);
    }

    /// <summary>
    /// Takes over what <see cref="SaveRegisters"/> wrote, each register as if it were written; identity and version stay its own. A
    /// count begins anew, as on Xen.
    /// </summary>
    /// <param name="page">1,024 bytes.</param>
    internal void LoadRegisters(ReadOnlySpan<byte> page)
    {
        ulong deadline = _tscDeadline;
        Reset();
        // The spurious-vector register first: while it keeps the APIC off, the others are masked.
        WriteSpurious(Register(page, ApicRegister.Spurious));
        Write(ApicRegister.TaskPriority, Register(page, ApicRegister.TaskPriority));
        Write(ApicRegister.LogicalDestination, Register(page, ApicRegister.LogicalDestination));
        Write(ApicRegister.DestinationFormat, Register(page, ApicRegister.DestinationFormat));
        for (uint offset = ApicRegister.InService; offset < ApicRegister.ErrorStatus; offset += RegisterStride)
            this[offset] = Register(page, offset);
        // No interrupt has one of the first vectors.
        this[ApicRegister.InService] &= ~0xFFFFu;
        this[ApicRegister.Request] &= ~0xFFFFu;
        this[ApicRegister.ErrorStatus] = Register(page, ApicRegister.ErrorStatus) & 0xEF;
        this[ApicRegister.CommandLow] = Register(page, ApicRegister.CommandLow) & ~CommandBusy;
        this[ApicRegister.CommandHigh] = IsX2Apic ? Register(page, ApicRegister.CommandHigh) : Register(page, ApicRegister.CommandHigh) & 0xFF00_0000;
        for (uint offset = ApicRegister.LvtTimer; offset <= ApicRegister.LvtError; offset += RegisterStride)
            Write(offset, Register(page, offset));
        Write(ApicRegister.Divide, Register(page, ApicRegister.Divide));
        Write(ApicRegister.InitialCount, Register(page, ApicRegister.InitialCount));
        TscDeadline = deadline;
        WriteIdentity();
        KeepingChanged();
        _vcpu.Notify(Attention.Interrupts);
    }

    private static uint Register(ReadOnlySpan<byte> page, uint offset) => BinaryPrimitives.ReadUInt32LittleEndian(page.Slice((int)offset));
}
