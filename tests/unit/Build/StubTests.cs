using System;
using System.Linq;
using Xenolith.Build.Elf;
using Xenolith.Build.Stubs;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Xenolith.Tests.Unit.Build;

/// <summary>Stubs become the relocatable object a linker expects.</summary>
public class StubTests
{
    private static ElfFile Written(Action<StubObject> emit)
    {
        var source = new StubObject();
        emit(source);
        return ElfFile.Parse(RelocatableWriter.Write(source), "stubs.o");
    }

    private static byte[] Text(ElfFile file, string section = ".text") => file.Contents(file.Section(section)!).ToArray();

    [Fact]
    public void ACallLeavesItsDistanceToTheLinker()
    {
        ElfFile file = Written(o =>
        {
            StubFunction f = o.Function("caller");
            f.A.nop();
            f.Call("somewhere");
            f.A.ret();
        });
        Assert.Equal([0x90, 0xE8, 0, 0, 0, 0, 0xC3], Text(file));
        ElfRelocation relocation = Assert.Single(file.Relocations(file.Section(".text")!));
        Assert.Equal((2UL, (uint)StubRelocationType.Branch32, "somewhere", -4L), (relocation.Offset, relocation.Type, relocation.Symbol.Name, relocation.Addend));
        Assert.Equal(0, relocation.Symbol.Section);
    }

    [Theory]
    [InlineData(0, new byte[] { 0x48, 0x8D, 0x05 })]
    [InlineData(12, new byte[] { 0x4C, 0x8D, 0x25 })]
    [InlineData(15, new byte[] { 0x4C, 0x8D, 0x3D })]
    public void AnAddressIsLoadedRelativeToRip(int register, byte[] expected)
    {
        ElfFile file = Written(o => o.Function("f").LoadAddress(new[] { rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15 }[register], "target", addend: 8));
        Assert.Equal([.. expected, 0, 0, 0, 0], Text(file));
        ElfRelocation relocation = Assert.Single(file.Relocations(file.Section(".text")!));
        Assert.Equal((3UL, (uint)StubRelocationType.Relative32, 4L), (relocation.Offset, relocation.Type, relocation.Addend));
    }

    [Fact]
    public void ImmediatesTakeAbsoluteAddresses()
    {
        ElfFile file = Written(o =>
        {
            StubFunction narrow = o.Function("narrow", ".boot", bitness: 32);
            narrow.MoveImmediate32(ebx, "table", addend: 0x80000000);
            narrow.FarJump(8, "narrow");
            StubFunction wide = o.Function("wide");
            wide.MoveImmediate64(r9, "table");
        });
        Assert.Equal([0xBB, 0, 0, 0, 0, 0xEA, 0, 0, 0, 0, 8, 0], Text(file, ".boot"));
        Assert.Equal([0x49, 0xB9, 0, 0, 0, 0, 0, 0, 0, 0], Text(file));
        Assert.Equal([(1UL, 0x80000000L), (6UL, 0L)], file.Relocations(file.Section(".boot")!).Select(r => (r.Offset, r.Addend)));
        Assert.Equal((uint)StubRelocationType.Absolute64, Assert.Single(file.Relocations(file.Section(".text")!)).Type);
    }

    [Fact]
    public void RelocationsFollowBranchesThatTheEncoderWidens()
    {
        ElfFile file = Written(o =>
        {
            StubFunction f = o.Function("f");
            Iced.Intel.Label far = f.A.CreateLabel();
            f.A.je(far);
            for (int i = 0; i < 200; i++)
            {
                f.A.nop();
            }

            f.Call("target");
            f.LocalSymbol("after");
            f.A.Label(ref far);
            f.A.ret();
        });
        Assert.Equal(6UL + 200 + 1, Assert.Single(file.Relocations(file.Section(".text")!)).Offset);
        Assert.Equal(6UL + 200 + 5, file.Symbols.Single(symbol => symbol.Name == "after").Value);
    }

    [Fact]
    public void SectionsHaveTheTypeAndFlagsTheirContentsNeed()
    {
        ElfFile file = Written(o =>
        {
            o.Function("code").A.ret();
            o.Data("constant").U32(1);
            o.Data("variable", ".data", writable: true).U32(1);
            o.Data("note", ".note.Xen", align: 4).U32(4);
            o.Bss("space", ".boot.bss", 8192, 4096);
        });
        const uint programBits = 1, note = 7, noBits = 8;
        Check(".text", programBits, writable: false, executable: true);
        Check(".rodata", programBits, writable: false, executable: false);
        Check(".data", programBits, writable: true, executable: false);
        Check(".note.Xen", note, writable: false, executable: false);
        Check(".boot.bss", noBits, writable: true, executable: false);
        Assert.Equal(8192UL, file.Section(".boot.bss")!.Size);

        void Check(string name, uint type, bool writable, bool executable)
        {
            ElfSection section = file.Section(name)!;
            Assert.Equal((type, true, writable, executable), (section.Type, section.Allocated, section.Writable, section.Executable));
        }
    }

    [Fact]
    public void DataIsLittleEndianAlignedAndRelocated()
    {
        ElfFile file = Written(o =>
        {
            StubData d = o.Data("d", align: 16);
            d.U8(1);
            d.Pad(4);
            d.U16(0x0203);
            d.U64(0x0405060708090A0B);
            d.LocalSymbol("inside");
            d.Address32("low", 5);
            d.Address64("high");
        });
        Assert.Equal([1, 0, 0, 0, 3, 2, 0x0B, 0x0A, 9, 8, 7, 6, 5, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], Text(file, ".rodata"));
        Assert.Equal([(14UL, 10U, 5L), (18UL, 1U, 0L)], file.Relocations(file.Section(".rodata")!).Select(r => (r.Offset, r.Type, r.Addend)));
        Assert.Equal(14UL, file.Symbols.Single(symbol => symbol.Name == "inside").Value);
    }

    [Fact]
    public void ASymbolDefinedTwiceIsRefused()
    {
        var error = Assert.Throws<InvalidOperationException>(() => Written(o =>
        {
            o.Function("same").A.ret();
            o.Data("same").U8(0);
        }));
        Assert.Contains("same", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ASectionIsNotWritableAndExecutable()
    {
        var error = Assert.Throws<InvalidOperationException>(() => Written(o =>
        {
            o.Function("code", ".boot").A.ret();
            o.Data("data", ".boot", writable: true).U8(0);
        }));
        Assert.Contains(".boot", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TheFolderOfTheSourceDecidesWhereAStubBelongs()
    {
        string[] image = [.. StubCatalog.Collect(["kernel"]).Fragments.Select(fragment => fragment.Name)];
        string[] guest = [.. StubCatalog.Collect(["tests/guests/lib"]).Fragments.Select(fragment => fragment.Name)];
        Assert.Contains("symbol_table_address", image);
        Assert.DoesNotContain("symbol_table_address", guest);
        Assert.NotEmpty(guest);
    }
}
