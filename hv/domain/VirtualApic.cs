using System;
using System.Threading;
using Xenolith.Kernel;

namespace Xenolith.Domains;

/// <summary>
/// A vCPU's local APIC: xAPIC page and x2APIC MSRs, priorities, inter-processor interrupts within the domain, the timer
/// (SDM vol. 3, chapter 11). Identity as Xen gives it: APIC id = 2 * vCPU id, version 0x14 with six LVT entries.
/// </summary>
public sealed partial class VirtualApic
{
    /// <summary>Where the page lies; IA32_APIC_BASE can't move it.</summary>
    public const ulong PageAddress = 0xFEE0_0000;

    private const uint VersionValue = 0x0005_0014;
    private const uint SoftwareEnable = 1 << 8;
    private const uint LvtMasked = 1 << 16;
    private const int FirstLegalVector = 16;
    private const uint SendIllegalVector = 1 << 5;
    private const uint ReceiveIllegalVector = 1 << 6;
    private const uint IllegalRegister = 1 << 7;

    private readonly Vcpu _vcpu;
    private readonly ApicRegisterFile _registers;
    private readonly ApicTimer _timer;

    private uint _pendingErrors;

    /// <summary>What the spurious-vector register said when it was looked at: a CPU may write there by itself.</summary>
    private bool _isSoftwareEnabled;

    /// <param name="frame">A frame for the registers; the APIC's from now on.</param>
    internal VirtualApic(Vcpu vcpu, Mfn frame)
    {
        _vcpu = vcpu;
        _registers = new ApicRegisterFile(vcpu.Domain.Services.Memory, frame);
        _timer = new ApicTimer(this);
        _canBeKept = vcpu.Domain.Services.Virtualisation.KeepsApics;
        IsInjected = !_canBeKept;
        Reset();
        _base = PageAddress | BaseEnabled | (vcpu.Id == 0 ? BaseBootProcessor : 0);
    }

    /// <summary>The APIC id: even, so that it fits a topology of one thread a core.</summary>
    public uint Id => (uint)_vcpu.Id * 2;

    private ref uint this[uint offset] => ref _registers[offset];

    /// <summary>The state after power-up or INIT, IA32_APIC_BASE aside (SDM vol. 3, 11.4.7).</summary>
    public void Reset()
    {
        ResetTimer();
        _registers.Clear();
        ForgetPosted();
        _pendingErrors = 0;
        _isSoftwareEnabled = false;
        WriteIdentity();
        this[ApicRegister.DestinationFormat] = uint.MaxValue;
        this[ApicRegister.Spurious] = 0xFF;
        MaskAll();
        KeepingChanged();
    }

    /// <summary>The task priority as CR8 holds it: bits 4-7 of the TPR.</summary>
    public byte Cr8
    {
        get => (byte)(this[ApicRegister.TaskPriority] >> 4);
        set => Write(ApicRegister.TaskPriority, (uint)(value & 0xF) << 4);
    }

    /// <summary>Reads a 32-bit register of the page. Unknown ones read 0 and count as an error.</summary>
    /// <param name="offset">0 to 0xFFF; the low four bits count for nothing.</param>
    public uint Read(uint offset)
    {
        offset &= 0xFF0;
        switch (offset)
        {
            case ApicRegister.ProcessorPriority:
                return ProcessorPriority;
            case ApicRegister.CurrentCount:
                return CurrentCount;
            case >= ApicRegister.Request and < ApicRegister.ErrorStatus:
                if (HasNews)
                    LookAtPosted();
                return this[offset];
            case ApicRegister.Id or ApicRegister.Version or ApicRegister.TaskPriority or ApicRegister.LogicalDestination or ApicRegister.DestinationFormat or ApicRegister.Spurious
                or ApicRegister.ErrorStatus or ApicRegister.CommandLow or ApicRegister.CommandHigh or ApicRegister.InitialCount
                or ApicRegister.Divide or (>= ApicRegister.InService and < ApicRegister.Request)
                or (>= ApicRegister.LvtTimer and <= ApicRegister.LvtError):
                return this[offset];
            case ApicRegister.ArbitrationPriority or ApicRegister.Eoi:
                return 0;
            default:
                ReportError(IllegalRegister);
                return 0;
        }
    }

    /// <summary>Writes a 32-bit register of the page. Read-only ones stay as they are, unknown ones count as an error.</summary>
    /// <param name="offset">0 to 0xFFF; the low four bits count for nothing.</param>
    public void Write(uint offset, uint value)
    {
        offset &= 0xFF0;
        switch (offset)
        {
            case ApicRegister.TaskPriority:
                this[offset] = value & 0xFF;
                _vcpu.Notify(Attention.Interrupts);
                break;
            case ApicRegister.Eoi:
                Eoi();
                break;
            case ApicRegister.LogicalDestination:
                this[offset] = value & 0xFF00_0000;
                break;
            case ApicRegister.DestinationFormat:
                this[offset] = value | 0x0FFF_FFFF;
                break;
            case ApicRegister.Spurious:
                WriteSpurious(value);
                break;
            case ApicRegister.ErrorStatus:
                this[offset] = _pendingErrors;
                _pendingErrors = 0;
                break;
            case ApicRegister.CommandLow:
                this[offset] = value & ~CommandBusy;
                SendCommand(value, this[ApicRegister.CommandHigh] >> 24);
                break;
            case ApicRegister.CommandHigh:
                this[offset] = value & 0xFF00_0000;
                break;
            case ApicRegister.LvtTimer:
                WriteLvtTimer(value);
                break;
            case > ApicRegister.LvtTimer and <= ApicRegister.LvtError:
                this[offset] = value & LvtMask(offset) | (_isSoftwareEnabled ? 0 : LvtMasked);
                break;
            case ApicRegister.InitialCount:
                WriteInitialCount(value);
                break;
            case ApicRegister.Divide:
                WriteDivide(value & 0xB);
                break;
            case ApicRegister.Id or ApicRegister.Version or ApicRegister.ArbitrationPriority or ApicRegister.ProcessorPriority
                or ApicRegister.CurrentCount or (>= ApicRegister.InService and < ApicRegister.ErrorStatus):
                break;
            default:
                ReportError(IllegalRegister);
                break;
        }
    }

    internal void Release()
    {
        StopTimer();
        _vcpu.Domain.Services.Frames.Free(_registers.Frame, 0);
    }

    /// <summary>What nobody can write, where the guest finds it.</summary>
    private void WriteIdentity()
    {
        this[ApicRegister.Id] = IsX2Apic ? Id : Id << 24;
        this[ApicRegister.Version] = VersionValue;
        if (IsX2Apic)
            this[ApicRegister.LogicalDestination] = X2ApicLogicalId;
    }

    private void WriteSpurious(uint value)
    {
        bool wasEnabled = _isSoftwareEnabled;
        this[ApicRegister.Spurious] = value & 0x1FF;
        _isSoftwareEnabled = (value & SoftwareEnable) != 0;
        KeepingChanged();
        _vcpu.Notify(Attention.Interrupts);
        if (!_isSoftwareEnabled)
            MaskAll();
        else if (!wasEnabled)
            _vcpu.RepeatUpcall();
    }

    private void MaskAll()
    {
        for (uint lvt = ApicRegister.LvtTimer; lvt <= ApicRegister.LvtError; lvt += 0x10)
            this[lvt] |= LvtMasked;
    }

    private static uint LvtMask(uint offset) => offset switch
    {
        ApicRegister.LvtLint0 or ApicRegister.LvtLint1 => 0x1_A7FF,
        ApicRegister.LvtError => 0x1_00FF,
        _ => 0x1_07FF,
    };

    private void ReportError(uint error)
    {
        if ((Interlocked.Or(ref _pendingErrors, error) & error) != 0)
            return;
        uint lvt = this[ApicRegister.LvtError];
        if ((lvt & LvtMasked) == 0 && (byte)lvt >= FirstLegalVector)
            Raise((byte)lvt);
    }
}
