using Xenolith.Kernel;

namespace Xenolith.Drivers;

/// <summary>
/// The local APIC of this CPU (Intel SDM vol. 3, chapter 11; AMD APM vol. 2, chapter 16), by memory-mapped registers or, where the CPU
/// has the x2APIC, by MSRs.
/// </summary>
public sealed unsafe class LocalApic
{
    /// <summary>Vector of the timer.</summary>
    public const byte TimerVector = 0xE0;

    /// <summary>Vector of messages from other CPUs.</summary>
    public const byte MessageVector = 0xE1;

    private const byte ErrorVector = 0xFE;
    private const byte SpuriousVector = 0xFF;
    private const uint BaseMsr = 0x1B;
    private const ulong BaseEnabled = 1 << 11;
    private const ulong BaseX2 = 1 << 10;
    private const ulong BaseAddress = 0x000F_FFFF_FFFF_F000;
    private const uint FirstMsr = 0x800;
    private const uint DeadlineMsr = 0x6E0;
    private const uint Masked = 1 << 16;
    private const uint NonMaskableDelivery = 4 << 8;
    private const uint DeadlineMode = 2 << 17;
    private const uint DivideByOne = 0xB;

    // Interrupt command (SDM vol. 3, 11.6.1): physical destination, edge, assert.
    private const uint Assert = 1 << 14;
    private const uint InitDelivery = 5 << 8;
    private const uint StartUpDelivery = 6 << 8;
    private const uint DeliveryPending = 1 << 12;

    // Accepting an interrupt takes the bus some hundred cycles.
    private const int CommandPatience = 1 << 20;

    // unsafe: registers in memory are reached by address; each access is one 32-bit access.
    private readonly uint* _registers;

    private LocalApic(uint* registers, bool hasDeadline)
    {
        _registers = registers;
        HasDeadline = hasDeadline;
    }

    private enum Register : uint
    {
        Id = 0x02,
        TaskPriority = 0x08,
        EndOfInterrupt = 0x0B,
        Spurious = 0x0F,
        ErrorStatus = 0x28,
        CommandLow = 0x30,
        CommandHigh = 0x31,
        Timer = 0x32,
        PerformanceCounter = 0x34,
        LocalInterrupt0 = 0x35,
        LocalInterrupt1 = 0x36,
        Error = 0x37,
        InitialCount = 0x38,
        CurrentCount = 0x39,
        Divide = 0x3E,
    }

    /// <summary>Whether registers are MSRs.</summary>
    public bool IsX2 => _registers == null;

    /// <summary>Whether the timer can fire at a value of the TSC.</summary>
    public bool HasDeadline { get; }

    /// <summary>This CPU's APIC id.</summary>
    public uint Id => IsX2 ? Read(Register.Id) : Read(Register.Id) >> 24;

    /// <summary>Switches the APIC on. Null: this CPU has none, or the firmware locked it off.</summary>
    /// <param name="space">For mapping registers.</param>
    /// <param name="useX2">Whether to use the x2APIC if the CPU has it.</param>
    public static LocalApic? TryEnable(AddressSpace space, bool useX2)
    {
        CpuidResult features = Cpu.Cpuid(1);
        if ((features.Edx & (1 << 9)) == 0 || !Cpu.TryReadMsr(BaseMsr, out ulong value))
        {
            return null;
        }

        bool x2 = (value & BaseX2) != 0 || (useX2 && (features.Ecx & (1 << 21)) != 0);
        value |= BaseEnabled;
        if (!Cpu.TryWriteMsr(BaseMsr, value) || (x2 && !Cpu.TryWriteMsr(BaseMsr, value | BaseX2)))
        {
            return null;
        }

        uint* registers = x2 ? null : (uint*)space.MapPhysical(value & BaseAddress, Page.Size, Rights.ReadWrite, Caching.Uncached);
        var apic = new LocalApic(registers, (features.Ecx & (1 << 24)) != 0);
        apic.Initialize();
        return apic;
    }

    /// <summary>Switches the APIC of another CPU on, in the same mode; runs on that CPU. False: it can't be.</summary>
    public bool TryEnableHere()
    {
        if (!Cpu.TryReadMsr(BaseMsr, out ulong value))
        {
            return false;
        }

        bool isX2 = (value & BaseX2) != 0;
        if (isX2 != IsX2 || (value & BaseEnabled) == 0)
        {
            if (isX2 || !Cpu.TryWriteMsr(BaseMsr, value | BaseEnabled) || (IsX2 && !Cpu.TryWriteMsr(BaseMsr, value | BaseEnabled | BaseX2)))
            {
                return false;
            }
        }

        Initialize();
        return true;
    }

    /// <summary>Interrupts another CPU on a vector.</summary>
    public void Send(uint apicId, byte vector) => Command(apicId, Assert | vector);

    /// <summary>Sends another CPU an NMI.</summary>
    public void SendNonMaskable(uint apicId) => Command(apicId, Assert | NonMaskableDelivery);

    /// <summary>Sends another CPU an INIT: it waits for a start-up interrupt then.</summary>
    public void SendInit(uint apicId) => Command(apicId, Assert | InitDelivery);

    /// <summary>Sends another CPU, which waits for it, a start-up interrupt.</summary>
    /// <param name="apicId">Its APIC's number.</param>
    /// <param name="page">Where it starts, in pages of 4 KiB from address 0.</param>
    public void SendStartUp(uint apicId, byte page) => Command(apicId, Assert | StartUpDelivery | page);

    /// <summary>Ends the interrupt being handled.</summary>
    public void EndOfInterrupt() => Write(Register.EndOfInterrupt, 0);

    /// <summary>Starts the timer: it interrupts once after that many ticks (1 at least).</summary>
    public void StartTimer(uint ticks)
    {
        Write(Register.Timer, TimerVector);
        Write(Register.InitialCount, ticks);
    }

    /// <summary>Makes the timer interrupt when the TSC reaches a value; <see cref="HasDeadline"/> only.</summary>
    public void StartDeadline(ulong tsc)
    {
        Write(Register.Timer, TimerVector | DeadlineMode);

        // Reading the register back orders the change of mode before the MSR (SDM vol. 3, 11.5.4.1).
        _ = Read(Register.Timer);
        Cpu.WriteMsr(DeadlineMsr, tsc == 0 ? 1 : tsc);
    }

    /// <summary>Calls the timer off.</summary>
    public void StopTimer()
    {
        Write(Register.InitialCount, 0);
        Write(Register.Timer, Masked);
    }

    /// <summary>Starts counting without an interrupt, to measure the timer's speed.</summary>
    public void StartCounting()
    {
        Write(Register.Timer, Masked);
        Write(Register.InitialCount, uint.MaxValue);
    }

    /// <summary>Ticks left.</summary>
    public uint CurrentCount => Read(Register.CurrentCount);

    private void Command(uint apicId, uint command)
    {
        // The x2APIC's MSRs do not wait for stores before them (SDM vol. 3, 11.12.3), and the receiver is to see those.
        System.Threading.Interlocked.MemoryBarrier();
        if (IsX2)
        {
            Cpu.WriteMsr(FirstMsr + (uint)Register.CommandLow, ((ulong)apicId << 32) | command);
            return;
        }

        for (int i = 0; i < CommandPatience && (Read(Register.CommandLow) & DeliveryPending) != 0; i++)
        {
            Cpu.Pause();
        }

        Write(Register.CommandHigh, apicId << 24);
        Write(Register.CommandLow, command);
    }

    private void Initialize()
    {
        Write(Register.TaskPriority, 0);
        Write(Register.Timer, Masked);
        Write(Register.PerformanceCounter, Masked);
        Write(Register.LocalInterrupt0, Masked);
        Write(Register.LocalInterrupt1, NonMaskableDelivery);
        Write(Register.Divide, DivideByOne);
        Write(Register.Error, Masked | ErrorVector);
        Write(Register.ErrorStatus, 0);
        Write(Register.Spurious, 0x100 | SpuriousVector);

        // What the firmware left in service.
        EndOfInterrupt();
    }

    private uint Read(Register register) => IsX2 ? (uint)Cpu.ReadMsr(FirstMsr + (uint)register) : System.Threading.Volatile.Read(ref _registers[(uint)register * 4]);

    private void Write(Register register, uint value)
    {
        if (IsX2)
        {
            Cpu.WriteMsr(FirstMsr + (uint)register, value);
        }
        else
        {
            System.Threading.Volatile.Write(ref _registers[(uint)register * 4], value);
        }
    }
}
