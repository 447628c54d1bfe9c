using System;
using System.Buffers.Binary;
using Xenolith.Kernel;

namespace Xenolith.Drivers;

/// <summary>
/// The firmware's ACPI tables (ACPI Specification 6.5, 5.2): finds them from the RSDP by XSDT or RSDT. A table is only handed out
/// when its signature, length and checksum are right; one that is not gets a warning and counts as absent.
/// </summary>
public sealed class AcpiTables
{
    /// <summary>Bytes of the header that all tables share.</summary>
    public const int HeaderBytes = 36;

    private const int MostBytes = 16 << 20;
    private const int RsdpBytes = 20;
    private const int ExtendedRsdpBytes = 36;
    private const ulong EbdaPointer = 0x40E;
    private const ulong BiosStart = 0xE0000;
    private const int BiosBytes = 0x20000;

    private readonly FirmwareMemory _memory;
    private readonly Log _log;
    private readonly ulong _root;
    private readonly int _entryBytes;

    private AcpiTables(FirmwareMemory memory, Log log, ulong root, int entryBytes)
    {
        _memory = memory;
        _log = log;
        _root = root;
        _entryBytes = entryBytes;
    }

    /// <summary>Looks for the RSDP in the first KiB of the EBDA and in the BIOS area (5.2.5.1); 0: not there.</summary>
    public static ulong FindRsdp(FirmwareMemory memory)
    {
        if (memory.TryView(EbdaPointer, 2, out ReadOnlySpan<byte> pointer))
        {
            ulong ebda = (ulong)BinaryPrimitives.ReadUInt16LittleEndian(pointer) << 4;
            if (ebda is >= 0x400 and < 0xA0000 && Search(memory, ebda, 1024) is var found and not 0)
            {
                return found;
            }
        }

        return Search(memory, BiosStart, BiosBytes);
    }

    /// <summary>Opens the tables below an RSDP. Null, and a warning that says why: there is nothing valid.</summary>
    public static AcpiTables? TryOpen(FirmwareMemory memory, Log log, ulong rsdp)
    {
        if (rsdp == 0 || !IsRsdp(memory, rsdp, out ReadOnlySpan<byte> pointer))
        {
            log.Warning("ACPI: no valid RSDP");
            return null;
        }

        // From revision 2 on there is an XSDT, with 64-bit entries.
        ulong rsdt = BinaryPrimitives.ReadUInt32LittleEndian(pointer[16..]);
        bool extended = pointer[15] >= 2 && memory.TryView(rsdp, ExtendedRsdpBytes, out pointer) && Sum(pointer) == 0;
        ulong xsdt = extended ? BinaryPrimitives.ReadUInt64LittleEndian(pointer[24..]) : 0;
        if (xsdt != 0)
        {
            var tables = new AcpiTables(memory, log, xsdt, 8);
            if (tables.TryRead(xsdt, "XSDT"u8, out _))
            {
                return tables;
            }
        }

        var older = new AcpiTables(memory, log, rsdt, 4);
        return older.TryRead(rsdt, "RSDT"u8, out _) ? older : null;
    }

    /// <summary>The table with that signature (four bytes); the first if there are several.</summary>
    public bool TryFind(ReadOnlySpan<byte> signature, out ReadOnlySpan<byte> table) => TryFind(signature, 0, out table);

    /// <summary>As the other, skipping that many of the same signature.</summary>
    public bool TryFind(ReadOnlySpan<byte> signature, int skip, out ReadOnlySpan<byte> table)
    {
        table = default;
        if (!TryRead(_root, default, out ReadOnlySpan<byte> root))
        {
            return false;
        }

        for (int at = HeaderBytes; at + _entryBytes <= root.Length; at += _entryBytes)
        {
            ulong address = _entryBytes == 8 ? BinaryPrimitives.ReadUInt64LittleEndian(root[at..]) : BinaryPrimitives.ReadUInt32LittleEndian(root[at..]);
            if (_memory.TryView(address, 4, out ReadOnlySpan<byte> found) && found.SequenceEqual(signature)
                && TryRead(address, signature, out table) && skip-- == 0)
            {
                return true;
            }
        }

        table = default;
        return false;
    }

    /// <summary>The table at an address that another one names (the FADT names the DSDT).</summary>
    /// <param name="address">Physical.</param>
    /// <param name="signature">What it has to be; empty: anything.</param>
    /// <param name="table">The whole table, header included.</param>
    public bool TryRead(ulong address, ReadOnlySpan<byte> signature, out ReadOnlySpan<byte> table)
    {
        if (!_memory.TryView(address, HeaderBytes, out table))
        {
            _log.Warning($"ACPI: no table at 0x{address:x}");
            return false;
        }

        uint length = BinaryPrimitives.ReadUInt32LittleEndian(table[4..]);
        ReadOnlySpan<byte> name = table[..4];
        if (signature.Length != 0 && !name.SequenceEqual(signature))
        {
            _log.Warning($"ACPI: the table at 0x{address:x} is {name}, not {signature}");
            return false;
        }

        if (length is < HeaderBytes or > MostBytes || !_memory.TryView(address, (int)length, out table))
        {
            _log.Warning($"ACPI: table {name} at 0x{address:x} has an impossible length, {length}");
            return false;
        }

        if (Sum(table) != 0)
        {
            _log.Warning($"ACPI: table {name} at 0x{address:x} has a wrong checksum");
            return false;
        }

        return true;
    }

    private static ulong Search(FirmwareMemory memory, ulong start, int length)
    {
        for (int at = 0; at + RsdpBytes <= length; at += 16)
        {
            if (IsRsdp(memory, start + (uint)at, out _))
            {
                return start + (uint)at;
            }
        }

        return 0;
    }

    private static bool IsRsdp(FirmwareMemory memory, ulong address, out ReadOnlySpan<byte> pointer) =>
        memory.TryView(address, RsdpBytes, out pointer) && pointer[..8].SequenceEqual("RSD PTR "u8) && Sum(pointer) == 0;

    private static byte Sum(ReadOnlySpan<byte> bytes)
    {
        byte sum = 0;
        for (int i = 0; i < bytes.Length; i++)
        {
            sum = unchecked((byte)(sum + bytes[i]));
        }

        return sum;
    }
}
