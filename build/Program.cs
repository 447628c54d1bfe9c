using System.CommandLine;
using Xenolith.Build.Host;
using Xenolith.Build.Terminal;
using Xenolith.Build.Verbs;

namespace Xenolith.Build;

internal static class Program
{
    private static int Main(string[] arguments)
    {
        var report = new Report();
        var root = new RootCommand("Builds, runs and tests Xenolith.");
        root.Subcommands.Add(RunVerb.Create(report));
        root.Subcommands.Add(ImageVerb.Create(report));
        try
        {
            return root.Parse(arguments).Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
        }
        catch (BuildFailure failure)
        {
            report.Error(failure.Message);
            return 1;
        }
    }
}
