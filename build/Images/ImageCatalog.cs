using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Xenolith.Build.Host;

namespace Xenolith.Build.Images;

/// <summary>The freestanding images of the tree.</summary>
public static class ImageCatalog
{
    /// <summary>The hypervisor.</summary>
    public static ImageDefinition Hypervisor { get; } = new(
        "xenolith", "hv/Xenolith.csproj", "Xenolith", ["kernel", "drivers", "hv", "runtime-stub"], "kernel/image.ld",
        Tree.Image, Tree.DebugImage, WithSymbolTable: true, Scanned: true);

    /// <summary>Editions of the hypercall table that are older than the newest, the newest first.</summary>
    public static IReadOnlyList<string> OlderEditions { get; } =
        [.. Directory.GetFiles(Tree.At("hv", "abi", "editions"), "Edition.*.cs").Select(path => Path.GetFileNameWithoutExtension(path)["Edition.".Length..])
            .OrderByDescending(Version.Parse).Skip(1)];

    /// <summary>The hypervisor without the rows that are newer than an edition of the table.</summary>
    public static ImageDefinition HypervisorOf(string edition) => Hypervisor with
    {
        Name = "xenolith-" + edition, Edition = edition, Output = $"{Tree.Image}-{edition}", DebugOutput = $"{Tree.Image}-{edition}.debug",
    };

    /// <summary>The kernel with the in-image tests of the runtime on top.</summary>
    public static ImageDefinition Features { get; } = new(
        "features", "tests/features/Xenolith.Tests.Features.csproj", "Xenolith.Tests.Features", ["kernel", "drivers", "runtime-stub", "tests/features"],
        "kernel/image.ld", Path.Combine(Tree.Out, "tests", "features"), Path.Combine(Tree.Out, "tests", "features.debug"), WithSymbolTable: true, Scanned: false);

    /// <summary>The C# guests: every folder of tests/guests with a project, but the library they share.</summary>
    public static IReadOnlyList<ImageDefinition> Guests()
    {
        string folder = Tree.At("tests", "guests");
        if (!Directory.Exists(folder))
        {
            return [];
        }

        var guests = new List<ImageDefinition>();
        foreach (string guest in Directory.GetDirectories(folder).Order(StringComparer.Ordinal))
        {
            string name = Path.GetFileName(guest);
            string? project = Directory.GetFiles(guest, "*.csproj").FirstOrDefault();
            if (project is null || name == "lib")
            {
                continue;
            }

            guests.Add(new ImageDefinition(
                name, Tree.Relative(project), Path.GetFileNameWithoutExtension(project), ["runtime-stub", "tests/guests/lib", $"tests/guests/{name}"],
                "tests/guests/guest.ld", Path.Combine(Tree.Guests, name), Path.Combine(Tree.Guests, name + ".debug"), WithSymbolTable: false, Scanned: false));
        }

        return guests;
    }

    /// <summary>An image by name.</summary>
    public static ImageDefinition? Find(string name) =>
        Guests().Append(Hypervisor).Append(Features).FirstOrDefault(image => image.Name == name);
}
