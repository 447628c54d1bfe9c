using System.Collections.Generic;
using System.IO;
using Xenolith.Build.Host;

namespace Xenolith.Build.Toolchain;

/// <summary>Objects to an image: LLVM's ELF linker.</summary>
public static class Linker
{
    /// <summary>Links a static, non-relocatable ELF file.</summary>
    /// <param name="script">The linker script.</param>
    /// <param name="objects">Object files, in order.</param>
    /// <param name="output">The image.</param>
    /// <param name="strip">Leaves out symbols and debug information; the loaded bytes stay the same.</param>
    /// <param name="emulation">Which kind of ELF file: elf_x86_64 or elf_i386.</param>
    public static void Link(string script, IReadOnlyList<string> objects, string output, bool strip, string emulation = "elf_x86_64")
    {
        // 4 KiB segments keep the file small; loaders of multiboot address fields need it contiguous.
        var command = new Command(Program, "-m", emulation, "-static", "-nostdlib", "--no-dynamic-linker", "-z", "max-page-size=4096",
            "-z", "noexecstack", "--build-id=none", "--orphan-handling=place", "-T", script, "-o", output);
        if (strip)
        {
            command.With("--strip-all");
        }

        command.With(objects).Require($"linking {Path.GetFileName(output)}");
    }

    /// <summary>ld.lld, under the names distributions give it.</summary>
    public static string Program =>
        Find() ?? throw new BuildFailure("no ld.lld on PATH. Debian: apt-get install lld. macOS: brew install lld. Windows: winget install LLVM.LLVM, and put its bin folder on PATH");

    /// <summary>ld.lld, or null.</summary>
    public static string? Find()
    {
        foreach (string name in (string[])["ld.lld", "ld.lld-19", "ld.lld-16", "ld.lld-15", "ld.lld-14"])
        {
            if (Command.Find(name) is { } program)
            {
                return program;
            }
        }

        return null;
    }
}
