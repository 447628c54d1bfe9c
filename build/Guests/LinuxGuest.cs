using System;
using System.IO;
using System.Linq;
using System.Text;
using Xenolith.Build.Emulators;
using Xenolith.Build.Host;
using Xenolith.Build.Terminal;

namespace Xenolith.Build.Guests;

/// <summary>
/// Debian's own Linux kernel for cloud machines, unmodified, and an initial file system of busybox that gives a shell
/// on the Xen console.
/// </summary>
public static class LinuxGuest
{
    /// <summary>What the shell's prompt ends with; a program that types waits for it.</summary>
    public const string Prompt = "# ";

    /// <summary>The kernel's command line.</summary>
    public const string DefaultArguments = "console=hvc0";

    private const string KernelPackage = "linux-image-cloud-amd64";
    private const string BusyboxPackage = "busybox-static";

    // Runs as process 1. `setsid -c` gives the shell a terminal of its own, so that Ctrl-C and job control work; when
    // the shell ends, so does the machine.
    private const string Init = """
        #!/bin/busybox sh
        /bin/busybox mount -t proc proc /proc
        /bin/busybox mount -t sysfs sysfs /sys
        /bin/busybox mount -t devtmpfs devtmpfs /dev 2>/dev/null
        /bin/busybox --install -s /bin
        export PATH=/bin HOME=/root TERM=linux PS1='\w # '
        hostname xenolith
        tty=/dev/hvc0
        [ -c "$tty" ] || tty=/dev/console
        echo "Linux $(uname -r) under $(cat /sys/hypervisor/type 2>/dev/null || echo nothing). poweroff -f or Ctrl-D ends it."
        setsid -c sh -c "exec sh -i <$tty >$tty 2>&1"
        poweroff -f

        """;

    internal static string Folder => Path.Combine(Tree.Guests, "linux");

    /// <summary>Where the kernel is once <see cref="Prepare"/> has run.</summary>
    public static string Kernel => Path.Combine(Folder, "vmlinuz");

    /// <summary>Where the initial file system is.</summary>
    public static string InitialFileSystem => Path.Combine(Folder, "initramfs.cpio");

    /// <summary>Downloads and makes what is not there yet, and returns the two modules to boot.</summary>
    public static BootModule[] Prepare(Report report)
    {
        string busybox = Path.Combine(Folder, "busybox");
        if (!File.Exists(Kernel) || !File.Exists(busybox))
        {
            Debian.Ensure(report, Debian.ForLinuxGuest);
            report.Step("download Debian's kernel and busybox for the guest", () => Download(busybox, report));
        }

        WriteInitialFileSystem(InitialFileSystem, []);
        return [new BootModule(Kernel, DefaultArguments), new BootModule(InitialFileSystem)];
    }

    private static void Download(string busybox, Report report)
    {
        string packages = Path.Combine(Folder, "packages");
        Directory.CreateDirectory(packages);
        string? kernelPackage = CurrentKernel();
        if (kernelPackage is null)
        {
            report.Note("Debian's package index is empty or old; updating it" + (Environment.IsPrivilegedProcess ? "" : " with sudo"));
            Debian.AsRoot("apt-get", "update").Require("updating Debian's package index");
            kernelPackage = CurrentKernel() ?? throw new BuildFailure($"{KernelPackage} is in no package source of this host");
        }

        var download = new Command("apt-get", "download", kernelPackage, BusyboxPackage) { WorkingFolder = packages };
        if (download.Capture().ExitCode != 0)
        {
            // An index older than the mirror names files that are gone.
            Debian.AsRoot("apt-get", "update").Require("updating Debian's package index");
            new Command("apt-get", "download", CurrentKernel() ?? kernelPackage, BusyboxPackage) { WorkingFolder = packages }.Require("downloading the guest's packages");
        }

        Extract(Newest("linux-image-*.deb"), "boot", "vmlinuz-*", Kernel);
        Extract(Newest("busybox-static_*.deb"), "bin", "busybox", busybox);

        void Extract(string package, string folder, string pattern, string target)
        {
            string unpacked = Path.Combine(packages, Path.GetFileNameWithoutExtension(package));
            new Command("dpkg-deb", "--extract", package, unpacked).Require($"unpacking {Path.GetFileName(package)}");
            string bin = Path.Combine(unpacked, folder);
            string source = Directory.GetFiles(Directory.Exists(bin) ? bin : Path.Combine(unpacked, "usr", folder), pattern).First();
            File.Copy(source, target, overwrite: true);
            Directory.Delete(unpacked, recursive: true);
        }
    }

    // The package named "cloud" depends on the one of the current version.
    private static string? CurrentKernel()
    {
        (int exitCode, string output) = new Command("apt-cache", "show", "--no-all-versions", KernelPackage).Capture();
        string? depends = exitCode != 0 ? null : output.Split('\n').FirstOrDefault(line => line.StartsWith("Depends:", StringComparison.Ordinal));
        return depends?["Depends:".Length..].Split(',', ' ', '(').FirstOrDefault(word => word.StartsWith("linux-image-", StringComparison.Ordinal));
    }

    /// <summary>The package that the kernel came from.</summary>
    internal static string KernelFile => Newest("linux-image-*.deb");

    private static string Newest(string pattern) =>
        Directory.GetFiles(Path.Combine(Folder, "packages"), pattern).OrderByDescending(File.GetLastWriteTimeUtc).First();

    /// <summary>Writes an initial file system, unless it is there already, with further programs in its /bin.</summary>
    internal static void WriteInitialFileSystem(string path, (string Name, byte[] Contents)[] programs)
    {
        string busybox = Path.Combine(Folder, "busybox");
        using var archive = new MemoryStream();
        var writer = new CpioWriter(archive);
        foreach (string folder in (string[])["bin", "dev", "proc", "sys", "root", "tmp", "etc"])
        {
            writer.AddFolder(folder);
        }

        // The kernel opens this for process 1 before anything is mounted.
        writer.AddDevice("dev/console", 5, 1);
        writer.AddDevice("dev/null", 1, 3);
        writer.AddProgram("bin/busybox", File.ReadAllBytes(busybox));
        writer.AddLink("bin/sh", "busybox");
        writer.AddLink("bin/reboot", "busybox");
        writer.AddProgram("init", Encoding.UTF8.GetBytes(Init.ReplaceLineEndings("\n")));
        writer.AddProgram("bin/load", Encoding.UTF8.GetBytes(LinuxLoad.Script.ReplaceLineEndings("\n")));
        foreach ((string name, byte[] contents) in programs)
        {
            writer.AddProgram("bin/" + name, contents);
        }

        writer.AddFile("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n"u8.ToArray());
        writer.Finish();
        byte[] bytes = archive.ToArray();
        if (!File.Exists(path) || !File.ReadAllBytes(path).AsSpan().SequenceEqual(bytes))
        {
            File.WriteAllBytes(path, bytes);
        }
    }
}
