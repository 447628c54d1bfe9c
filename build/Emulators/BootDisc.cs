using System.IO;
using System.Linq;
using System.Text;
using Xenolith.Build.Host;

namespace Xenolith.Build.Emulators;

/// <summary>A CD image that boots a machine by GRUB: from the BIOS or from UEFI, by multiboot 1 or 2.</summary>
public static class BootDisc
{
    // The screen, and the partition tables that grub-mkrescue's first file loads, which complains about each it does not find.
    private const string UefiModules = "all_video video part_acorn part_amiga part_apple part_bsd part_dfly part_dvh part_gpt part_plan part_sun part_sunpc";

    /// <summary>Makes the image at <paramref name="path"/>, working in a folder beside it.</summary>
    public static void Create(MachineSetup setup, string path)
    {
        string content = path + ".content";
        string grub = Path.Combine(content, "boot", "grub");
        Directory.CreateDirectory(grub);
        bool isUefi = setup.Loader == BootLoader.Uefi;
        bool isSecond = isUefi || setup.Loader == BootLoader.Multiboot2;
        string command = isSecond ? "multiboot2" : "multiboot";

        // UEFI has no text mode: without video modules there is no screen.
        var configuration = new StringBuilder("set timeout=0\nset default=0\nterminal_output console\n");
        configuration.Append(isUefi ? "insmod all_video\n" : "").Append("menuentry xenolith {\n");

        // As Xen's users write it: GRUB 2 passes the words after the file's name.
        Add(command, new BootModule(setup.Image, setup.Arguments), "image");
        for (int i = 0; i < setup.Modules.Count; i++)
        {
            Add(isSecond ? "module2" : "module", setup.Modules[i], $"module{i}");
        }

        configuration.Append("  boot\n}\n");
        File.WriteAllText(Path.Combine(grub, "grub.cfg"), configuration.ToString());

        // For one platform alone, whichever other platforms' GRUBs are installed.
        string platform = isUefi ? "x86_64-efi" : "i386-pc";
        string modules = $"normal iso9660 part_msdos {command} {(isUefi ? UefiModules : "biosdisk")}";
        new Command("grub-mkrescue", "-d", $"/usr/lib/grub/{platform}", "-o", path, "--locales=", "--fonts=", "--themes=", $"--install-modules={modules}", content)
            .Require("making the boot disc");
        Directory.Delete(content, recursive: true);

        void Add(string verb, BootModule module, string name)
        {
            File.Copy(module.Path, Path.Combine(content, "boot", name), overwrite: true);
            configuration.Append($"  {verb} /boot/{name}{string.Concat(module.Arguments.Split(' ').Where(word => word.Length > 0).Select(word => ' ' + Quote(word)))}\n");
        }
    }

    // GRUB's script language gives meaning to most punctuation.
    private static string Quote(string word) =>
        word.All(c => char.IsAsciiLetterOrDigit(c) || "=_-./,:".Contains(c, System.StringComparison.Ordinal)) ? word : "'" + word.Replace("'", "'\\''", System.StringComparison.Ordinal) + "'";
}
