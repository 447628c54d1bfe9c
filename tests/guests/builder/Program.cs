using System.Runtime;

namespace Xenolith.Guests.Builder;

/// <summary>
/// A control domain: asks the control interface for every answer that it has for a PVH domain, and builds domains from its own image, which
/// talk to it and end. With the word "save" or "load" it plays one half of a
/// move between two hypervisors, with "travels" both, and with "linux" it watches a Linux that was loaded beside it. Started with the word "child" it is one of those.
/// </summary>
internal static class Program
{
    [RuntimeExport("guest_main")]
    private static void Main()
    {
        if (BootRecord.HasWord("child"))
        {
            Child.Run();
            return;
        }

        var tests = new TestRun("builder");
        SharedState.Map();
        if (BootRecord.HasWord("save") || BootRecord.HasWord("load"))
        {
            Watch.Start();
            Rollback.Run(tests);
            Watch.End();
            tests.Finish();
            return;
        }

        if (BootRecord.HasWord("linux"))
        {
            LinuxInView.Run(tests);
            tests.Finish();
            return;
        }

        if (BootRecord.HasWord("travels"))
        {
            Watch.Start();
            Travels.Run(tests);
            Watch.End();
            tests.Finish();
            return;
        }

        if (BootRecord.HasWord("dirty"))
        {
            DirtyLog.Run(tests);
            Watch.Start();
            DirtyRounds.Run(tests);
            FirstWrites.Run(tests);
            Writers.Run(tests);
            Writers.WithReadOnlyTables(tests);
            Writers.WithViews(tests);
            ViewsDirty.Run(tests);
            Watch.End();
            tests.Finish();
            return;
        }

        if (BootRecord.HasWord("view-costs"))
        {
            Watch.Start();
            ViewCosts.Run(tests);
            Watch.End();
            tests.Finish();
            return;
        }

        if (BootRecord.HasWord("altp2m-only"))
        {
            Watch.Start();
            Altp2m.Run(tests);
            Watch.End();
            tests.Finish();
            return;
        }

        if (BootRecord.HasWord("own-views"))
        {
            Watch.Start();
            Views.Run(tests);
            Watch.End();
            tests.Finish();
            return;
        }

        if (BootRecord.HasWord("deliveries"))
        {
            Watch.Start();
            Deliveries.Run(tests);
            Watch.End();
            tests.Finish();
            return;
        }

        if (BootRecord.HasWord("monitor"))
        {
            Watch.Start();
            MonitorErrors.Run(tests);
            Monitor.Run(tests);
            Watch.End();
            tests.Finish();
            return;
        }

        Creation.Run(tests);
        Limits.Run(tests);
        Scheduling.Run(tests);
        Settings.Run(tests);
        Rights.Run(tests);
        Assignment.Run(tests);
        DeviceModel.Run(tests);
        DeviceServers.Run(tests);
        DeviceAnswers.Run(tests);
        Resources.Run(tests);
        Contexts.Run(tests);
        Pins.Run(tests);
        Resets.Run(tests);
        Odds.Run(tests);
        DirtyLog.Run(tests);
        Watch.Start();
        Lives.Run(tests);
        Ring.Run(tests);
        DirtyRounds.Run(tests);
        Ends.Run(tests);
        if (BootRecord.HasWord("altp2m"))
        {
            Altp2m.Run(tests);
        }

        MonitorErrors.Run(tests);
        Monitor.Run(tests);
        Watch.End();
        tests.Finish();
    }
}
