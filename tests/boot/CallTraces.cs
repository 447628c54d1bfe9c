using System;
using System.Collections.Generic;
using System.Linq;
using Xenolith.Build.Emulators;

namespace Xenolith.Tests.Boot;

/// <summary>trace=: guests' calls as lines of the log.</summary>
internal static class CallTraces
{
    private const string Arguments = "loglvl=all console=com1 dom0=pvh";

    public static IEnumerable<BootTest> All() => new[] { TestMachine.QemuSvm, TestMachine.BochsVmx }.SelectMany(OnBoth);

    private static IEnumerable<BootTest> OnBoth(TestMachine machine)
    {
        yield return Traced("chosen", machine, "hello", "sched_op,d0:console_io:write,d1:memory_op") with
        {
            Expected = [@"^\(xenolith\) trace d0v0: CONSOLEIO_write = 0 count=0x[1-9a-f][0-9a-f]* buffer=0x[0-9a-f]+", "powers off", @"^\(xenolith\) trace d0v0: SCHEDOP_shutdown = 0 reason=0x0$"],
            Forbidden = ["trace .*(XENMEM|XENVER|EVTCHNOP|HVMOP)"],
        };
        yield return Traced("errors", machine, "c", "errors,unlimited") with
        {
            Expected = [@"^\(xenolith\) trace d0v0: .* = -E[A-Z0-9]+", "guest c: .* 0 failed"],
            Forbidden = [@"trace d0v0: .* = \d"],
        };

        yield return Traced("flood", machine, "badcalls", "all") with { Expected = [@"^\(xenolith\) trace d0: 200 lines in 5 s are the most", "guest badcalls: .* 0 failed"] };
    }

    private static BootTest Traced(string name, TestMachine machine, string guest, string words) => new("trace-" + name, machine)
    {
        Arguments = $"{Arguments} trace={words}",
        Modules = [new BootModule(BootSuite.GuestPath(guest), "first second=3")],
        Limit = TimeSpan.FromSeconds(machine.Kind == MachineKind.Qemu ? 90 : 200),
    };
}
