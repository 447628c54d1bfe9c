using System.IO;
using System.Linq;
using System.Text;
using Xenolith.Build.Host;

namespace Xenolith.Build.Emulators;

/// <summary>A CD image that boots a machine by GRUB and multiboot 1.</summary>
public static class BootDisc
{
    /// <summary>Makes the image at <paramref name="path"/>, working in a folder beside it.</summary>
    public static void Create(MachineSetup setup, string path)
    {
        string content = path + ".content";
        string grub = Path.Combine(content, "boot", "grub");
        Directory.CreateDirectory(grub);
        var configuration = new StringBuilder("set timeout=0\nset default=0\nterminal_output console\nmenuentry xenolith {\n");

        // As Xen's users write it: GRUB 2 passes the words after the file's name.
        Add("multiboot", new BootModule(setup.Image, setup.Arguments), "image");
        for (int i = 0; i < setup.Modules.Count; i++)
        {
            Add("module", setup.Modules[i], $"module{i}");
        }

        configuration.Append("  boot\n}\n");
        File.WriteAllText(Path.Combine(grub, "grub.cfg"), configuration.ToString());

        // For the BIOS alone, whichever other platforms' GRUBs are installed.
        new Command("grub-mkrescue", "-d", "/usr/lib/grub/i386-pc", "-o", path, "--locales=", "--fonts=", "--themes=", "--install-modules=normal multiboot iso9660 biosdisk part_msdos", content)
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
