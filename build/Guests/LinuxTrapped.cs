using System.IO;
using Xenolith.Build.Terminal;

namespace Xenolith.Build.Guests;

/// <summary>An initial file system for a Linux whose writes are trapped by a view, with a program that says what it wrote.</summary>
public static class LinuxTrapped
{
    /// <summary>Where it is once <see cref="Prepare"/> has run.</summary>
    public static string InitialFileSystem => Path.Combine(LinuxGuest.Folder, "initramfs-trapped.cpio");

    /// <summary>Compiles the program; <see cref="LinuxGuest.Prepare"/> has run.</summary>
    public static void Prepare(Report report) => LinuxGuest.WriteInitialFileSystem(InitialFileSystem, [("trapped", LinuxProgram.Compile("trapped", report))]);
}
