using System;
using System.Buffers.Binary;

namespace Xenolith.Domains;

/// <summary>Fills fields of one ACPI table. The table's bytes are zero at first.</summary>
internal readonly ref struct AcpiWriter(Span<byte> table)
{
    /// <summary>Bytes of the header that every table but RSDP begins with (ACPI 6.5, 5.2.6).</summary>
    public const int HeaderSize = 36;

    private readonly Span<byte> _table = table;

    public void Write8(int offset, byte value) => _table[offset] = value;

    public void Write16(int offset, ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(_table[offset..], value);

    public void Write32(int offset, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(_table[offset..], value);

    public void Write64(int offset, ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(_table[offset..], value);

    public void Write(int offset, ReadOnlySpan<byte> bytes) => bytes.CopyTo(_table[offset..]);

    /// <summary>The header of a table that fills the whole span; the checksum comes last, by <see cref="Seal"/>.</summary>
    public void WriteHeader(ReadOnlySpan<byte> signature, byte revision)
    {
        Write(0, signature);
        Write32(4, (uint)_table.Length);
        Write8(8, revision);
        Write(10, "XNLITH"u8);
        Write(16, "XENOLITH"u8);
        Write32(24, 1);
        Write(28, "XNLT"u8);
        Write32(32, 1);
    }

    /// <summary>Sets the byte at <paramref name="checksumOffset"/> so that the first <paramref name="length"/> bytes add up to zero.</summary>
    public void Seal(int checksumOffset, int length)
    {
        _table[checksumOffset] = 0;
        int sum = 0;
        for (int i = 0; i < length; i++)
        {
            sum += _table[i];
        }

        _table[checksumOffset] = (byte)-sum;
    }
}
