using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using Xenolith.Drivers;
using Xenolith.Kernel;
using Xenolith.Tests.Unit.Harness;
using Xunit;

namespace Xenolith.Tests.Unit.Kernel;

public sealed class AcpiTests
{
    private static readonly byte[] s_s5 = [0x08, 0x5F, 0x53, 0x35, 0x5F, 0x12, 0x06, 0x04, 0x0A, 0x05, 0x00, 0x00, 0x00];
    private readonly byte[] _memory = new byte[0x110000];
    private readonly Log _log = new();
    private readonly CapturingConsole _console = new();
    private readonly List<uint> _tables = [];
    private uint _next = 0xE1000;

    public AcpiTests() => _log.TryAddDevice(_console);

    private Firmware Memory => new(_memory);

    private uint AddTable(string signature, byte[] body, bool listed = true)
    {
        byte[] table = new byte[36 + body.Length];
        Encoding.ASCII.GetBytes(signature).CopyTo(table, 0);
        BinaryPrimitives.WriteUInt32LittleEndian(table.AsSpan(4), (uint)table.Length);
        body.CopyTo(table, 36);
        Seal(table, 9);
        table.CopyTo(_memory, _next);
        uint at = _next;
        _next += (uint)(table.Length + 63) & ~63U;
        if (listed)
        {
            _tables.Add(at);
        }

        return at;
    }

    private static void Seal(Span<byte> table, int checksum)
    {
        table[checksum] = 0;
        byte sum = 0;
        foreach (byte value in table)
        {
            sum += value;
        }

        table[checksum] = (byte)-sum;
    }

    private AcpiTables? Open(bool extended = true, uint rsdpAt = 0xE0010)
    {
        uint rsdt = AddTable("RSDT", _tables.SelectMany(BitConverter.GetBytes).ToArray(), listed: false);
        uint xsdt = AddTable("XSDT", _tables.SelectMany(table => BitConverter.GetBytes((ulong)table)).ToArray(), listed: false);
        Span<byte> rsdp = _memory.AsSpan((int)rsdpAt, 36);
        "RSD PTR "u8.CopyTo(rsdp);
        rsdp[15] = extended ? (byte)2 : (byte)0;
        BinaryPrimitives.WriteUInt32LittleEndian(rsdp[16..], rsdt);
        BinaryPrimitives.WriteUInt32LittleEndian(rsdp[20..], 36);
        BinaryPrimitives.WriteUInt64LittleEndian(rsdp[24..], extended ? xsdt : 0);
        Seal(rsdp[..20], 8);
        Seal(rsdp, 32);
        return AcpiTables.TryOpen(Memory, _log, AcpiTables.FindRsdp(Memory));
    }

    private byte[] Fadt(uint dsdt, int length = 276)
    {
        byte[] body = new byte[length - 36];
        void Set32(int offset, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(body.AsSpan(offset - 36), value);
        Set32(40, dsdt);
        Set32(48, 0xB2);
        body[52 - 36] = 0xF1;
        Set32(64, 0x604);
        Set32(76, 0x608);
        body[108 - 36] = 0x32;
        Set32(112, (1 << 8) | (1 << 10));
        if (length > 129)
        {
            body[116 - 36] = 1;
            Set32(120, 0xCF9);
            body[128 - 36] = 0x0F;
        }

        return body;
    }

    private MachineDescription Machine(bool extended = true) => MachineDescription.Read(Open(extended), _log);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void AUsualPcIsUnderstood(bool extended)
    {
        AddTable("FACP", Fadt(AddTable("DSDT", s_s5, listed: false)));
        AddTable("APIC",
        [
            0x00, 0x10, 0xE0, 0xFE, 1, 0, 0, 0,
            0, 8, 0, 0, 1, 0, 0, 0,
            0, 8, 1, 1, 0, 0, 0, 0,
            9, 16, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0,
            1, 12, 0, 0, 0x00, 0x00, 0xC0, 0xFE, 0, 0, 0, 0,
            2, 10, 0, 0, 2, 0, 0, 0, 0, 0,
            2, 10, 0, 4, 20, 0, 0, 0, 0x0F, 0,
            99, 3, 0,
        ]);
        byte[] hpet = new byte[20];
        BinaryPrimitives.WriteUInt64LittleEndian(hpet.AsSpan(8), 0xFED00000);
        AddTable("HPET", hpet);
        MachineDescription machine = Machine(extended);
        Assert.Equal(0xFEE01000UL, machine.LocalApicAddress);
        Assert.Equal([0u, 2u], machine.Processors.ToArray());
        Assert.Equal(0, machine.SurplusProcessors);
        Assert.Equal([new IoApicDescription(0xFEC00000, 0)], machine.IoApics.ToArray());
        Assert.Equal(new InterruptSource(2, false, false), machine.SourceOf(0));
        Assert.Equal(new InterruptSource(20, true, true), machine.SourceOf(4));
        Assert.Equal(new InterruptSource(3, false, false), machine.SourceOf(3));
        Assert.Equal(0xFED00000UL, machine.HpetAddress);
        Assert.Equal((0x604, 0x608, true), (machine.Pm1aControl, machine.PmTimerPort, machine.PmTimerIsWide));
        Assert.Equal(new SleepTypes(5, 0), machine.Off);
        Assert.Equal(new ResetRegister(1, 0xCF9, 0x0F), machine.Reset);
        Assert.Equal(((ushort)0xB2, (byte)0xF1, (byte)0x32), (machine.SmiCommand, machine.AcpiEnable, machine.CenturyRegister));
        Assert.Equal("", _console.Text);
    }

    [Fact]
    public void AProcessorListedTwiceCountsOnceAndTheSurplusIsCounted()
    {
        byte[] madt = new byte[8 + (8 * 3) + (16 * 70)];
        ReadOnlySpan<byte> twice = [0, 8, 0, 3, 1, 0, 0, 0, 0, 8, 1, 3, 1, 0, 0, 0, 0, 8, 2, 4, 2, 0, 0, 0];
        twice.CopyTo(madt.AsSpan(8));
        for (uint i = 0; i < 70; i++)
        {
            Span<byte> entry = madt.AsSpan(8 + (8 * 3) + (16 * (int)i), 16);
            entry[0] = 9;
            entry[1] = 16;
            BinaryPrimitives.WriteUInt32LittleEndian(entry[4..], 3 + (i << 8));
            entry[8] = 1;
        }

        AddTable("APIC", madt);
        MachineDescription machine = Machine();
        Assert.Equal(64, machine.Processors.Length);
        Assert.Equal([3u, 0x103u, 0x203u], machine.Processors[..3].ToArray());
        Assert.Equal(6, machine.SurplusProcessors);
    }

    [Fact]
    public void TheRsdpIsFoundInTheEbdaToo()
    {
        BinaryPrimitives.WriteUInt16LittleEndian(_memory.AsSpan(0x40E), 0x9FC0);
        AddTable("SSDT", [1]);
        Assert.NotNull(Open(rsdpAt: 0x9FC20));
        Assert.Equal(0x9FC20UL, AcpiTables.FindRsdp(Memory));
    }

    [Fact]
    public void WithoutTablesItIsAPlainPc()
    {
        Assert.Equal(0UL, AcpiTables.FindRsdp(Memory));
        Assert.Null(AcpiTables.TryOpen(Memory, _log, 0));
        MachineDescription machine = MachineDescription.Read(null, _log);
        Assert.Equal((0xFEE00000UL, 0, 0, (SleepTypes?)null), (machine.LocalApicAddress, machine.Processors.Length, machine.IoApics.Length, machine.Off));
    }

    [Fact]
    public void AWrongChecksumOrLengthMakesATableAbsent()
    {
        uint broken = AddTable("HPET", new byte[20]);
        uint endless = AddTable("APIC", new byte[8]);
        _memory[broken + 40]++;
        BinaryPrimitives.WriteUInt32LittleEndian(_memory.AsSpan((int)endless + 4), 0xFFFFFFF0);
        Assert.Equal(0UL, Machine().HpetAddress);
        Assert.Contains("HPET at 0xe1000 has a wrong checksum", _console.Text);
        Assert.Contains("has an impossible length, 4294967280", _console.Text);
    }

    [Fact]
    public void ABrokenXsdtFallsBackToTheRsdt()
    {
        AddTable("FACP", Fadt(0, 116));
        Open();
        int xsdt = Encoding.Latin1.GetString(_memory).IndexOf("XSDT", StringComparison.Ordinal);
        _memory[xsdt + 20]++;
        AcpiTables? tables = AcpiTables.TryOpen(Memory, _log, AcpiTables.FindRsdp(Memory));
        Assert.NotNull(tables);
        Assert.True(tables.TryFind("FACP"u8, out ReadOnlySpan<byte> fadt));
        Assert.Equal(116, fadt.Length);
    }

    [Theory]
    [InlineData(new byte[] { 1, 1, 0, 0 })]
    [InlineData(new byte[] { 0, 0 })]
    [InlineData(new byte[] { 1, 12, 0 })]
    public void AMadtEntryThatRunsOverEndsTheWalk(byte[] entries)
    {
        AddTable("APIC", [0, 0, 0xE0, 0xFE, 0, 0, 0, 0, .. entries]);
        Assert.True(Machine().Processors.IsEmpty);
        Assert.Contains("MADT has an impossible length", _console.Text);
    }

    [Theory]
    [InlineData(new byte[] { 0x08, 0x5C, 0x5F, 0x53, 0x35, 0x5F, 0x12, 0x06, 0x02, 0x01, 0x01 }, 1, 1)]
    [InlineData(new byte[] { 0x08, 0x5F, 0x53, 0x35, 0x5F, 0x12, 0x40, 0x00, 0x02, 0x0B, 0x07, 0x00, 0x0A, 0x03 }, 7, 3)]
    [InlineData(new byte[] { 0x08, 0x5F, 0x53, 0x35, 0x5F, 0x12, 0x04, 0x01, 0x0A, 0x05 }, 5, 0)]
    public void SleepPackagesComeInSeveralSpellings(byte[] aml, byte a, byte b)
    {
        Assert.True(SleepPackage.TryFind([0x10, 0x20, .. aml], out SleepTypes types));
        Assert.Equal(new SleepTypes(a, b), types);
    }

    [Fact]
    public void MangledPackagesAreNotTaken()
    {
        for (int length = 0; length < 9; length++)
        {
            Assert.False(SleepPackage.TryFind(s_s5.AsSpan(0, length), out _));
        }

        byte[] other = [.. s_s5];
        other[5] = 0x13;
        Assert.False(SleepPackage.TryFind(other, out _));
        other[5] = 0x12;
        other[0] = 0x14;
        Assert.False(SleepPackage.TryFind(other, out _));
    }

    [Fact]
    public void S5MayStandInASecondaryTable()
    {
        AddTable("FACP", Fadt(AddTable("DSDT", [0xA3], listed: false)));
        AddTable("SSDT", [0xA3]);
        AddTable("SSDT", s_s5);
        Assert.Equal(new SleepTypes(5, 0), Machine().Off);
    }

    [Fact]
    public void RandomTablesNeverThrow()
    {
        var random = new Random(11);
        for (int round = 0; round < 2000; round++)
        {
            _tables.Clear();
            _next = 0xE1000;
            foreach (string signature in (string[])["APIC", "FACP", "HPET", "SSDT"])
            {
                byte[] body = new byte[random.Next(250)];
                random.NextBytes(body);
                AddTable(signature, body);
            }

            Assert.NotNull(Machine(random.Next(2) == 0));
        }
    }

    [Theory]
    [InlineData("115200,8n1", 115200u, 3, 0x3F8, 4)]
    [InlineData("9600,7e2,0x2f8,3", 9600u, 0x1E, 0x2F8, 3)]
    [InlineData("auto", 0u, 3, 0x3F8, 4)]
    [InlineData("auto,,0x1000,0", 0u, 3, 0x1000, 0)]
    public void SerialSettingsParse(string text, uint baud, byte control, ushort port, byte irq)
    {
        Assert.True(SerialSettings.TryParse(text, SerialSettings.Com1, out SerialSettings settings));
        Assert.Equal(new SerialSettings(baud, control, port, irq), settings);
    }

    [Theory]
    [InlineData("fast")]
    [InlineData("7")]
    [InlineData("9600,9n1")]
    [InlineData("9600,8x1")]
    [InlineData("9600,8n3")]
    [InlineData("9600,8n1,0xffff")]
    [InlineData("9600,8n1,0x3f8,16")]
    [InlineData("9600,8n1,0x3f8,4,5")]
    public void MalformedSerialSettingsAreRefused(string text) => Assert.False(SerialSettings.TryParse(text, SerialSettings.Com1, out _));

    private sealed class Firmware(byte[] bytes) : FirmwareMemory
    {
        public override bool TryView(ulong address, int length, out ReadOnlySpan<byte> view)
        {
            bool there = length >= 0 && address < (ulong)bytes.Length && (ulong)length <= (ulong)bytes.Length - address;
            view = there ? bytes.AsSpan((int)address, length) : default;
            return there;
        }
    }
}
