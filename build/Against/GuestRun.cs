using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using System.Threading;
using Xenolith.Build.Emulators;
using Xenolith.Build.Guests;
using Xenolith.Build.Host;

namespace Xenolith.Build.Against;

/// <summary>What a guest's run on one hypervisor gave.</summary>
/// <param name="Lines">Everything on the console, without line ends.</param>
/// <param name="Problem">Why it did not come to a guest's regular end; null when it did.</param>
/// <param name="Log">The file with the console's output.</param>
public sealed record GuestRun(IReadOnlyList<string> Lines, string? Problem, string Log)
{
    /// <summary>Boots the hypervisor with the guest as its initial domain and reads until the guest has ended.</summary>
    /// <param name="arena">The machine.</param>
    /// <param name="contestant">The hypervisor.</param>
    /// <param name="guest">The guest's path.</param>
    /// <param name="isNarrow">Whether it makes 32-bit calls.</param>
    /// <param name="limit">Time after which the machine is ended.</param>
    /// <param name="logFolder">Where the console's output is kept.</param>
    public static GuestRun Start(Arena arena, Contestant contestant, string guest, bool isNarrow, TimeSpan limit, string logFolder)
    {
        string arguments = ArgumentsFor(guest, arena) + (isNarrow ? " compat" : "");
        string log = $"{Path.GetFileName(guest)}{(isNarrow ? "-compat" : "")}.{arena.Name}.{contestant.Name}.log";
        return Start(contestant, SetupFor(arena, contestant, guest, arguments), limit, Path.Combine(logFolder, log), arena.Kind);
    }

    /// <summary>The machine with the hypervisor and the guest.</summary>
    /// <param name="arena">The machine.</param>
    /// <param name="contestant">The hypervisor.</param>
    /// <param name="guest">The guest's path.</param>
    /// <param name="arguments">The guest's command line.</param>
    public static MachineSetup SetupFor(Arena arena, Contestant contestant, string guest, string arguments) =>
        new(contestant.Image, contestant.ArgumentsOn(arena) + OptionsFor(guest), ModulesFor(guest, arguments), arena.MemoryMiB)
        {
            EmulatorArguments = [.. contestant.EmulatorArgumentsOn(arena)],
        };

    // Its views are off until a toolstack says otherwise; only the builder does.
    private static string OptionsFor(string guest) => Path.GetFileName(guest) == "builder" ? " altp2m=1" : "";

    private static string ArgumentsFor(string guest, Arena arena) => Path.GetFileName(guest) switch
    {
        // Xen says something about most of what it tries, on an emulated serial line: the usual rounds would take hours in Bochs.
        "hostile" => "rounds=60",
        // On Intel's processors alone Xen has altp2m, and there it panics when a createdomain fails late ("Xen BUG at common/domain.c:466").
        "builder" when arena == Arena.BochsVmx => "no-late-refusals no-lines no-external altp2m",
        // Everywhere it panics some calls after a line of a domain without interrupt controllers was set ("hvm_set_pci_link_route"), and on AMD's
        // it ends a domain for which an interrupt or NMI is injected, for which it asks the processor as for exceptions.
        "builder" => "no-lines no-external",
        _ => "first second=3",
    };

    /// <summary>The guest, and what it builds domains of.</summary>
    private static IReadOnlyList<BootModule> ModulesFor(string guest, string arguments) =>
        [new BootModule(guest, arguments), .. GuestFiles.For(Path.GetFileName(guest)).Select(file => new BootModule(file, ""))];

    /// <summary>As the other, on a machine that is set up already.</summary>
    /// <param name="contestant">The hypervisor.</param>
    /// <param name="setup">The machine.</param>
    /// <param name="limit">Time after which the machine is ended.</param>
    /// <param name="log">The file for the console's output.</param>
    /// <param name="kind">The emulator.</param>
    public static GuestRun Start(Contestant contestant, MachineSetup setup, TimeSpan limit, string log, MachineKind kind)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(log)!);
        var lines = new List<string>();
        bool ended = false, late = false;
        using (EmulatorSession session = Emulator.Start(kind, setup))
        using (new Timer(_ => { Volatile.Write(ref late, true); session.Kill(); }, null, limit, Timeout.InfiniteTimeSpan))
        using (FileStream file = new(log, FileMode.Create, FileAccess.Write, FileShare.ReadWrite))
        {
            foreach (string line in Read(session.Output, file))
            {
                lines.Add(line);
                if (contestant.Ending?.IsMatch(line) == true)
                {
                    ended = true;
                    break;
                }
            }

            ended |= session.WaitForEnd(ended ? TimeSpan.Zero : TimeSpan.FromSeconds(5)) == MachineEnd.PoweredOff;
        }

        string? problem =
            !lines.Any(line => contestant.Banner.IsMatch(line)) ? $"no line of {contestant.Name} itself came"
            : Volatile.Read(ref late) ? $"it had not ended within {limit.TotalSeconds:0} s"
            : !ended ? "the machine ended by a reset or a failure of the emulator"
            : null;
        return new GuestRun(lines, problem, Tree.Relative(log));
    }

    private static IEnumerable<string> Read(Stream output, Stream log)
    {
        byte[] buffer = new byte[4096];
        var line = new StringBuilder();
        int count;
        while ((count = output.Read(buffer, 0, buffer.Length)) > 0)
        {
            log.Write(buffer, 0, count);
            for (int i = 0; i < count; i++)
            {
                if (buffer[i] == '\n')
                {
                    yield return line.ToString().TrimEnd('\r');
                    line.Clear();
                }
                else
                {
                    line.Append((char)buffer[i]);
                }
            }
        }

        if (line.Length > 0)
        {
            yield return line.ToString();
        }
    }
}
