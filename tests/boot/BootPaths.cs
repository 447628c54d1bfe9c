using System;
using System.Collections.Generic;
using System.Linq;
using Xenolith.Build.Emulators;
using Xenolith.Build.Guests;

namespace Xenolith.Tests.Boot;

/// <summary>The same image file from every loader: each test names the protocol that the image says it was started by.</summary>
internal static class BootPaths
{
    private const string PoweredOff = "powers off";
    private const string Both = "loglvl=all console=com1,vga dom0=pvh";

    public static IEnumerable<BootTest> All() => FromUefiToLinux().Concat(Hello());

    private static IEnumerable<BootTest> Hello()
    {
        yield return Path("multiboot1", BootLoader.Multiboot1) with { Expected = Started(@"GRUB 2.*\(multiboot 1\)") };
        yield return Path("multiboot2", BootLoader.Multiboot2) with { Expected = Started(@"GRUB 2.*\(multiboot 2\)") };
        yield return Path("multiboot2", BootLoader.Multiboot2, TestMachine.BochsVmx) with { Expected = Started(@"GRUB 2.*\(multiboot 2\)"), Limit = TimeSpan.FromSeconds(150) };
        yield return Path("pvh", BootLoader.Pvh) with { Expected = Started(@"\(PVH\)"), Modules = [new BootModule(BootSuite.GuestPath("hello"))] };

        // UEFI leaves no RSDP where a BIOS does: without the loader's copy there would be no I/O APIC.
        yield return Path("uefi", BootLoader.Uefi) with { Expected = Started(@"GRUB 2.*\(multiboot 2\)", "[1-9] I/O APICs"), Limit = TimeSpan.FromSeconds(120) };
        yield return Path("uefi-screen", BootLoader.Uefi) with
        {
            Arguments = Both,
            Expected = Started(@"\(multiboot 2\)", @"screen: \d+x\d+ characters on \d+x\d+ pixels"),
            Limit = TimeSpan.FromSeconds(120),
        };
        yield return Path("vga-text", BootLoader.Usual) with { Arguments = Both, Expected = Started(@"\(multiboot 1\)", "screen: 80x25 characters, VGA text") };
        yield return Path("multiboot2-screen", BootLoader.Multiboot2) with { Arguments = Both, Expected = Started(@"\(multiboot 2\)", "screen: .* pixels") };
        yield return Path("no-vga", BootLoader.Usual, TestMachine.QemuWithoutVga) with { Arguments = Both, Expected = Started(@"\(multiboot 1\)", "console=vga: no VGA answers") };
    }

    private static IEnumerable<BootTest> FromUefiToLinux()
    {
        yield return new BootTest("path-uefi-linux", TestMachine.QemuSvm)
        {
            Loader = BootLoader.Uefi,
            Arguments = Both,
            Modules = [new BootModule(LinuxGuest.Kernel, LinuxGuest.DefaultArguments), new BootModule(LinuxGuest.InitialFileSystem)],
            MemoryMiB = 1024,
            Limit = TimeSpan.FromSeconds(180),
            Input = [new Typed(LinuxGuest.Prompt, "echo sum $((6 * 7))\n"), new Typed(LinuxGuest.Prompt, "poweroff -f\n")],
            Expected = [@"\(multiboot 2\)", "^sum 42$", PoweredOff],
            Forbidden = ["Kernel panic", "general protection", @"\bBUG\b", "Oops"],
        };
    }

    private static BootTest Path(string name, BootLoader loader, TestMachine? machine = null) => new("path-" + name, machine ?? TestMachine.QemuSvm)
    {
        Loader = loader,
        Modules = [new BootModule(BootSuite.GuestPath("hello"), "first second=3")],
    };

    private static string[] Started(params string[] lines) =>
        [$"started by .*{lines[0]}", .. lines[1..], @"guest hello: [1-9]\d* passed, 0 failed", PoweredOff];
}
