using System.IO;
using System.Linq;
using System.Text;
using Xenolith.Build.Against;
using Xenolith.Build.Bench;
using Xenolith.Build.Emulators;
using Xenolith.Build.Host;
using Xunit;

namespace Xenolith.Tests.Unit.Build;

/// <summary>What the bench reads out of a debugger's listing, out of QEMU's stub and out of consoles.</summary>
public sealed class BenchTests
{
    private const string Hypervisor = "(0).[786028948] [0x000000101414] 0008:ffffffff80101414 (unk. ctxt): ";
    private const string Guest = "(0).[786028949] [0x000000701414] 0008:0000000000101414 (unk. ctxt): ";
    private const string Mark = "(0) Magic breakpoint";

    private static TraceReader Read(params string[] lines)
    {
        var reader = new TraceReader();
        foreach (string line in lines)
        {
            reader.Take(line);
        }

        return reader;
    }

    [Fact]
    public void EachKindOfInstructionIsCountedWhereItBelongs()
    {
        string[] listed =
        [
            "vmread rax, rdx                 ; 0f78d0", "vmwrite rax, rdx ; 0f79", "vmload                    ; 0f01da", "vmresume  ; 0f01c3", "rdmsr                     ; 0f32",
            "wrmsr ; 0f30", "invept rax, ds:[rsp] ; 66", "mov cr3, rax ; 0f22d8", "mov rax, cr3 ; 0f20d8", "lock cmpxchg dword ptr ds:[rbx], ecx ; f0",
            "xchg dword ptr ds:[rdi], eax ; 87", "xchg rax, rdx ; 4892", "ret                       ; c3",
        ];
        TraceReader reader = Read([Mark, Mark, .. listed.Select(text => Hypervisor + text), Mark]);
        Assert.Equal(new HiddenCosts(13, Entries: 1, ControlReads: 1, ControlWrites: 2, MsrReads: 1, MsrWrites: 1, TlbFlushes: 2, Locked: 2), Assert.Single(reader.Traces));
        Assert.Equal("1 1+2 1+1 2 2", reader.Traces[0].ToString());
    }

    [Fact]
    public void OnlyWhatTheHypervisorDoesBetweenTwoMarksCounts()
    {
        string wrmsr = "wrmsr                     ; 0f30";
        TraceReader reader = Read(
            "ptime: 1000", Mark, "ptime: 3500", Hypervisor + wrmsr,
            Mark, Guest + wrmsr, Hypervisor + wrmsr, Mark, Hypervisor + wrmsr,
            Mark, "Tracing enabled for CPU0", Mark);
        Assert.Equal([1, 0], reader.Traces.Select(trace => trace.MsrWrites));
        Assert.Equal(2500, reader.StartTicks);
    }

    [Fact]
    public void AStartThatDidNotComeIsNoFigure() => Assert.Null(Read("ptime: 1000").StartTicks);

    [Theory]
    [InlineData("(xenolith) memory: 2096632 KiB of RAM: 1303084 free, 786468 in domains, 28 their nested page tables, 7052 own")]
    [InlineData("memory: 2096632 KiB of RAM: 1303084 free, 786468 in domains, 7052 own")]
    public void OwnMemoryIsReadFromEitherHypervisorsLine(string line) =>
        Assert.Equal(7052, BenchFigures.Parse(Arena.QemuSvm, "xenolith", new GuestRun([line], null, "log")).OwnKibibytes);

    [Fact]
    public void TracesBelongToTheRowsThatTheGuestNamesBeforeThem()
    {
        BenchFigures figures = BenchFigures.Parse(Arena.BochsVmx, "xen", new GuestRun(["bench a: median 1, least 1, most 1", "bench b, c: median 1, least 1, most 1"], null, "log"));
        figures.Add(5, ["bench trace a", "bench b, c: median 1, least 1, most 1", "bench trace b, c"], [default(HiddenCosts) with { Locked = 1 }, default(HiddenCosts) with { Locked = 2 }]);
        Assert.Equal(5, figures.StartInstructions);
        Assert.Equal([("a", 1), ("b, c", 2)], figures.Hidden.Select(pair => (pair.Key, pair.Value.Locked)));
        Assert.Equal(["a", "b, c"], figures.Rows);
    }

    [Fact]
    public void TheStubIsRunToAnAddressAndItsMonitorAsked()
    {
        using var stub = new ScriptedStub("+$OK#9a+$T05thread:01;#07+$OK#9a+$O6869#2c$O0a#e0$OK#9a");
        using var client = new GdbClient(stub);
        client.RunTo(0x1001A0);
        Assert.Equal("hi\n", client.Monitor("info replay"));
        Assert.Equal("$Z1,1001a0,1#67+$c#63+$z1,1001a0,1#87+$qRcmd,696e666f207265706c6179#42+++", stub.Sent);
    }

    [Theory]
    [InlineData("+$E22#a9")]
    [InlineData("+$OK#00")]
    [InlineData("+$O")]
    public void ARefusalABadSumAndAnEndAreNamed(string answers)
    {
        using var stub = new ScriptedStub(answers);
        using var client = new GdbClient(stub);
        Assert.Throws<BuildFailure>(() => client.RunTo(1));
    }

    private sealed class ScriptedStub(string answers) : MemoryStream
    {
        private readonly MemoryStream _answers = new(Encoding.ASCII.GetBytes(answers));

        public string Sent => Encoding.ASCII.GetString(ToArray());

        public override int ReadByte() => _answers.ReadByte();
    }
}
