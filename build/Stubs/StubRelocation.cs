namespace Xenolith.Build.Stubs;

/// <summary>x86-64 ELF relocation types the stubs need (System V ABI, AMD64 supplement, table 4.9).</summary>
public enum StubRelocationType : uint
{
    /// <summary>R_X86_64_64: symbol + addend, 64 bits.</summary>
    Absolute64 = 1,

    /// <summary>R_X86_64_PC32: symbol + addend - place, 32 bits signed.</summary>
    Relative32 = 2,

    /// <summary>R_X86_64_PLT32: as PC32, for branches.</summary>
    Branch32 = 4,

    /// <summary>R_X86_64_32: symbol + addend, 32 bits, must zero-extend to the full value.</summary>
    Absolute32 = 10,
}

/// <summary>A place of <paramref name="Offset"/> bytes into a fragment that the linker fills from a symbol.</summary>
public readonly record struct StubRelocation(int Offset, StubRelocationType Type, string Symbol, long Addend);

/// <summary>A further global symbol, <paramref name="Offset"/> bytes into a fragment.</summary>
public readonly record struct StubSymbol(int Offset, string Name);

/// <summary>What a fragment turns into once it is encoded.</summary>
public sealed record StubContents(byte[] Bytes, StubRelocation[] Relocations, StubSymbol[] Symbols);
