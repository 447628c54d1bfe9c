using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using Xenolith.Build.Emulators;
using Xenolith.Build.Guests;
using Xenolith.Build.Host;
using Xunit;

namespace Xenolith.Tests.Unit.Build;

/// <summary>Command lines and files made for the emulators and their guests.</summary>
public class EmulatorTests
{
    [Fact]
    public void ModulesAreSeparatedByCommasAndTheirOwnCommasDoubled()
    {
        var setup = new MachineSetup(Tree.Image, "console=com1", [new BootModule(Tree.At("a"), "x=1,2 y"), new BootModule(Tree.At("b"))], 512);
        IReadOnlyList<string> arguments = Qemu.CommandFor(setup).Arguments;
        Assert.Equal("a x=1,,2 y,b", arguments[arguments.ToList().IndexOf("-initrd") + 1]);
        Assert.Equal("console=com1", arguments[arguments.ToList().IndexOf("-append") + 1]);
        Assert.Equal("512", arguments[arguments.ToList().IndexOf("-m") + 1]);
    }

    [Fact]
    public void ACommandLineCanBePastedIntoAShell() =>
        Assert.Equal("program plain 'two words' 'it'\\''s'", new Command("program", "plain", "two words", "it's").ToString());

    [Fact]
    public void AnInitialFileSystemIsACpioArchiveOfAlignedEntries()
    {
        using var stream = new MemoryStream();
        var writer = new CpioWriter(stream);
        writer.AddFolder("dev");
        writer.AddDevice("dev/console", 5, 1);
        writer.AddProgram("init", Encoding.ASCII.GetBytes("#!/bin/sh\n"));
        writer.Finish();
        byte[] bytes = stream.ToArray();

        var entries = new List<(string Name, string Mode, int Size)>();
        for (int at = 0; at < bytes.Length;)
        {
            string header = Encoding.ASCII.GetString(bytes, at, 110);
            Assert.StartsWith("070701", header, System.StringComparison.Ordinal);
            int size = System.Convert.ToInt32(header.Substring(54, 8), 16);
            int name = System.Convert.ToInt32(header.Substring(94, 8), 16);
            entries.Add((Encoding.ASCII.GetString(bytes, at + 110, name - 1), header.Substring(14, 8), size));
            at = (((at + 110 + name + 3) & ~3) + size + 3) & ~3;
        }

        Assert.Equal([("dev", "000041ED", 0), ("dev/console", "00002180", 0), ("init", "000081ED", 10), ("TRAILER!!!", "00000000", 0)], entries);
    }
}
