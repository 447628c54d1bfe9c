using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;
using Xenolith.Build.Emulators;
using Xenolith.Build.Guests;
using Xenolith.Build.Host;
using Xenolith.Build.Images;

namespace Xenolith.Tests.Boot;

/// <summary>
/// A domain moves between two images that are built of two editions of the hypercall table, there and back: saved on one, its context is a file
/// for the other.
/// </summary>
internal static class Rollbacks
{
    private const string Arguments = "loglvl=all console=com1 dom0=pvh dom0_mem=64M";

    private static string Older => ImageCatalog.HypervisorOf(ImageCatalog.OlderEditions[0]).Output;

    public static IEnumerable<BootTest> All() => new[] { TestMachine.QemuSvm, TestMachine.BochsVmx }.SelectMany(OnBoth);

    private static IEnumerable<BootTest> OnBoth(TestMachine machine)
    {
        yield return Save("rollback", machine, Tree.Image) with
        {
            Expected = ["^test a child that is shown the default is saved: passed", "^test a child that is shown a newer call is saved: passed", "guest builder: 2 passed, 0 failed, 0 skipped"],
            Then = log => Load("rollback-to-older", machine, Older, log) with
            {
                Expected =
                [
                    "^the default child lives after the move$", @"^\(xenolith\) d\d+: its context shows it bit 14 of exposure group 2, which this hypervisor does not have$",
                    @"^\(xenolith\) d0v0: XEN_DOMCTL_sethvmcontext .*: -EINVAL: calls that this hypervisor does not have$", "^the newer child is refused before it runs$",
                    "guest builder: 2 passed, 0 failed, 0 skipped",
                ],
            },
        };
        yield return Save("rollforward", machine, Older) with
        {
            Expected = ["^test a child that is shown the default is saved: passed", "^test a child that is shown a newer call is saved: skipped", "guest builder: 1 passed, 0 failed, 1 skipped"],
            Then = log => Load("rollforward-to-newer", machine, Tree.Image, log) with
            {
                Expected = ["^the default child lives after the move$", "guest builder: 1 passed, 0 failed, 1 skipped"],
                Forbidden = ["exposure group"],
            },
        };
    }

    private static BootTest Save(string name, TestMachine machine, string image) => Play(name, machine, image, "save", new BootModule(GuestFiles.For("builder")[0]));

    private static BootTest Load(string name, TestMachine machine, string image, IReadOnlyList<string> log)
    {
        string path = Path.Combine(Tree.Out, "tests", $"{name}.{machine.Name}.cpio");
        using (FileStream file = File.Create(path))
        {
            var archive = new CpioWriter(file);
            archive.AddFile("builder", File.ReadAllBytes(BootSuite.GuestPath("builder")));
            foreach (IGrouping<string, Match> context in log.Select(line => Regex.Match(line, @"^context (\w+) ([0-9a-f]+)\r?$")).Where(match => match.Success).GroupBy(match => match.Groups[1].Value))
            {
                archive.AddFile("context." + context.Key, Convert.FromHexString(string.Concat(context.Select(match => match.Groups[2].Value))));
            }

            archive.Finish();
        }

        return Play(name, machine, image, "load", new BootModule(path));
    }

    private static BootTest Play(string name, TestMachine machine, string image, string words, BootModule files) => new(name, machine)
    {
        Image = image,
        Arguments = Arguments,
        Modules = [new BootModule(BootSuite.GuestPath("builder"), words), files],
        Limit = TimeSpan.FromSeconds(machine.Kind == MachineKind.Qemu ? 60 : 200),
    };
}
