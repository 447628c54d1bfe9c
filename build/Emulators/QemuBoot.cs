using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading;
using Xenolith.Build.Host;

namespace Xenolith.Build.Emulators;

/// <summary>How QEMU is told to start the image, and the files made for that.</summary>
internal sealed class QemuBoot : IDisposable
{
    private const uint MultibootMagic = 0x1BADB002;
    private static int s_runs;
    private readonly string? _folder;

    public QemuBoot(MachineSetup setup)
    {
        if (setup.Loader == BootLoader.Usual)
        {
            Arguments = KernelArguments(setup.Image, setup);
            return;
        }

        _folder = Path.Combine(Tree.Out, "run", $"qemu-{Environment.ProcessId}-{Interlocked.Increment(ref s_runs)}");
        Directory.CreateDirectory(_folder);
        if (setup.Loader == BootLoader.Pvh)
        {
            Arguments = KernelArguments(WithoutMultiboot(setup, Path.Combine(_folder, "xenolith")), setup);
            return;
        }

        string disc = Path.Combine(_folder, "boot.iso");
        BootDisc.Create(setup, disc);
        Arguments = ["-cdrom", Tree.Relative(disc), .. setup.Loader == BootLoader.Uefi ? ["-bios", Debian.UefiFirmware] : Array.Empty<string>()];
    }

    /// <summary>The part of QEMU's command line.</summary>
    public IReadOnlyList<string> Arguments { get; }

    public void Dispose()
    {
        if (_folder is not null)
        {
            Directory.Delete(_folder, recursive: true);
        }
    }

    /// <summary>Image, modules and command line as QEMU's own loaders take them.</summary>
    public static string[] KernelArguments(string image, MachineSetup setup) =>
    [
        "-kernel", Tree.Relative(image),
        .. setup.Modules.Count > 0
            ? ["-initrd", string.Join(',', setup.Modules.Select(module => Escape($"{Tree.Relative(module.Path)} {module.Arguments}".TrimEnd())))]
            : Array.Empty<string>(),
        .. setup.Arguments.Length > 0 ? ["-append", setup.Arguments] : Array.Empty<string>(),
    ];

    // In -initrd a comma separates modules; a doubled one stands for itself.
    private static string Escape(string module) => module.Replace(",", ",,", StringComparison.Ordinal);

    // QEMU looks for a multiboot header before it looks for the PVH note: a copy that has none gets past that.
    private static string WithoutMultiboot(MachineSetup setup, string path)
    {
        if (setup.Modules.Count > 1 || setup.Modules.Any(module => module.Arguments.Length > 0))
        {
            throw new BuildFailure("QEMU's PVH loader takes one module, without arguments");
        }

        byte[] image = File.ReadAllBytes(setup.Image);
        Span<byte> magic = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(magic, MultibootMagic);
        int at = image.AsSpan().IndexOf(magic);
        if (at >= 0)
        {
            image.AsSpan(at, magic.Length).Clear();
        }

        File.WriteAllBytes(path, image);
        return path;
    }
}
