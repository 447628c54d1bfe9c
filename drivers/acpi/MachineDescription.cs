using System;
using System.Buffers.Binary;
using Xenolith.Kernel;

namespace Xenolith.Drivers;

/// <summary>What the drivers need to know from ACPI. Fields that no table gave have the values of a plain PC without ACPI.</summary>
public sealed class MachineDescription
{
    private const int MostIoApics = 16;

    private readonly IoApicDescription[] _ioApics = new IoApicDescription[MostIoApics];
    private readonly InterruptSource[] _sources = new InterruptSource[16];
    private readonly uint[] _processors = new uint[CurrentCpu.MaximumCpus];
    private int _ioApicCount;
    private int _processorCount;

    private MachineDescription()
    {
        for (uint i = 0; i < _sources.Length; i++)
        {
            _sources[i] = new InterruptSource(i, false, false);
        }
    }

    /// <summary>Physical address of the local APIC's registers.</summary>
    public ulong LocalApicAddress { get; private set; } = 0xFEE0_0000;

    /// <summary>APIC ids of the processors that can be used, in the MADT's order; none without a MADT, and no more than are supported.</summary>
    public ReadOnlySpan<uint> Processors => _processors.AsSpan(0, _processorCount);

    /// <summary>Processors beyond those.</summary>
    public int SurplusProcessors { get; private set; }

    /// <summary>The I/O APICs.</summary>
    public ReadOnlySpan<IoApicDescription> IoApics => _ioApics.AsSpan(0, _ioApicCount);

    /// <summary>Physical address of the HPET's registers; 0: none.</summary>
    public ulong HpetAddress { get; private set; }

    /// <summary>Port of the power-management timer; 0: none.</summary>
    public ushort PmTimerPort { get; private set; }

    /// <summary>Whether the power-management timer has 32 bits, not 24.</summary>
    public bool PmTimerIsWide { get; private set; }

    /// <summary>PM1a control port; 0: none.</summary>
    public ushort Pm1aControl { get; private set; }

    /// <summary>PM1b control port; 0: none.</summary>
    public ushort Pm1bControl { get; private set; }

    /// <summary>Port by which ACPI is switched on; 0: it is on.</summary>
    public ushort SmiCommand { get; private set; }

    /// <summary>What to write there.</summary>
    public byte AcpiEnable { get; private set; }

    /// <summary>Sleep types for S5, if the DSDT or an SSDT has \_S5_.</summary>
    public SleepTypes? Off { get; private set; }

    /// <summary>The reset register, if there is one.</summary>
    public ResetRegister? Reset { get; private set; }

    /// <summary>CMOS register of the century; 0: none.</summary>
    public byte CenturyRegister { get; private set; }

    /// <summary>How an ISA interrupt (0-15) arrives at the I/O APICs.</summary>
    public InterruptSource SourceOf(byte irq) => _sources[irq];

    /// <summary>Reads FADT, MADT, HPET and the definition blocks. Without tables: a plain PC.</summary>
    public static MachineDescription Read(AcpiTables? tables, Log log)
    {
        var machine = new MachineDescription();
        if (tables is null)
        {
            return machine;
        }

        if (tables.TryFind("APIC"u8, out ReadOnlySpan<byte> madt))
        {
            machine.ReadMadt(madt, log);
        }

        if (tables.TryFind("HPET"u8, out ReadOnlySpan<byte> hpet) && hpet.Length >= 52 && hpet[40] == 0)
        {
            machine.HpetAddress = BinaryPrimitives.ReadUInt64LittleEndian(hpet[44..]);
        }

        if (tables.TryFind("FACP"u8, out ReadOnlySpan<byte> fadt))
        {
            machine.ReadFadt(fadt, tables, log);
        }

        return machine;
    }

    // MADT: 5.2.12. Entries have a type and a length byte.
    private void ReadMadt(ReadOnlySpan<byte> madt, Log log)
    {
        if (madt.Length < 44)
        {
            log.Warning("ACPI: the MADT is too short");
            return;
        }

        LocalApicAddress = BinaryPrimitives.ReadUInt32LittleEndian(madt[36..]);
        for (int at = 44; at + 2 <= madt.Length;)
        {
            int length = madt[at + 1];
            if (length < 2 || length > madt.Length - at)
            {
                log.Warning("ACPI: an entry of the MADT has an impossible length");
                break;
            }

            ReadOnlySpan<byte> entry = madt.Slice(at, length);
            at += length;
            switch (entry[0])
            {
                // Bit 0 of the flags: enabled. "Online capable" alone means that it may be plugged in later.
                case 0 when length >= 8 && (entry[4] & 1) != 0:
                    AddProcessor(entry[3]);
                    break;
                case 9 when length >= 16 && (entry[8] & 1) != 0:
                    AddProcessor(BinaryPrimitives.ReadUInt32LittleEndian(entry[4..]));
                    break;
                case 1 when length >= 12 && _ioApicCount < MostIoApics:
                    _ioApics[_ioApicCount++] = new IoApicDescription(
                        BinaryPrimitives.ReadUInt32LittleEndian(entry[4..]), BinaryPrimitives.ReadUInt32LittleEndian(entry[8..]));
                    break;
                case 2 when length >= 10 && entry[2] == 0 && entry[3] < _sources.Length:
                    // Flags: polarity in bits 0-1, trigger in 2-3; 3 is active low and level; "as the bus" means high and edge for ISA.
                    ushort flags = BinaryPrimitives.ReadUInt16LittleEndian(entry[8..]);
                    _sources[entry[3]] = new InterruptSource(BinaryPrimitives.ReadUInt32LittleEndian(entry[4..]), (flags & 3) == 3, (flags >> 2 & 3) == 3);
                    break;
                case 5 when length >= 12:
                    LocalApicAddress = BinaryPrimitives.ReadUInt64LittleEndian(entry[4..]);
                    break;
            }
        }
    }

    // Firmware may list a processor both ways.
    private void AddProcessor(uint apicId)
    {
        if (Processors.Contains(apicId))
        {
            return;
        }

        if (_processorCount == _processors.Length)
        {
            SurplusProcessors++;
            return;
        }

        _processors[_processorCount++] = apicId;
    }

    // FADT: 5.2.9. Older revisions are shorter; the 64-bit fields count when they are there and not zero.
    private void ReadFadt(ReadOnlySpan<byte> fadt, AcpiTables tables, Log log)
    {
        if (fadt.Length < 116)
        {
            log.Warning("ACPI: the FADT is too short");
            return;
        }

        uint flags = BinaryPrimitives.ReadUInt32LittleEndian(fadt[112..]);
        CenturyRegister = fadt[108];
        bool reduced = (flags & (1 << 20)) != 0;
        if (!reduced)
        {
            SmiCommand = (ushort)BinaryPrimitives.ReadUInt32LittleEndian(fadt[48..]);
            AcpiEnable = fadt[52];
            Pm1aControl = Port(fadt, 64, 172);
            Pm1bControl = Port(fadt, 68, 184);
            PmTimerPort = Port(fadt, 76, 208);
            PmTimerIsWide = (flags & (1 << 8)) != 0;
        }

        if (fadt.Length >= 129 && (flags & (1 << 10)) != 0)
        {
            Reset = new ResetRegister(fadt[116], BinaryPrimitives.ReadUInt64LittleEndian(fadt[120..]), fadt[128]);
        }

        ulong dsdt = BinaryPrimitives.ReadUInt32LittleEndian(fadt[40..]);
        if (fadt.Length >= 148 && BinaryPrimitives.ReadUInt64LittleEndian(fadt[140..]) is var wide and not 0)
        {
            dsdt = wide;
        }

        if (tables.TryRead(dsdt, "DSDT"u8, out ReadOnlySpan<byte> block) && SleepPackage.TryFind(block[AcpiTables.HeaderBytes..], out SleepTypes types))
        {
            Off = types;
        }

        for (int i = 0; Off is null && tables.TryFind("SSDT"u8, i, out block); i++)
        {
            if (SleepPackage.TryFind(block[AcpiTables.HeaderBytes..], out types))
            {
                Off = types;
            }
        }
    }

    // A register block: the 64-bit form (a generic address, 5.2.3.2) when it names an I/O port, else the 32-bit form.
    private static ushort Port(ReadOnlySpan<byte> fadt, int narrow, int wide)
    {
        const byte ioSpace = 1;
        if (fadt.Length >= wide + 12 && fadt[wide] == ioSpace && BinaryPrimitives.ReadUInt64LittleEndian(fadt[(wide + 4)..]) is var address and > 0 and <= 0xFFFF)
        {
            return (ushort)address;
        }

        uint port = BinaryPrimitives.ReadUInt32LittleEndian(fadt[narrow..]);
        return port <= 0xFFFF ? (ushort)port : (ushort)0;
    }
}

/// <summary>An I/O APIC: where its registers lie, and the number of its first input.</summary>
public readonly record struct IoApicDescription(uint Address, uint FirstInput);

/// <summary>How an ISA interrupt arrives: which global input, active low or high, level or edge.</summary>
public readonly record struct InterruptSource(uint Input, bool IsActiveLow, bool IsLevel);

/// <summary>Values for SLP_TYP in PM1a and PM1b control.</summary>
public readonly record struct SleepTypes(byte A, byte B);

/// <summary>A write that resets the machine: address space (0 memory, 1 I/O, 2 PCI configuration), address, value.</summary>
public readonly record struct ResetRegister(byte Space, ulong Address, byte Value);
