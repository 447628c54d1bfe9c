using System.Collections.Generic;
using System.Text;
using Xenolith.Hal;
using Xenolith.Kernel;
using Xenolith.Tests.Unit.Harness;
using Xunit;

namespace Xenolith.Tests.Unit.Hypervisor;

/// <summary>What a panic says about the last exits.</summary>
public sealed class ExitReportTests
{
    private readonly TracedVirtualisation _virtualisation = new();

    [Fact]
    public void WithoutExitsItSaysSo() => Assert.Equal(["no exits on this CPU yet"], Lines());

    [Fact]
    public void ExitsComeOldestFirstWithTheirVcpus()
    {
        ExitTrace trace = _virtualisation.Trace;
        trace.Switch((7 << 16) + 1);
        trace.Add(new ExitRecord { Time = 1000, Reason = 10, Rip = 0x1234 });
        trace.Switch((9 << 16) + 4);
        trace.Add(new ExitRecord { Time = 3000, Reason = 18, Rip = 0xABCD, Information = 0x55 });
        Assert.Equal(
            [
                "the last exits on this CPU, the newest last:",
                "  -2 us d7v0 rip 0000000000001234 exit 10 (0xa)",
                "  -0 us d9v3 rip 000000000000abcd exit 18 (0x12, 0x55)",
            ],
            Lines());
    }

    [Fact]
    public void TheNewestTwentyAreShownHoweverManyThereWere()
    {
        for (ulong i = 1; i <= 1000; i++)
            _virtualisation.Trace.Add(new ExitRecord { Time = i, Reason = 12, Rip = i });
        List<string> lines = Lines();
        Assert.Equal(ExitReport.Shown + 1, lines.Count);
        Assert.Contains("rip 00000000000003d5", lines[1], System.StringComparison.Ordinal);
        Assert.Contains("rip 00000000000003e8", lines[^1], System.StringComparison.Ordinal);
    }

    private List<string> Lines()
    {
        // A thousand ticks a microsecond.
        var report = new ExitReport(_virtualisation, 1_000_000);
        var lines = new List<string>();
        LineText text = default;
        while (report.TryWriteLine(lines.Count, ref text))
        {
            lines.Add(Encoding.ASCII.GetString(text.Written));
            text = default;
        }

        return lines;
    }

    private sealed class TracedVirtualisation : Virtualisation
    {
        private readonly ScriptedVirtualisation _scripted = new();

        public ExitTrace Trace { get; } = new();

        public override string Name => _scripted.Name;

        public override bool UsesVmcall => true;

        public override PageTableFormat NestedFormat => _scripted.NestedFormat;

        public override string? Enable(PhysicalMemory memory, FrameAllocator frames) => null;

        public override bool TryPrepareOthers(CpuSet others, PhysicalMemory memory, FrameAllocator frames) => true;

        public override string? EnableHere() => null;

        public override VirtualCpu CreateCpu(PhysicalMemory memory, FrameAllocator frames, Log log) => new ScriptedCpu();

        public override ExitTrace? TakeTrace() => Trace;

        public override string NameOfExit(ulong reason) => $"exit {reason}";
    }
}
