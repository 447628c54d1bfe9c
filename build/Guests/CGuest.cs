using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Xenolith.Build.Host;
using Xenolith.Build.Terminal;
using Xenolith.Build.Toolchain;

namespace Xenolith.Build.Guests;

/// <summary>Guests in C against libxen-dev's headers: every folder of tests/guests with C sources.</summary>
public static class CGuest
{
    /// <summary>The folders' names, which are the guests' names.</summary>
    public static IReadOnlyList<string> Names =>
        !Directory.Exists(Tree.At("tests", "guests"))
            ? []
            : [.. Directory.GetDirectories(Tree.At("tests", "guests"))
                .Where(folder => Directory.EnumerateFiles(folder, "*.c").Any())
                .Select(folder => Path.GetFileName(folder))
                .Order(StringComparer.Ordinal)];

    /// <summary>Compiles a guest when its sources have changed, and returns its path.</summary>
    public static string Build(string name, Report report)
    {
        Debian.Ensure(report, [.. Debian.ForImages, .. Debian.ForTests]);
        string folder = Tree.At("tests", "guests", name);
        string script = Tree.At("tests", "guests", "guest.ld");
        string output = Path.Combine(Tree.Guests, name);
        string[] sources = [.. Directory.GetFiles(folder).Where(path => path.EndsWith(".c", StringComparison.Ordinal) || path.EndsWith(".S", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
        if (File.Exists(output) && sources.Append(script).All(source => File.GetLastWriteTimeUtc(source) <= File.GetLastWriteTimeUtc(output)))
        {
            return output;
        }

        report.Step($"guest {name}: compile C", () =>
        {
            string work = Path.Combine(Tree.Objects, "guest-" + name);
            Directory.CreateDirectory(work);
            Directory.CreateDirectory(Tree.Guests);
            var objects = new List<string>();
            foreach (string source in sources)
            {
                string target = Path.Combine(work, Path.GetFileName(source) + ".o");
                new Command("gcc", "-std=gnu11", "-O2", "-Wall", "-Werror", "-ffreestanding", "-fno-pic", "-fno-stack-protector", "-fcf-protection=none",
                    "-fno-asynchronous-unwind-tables", "-fno-builtin", "-mno-red-zone", "-mcmodel=small", "-c", source, "-o", target).Require($"compiling {Tree.Relative(source)}");
                objects.Add(target);
            }

            Linker.Link(script, objects, output, strip: false);
        });
        return output;
    }
}
