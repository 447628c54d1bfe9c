using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Xenolith.Build.Terminal;

namespace Xenolith.Build.Host;

/// <summary>A program or file the build needs, and the Debian package that has it.</summary>
/// <param name="What">A program name, or the path of a file.</param>
/// <param name="Package">The Debian package.</param>
/// <param name="Why">What it is for.</param>
/// <param name="Elsewhere">How to get it on macOS and Windows; empty where there is no way.</param>
public sealed record Requirement(string What, string Package, string Why, string Elsewhere = "")
{
    /// <summary>Whether it is here.</summary>
    public bool IsPresent => What == "ld.lld"
        ? Toolchain.Linker.Find() is not null
        : Path.IsPathRooted(What) ? Path.Exists(What) : Command.Find(What) is not null;
}

/// <summary>What the verbs need beyond the .NET SDK, and getting it where the host is a Debian.</summary>
public static class Debian
{
    /// <summary>OVMF, code and variables in one file.</summary>
    public const string UefiFirmware = "/usr/share/ovmf/OVMF.fd";

    /// <summary>For building images.</summary>
    public static IReadOnlyList<Requirement> ForImages { get; } =
    [
        new("ld.lld", "lld", "links the image", "macOS: brew install lld; Windows: winget install LLVM.LLVM"),
    ];

    /// <summary>For running in QEMU.</summary>
    public static IReadOnlyList<Requirement> ForQemu { get; } =
    [
        new("qemu-system-x86_64", "qemu-system-x86", "runs the image with AMD's virtualisation emulated", "macOS: brew install qemu; Windows: winget install SoftwareFreedomConservancy.QEMU"),
    ];

    /// <summary>For discs that boot by GRUB.</summary>
    public static IReadOnlyList<Requirement> ForDiscs { get; } =
    [
        new("grub-mkrescue", "grub-common", "makes boot discs, for Bochs and for the tests of boot paths"),
        new("/usr/lib/grub/i386-pc", "grub-pc-bin", "the GRUB on discs for the BIOS"),
        new("xorriso", "xorriso", "writes boot discs"),
        new("mformat", "mtools", "writes boot discs"),
    ];

    /// <summary>For booting from UEFI in QEMU, beside what discs need.</summary>
    public static IReadOnlyList<Requirement> ForUefi { get; } =
    [
        new(UefiFirmware, "ovmf", "UEFI firmware for QEMU"),
        new("/usr/lib/grub/x86_64-efi", "grub-efi-amd64-bin", "the GRUB on discs for UEFI"),
    ];

    /// <summary>For running in Bochs, which boots from a disc made by GRUB's tools.</summary>
    public static IReadOnlyList<Requirement> ForBochs { get; } =
    [
        new("bochs", "bochs", "runs the image with Intel's virtualisation emulated"),
        new("/usr/share/bochs/BIOS-bochs-latest", "bochsbios", "Bochs's BIOS"),
        new("/usr/share/seabios/vgabios-stdvga.bin", "seabios", "Bochs's VGA BIOS"),
        .. ForDiscs,
    ];

    /// <summary>For the Linux guest.</summary>
    public static IReadOnlyList<Requirement> ForLinuxGuest { get; } =
    [
        new("apt-get", "apt", "downloads Debian's kernel and busybox for the guest"),
        new("dpkg-deb", "dpkg", "unpacks Debian's kernel and busybox for the guest"),
    ];

    /// <summary>For the tests: C against Xen's public headers in both widths, and the programs whose output or reading ours is held against.</summary>
    public static IReadOnlyList<Requirement> ForTests { get; } =
    [
        new("/usr/include/xen/xen.h", "libxen-dev", "the tests compare the ABI's structs with Xen's headers"),
        new("gcc", "gcc", "the tests compile a C guest and a C probe"),
        new("/usr/include/stdio.h", "libc6-dev", "the tests compile a C probe"),
        // The package itself has no file that tells; it brings this one.
        new("/usr/lib32/crt1.o", "gcc-multilib", "the tests compile the C probe for 32-bit callers too"),
        new("iasl", "acpica-tools", "the tests have the guests' ACPI tables read by it"),
        new("lz4", "lz4", "the tests unpack what it packs"),
        new("xz", "xz-utils", "the tests unpack what it packs"),
        new("zstd", "zstd", "the tests unpack what it packs"),
    ];

    /// <summary>For debugging.</summary>
    public static IReadOnlyList<Requirement> ForDebugging { get; } = [new("gdb", "gdb", "debugs the image over QEMU's stub", "macOS: brew install gdb")];

    /// <summary>Whether this host installs packages by apt-get.</summary>
    public static bool IsHere { get; } = OperatingSystem.IsLinux() && File.Exists("/etc/debian_version") && Command.Find("apt-get") is not null;

    /// <summary>Installs what is missing of <paramref name="requirements"/>; on other hosts says in clear words what to get.</summary>
    public static void Ensure(Report report, params IReadOnlyList<Requirement> requirements)
    {
        Requirement[] missing = [.. requirements.Where(requirement => !requirement.IsPresent)];
        if (missing.Length == 0)
        {
            return;
        }

        if (!IsHere)
        {
            throw new BuildFailure("missing on this host:\n" + string.Join('\n', missing.Select(Describe)));
        }

        string[] packages = [.. missing.Select(requirement => requirement.Package).Distinct()];
        foreach (Requirement requirement in missing)
        {
            report.Note($"missing: {requirement.What} ({requirement.Why}), in the Debian package {requirement.Package}");
        }

        // Debian's index may be older than its mirror, or not there at all in a fresh container.
        report.Note($"installing {string.Join(' ', packages)} by apt-get{(Environment.IsPrivilegedProcess ? "" : ", which needs sudo")}");
        if (AsRoot("apt-get", "install", "-y", "--no-install-recommends").With(packages).WithVariable("DEBIAN_FRONTEND", "noninteractive").Capture().ExitCode != 0)
        {
            AsRoot("apt-get", "update").Require("updating Debian's package index");
            AsRoot("apt-get", "install", "-y", "--no-install-recommends").With(packages).WithVariable("DEBIAN_FRONTEND", "noninteractive").Require("installing " + string.Join(' ', packages));
        }

        if (missing.FirstOrDefault(requirement => !requirement.IsPresent) is { } still)
        {
            throw new BuildFailure($"{still.What} is still missing after installing {still.Package}");
        }
    }

    /// <summary>A line about a missing thing and its mend.</summary>
    public static string Describe(Requirement requirement) =>
        $"  {requirement.What}: {requirement.Why}. Debian: apt-get install {requirement.Package}"
        + (requirement.Elsewhere.Length > 0 ? $"; {requirement.Elsewhere}" : "");

    /// <summary>A command run as root: as it is, or by sudo.</summary>
    public static Command AsRoot(string program, params IEnumerable<string> arguments)
    {
        if (Environment.IsPrivilegedProcess)
        {
            return new Command(program, arguments);
        }

        return Command.Find("sudo") is { } sudo
            ? new Command(sudo, arguments.Prepend(program))
            : throw new BuildFailure($"this needs root and there is no sudo: {program} {string.Join(' ', arguments)}");
    }
}
