using System;
using System.Collections.Generic;
using System.IO;
using Iced.Intel;

namespace Xenolith.Build.Stubs;

/// <summary>
/// A function written with Iced's assembler. <see cref="A"/> has every instruction and local labels; references to
/// symbols of other stubs or of C# go through the methods here, because they become relocations.
/// Absolute references to local labels are not possible (the function's address is unknown): use
/// <see cref="LocalSymbol"/> and a relocation.
/// </summary>
public sealed class StubFunction : StubFragment
{
    private readonly List<(int Instruction, int Skip, StubRelocationType Type, string Symbol, long Addend)> _relocations = [];
    private readonly List<(int Instruction, string Name)> _symbols = [];

    internal StubFunction(string name, string section, int bitness, int align)
        : base(name, section, align)
    {
        if (bitness is not (16 or 32 or 64))
        {
            throw new ArgumentOutOfRangeException(nameof(bitness), bitness, $"{name}: bitness is 16, 32 or 64");
        }

        Bitness = bitness;
        A = new Assembler(bitness);
    }

    /// <summary>16, 32 or 64.</summary>
    public int Bitness { get; }

    /// <summary>Iced's assembler for this function.</summary>
    public Assembler A { get; }

    /// <inheritdoc/>
    public override bool Executable => true;

    /// <inheritdoc/>
    public override bool Writable => false;

    /// <summary><c>call rel32</c> to a global symbol.</summary>
    public void Call(string symbol) => Branch(symbol, 0xE8);

    /// <summary><c>jmp rel32</c> to a global symbol.</summary>
    public void Jump(string symbol) => Branch(symbol, 0xE9);

    /// <summary><c>jcc rel32</c> to a global symbol; <paramref name="condition"/> is the low nibble of the opcode
    /// (Intel SDM vol. 2, table B-1: 2 = below, 4 = equal, 5 = not equal, …).</summary>
    public void JumpIf(byte condition, string symbol)
    {
        RequireWideBranch(symbol);
        Reference(2, StubRelocationType.Branch32, symbol, -4);
        A.db([0x0F, (byte)(0x80 | (condition & 0xF)), 0, 0, 0, 0]);
    }

    /// <summary><c>jmp far selector:symbol</c> (opcode EA), for leaving 32-bit code; the symbol must lie below 4 GiB.</summary>
    public void FarJump(ushort selector, string symbol, long addend = 0)
    {
        if (Bitness != 32)
        {
            throw new InvalidOperationException($"{Name}: jmp far ptr16:32 exists in 32-bit code only");
        }

        Reference(1, StubRelocationType.Absolute32, symbol, addend);
        A.db([0xEA, 0, 0, 0, 0, (byte)selector, (byte)(selector >> 8)]);
    }

    /// <summary><c>lea r64, [rip + symbol + addend]</c>.</summary>
    public void LoadAddress(AssemblerRegister64 register, string symbol, long addend = 0)
    {
        if (Bitness != 64)
        {
            throw new InvalidOperationException($"{Name}: RIP-relative addressing exists in 64-bit code only");
        }

        int number = register.Value.GetNumber();
        Reference(3, StubRelocationType.Relative32, symbol, addend - 4);
        A.db([(byte)(0x48 | (number >> 3 << 2)), 0x8D, (byte)(0x05 | ((number & 7) << 3)), 0, 0, 0, 0]);
    }

    /// <summary><c>mov r32, symbol + addend</c>: the sum must fit 32 bits, zero-extended. For a symbol in the high
    /// half pass the negated base of the image as addend to get its physical address.</summary>
    public void MoveImmediate32(AssemblerRegister32 register, string symbol, long addend = 0)
    {
        int number = register.Value.GetNumber();
        byte opcode = (byte)(0xB8 | (number & 7));
        if (number < 8)
        {
            Reference(1, StubRelocationType.Absolute32, symbol, addend);
            A.db([opcode, 0, 0, 0, 0]);
        }
        else
        {
            Reference(2, StubRelocationType.Absolute32, symbol, addend);
            A.db([0x41, opcode, 0, 0, 0, 0]);
        }
    }

    /// <summary><c>mov r64, symbol + addend</c> with a full 64-bit immediate.</summary>
    public void MoveImmediate64(AssemblerRegister64 register, string symbol, long addend = 0)
    {
        int number = register.Value.GetNumber();
        Reference(2, StubRelocationType.Absolute64, symbol, addend);
        A.db([(byte)(0x48 | (number >> 3)), (byte)(0xB8 | (number & 7)), 0, 0, 0, 0, 0, 0, 0, 0]);
    }

    /// <summary>A 32-bit absolute address in the instruction stream.</summary>
    public void Address32(string symbol, long addend = 0)
    {
        Reference(0, StubRelocationType.Absolute32, symbol, addend);
        A.db([0, 0, 0, 0]);
    }

    /// <summary>A 64-bit absolute address in the instruction stream.</summary>
    public void Address64(string symbol, long addend = 0)
    {
        Reference(0, StubRelocationType.Absolute64, symbol, addend);
        A.db([0, 0, 0, 0, 0, 0, 0, 0]);
    }

    /// <summary>Raw bytes in the instruction stream.</summary>
    public void Bytes(params byte[] bytes) => A.db(bytes);

    /// <summary>Defines a further global symbol at the current position.</summary>
    public void LocalSymbol(string name) => _symbols.Add((A.Instructions.Count, name));

    /// <inheritdoc/>
    public override StubContents Encode()
    {
        using var stream = new MemoryStream();
        uint[] offsets;
        try
        {
            AssemblerResult assembled = A.Assemble(new StreamCodeWriter(stream), 0, BlockEncoderOptions.ReturnNewInstructionOffsets);
            offsets = assembled.Result[0].NewInstructionOffsets;
        }
        catch (InvalidOperationException error)
        {
            throw new InvalidOperationException($"stub {Name}: {error.Message}", error);
        }

        byte[] bytes = stream.ToArray();
        var relocations = new StubRelocation[_relocations.Count];
        for (int i = 0; i < relocations.Length; i++)
        {
            (int instruction, int skip, StubRelocationType type, string symbol, long addend) = _relocations[i];
            relocations[i] = new StubRelocation((int)offsets[instruction] + skip, type, symbol, addend);
        }

        var symbols = new StubSymbol[_symbols.Count];
        for (int i = 0; i < symbols.Length; i++)
        {
            (int instruction, string name) = _symbols[i];
            if (instruction < offsets.Length && offsets[instruction] == uint.MaxValue)
            {
                throw new InvalidOperationException($"stub {Name}: symbol {name} stands before a branch the encoder rewrote");
            }

            symbols[i] = new StubSymbol(instruction < offsets.Length ? (int)offsets[instruction] : bytes.Length, name);
        }

        return new StubContents(bytes, relocations, symbols);
    }

    private void Branch(string symbol, byte opcode)
    {
        RequireWideBranch(symbol);
        Reference(1, StubRelocationType.Branch32, symbol, -4);
        A.db([opcode, 0, 0, 0, 0]);
    }

    private void RequireWideBranch(string symbol)
    {
        if (Bitness == 16)
        {
            throw new InvalidOperationException($"{Name}: a branch to {symbol} needs 32- or 64-bit code");
        }
    }

    // A data declaration is never rewritten by the block encoder, so instruction index + skip locates the field.
    private void Reference(int skip, StubRelocationType type, string symbol, long addend) =>
        _relocations.Add((A.Instructions.Count, skip, type, symbol, addend));
}
