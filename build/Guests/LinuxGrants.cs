using System.IO;
using System.Linq;
using Xenolith.Build.Host;
using Xenolith.Build.Terminal;

namespace Xenolith.Build.Guests;

/// <summary>An initial file system for two Linux domains that share a page: Debian's modules for grants, and a program that uses them.</summary>
public static class LinuxGrants
{
    private static readonly string[] Modules = ["xen-gntalloc.ko", "xen-gntdev.ko"];

    /// <summary>Where it is once <see cref="Prepare"/> has run.</summary>
    public static string InitialFileSystem => Path.Combine(LinuxGuest.Folder, "initramfs-grants.cpio");

    /// <summary>Compiles the program and takes the modules out of the kernel's package; <see cref="LinuxGuest.Prepare"/> has run.</summary>
    public static void Prepare(Report report)
    {
        string folder = Path.Combine(LinuxGuest.Folder, "grants");
        Directory.CreateDirectory(folder);
        if (!Modules.All(module => File.Exists(Path.Combine(folder, module))))
        {
            string unpacked = Path.Combine(folder, "unpacked");
            new Command("dpkg-deb", "--extract", LinuxGuest.KernelFile, unpacked).Require("unpacking the kernel's modules");
            foreach (string module in Modules)
            {
                File.Copy(Directory.GetFiles(unpacked, module, SearchOption.AllDirectories).First(), Path.Combine(folder, module), overwrite: true);
            }

            Directory.Delete(unpacked, recursive: true);
        }

        LinuxGuest.WriteInitialFileSystem(InitialFileSystem,
            [("grants", LinuxProgram.Compile("grants", report)), .. Modules.Select(module => (module, File.ReadAllBytes(Path.Combine(folder, module))))]);
    }
}
