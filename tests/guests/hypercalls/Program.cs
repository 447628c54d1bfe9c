using System.Runtime;

namespace Xenolith.Guests.Hypercalls;

/// <summary>
/// Conformance of what Linux calls on its way up, and of what stands close to it: success, the errors in Xen's order,
/// hostile pointers. Expectations were checked on Xen 4.17.
/// </summary>
internal static class Program
{
    [RuntimeExport("guest_main")]
    private static void Main()
    {
        var tests = new TestRun("hypercalls");
        PlatformTests.Run(tests);
        ProcessorTests.Run(tests);
        VersionTests.Run(tests);
        MemoryTests.Run(tests);
        SharedInfoTests.Run(tests);
        EventTests.Run(tests);
        VcpuTests.Run(tests);
        SchedTests.Run(tests);
        HvmTests.Run(tests);
        GrantTests.Run(tests);
        GrantMapTests.Run(tests);
        OtherTests.Run(tests);
        V2Tests.Run(tests);
        tests.Finish();
    }
}
