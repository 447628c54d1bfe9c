using System.Collections.Generic;
using System.IO;
using System.Linq;
using Xenolith.Build.Host;
using Xenolith.Build.Terminal;

namespace Xenolith.Build.Guests;

/// <summary>Files that guests are given beside their own: kernels to build domains of.</summary>
public static class GuestFiles
{
    private const string Builder = "builder";

    private static readonly string[] Kernels = [Builder, "c32"];

    // One file, because Xen hands its initial domain one module.
    private static string Archive => Path.Combine(Tree.Guests, "builder.cpio");

    /// <summary>The files that a guest gets; <see cref="Prepare"/> has run.</summary>
    public static IReadOnlyList<string> For(string guest) =>
        guest == Builder ? [Archive] : CGuest.Names.Contains(guest) ? [Path.Combine(Tree.Guests, guest)] : [];

    /// <summary>Writes what a guest that is built gets.</summary>
    public static void Prepare(string guest, Report report)
    {
        if (guest != Builder)
        {
            return;
        }

        CGuest.Build("c32", report);
        using FileStream file = File.Create(Archive);
        var archive = new CpioWriter(file);
        foreach (string kernel in Kernels)
        {
            archive.AddFile(kernel, File.ReadAllBytes(Path.Combine(Tree.Guests, kernel)));
        }

        archive.Finish();
    }
}
