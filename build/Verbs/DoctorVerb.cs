using System;
using System.Collections.Generic;
using System.CommandLine;
using System.IO;
using System.Linq;
using Xenolith.Build.Host;
using Xenolith.Build.Terminal;
using Xenolith.Build.Toolchain;
using Command = System.CommandLine.Command;

namespace Xenolith.Build.Verbs;

/// <summary><c>doctor</c>: what is here, what is missing, and the mend.</summary>
internal static class DoctorVerb
{
    public static Command Create()
    {
        var command = new Command("doctor", "Say what is here, what is missing, and how to mend it.");
        command.SetAction(_ => Examine());
        return command;
    }

    private static int Examine()
    {
        bool complete = true;
        Console.Out.WriteLine($".NET {Environment.Version} on {System.Runtime.InteropServices.RuntimeInformation.OSDescription}, {Environment.ProcessorCount} processors");
        try
        {
            Console.Out.WriteLine($"  here     {Packages.Ilc} (IL to machine code)");
        }
        catch (BuildFailure failure)
        {
            Console.Out.WriteLine($"  missing  {failure.Message}");
            complete = false;
        }

        complete &= Group("to build the image", Debian.ForImages);
        complete &= Group("to run in QEMU (run)", Debian.ForQemu);
        Group("to boot by GRUB, from the BIOS and from UEFI (test, run --loader)", [.. Debian.ForDiscs, .. Debian.ForUefi]);
        Group("to run in Bochs (run --machine bochs, test)", Debian.ForBochs);
        Group("for the Linux guest (run, test)", Debian.ForLinuxGuest);
        Group("for the tests", Debian.ForTests);
        Group("for debug", Debian.ForDebugging);
        Console.Out.WriteLine("optional");
        Console.Out.WriteLine(Host.Command.Find("bflat") is { } bflat ? $"  here     {bflat} (--toolchain bflat, untested)" : "  missing  bflat (--toolchain bflat, untested; the pinned ilc package is used without it)");
        if (Debian.IsHere)
        {
            Console.Out.WriteLine("What is missing above is installed by apt-get when a verb needs it.");
        }

        return complete ? 0 : 1;
    }

    private static bool Group(string purpose, IReadOnlyList<Requirement> requirements)
    {
        Console.Out.WriteLine(purpose);
        foreach (Requirement requirement in requirements)
        {
            Console.Out.WriteLine(requirement.IsPresent ? $"  here     {requirement.What} ({requirement.Why})" : $"  missing{Debian.Describe(requirement)}");
        }

        return requirements.All(requirement => requirement.IsPresent);
    }
}
