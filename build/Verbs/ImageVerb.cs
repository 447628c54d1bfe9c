using System.Collections.Generic;
using System.CommandLine;
using System.IO;
using System.Linq;
using Xenolith.Build.Host;
using Xenolith.Build.Images;
using Xenolith.Build.Terminal;
using Xenolith.Build.Toolchain;
using Command = System.CommandLine.Command;

namespace Xenolith.Build.Verbs;

/// <summary><c>image</c>: builds out/xenolith, or another freestanding image by name.</summary>
internal static class ImageVerb
{
    public static Command Create(Report report)
    {
        var names = new Argument<string[]>("name")
        {
            Description = "xenolith (default), features, a guest of tests/guests, or all",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var edition = new Option<string?>("--edition")
        {
            Description = $"The hypervisor without the calls that are newer than that edition of the table, as out/xenolith-EDITION: {string.Join(", ", ImageCatalog.OlderEditions)}",
        };
        edition.AcceptOnlyFromAmong([.. ImageCatalog.OlderEditions]);
        Option<ObjectToolchain> toolchain = CommonOptions.Toolchain();
        var command = new Command("image", "Build the bootable image out/xenolith (and out/xenolith.debug with full debug information).") { names, edition, toolchain };
        command.SetAction(parsed =>
        {
            ImageDefinition[] images = parsed.GetValue(edition) is { } older ? [ImageCatalog.HypervisorOf(older)] : Select(parsed.GetValue(names) ?? []);
            new ImageBuilder(report, parsed.GetValue(toolchain)).Build(images);
            foreach (ImageDefinition image in images)
            {
                report.Note($"{Tree.Relative(image.Output)}: {new FileInfo(image.Output).Length / 1024.0:0} KiB");
            }

            return 0;
        });
        return command;
    }

    private static ImageDefinition[] Select(string[] names)
    {
        if (names.Length == 0)
        {
            return [ImageCatalog.Hypervisor];
        }

        if (names is ["all"])
        {
            return [ImageCatalog.Hypervisor, ImageCatalog.Features, .. ImageCatalog.Guests()];
        }

        return [.. names.Select(name => ImageCatalog.Find(name)
            ?? throw new BuildFailure($"no image is called {name}; there are {string.Join(", ", Known())}"))];
    }

    private static IEnumerable<string> Known() => ImageCatalog.Guests().Select(guest => guest.Name).Prepend("features").Prepend("xenolith");
}
