using System;

namespace Xenolith.Domains;

/// <summary>
/// The ACPI tables of a PVH domain: RSDP, XSDT, FADT, MADT and a DSDT that is all but empty (ACPI 6.5, chapter 5.2). There is
/// a local APIC a vCPU and no other device, so the platform is hardware-reduced: no SCI, PM registers, FACS, PIC or PIT to
/// probe. Without _S5 the guest's power-off is HLT with interrupts off, which the hypervisor understands.
/// </summary>
public static class AcpiTables
{
    /// <summary>Bytes that <see cref="Write"/> needs; one frame holds the tables of the most vCPUs.</summary>
    public const int Size = 4096;

    /// <summary>APIC ids are 8 bits wide here and twice the vCPU's number.</summary>
    public const int MaximumVcpus = 128;

    private const int RsdpSize = 36;
    private const int XsdtOffset = 64;
    private const int XsdtSize = AcpiWriter.HeaderSize + 2 * 8;
    private const int DsdtOffset = 128;
    private const int FadtOffset = 192;
    private const int FadtSize = 276;
    private const int MadtOffset = 512;
    private const int LocalApicEntrySize = 8;
    private const uint LocalApicAddress = 0xFEE0_0000;

    /// <summary>Writes the tables. The RSDP is at offset 0.</summary>
    /// <param name="output">At least <see cref="Size"/> bytes; they are cleared first.</param>
    /// <param name="address">Guest-physical address of <paramref name="output"/>, below 4 GiB.</param>
    /// <param name="vcpus">1 to <see cref="MaximumVcpus"/>.</param>
    public static void Write(Span<byte> output, uint address, int vcpus)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(vcpus, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(vcpus, MaximumVcpus);
        output[..Size].Clear();
        WriteRsdp(output[..RsdpSize], address + XsdtOffset);
        WriteXsdt(output.Slice(XsdtOffset, XsdtSize), address + FadtOffset, address + MadtOffset);
        WriteDsdt(output[DsdtOffset..]);
        WriteFadt(output.Slice(FadtOffset, FadtSize), address + DsdtOffset);
        WriteMadt(output.Slice(MadtOffset, AcpiWriter.HeaderSize + 8 + vcpus * LocalApicEntrySize), vcpus);
    }

    // 5.2.5.3. The first checksum covers the 20 bytes of ACPI 1.0.
    private static void WriteRsdp(Span<byte> table, ulong xsdt)
    {
        var writer = new AcpiWriter(table);
        writer.Write(0, "RSD PTR "u8);
        writer.Write(9, "XNLITH"u8);
        writer.Write8(15, 2);
        writer.Write32(20, RsdpSize);
        writer.Write64(24, xsdt);
        writer.Seal(8, 20);
        writer.Seal(32, RsdpSize);
    }

    // 5.2.8.
    private static void WriteXsdt(Span<byte> table, ulong fadt, ulong madt)
    {
        var writer = new AcpiWriter(table);
        writer.WriteHeader("XSDT"u8, 1);
        writer.Write64(36, fadt);
        writer.Write64(44, madt);
        writer.Seal(9, table.Length);
    }

    // 5.2.11.1 and chapter 20: Scope (\_SB) {}.
    private static void WriteDsdt(Span<byte> output)
    {
        ReadOnlySpan<byte> code = [0x10, 0x06, (byte)'\\', (byte)'_', (byte)'S', (byte)'B', (byte)'_'];
        Span<byte> table = output[..(AcpiWriter.HeaderSize + code.Length)];
        var writer = new AcpiWriter(table);
        writer.WriteHeader("DSDT"u8, 2);
        writer.Write(AcpiWriter.HeaderSize, code);
        writer.Seal(9, table.Length);
    }

    // 5.2.9. Register blocks stay zero: hardware-reduced platforms have none.
    private static void WriteFadt(Span<byte> table, uint dsdt)
    {
        const ushort noVga = 1 << 2, noCmosClock = 1 << 5;
        const uint wbinvd = 1 << 0, processorC1 = 1 << 2, noPowerButton = 1 << 4, noSleepButton = 1 << 5, hardwareReduced = 1 << 20;
        var writer = new AcpiWriter(table);
        writer.WriteHeader("FACP"u8, 6);
        writer.Write32(40, dsdt);
        writer.Write16(96, 0xFFFF);
        writer.Write16(98, 0xFFFF);
        writer.Write16(109, noVga | noCmosClock);
        writer.Write32(112, wbinvd | processorC1 | noPowerButton | noSleepButton | hardwareReduced);
        writer.Write8(131, 5);
        writer.Write64(140, dsdt);
        writer.Seal(9, table.Length);
    }

    // 5.2.12: no 8259s (flags 0), a processor local APIC entry (type 0) a vCPU.
    private static void WriteMadt(Span<byte> table, int vcpus)
    {
        var writer = new AcpiWriter(table);
        writer.WriteHeader("APIC"u8, 5);
        writer.Write32(36, LocalApicAddress);
        for (int vcpu = 0; vcpu < vcpus; vcpu++)
        {
            int entry = AcpiWriter.HeaderSize + 8 + vcpu * LocalApicEntrySize;
            writer.Write8(entry + 1, LocalApicEntrySize);
            writer.Write8(entry + 2, (byte)vcpu);
            writer.Write8(entry + 3, (byte)(2 * vcpu));
            writer.Write32(entry + 4, 1);
        }

        writer.Seal(9, table.Length);
    }
}
