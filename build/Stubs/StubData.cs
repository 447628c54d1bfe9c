using System;
using System.Buffers.Binary;
using System.Collections.Generic;

namespace Xenolith.Build.Stubs;

/// <summary>A data item: headers, notes, descriptor tables, blobs for other CPUs.</summary>
public sealed class StubData : StubFragment
{
    private readonly List<byte> _bytes = [];
    private readonly List<StubRelocation> _relocations = [];
    private readonly List<StubSymbol> _symbols = [];

    internal StubData(string name, string section, int align, bool writable)
        : base(name, section, align)
    {
        Writable = writable;
    }

    /// <inheritdoc/>
    public override bool Executable => false;

    /// <inheritdoc/>
    public override bool Writable { get; }

    /// <summary>Bytes emitted so far.</summary>
    public int Length => _bytes.Count;

    /// <summary>Appends one byte.</summary>
    public void U8(byte value) => _bytes.Add(value);

    /// <summary>Appends 16 bits, little-endian.</summary>
    public void U16(ushort value)
    {
        Span<byte> field = stackalloc byte[2];
        BinaryPrimitives.WriteUInt16LittleEndian(field, value);
        Bytes(field);
    }

    /// <summary>Appends 32 bits, little-endian.</summary>
    public void U32(uint value)
    {
        Span<byte> field = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(field, value);
        Bytes(field);
    }

    /// <summary>Appends 64 bits, little-endian.</summary>
    public void U64(ulong value)
    {
        Span<byte> field = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(field, value);
        Bytes(field);
    }

    /// <summary>Appends raw bytes.</summary>
    public void Bytes(ReadOnlySpan<byte> bytes) => _bytes.AddRange(bytes);

    /// <summary>Appends <paramref name="count"/> zero bytes.</summary>
    public void Zero(int count) => _bytes.AddRange(new byte[count]);

    /// <summary>Appends zeros up to a multiple of <paramref name="boundary"/> bytes from the start of the item.</summary>
    public void Pad(int boundary) => Zero((boundary - (_bytes.Count % boundary)) % boundary);

    /// <summary>Appends symbol + addend, 32 bits; the sum must fit, zero-extended.</summary>
    public void Address32(string symbol, long addend = 0)
    {
        _relocations.Add(new StubRelocation(_bytes.Count, StubRelocationType.Absolute32, symbol, addend));
        Zero(4);
    }

    /// <summary>Appends symbol + addend, 64 bits.</summary>
    public void Address64(string symbol, long addend = 0)
    {
        _relocations.Add(new StubRelocation(_bytes.Count, StubRelocationType.Absolute64, symbol, addend));
        Zero(8);
    }

    /// <summary>Appends symbol + addend - address of this field, 32 bits.</summary>
    public void Relative32(string symbol, long addend = 0)
    {
        _relocations.Add(new StubRelocation(_bytes.Count, StubRelocationType.Relative32, symbol, addend));
        Zero(4);
    }

    /// <summary>Defines a further global symbol at the current position.</summary>
    public void LocalSymbol(string name) => _symbols.Add(new StubSymbol(_bytes.Count, name));

    /// <inheritdoc/>
    public override StubContents Encode() => new([.. _bytes], [.. _relocations], [.. _symbols]);
}

/// <summary>Zeroed, writable space that takes no room in the file.</summary>
public sealed class StubSpace : StubFragment
{
    internal StubSpace(string name, string section, long size, int align)
        : base(name, section, align)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(size);
        ZeroSize = size;
    }

    /// <inheritdoc/>
    public override bool Executable => false;

    /// <inheritdoc/>
    public override bool Writable => true;

    /// <inheritdoc/>
    public override long ZeroSize { get; }

    /// <inheritdoc/>
    public override StubContents Encode() => new([], [], []);
}
