using System;
using System.Numerics;
using System.Threading;
using Xenolith.Hal;

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

    /// <summary>One word a register, by offset / 16.</summary>
    private readonly uint[] _registers = new uint[64];
    private readonly ApicTimer _timer;

    private uint _pendingErrors;

    internal VirtualApic(Vcpu vcpu)
    {
        _vcpu = vcpu;
        _timer = new ApicTimer(this);
        Reset();
        _base = PageAddress | BaseEnabled | (vcpu.Id == 0 ? BaseBootProcessor : 0);
    }

    /// <summary>The APIC id: even, so that it fits a topology of one thread a core.</summary>
    public uint Id => (uint)_vcpu.Id * 2;

    private bool IsSoftwareEnabled => (this[ApicRegister.Spurious] & SoftwareEnable) != 0;

    private ref uint this[uint offset] => ref _registers[(int)(offset >> 4)];

    /// <summary>The state after power-up or INIT, IA32_APIC_BASE aside (SDM vol. 3, 11.4.7).</summary>
    public void Reset()
    {
        StopTimer();
        Array.Clear(_registers);
        _pendingErrors = 0;
        this[ApicRegister.DestinationFormat] = uint.MaxValue;
        this[ApicRegister.Spurious] = 0xFF;
        MaskAll();
    }

    /// <summary>Makes an edge-triggered interrupt of the vector pending and wakes the vCPU. Dropped while the APIC is off.</summary>
    public void Raise(byte vector)
    {
        if (!IsEnabled || !IsSoftwareEnabled)
            return;
        if (vector < FirstLegalVector)
        {
            ReportError(ReceiveIllegalVector);
            return;
        }
        Request(vector);
    }

    /// <summary>
    /// Makes the vector of the upcall pending, as Xen does: also while software has the APIC switched off, when it waits for
    /// the day it is switched on. Events are announced once, and a guest sets its vector before it sets its APIC up.
    /// </summary>
    public void RaiseUpcall(byte vector) => Request(vector);

    /// <summary>The pending interrupt of the highest priority, if that is above what the vCPU now serves.</summary>
    public bool TryGetInterrupt(out byte vector)
    {
        int highest = IsEnabled && IsSoftwareEnabled ? Highest(ApicRegister.Request) : -1;
        vector = (byte)Math.Max(highest, 0);
        return highest >= 0 && (highest & 0xF0) > (ProcessorPriority & 0xF0);
    }

    /// <summary>The vCPU takes the interrupt that <see cref="TryGetInterrupt"/> named.</summary>
    public void Accept(byte vector)
    {
        ClearVector(ApicRegister.Request, vector);
        SetVector(ApicRegister.InService, vector);
    }

    /// <summary>Ends the interrupt in service of the highest priority.</summary>
    public void Eoi()
    {
        int vector = Highest(ApicRegister.InService);
        if (vector >= 0)
            ClearVector(ApicRegister.InService, (byte)vector);
        _vcpu.Notify(Attention.Interrupts);
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
            case ApicRegister.Id:
                return Id << 24;
            case ApicRegister.Version:
                return VersionValue;
            case ApicRegister.ProcessorPriority:
                return ProcessorPriority;
            case ApicRegister.CurrentCount:
                return CurrentCount;
            case ApicRegister.TaskPriority or ApicRegister.LogicalDestination or ApicRegister.DestinationFormat or ApicRegister.Spurious
                or ApicRegister.ErrorStatus or ApicRegister.CommandLow or ApicRegister.CommandHigh or ApicRegister.InitialCount
                or ApicRegister.Divide or (>= ApicRegister.InService and < ApicRegister.ErrorStatus)
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
                this[offset] = value & LvtMask(offset) | (IsSoftwareEnabled ? 0 : LvtMasked);
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

    internal void Release() => StopTimer();

    private void Request(byte vector)
    {
        SetVector(ApicRegister.Request, vector);
        _vcpu.Notify(Attention.Interrupts);
        _vcpu.Wake();
    }

    /// <summary>The higher of the task's priority and that of the interrupt in service (SDM vol. 3, 11.8.3.1).</summary>
    private uint ProcessorPriority
    {
        get
        {
            uint task = this[ApicRegister.TaskPriority];
            int inService = Highest(ApicRegister.InService);
            uint service = inService < 0 ? 0 : (uint)inService & 0xF0;
            return (task & 0xF0) >= service ? task : service;
        }
    }

    private void WriteSpurious(uint value)
    {
        bool wasEnabled = IsSoftwareEnabled;
        this[ApicRegister.Spurious] = value & 0x1FF;
        _vcpu.Notify(Attention.Interrupts);
        if (!IsSoftwareEnabled)
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

    /// <summary>The highest vector whose bit is set in the 256-bit register; -1: none.</summary>
    private int Highest(uint register)
    {
        for (int word = 7; word >= 0; word--)
        {
            uint bits = Volatile.Read(ref this[register + (uint)word * 0x10]);
            if (bits != 0)
                return word * 32 + BitOperations.Log2(bits);
        }
        return -1;
    }

    // Other CPUs request interrupts while the vCPU runs.
    private void SetVector(uint register, byte vector) =>
        Interlocked.Or(ref this[register + (uint)(vector >> 5) * 0x10], 1u << (vector & 31));

    private void ClearVector(uint register, byte vector) =>
        Interlocked.And(ref this[register + (uint)(vector >> 5) * 0x10], ~(1u << (vector & 31)));
}
