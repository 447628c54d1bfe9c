using System;
using System.Collections.Generic;
using System.Linq;
using Xenolith.Abi.Contract;
using Xenolith.Abi.Contract.Table;
using Xenolith.Build.Abi;
using Xenolith.Build.Sources;
using Xunit;

namespace Xenolith.Tests.Unit.Build;

/// <summary>How tests are counted for docs/abi.md.</summary>
public sealed class RowTestsTests
{
    private const string UnitFile = "tests/unit/Abi/SampleTests.cs", GuestFile = "tests/guests/sample/Program.cs", CFile = "tests/guests/c/sample.c";

    [Theory]
    [InlineData("Event(EventChannelOp.BindVirq);", 1)]
    [InlineData("Event(EventChannelOp.BindVirqX);", 0)]
    [InlineData("Event(XEventChannelOp.BindVirq);", 0)]
    [InlineData("Event(Other.BindVirq);", 0)]
    [InlineData("Event(BindVirq);", 0)]
    [InlineData("Event(Contract.EventChannelOp.BindVirq); Event(EventChannelOp.BindVirq);", 1)]
    [InlineData("Event(1); // EventChannelOp.BindVirq", 0)]
    [InlineData("Event(\"EventChannelOp.BindVirq\");", 0)]
    [InlineData("Bind();", 1)]
    [InlineData("Deeper();", 1)]
    [InlineData("TooDeep();", 0)]
    [InlineData("guest.Bind();", 0)]
    [InlineData("SampleTests.Bind();", 1)]
    [InlineData("Other.Bind();", 0)]
    [InlineData("Make().Bind();", 0)]
    [InlineData("var own = new OwnFixture(); own.Bind();", 1)]
    [InlineData("var own = new OwnFixture(); own.Prepare();", 0)]
    [InlineData("var own = new Other(); own.Bind();", 0)]
    [InlineData("_own.Bind();", 1)]
    [InlineData("Another_test();", 0)]
    [InlineData("Loop(Operations);", 1)]
    public void A_test_counts_for_what_it_or_a_helper_names(string body, int expected)
    {
        string source = $$"""
            namespace Sample;

            public sealed class SampleTests(int a) : Base
            {
                private static readonly (Enum Operation, int A)[] Operations = [(EventChannelOp.BindVirq, 1), (EventChannelOp.Send, 2)];

                private readonly OwnFixture _own = new();

                public int Property { get; } = 1;

                [Fact]
                public void The_test()
                {
                    {{body}}
                }

                [Theory, InlineData(EventChannelOp.Status)]
                public void Another_test(EventChannelOp operation) => Event(EventChannelOp.BindIpi);

                private static (long A, long B) Bind<T>() where T : struct => Event(EventChannelOp.BindVirq);

                private static void Deeper()
                {
                    Bind();
                }

                private static void TooDeep() => Deeper();
            }
            """;
        const string fixture = """
            internal sealed class OwnFixture
            {
                public long Bind() => Call(EventChannelOp.BindVirq);
                public void Prepare() => Call(EventChannelOp.BindVirq);
            }
            """;
        var tests = new RowTests([(UnitFile, source), ("tests/unit/Abi/OwnFixture.cs", fixture)]);
        Assert.Equal((expected, 0), tests.Of(Row(EventChannelOp.BindVirq)));
        Assert.Equal((1, 0), tests.Of(Row(EventChannelOp.BindIpi)));
        Assert.Equal((1, 0), tests.Of(Row(EventChannelOp.Status)));
    }

    [Fact]
    public void A_guest_has_a_test_for_each_start()
    {
        const string source = """
            internal static class Program
            {
                public static void Run(TestRun tests)
                {
                    Hypercalls.EventClose(ref close);
                    tests.Start("one");
                    Hypercalls.EventBindVirq(ref bind);
                    Hypercalls.EventBindVirq(ref bind);
                    tests.Start("two");
                    Helper.Twice();
                    Xen.Call(Hypercall.SetTimerOp);
                    More(tests);
                }

                private static void More(TestRun tests)
                {
                    tests.Start("three");
                    Hypercalls.EventSend(ref send);
                }
            }
            """;
        const string library = "public static class Helper { public static void Twice() => Xen.Call(Hypercall.EventChannelOp, (ulong)EventChannelOp.BindVirq, 0); }";
        var tests = new RowTests([(GuestFile, source), ("tests/guests/lib/Helper.cs", library)]);
        Assert.Equal((0, 2), tests.Of(Row(EventChannelOp.BindVirq)));
        Assert.Equal((0, 1), tests.Of(Row(EventChannelOp.Send)));
        Assert.Equal((0, 0), tests.Of(Row(EventChannelOp.Close)));
        Assert.Equal((0, 1), tests.Of(HypercallTable.Groups.Single(group => group.Number == Hypercall.SetTimerOp).Self));
        Assert.Equal((0, 3), tests.All);
    }

    [Fact]
    public void C_has_them_by_the_names_of_its_headers()
    {
        const string source = """
            #define BOTH(x) event(EVTCHNOP_send, x); \
                event(EVTCHNOP_close, x)
            static const struct { unsigned op; } ops[] = { { EVTCHNOP_bind_virq }, };
            static void close_port(struct port *p) { event(EVTCHNOP_close, p); }
            void test(const char *name) { remember(name); }
            void test_events(void)
            {
                struct evtchn_bind_virq virq = { .virq = 1 };

                test("one"); /* EVTCHNOP_unmask */
                event(EVTCHNOP_bind_virq, &virq);
                close_port(0);
                test("two");
                for (unsigned i = 0; i < SIZE(ops); i++)
                    event(ops[i].op, 0);
                CALL2(set_timer_op, 0, 0);
            }
            """;
        var tests = new RowTests([(CFile, source)]);
        Assert.Equal((0, 2), tests.Of(Row(EventChannelOp.BindVirq)));
        Assert.Equal((0, 1), tests.Of(Row(EventChannelOp.Close)));
        Assert.Equal((0, 0), tests.Of(Row(EventChannelOp.Send)));
        Assert.Equal((0, 0), tests.Of(Row(EventChannelOp.Unmask)));
        Assert.Equal((0, 2), tests.All);
        Assert.Equal((0, 1), tests.Of(HypercallTable.Groups.Single(group => group.Number == Hypercall.SetTimerOp).Self));
    }

    [Theory]
    [InlineData("tests/unit/Abi/RowPointerTests.cs")]
    [InlineData("tests/unit/Machines/SampleTests.cs")]
    [InlineData("tests/unit/Sample.g.cs")]
    public void What_goes_over_all_rows_is_not_counted(string path)
    {
        var tests = new RowTests([(path, "class A { [Fact] public void B() => Event(EventChannelOp.BindVirq); }")]);
        Assert.Equal((0, 0), tests.Of(Row(EventChannelOp.BindVirq)));
    }

    [Fact]
    public void Members_have_the_names_that_they_are_declared_by()
    {
        const string source = """
            using System;
            namespace A.B
            {
                [Flags] enum E { A = 1, B = 2 }
                record struct R(int X) { public int Y => X; }
                class C<T> : D where T : class, new()
                {
                    private readonly Dictionary<(int, int), string> _field = new() { [(1, 2)] = "}" };
                    public C(int x) : base(x) { }
                    [Obsolete("x"), Other(A = 1)] public int P { get { return 1; } set { } }
                    class Inner { void M(int a = 1) { if (a == 1) { } } }
                    (int, int) Tuple(char c = '{') { return (1, 2); }
                }
            }
            """;
        IReadOnlyList<SourceMember> members = MemberReader.Read("a/b.cs", source);
        Assert.Equal(["System", "R.Y", "C._field", "C.C", "C.P", "Inner.M", "C.Tuple"],
            members.Select(member => member.Type == "" ? member.Name : $"{member.Type}.{member.Name}"));
    }

    private static HypercallRow Row(Enum operation) => HypercallTable.Rows.Single(row => operation.Equals(row.Operation));
}
