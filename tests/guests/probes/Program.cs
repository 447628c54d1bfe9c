using System.Runtime;

namespace Xenolith.Guests.Probes;

/// <summary>A control domain that makes each call as the hypercall table says it can be made, and changes one thing at a time.</summary>
internal static class Program
{
    [RuntimeExport("guest_main")]
    private static void Main()
    {
        var tests = new TestRun("probes");
        var probe = new Probe(tests);
        if (NarrowCalls.IsOn)
        {
            SpareProbes.Narrow(probe);
        }
        else
        {
            SpareProbes.Wide(probe);
        }

        probe.End();
        tests.Finish();
    }
}
