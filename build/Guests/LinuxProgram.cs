using System.IO;
using System.Linq;
using Xenolith.Build.Host;
using Xenolith.Build.Terminal;

namespace Xenolith.Build.Guests;

/// <summary>Programs of tests/linux, compiled without a C library.</summary>
internal static class LinuxProgram
{
    /// <summary>Compiles one, unless what is there is newer than all sources, and returns its bytes.</summary>
    /// <param name="name">Of the source, without .c.</param>
    public static byte[] Compile(string name, Report report)
    {
        string folder = Path.Combine(LinuxGuest.Folder, "programs");
        string program = Path.Combine(folder, name);
        string source = Tree.At("tests", "linux", name + ".c");
        Directory.CreateDirectory(folder);
        if (!File.Exists(program) || Directory.GetFiles(Tree.At("tests", "linux")).Any(file => File.GetLastWriteTimeUtc(file) > File.GetLastWriteTimeUtc(program)))
        {
            report.Step($"compile the program {name} for Linux", () =>
                new Command("gcc", "-std=gnu11", "-Os", "-Wall", "-Werror", "-ffreestanding", "-fno-stack-protector", "-fno-pic", "-no-pie", "-nostdlib", "-static",
                    source, "-o", program).Require($"compiling {Tree.Relative(source)}"));
        }

        return File.ReadAllBytes(program);
    }
}
