using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Reflection;
using Xenolith.Abi.Contract;
using Xenolith.Tests.Unit.Architecture;
using Xunit;

namespace Xenolith.Tests.Unit.Abi;

/// <summary>docs/monitor.md says of every reason, flag and kind of event what comes of it and which guest shows that.</summary>
public sealed class VmEventTableTests
{
    private sealed record Row(string Name, string Vmx, string Svm, string Test);

    private static List<Row> Rows() =>
    [
        .. File.ReadAllLines(Path.Combine(SourceTree.Root, "docs", "monitor.md")).SkipWhile(line => line != "## All of vm_event.h and domctl.h")
            .Where(line => line.StartsWith('|')).Skip(2).Select(line => line.Split('|')).Select(cells => new Row(cells[1].Trim(), cells[2].Trim(), cells[3].Trim(), cells[4].Trim())),
    ];

    /// <summary>The header's name of a value.</summary>
    private static string NameOf(FieldInfo field) =>
        field.GetCustomAttribute<XenConstantAttribute>()?.Expression ?? field.GetCustomAttribute<XenUnstatedAttribute>()?.Name ?? throw new InvalidOperationException(field.Name);

    [Theory]
    [InlineData(typeof(VmEventReason))]
    [InlineData(typeof(VmEventFlags))]
    [InlineData(typeof(MonitorEvent))]
    public void Each_has_a_row(Type values)
    {
        string[] rows = [.. Rows().Select(row => row.Name)];
        Assert.Equal(rows.Length, rows.Distinct().Count());
        foreach (FieldInfo field in values.GetFields(BindingFlags.Public | BindingFlags.Static))
            Assert.Contains(NameOf(field), rows);
    }

    /// <summary>What the installed headers have and our numbers lack would have no row either.</summary>
    [Theory]
    [InlineData("vm_event.h", "VM_EVENT_REASON_")]
    [InlineData("vm_event.h", "VM_EVENT_FLAG_")]
    [InlineData("domctl.h", "XEN_DOMCTL_MONITOR_EVENT_")]
    public void Each_of_the_headers_has_a_row(string header, string prefix)
    {
        string[] names = [.. File.ReadAllLines(Path.Combine("/usr/include/xen", header)).Where(line => line.StartsWith("#define " + prefix, StringComparison.Ordinal)).Select(line => line.Split(' ')[1])];
        Assert.True(names.Length > 10);
        string[] rows = [.. Rows().Select(row => row.Name)];
        Assert.All(names, name => Assert.Contains(name, rows));
    }

    [Fact]
    public void What_works_or_is_refused_is_shown_by_a_guest()
    {
        string sources = string.Concat(Directory.EnumerateFiles(Path.Combine(SourceTree.Root, "tests", "guests", "builder"), "*.cs").Select(File.ReadAllText));
        foreach (Row row in Rows())
        {
            if (row.Test.Length == 0)
                Assert.Equal(("never", "never"), (row.Vmx, row.Svm));
            else
                Assert.True(sources.Contains($"tests.Start(\"{row.Test}\")", StringComparison.Ordinal) || sources.Contains($"\"{row.Test}\", ", StringComparison.Ordinal), $"no test \"{row.Test}\"");
        }
    }

    /// <summary>The rows of kinds of event are what monitor_op answers, on a processor that has all that they need.</summary>
    [Fact]
    public void What_can_be_asked_for_is_as_the_table_says()
    {
        using var fixture = new MonitorFixture();
        Assert.True(fixture.Target.Services.Virtualisation.HasSingleSteps);
        fixture.Control.Call(DomctlOp.MonitorOp, fixture.Target.Id, new Domctl { Monitor = new DomctlMonitor { Operation = (uint)MonitorOp.GetCapabilities } }, out Domctl answer);
        foreach (FieldInfo field in typeof(MonitorEvent).GetFields(BindingFlags.Public | BindingFlags.Static))
        {
            var what = (MonitorEvent)field.GetValue(null)!;
            Row row = Rows().Single(one => one.Name == NameOf(field));
            bool isCapability = (answer.Monitor.Event & 1u << (int)what) != 0;
            bool works = fixture.Set(MonitorOp.Enable, what, new DomctlMonitor { Msr = what == MonitorEvent.WriteMsr ? 0x174u : 0 }) == 0;
            string expected = works ? "works" : isCapability ? "a capability; EOPNOTSUPP" : "refused: EOPNOTSUPP";
            Assert.Equal((expected, expected), (row.Vmx, row.Svm));
        }
    }
}
