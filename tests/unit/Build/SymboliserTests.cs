using System.IO;
using Xenolith.Build.Elf;
using Xenolith.Build.Host;
using Xenolith.Build.Symbols;
using Xunit;

namespace Xenolith.Tests.Unit.Build;

/// <summary>What is read back of an image's table, and what a log looks like with names.</summary>
public sealed class SymboliserTests
{
    private const ulong Base = 0xFFFFFFFF80100000;

    private static readonly FunctionEntry[] s_functions =
    [
        new(Base, 0x80, new FunctionName("", "boot_entry"), new UnwindRule(false, 8, 0), "", []),
        new(Base + 0x100, 0x40, new FunctionName("Xenolith.RunLoop", "Run"), new UnwindRule(false, 64, 16), "RunLoop.cs",
            [new LineRow(Base + 0x100, "RunLoop.cs", 41), new LineRow(Base + 0x110, "RunLoop.cs", 38)]),
    ];

    [Theory]
    [InlineData(0x0, "boot_entry+0x0")]
    [InlineData(0x105, "Xenolith.RunLoop.Run+0x5 (RunLoop.cs:41)")]
    [InlineData(0x13F, "Xenolith.RunLoop.Run+0x3f (RunLoop.cs:38)")]
    [InlineData(0x90, null)]
    [InlineData(0x140, null)]
    public void TheTableIsReadBack(ulong offset, string? expected) =>
        Assert.Equal(expected, new SymbolTableReader(SymbolTableWriter.Write(s_functions)).Describe(Base + offset));

    [Fact]
    public void TheKernelReadsTheSameBuildId()
    {
        byte[] table = SymbolTableWriter.Write(s_functions);
        ulong id = new SymbolTableReader(table).BuildId;
        Assert.NotEqual(0UL, id);
        Assert.Equal(id, new Xenolith.Kernel.SymbolTable(table).BuildId);
        Assert.NotEqual(id, new SymbolTableReader(SymbolTableWriter.Write([s_functions[0]])).BuildId);
    }

    [Fact]
    public void AddressesOfALogGetNames()
    {
        ElfFile image = Image();
        string log = $"(xenolith) build {IdOf(image):x16}\n(xenolith)   rip ffffffff80100110  rsp 0000000000001000\n"
            + "(xenolith) #0 0xffffffff80100110 Xenolith.RunLoop.Run +0x10 (RunLoop.cs:38)\n(xenolith) contained: x, found at 0xFFFFFFFF80100004\r\n";
        var to = new StringWriter { NewLine = "\n" };
        var symboliser = new LogSymboliser(image);
        symboliser.Copy(new StringReader(log), to);
        Assert.Equal(
            $"(xenolith) build {IdOf(image):x16}\n(xenolith)   rip ffffffff80100110 <Xenolith.RunLoop.Run+0x10 (RunLoop.cs:38)>  rsp 0000000000001000\n"
            + "(xenolith) #0 0xffffffff80100110 Xenolith.RunLoop.Run +0x10 (RunLoop.cs:38)\n"
            + "(xenolith) contained: x, found at 0xFFFFFFFF80100004 <boot_entry+0x4>\n",
            to.ToString());
        Assert.True(symboliser.HasSeenBuild);
    }

    [Fact]
    public void ALogOfAnotherBuildIsRefusedByName()
    {
        ElfFile image = Image();
        BuildFailure failure = Assert.Throws<BuildFailure>(() =>
            new LogSymboliser(image).Copy(new StringReader("rip ffffffff80100110\nbuild 0123456789abcdef\n"), TextWriter.Null));
        Assert.Equal($"the log is of build 0123456789abcdef, but test.o is build {IdOf(image):x16}; name the image that printed it with --image", failure.Message);
    }

    private static ulong IdOf(ElfFile image) => SymbolTableReader.Of(image).BuildId;

    private static ElfFile Image()
    {
        var contents = new Xenolith.Build.Stubs.StubObject();
        contents.Data("symbol_table", ".symbols", align: 8).Bytes(SymbolTableWriter.Write(s_functions));
        return ElfFile.Parse(Xenolith.Build.Stubs.RelocatableWriter.Write(contents), "test.o");
    }
}
