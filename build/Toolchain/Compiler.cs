using System.Collections.Generic;
using System.IO;
using System.Linq;
using Xenolith.Build.Host;

namespace Xenolith.Build.Toolchain;

/// <summary>C# to assemblies: the SDK's compiler, through the project files.</summary>
public static class Compiler
{
    /// <summary>Builds freestanding projects (<c>-c Image</c>) in one run, restoring them first.</summary>
    /// <param name="edition">Of the hypercall table; null: the newest.</param>
    public static void BuildFreestanding(IReadOnlyList<string> projects, string? edition = null) => Build(projects, "Image", edition);

    /// <summary>Builds host projects, restoring them first; in Debug unless they are to be fast.</summary>
    public static void BuildHost(IReadOnlyList<string> projects, string configuration = "Debug") => Build(projects, configuration);

    private static void Build(IReadOnlyList<string> projects, string configuration, string? edition = null)
    {
        string list = string.Join("%3B", projects.Select(project => Path.GetFullPath(project, Tree.Root)));
        Command build = Dotnet("build", Tree.At("build", "Projects.proj"), "-nologo", "-v:q", "-nodeReuse:false", $"-p:Projects={list}", $"-p:ProjectConfiguration={configuration}");
        // A property of the whole run, so that it reaches projects by way of others; by environment, so that those of another edition do not see it.
        if (edition is not null)
        {
            build = build.WithVariable("TableEdition", edition);
        }

        (int exitCode, string output) = build.Capture();
        if (exitCode != 0)
        {
            string errors = string.Join('\n', output.Split('\n').Where(line => line.Contains(": error", System.StringComparison.Ordinal)).Distinct());
            throw new BuildFailure($"compiling failed\n{(errors.Length > 0 ? errors : output.TrimEnd())}\ncommand: {build}");
        }
    }

    /// <summary>The SDK's command with quiet, non-interactive settings.</summary>
    public static Command Dotnet(params IEnumerable<string> arguments) =>
        new Command("dotnet", arguments)
            .WithVariable("DOTNET_NOLOGO", "1")
            .WithVariable("DOTNET_CLI_TELEMETRY_OPTOUT", "1")
            .WithVariable("MSBUILDDISABLENODEREUSE", "1");
}
