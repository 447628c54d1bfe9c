using Xenolith.Runtime;

namespace Xenolith.Tests.Features;

/// <summary>All features, one line each; the last line counts.</summary>
internal static class FeatureSuite
{
    public static void Run()
    {
        // The tests make objects as boot does.
        using (Arena.OpenImmortal())
        {
            ObjectFeatures.Run();
            ValueFeatures.Run();
            MemoryFeatures.Run();
            LanguageFeatures.Run();
            ArenaFeatures.Run();
            ContainmentFeatures.Run();
            ProcessorFeatures.Run();
        }
        Verdict.WriteSummary();
        FeatureHost.Finish(Verdict.AllPassed);
    }
}
