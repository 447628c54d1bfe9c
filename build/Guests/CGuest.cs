using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Xenolith.Build.Host;
using Xenolith.Build.Terminal;
using Xenolith.Build.Toolchain;

namespace Xenolith.Build.Guests;

/// <summary>
/// Guests in C against libxen-dev's headers: every folder of tests/guests with C sources, built for long mode under the folder's name, and
/// for protected mode without and with PAE under that name and 32 or 32pae.
/// </summary>
public static class CGuest
{
    private static readonly Build64Or32[] s_builds =
    [
        new("", "elf_x86_64", ["-mno-red-zone", "-mcmodel=small"]),
        new("32", "elf_i386", ["-m32", "-march=i686"]),
        new("32pae", "elf_i386", ["-m32", "-march=i686", "-DGUEST_PAE"]),
    ];

    /// <summary>The guests' names.</summary>
    public static IReadOnlyList<string> Names => [.. Folders.SelectMany(folder => s_builds, (folder, build) => folder + build.Suffix)];

    private static IReadOnlyList<string> Folders =>
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
        (string source, Build64Or32 build) = Folders.SelectMany(folder => s_builds, (folder, build) => (folder, build)).First(pair => pair.folder + pair.build.Suffix == name);
        string folder = Tree.At("tests", "guests", source);
        string script = Tree.At("tests", "guests", "guest.ld");
        string output = Path.Combine(Tree.Guests, name);
        string[] sources = [.. Directory.GetFiles(folder).Where(path => path.EndsWith(".c", StringComparison.Ordinal) || path.EndsWith(".S", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
        string[] headers = [.. Directory.GetFiles(folder, "*.h"), Tree.At("include", "xenolith.h")];
        if (File.Exists(output) && sources.Concat(headers).Append(script).All(file => File.GetLastWriteTimeUtc(file) <= File.GetLastWriteTimeUtc(output)))
        {
            return output;
        }

        report.Step($"guest {name}: compile C", () =>
        {
            string work = Path.Combine(Tree.Objects, "guest-" + name);
            Directory.CreateDirectory(work);
            Directory.CreateDirectory(Tree.Guests);
            var objects = new List<string>();
            foreach (string file in sources)
            {
                string target = Path.Combine(work, Path.GetFileName(file) + ".o");
                new Command("gcc", "-std=gnu11", "-O2", "-Wall", "-Werror", "-ffreestanding", "-fno-pic", "-fno-stack-protector", "-fcf-protection=none",
                    "-fno-asynchronous-unwind-tables", "-fno-builtin", "-c", file, "-o", target).With(build.Compiler).Require($"compiling {Tree.Relative(file)}");
                objects.Add(target);
            }

            Linker.Link(script, objects, output, strip: false, build.Emulation);
        });
        return output;
    }

    /// <param name="Suffix">Behind the folder's name.</param>
    /// <param name="Emulation">What the linker makes.</param>
    /// <param name="Compiler">Further words for the compiler.</param>
    private sealed record Build64Or32(string Suffix, string Emulation, string[] Compiler);
}
