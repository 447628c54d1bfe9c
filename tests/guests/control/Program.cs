using System.Runtime;

namespace Xenolith.Guests.Toolstack;

/// <summary>
/// What a control domain learns of the machine and does to it: sysctl, platform_op, and the contexts and CPU policies of a domain that it creates.
/// Expectations were checked on Xen 4.17.
/// </summary>
internal static class Program
{
    [RuntimeExport("guest_main")]
    private static void Main()
    {
        var tests = new TestRun("control");
        MachineTests.Run(tests);
        SchedulerTests.Run(tests);
        PowerTests.Run(tests);
        PolicyTests.Run(tests);
        PlatformTests.Run(tests);
        ContextTests.Run(tests);
        tests.Finish();
    }
}
