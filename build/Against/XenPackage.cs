using System;
using System.IO;
using System.IO.Compression;
using System.Linq;
using Xenolith.Build.Host;
using Xenolith.Build.Terminal;

namespace Xenolith.Build.Against;

/// <summary>Debian's own Xen, downloaded and unpacked below <c>out/</c>; nothing is installed.</summary>
public static class XenPackage
{
    /// <summary>The Debian package.</summary>
    public const string Name = "xen-hypervisor-4.17-amd64";

    private static readonly Requirement[] Requirements =
    [
        new("apt-get", "apt", "downloads Debian's Xen"),
        new("dpkg-deb", "dpkg", "unpacks Debian's Xen"),
    ];

    private static string Folder => Path.Combine(Tree.Out, "against", "xen");

    /// <summary>The hypervisor as an ELF file with a multiboot header, fetched when it is not there yet.</summary>
    public static string Prepare(Report report)
    {
        string image = Path.Combine(Folder, "xen");
        if (!File.Exists(image))
        {
            Debian.Ensure(report, Requirements);
            report.Step($"download Debian's {Name}", () => Download(image));
        }

        return image;
    }

    private static void Download(string image)
    {
        Directory.CreateDirectory(Folder);
        if (Fetch().Capture().ExitCode != 0)
        {
            // The index may be empty, or older than the mirror.
            Debian.AsRoot("apt-get", "update").Require("updating Debian's package index");
            Fetch().Require($"downloading {Name}");
        }

        string package = Directory.GetFiles(Folder, Name + "_*.deb").OrderByDescending(File.GetLastWriteTimeUtc).First();
        string unpacked = Path.Combine(Folder, "unpacked");
        new Command("dpkg-deb", "--extract", package, unpacked).Require($"unpacking {Path.GetFileName(package)}");
        string packed = Directory.GetFiles(Path.Combine(unpacked, "boot"), "xen-*.gz").FirstOrDefault()
            ?? throw new BuildFailure($"{Path.GetFileName(package)} has no boot/xen-*.gz");
        string partial = image + ".partial";
        using (var source = new GZipStream(File.OpenRead(packed), CompressionMode.Decompress))
        using (FileStream target = File.Create(partial))
        {
            source.CopyTo(target);
        }

        File.Move(partial, image, overwrite: true);
        Directory.Delete(unpacked, recursive: true);
    }

    private static Command Fetch() => new("apt-get", "download", Name) { WorkingFolder = Folder };
}
