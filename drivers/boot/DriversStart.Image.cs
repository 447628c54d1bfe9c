using System;
using System.Runtime;
using Xenolith.Kernel;

namespace Xenolith.Drivers;

/// <summary>Brings the machine's devices up, in the order in which they need each other.</summary>
internal static class DriversStart
{
    private const byte Com1Vector = 0x30;
    private const byte Com2Vector = 0x31;

    [RuntimeExport("drivers_start")]
    private static void Start()
    {
        KernelServices services = Boot.Current;
        Log log = services.Log;
        CommandLine options = services.Options;
        bool second = options.ListHas("console", "com2", false);
        SerialPort? com2 = second ? OpenSerial(services, "com2", SerialSettings.Com2, out SerialSettings settings2) : NoSerial(out settings2);

        ConsoleDevice? screen = options.ListHas("console", "vga", false) ? OpenScreen(services, isWanted: true) : null;

        // Whoever asks only for what is not there gets the first serial line, or else the screen: better than silence.
        bool isSilent = com2 is null && screen is null && !options.ListHas("console", "none", false);
        bool first = options.ListHas("console", "com1", true) || isSilent;
        SerialPort? com1 = first ? OpenSerial(services, "com1", SerialSettings.Com1, out SerialSettings settings1) : NoSerial(out settings1);
        if (isSilent && com1 is null && !options.ListHas("console", "vga", false))
        {
            OpenScreen(services, isWanted: false);
        }

        if (DebugPort.Exists)
        {
            log.TryAddDevice(new DebugPort(), replay: true);
        }

        MachineDescription machine = ReadMachine(services);
        services.Power = new AcpiPower(machine, Boot.AddressSpace, options, log);
        Pic8259.Disable();
        LocalApic? apic = LocalApic.TryEnable(Boot.AddressSpace, options.GetBoolean("x2apic", true));
        if (apic is null)
        {
            log.Error("this CPU has no local APIC, or the firmware locked it off: a CPU with a local APIC is needed");
            Panic.Stop("no local APIC");
        }

        var calibrator = new TscCalibrator(machine, Boot.AddressSpace, options, log);
        if (!calibrator.TryMeasure(apic, out ulong tsc, out ulong apicTimer))
        {
            Panic.Stop("no timer to measure the time-stamp counter against: an HPET, an ACPI PM timer or a PIT is needed");
        }

        var clock = new TscClock(tsc, apic, apicTimer, RealTimeClock.ReadUnixSeconds(machine.CenturyRegister));
        services.Clock = clock;
        clock.Watchdog = WatchdogFor(services, clock);
        log.Clock = clock;
        IoApic[] ioApics = IoApic.Open(machine.IoApics, Boot.AddressSpace);
        Connect(services, com1, settings1.Irq, Com1Vector, machine, ioApics, apic);
        Connect(services, com2, settings2.Irq, Com2Vector, machine, ioApics, apic);
        log.Debug($"local APIC {apic.Id} ({(apic.IsX2 ? "x2APIC" : "xAPIC")}), {ioApics.Length} I/O APICs, {machine.Processors.Length} processors");
        ProcessorStart.StartOthers(services, Boot.AddressSpace, machine, apic, clock);
    }

    private static Watchdog? WatchdogFor(KernelServices services, Clock clock)
    {
        const ulong usualSeconds = 5;
        const ulong leastSeconds = 1;
        ulong seconds = services.Options.GetNumber("watchdog_timeout", usualSeconds);
        bool isWanted = services.Options.GetBoolean("watchdog", false) && seconds != 0;
        return isWanted ? new Watchdog(services.Cpus, clock, Math.Clamp(seconds, leastSeconds, 3600)) : null;
    }

    private static SerialPort? NoSerial(out SerialSettings settings)
    {
        settings = default;
        return null;
    }

    private static ConsoleDevice? OpenScreen(KernelServices services, bool isWanted)
    {
        ConsoleDevice? screen = Display.TryOpen(services.Information, Boot.AddressSpace, services.Log, out string error);
        if (screen is not null)
        {
            services.Log.TryAddDevice(screen, replay: true);
        }
        else if (isWanted)
        {
            services.Log.Warning($"console=vga: {error}");
        }

        return screen;
    }

    private static SerialPort? OpenSerial(KernelServices services, string name, SerialSettings otherwise, out SerialSettings settings)
    {
        settings = otherwise;
        if (services.Options.TryGetText(name, out ReadOnlySpan<char> text) && !SerialSettings.TryParse(text, otherwise, out settings))
        {
            services.Log.Error($"malformed option \"{name}={text}\": accepted is {name}=speed|auto[,format[,port[,interrupt]]], as in 115200,8n1,0x3f8,4");
            settings = otherwise;
        }

        SerialPort? port = SerialPort.TryOpen(settings);
        if (port is null)
        {
            services.Log.Warning($"{name}: no UART at port 0x{settings.Port:x}");
            return null;
        }

        services.Log.TryAddDevice(port, replay: true);
        return port;
    }

    private static MachineDescription ReadMachine(KernelServices services)
    {
        if (services.Options.TryGetText("acpi", out ReadOnlySpan<char> text) && OptionValue.TryParseBoolean(text, out bool wanted) && !wanted)
        {
            return MachineDescription.Read(null, services.Log);
        }

        var memory = new MappedFirmwareMemory(Boot.AddressSpace);
        if (services.Information.RsdpAddress == 0)
        {
            services.Information.RsdpAddress = AcpiTables.FindRsdp(memory);
        }

        return MachineDescription.Read(AcpiTables.TryOpen(memory, services.Log, services.Information.RsdpAddress), services.Log);
    }

    private static void Connect(KernelServices services, SerialPort? port, byte irq, byte vector, MachineDescription machine, IoApic[] ioApics, LocalApic apic)
    {
        if (port is null)
        {
            return;
        }

        InterruptSource source = machine.SourceOf(irq);
        foreach (IoApic ioApic in ioApics.AsSpan())
        {
            if (irq != 0 && ioApic.Has(source.Input))
            {
                Interrupts.Current.Register(vector, new SerialInterrupt(port, services.Input, apic));
                ioApic.Route(source, vector, apic.Id);
                port.EnableReceive();
                return;
            }
        }

        services.Log.Warning("a serial line has no interrupt: what is typed there is not received");
    }
}
