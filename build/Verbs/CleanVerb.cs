using System;
using System.CommandLine;
using System.IO;
using Xenolith.Build.Host;
using Xenolith.Build.Terminal;
using Command = System.CommandLine.Command;

namespace Xenolith.Build.Verbs;

/// <summary><c>clean</c>: removes everything the build made.</summary>
internal static class CleanVerb
{
    public static Command Create(Report report)
    {
        var command = new Command("clean", "Remove out/: everything the build made, downloaded guests included.");
        command.SetAction(_ =>
        {
            if (Directory.Exists(Tree.Out))
            {
                report.Step("remove out/", Remove);
            }

            return 0;
        });
        return command;
    }

    private static void Remove()
    {
        try
        {
            Directory.Delete(Tree.Out, recursive: true);
        }
        catch (Exception error) when (OperatingSystem.IsWindows() && error is IOException or UnauthorizedAccessException)
        {
            // Windows keeps the files of a running program: this one's own remain.
        }
    }
}
