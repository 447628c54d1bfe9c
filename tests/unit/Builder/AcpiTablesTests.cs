using System;
using System.Buffers.Binary;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Text;
using Xenolith.Domains;
using Xunit;

namespace Xenolith.Tests.Unit.Builder;

public sealed class AcpiTablesTests
{
    private const uint Base = GuestLayout.AcpiAddress;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(128)]
    public void EveryTableIsReachableAndAddsUpToZero(int vcpus)
    {
        byte[] image = Make(vcpus);
        Assert.Equal("RSD PTR ", Encoding.ASCII.GetString(image, 0, 8));
        Assert.Equal(0, Sum(image.AsSpan(0, 20)));
        Assert.Equal(0, Sum(image.AsSpan(0, 36)));
        ReadOnlySpan<byte> xsdt = Table(image, Read64(image, 24), "XSDT");
        Assert.Equal(36 + 16, xsdt.Length);
        ReadOnlySpan<byte> fadt = Table(image, Read64(xsdt, 36), "FACP");
        ReadOnlySpan<byte> madt = Table(image, Read64(xsdt, 44), "APIC");
        ReadOnlySpan<byte> dsdt = Table(image, Read64(fadt, 140), "DSDT");
        Assert.Equal(Read64(fadt, 140), BinaryPrimitives.ReadUInt32LittleEndian(fadt[40..]));
        Assert.True(dsdt.IndexOf("_S5_"u8) < 0);
        Assert.Equal(276, fadt.Length);
        ushort boot = BinaryPrimitives.ReadUInt16LittleEndian(fadt[109..]);
        Assert.Equal(1 << 2 | 1 << 5, boot);
        Assert.NotEqual(0u, BinaryPrimitives.ReadUInt32LittleEndian(fadt[112..]) & 1 << 20);

        Assert.Equal(0xFEE0_0000u, BinaryPrimitives.ReadUInt32LittleEndian(madt[36..]));
        Assert.Equal(44 + 8 * vcpus, madt.Length);
        for (int i = 0; i < vcpus; i++)
        {
            ReadOnlySpan<byte> entry = madt.Slice(44 + 8 * i, 8);
            Assert.Equal([0, 8, (byte)i, (byte)(2 * i), 1, 0, 0, 0], entry.ToArray());
        }
    }

    [Theory]
    [InlineData("FACP")]
    [InlineData("APIC")]
    [InlineData("DSDT")]
    [InlineData("XSDT")]
    public void TheAcpiCompilerReadsThem(string signature)
    {
        const string program = "/usr/bin/iasl";
        Assert.SkipUnless(File.Exists(program), "iasl (package acpica-tools) is not installed");
        byte[] image = Make(3);
        ReadOnlySpan<byte> xsdt = Table(image, Read64(image, 24), "XSDT");
        ReadOnlySpan<byte> fadt = Table(image, Read64(xsdt, 36), "FACP");
        byte[] table = (signature switch
        {
            "XSDT" => xsdt,
            "FACP" => fadt,
            "APIC" => Table(image, Read64(xsdt, 44), "APIC"),
            _ => Table(image, Read64(fadt, 140), "DSDT"),
        }).ToArray();
        string folder = Directory.CreateTempSubdirectory("xenolith-acpi").FullName;
        try
        {
            string path = Path.Combine(folder, "table.aml");
            File.WriteAllBytes(path, table);
            var start = new ProcessStartInfo(program, ["-d", path]) { RedirectStandardOutput = true, RedirectStandardError = true };
            using Process process = Process.Start(start)!;
            string said = process.StandardOutput.ReadToEnd() + process.StandardError.ReadToEnd();
            process.WaitForExit();
            Assert.Equal(0, process.ExitCode);
            Assert.DoesNotContain("Incorrect checksum", said);
            string text = File.ReadAllText(Path.Combine(folder, "table.dsl"));
            Assert.Contains(signature, text);
            Assert.DoesNotContain("Invalid", text);
            Assert.DoesNotContain("**** Unknown", text);
            if (signature == "DSDT")
            {
                Assert.Contains("Scope (\\_SB)", text);
            }

            if (signature == "FACP")
            {
                Assert.Contains("Hardware Reduced (V5) : 1", text);
                Assert.Contains("8042 Present on ports 60/64 (V2) : 0", text);
            }
        }
        finally
        {
            Directory.Delete(folder, true);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(129)]
    public void RefusesImpossibleNumbersOfVcpus(int vcpus) => Assert.Throws<ArgumentOutOfRangeException>(() => Make(vcpus));

    private static byte[] Make(int vcpus)
    {
        byte[] image = Enumerable.Repeat((byte)0xCC, AcpiTables.Size).ToArray();
        AcpiTables.Write(image, Base, vcpus);
        return image;
    }

    private static ReadOnlySpan<byte> Table(ReadOnlySpan<byte> image, ulong address, string signature)
    {
        ReadOnlySpan<byte> table = image[(int)(address - Base)..];
        table = table[..(int)BinaryPrimitives.ReadUInt32LittleEndian(table[4..])];
        Assert.Equal(signature, Encoding.ASCII.GetString(table[..4]));
        Assert.Equal(0, Sum(table));
        return table;
    }

    private static ulong Read64(ReadOnlySpan<byte> bytes, int offset) => BinaryPrimitives.ReadUInt64LittleEndian(bytes[offset..]);

    private static int Sum(ReadOnlySpan<byte> bytes)
    {
        int sum = 0;
        foreach (byte value in bytes)
        {
            sum += value;
        }

        return sum & 0xFF;
    }
}
