using System;
using Xenolith.Kernel;

namespace Xenolith.Drivers;

/// <summary>Measures the time-stamp counter and the local APIC's timer against the first reference timer that proves itself.</summary>
internal sealed class TscCalibrator(MachineDescription machine, AddressSpace space, CommandLine options, Log log)
{
    private const int MillisecondsPerWindow = 10;

    // Reads of a counter that stands still before it counts as dead.
    private const int Patience = 1 << 22;

    /// <summary>Ticks of the TSC a second, and of the APIC's timer (0 without one). False: no timer is to be trusted.</summary>
    public bool TryMeasure(LocalApic? apic, out ulong tsc, out ulong apicTimer)
    {
        bool any = !options.TryGetText("clocksource", out ReadOnlySpan<char> wanted);
        if ((any || wanted.SequenceEqual("hpet".AsSpan())) && Hpet.TryOpen(machine.HpetAddress, space) is { } hpet && TryMeasure(hpet, apic, out tsc, out apicTimer))
        {
            return true;
        }

        if ((any || wanted.SequenceEqual("acpi".AsSpan())) && machine.PmTimerPort != 0
            && TryMeasure(new PmTimer(machine.PmTimerPort, machine.PmTimerIsWide), apic, out tsc, out apicTimer))
        {
            return true;
        }

        return TryMeasure(new Pit(), apic, out tsc, out apicTimer);
    }

    private bool TryMeasure(ReferenceTimer timer, LocalApic? apic, out ulong tsc, out ulong apicTimer)
    {
        Span<ulong> tscs = stackalloc ulong[3];
        Span<ulong> apics = stackalloc ulong[3];
        tsc = apicTimer = 0;
        for (int i = 0; i < 3; i++)
        {
            if (!TryWindow(timer, apic, out tscs[i], out apics[i]))
            {
                log.Warning($"{timer.Name}: does not count");
                return false;
            }
        }

        tsc = Calibration.Agree(tscs[0], tscs[1], tscs[2]);
        apicTimer = apic is null ? 0 : Calibration.Agree(apics[0], apics[1], apics[2]);
        if (tsc == 0 || (apic is not null && apicTimer == 0))
        {
            log.Warning($"{timer.Name}: measurements of the TSC ({tscs[0]}, {tscs[1]}, {tscs[2]} Hz) or the APIC timer ({apics[0]}, {apics[1]}, {apics[2]} Hz) disagree");
            return false;
        }

        log.Info($"TSC {tsc / 1000} kHz, APIC timer {apicTimer / 1000} kHz, measured against {timer.Name}");
        return true;
    }

    private static bool TryWindow(ReferenceTimer timer, LocalApic? apic, out ulong tsc, out ulong apicTimer)
    {
        tsc = apicTimer = 0;
        timer.Start();
        apic?.StartCounting();
        ulong wanted = timer.Frequency * MillisecondsPerWindow / 1000;
        ulong first = timer.Read();
        ulong tscStart = Cpu.ReadTsc();
        uint apicStart = apic?.CurrentCount ?? 0;
        ulong last = first;
        int still = 0;
        while (((last - first) & timer.Mask) < wanted)
        {
            ulong now = timer.Read();
            still = now == last ? still + 1 : 0;
            if (still == Patience)
            {
                return false;
            }

            last = now;
        }

        ulong tscTicks = Cpu.ReadTsc() - tscStart;
        uint apicTicks = apicStart - (apic?.CurrentCount ?? 0);
        ulong elapsed = (last - first) & timer.Mask;
        tsc = Calibration.FrequencyOf(tscTicks, elapsed, timer.Frequency);
        apicTimer = Calibration.FrequencyOf(apicTicks, elapsed, timer.Frequency);
        apic?.StopTimer();
        return true;
    }
}
