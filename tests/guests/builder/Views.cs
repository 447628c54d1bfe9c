namespace Xenolith.Guests.Builder;

/// <summary>Views beyond Xen's: how many there may be, and the subops and options that are ours.</summary>
internal static class Views
{
    public static void Run(TestRun tests)
    {
        ViewsMany.Run(tests);
        ViewsSelfFirst.Run(tests);
        ViewsLost.Run(tests);
        ViewsOwn.Run(tests);
        ViewsAudit.Run(tests);
        ViewsDirty.Run(tests);
    }
}
