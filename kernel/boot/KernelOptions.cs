namespace Xenolith.Kernel;

/// <summary>The boot options that the kernel and the drivers know.</summary>
public static class KernelOptions
{
    /// <summary>Makes the table.</summary>
    public static OptionRow[] Create() =>
    [
        new("console", OptionKind.List, "com1, else vga", "Where the console is: serial lines, the screen.") { Accepted = "com1 com2 vga none" },
        new("com1", OptionKind.Text, "115200,8n1,0x3f8,4", "First serial line: speed,format[,port[,interrupt]]."),
        new("com2", OptionKind.Text, "115200,8n1,0x2f8,3", "Second serial line, likewise."),
        new("conring_size", OptionKind.Size, "16K", "Size of the ring that keeps the log."),
        new("loglvl", OptionKind.Text, "info", "Level of the hypervisor's lines: level[/rate-limited level], one of none, error, warning, info, debug, all."),
        new("guest_loglvl", OptionKind.Text, "none/warning", "Level of lines that guests cause, likewise."),
        new("noreboot", OptionKind.Boolean, "no", "Halt where the machine would restart."),
        new("reboot", OptionKind.List, "acpi", "How to restart.") { Accepted = "acpi kbd pci triple no" },
        new("acpi", OptionKind.Text, "on", "off: leave the ACPI tables alone."),
        new("x2apic", OptionKind.Boolean, "yes", "Use the x2APIC when the CPU has one."),
        new("clocksource", OptionKind.Text, "", "Which timer the time-stamp counter is measured against.") { Accepted = "hpet acpi pit" },
        new("console_timestamps", OptionKind.Boolean, "none", "Time stamps on console lines.") { WithoutEffect = true, AcceptsAnyValue = true },
        new("sync_console", OptionKind.Boolean, "no", "The console is always synchronous.") { WithoutEffect = true },
        new("console_to_ring", OptionKind.Boolean, "yes", "Guests' output always goes to the ring too.") { WithoutEffect = true },
        new("vga", OptionKind.Text, "", "The screen is left in the mode in which the boot loader left it.") { WithoutEffect = true },
        new("watchdog", OptionKind.Boolean, "no", "Panic when a CPU hangs; the others notice."),
        new("watchdog_timeout", OptionKind.Number, "5", "Seconds until a CPU counts as hanging; 0: no watchdog."),
        new("nmi", OptionKind.Text, "fatal", "What an NMI of unknown cause does: stop the machine, or write a line to the log.") { Accepted = "fatal ignore" },
        new("cpuidle", OptionKind.Boolean, "no", "Idle CPUs halt.") { WithoutEffect = true },
        new("cpufreq", OptionKind.Text, "none", "Frequencies are left to the firmware.") { WithoutEffect = true },
        new("maxcpus", OptionKind.Number, "all", "How many CPUs are used; 0: all."),
        new("nosmp", OptionKind.Boolean, "no", "Use one CPU, as maxcpus=1 does."),
        new("lock-checks", OptionKind.Boolean, "no", "Check the order in which locks are taken."),
        new("smep", OptionKind.Boolean, "yes", "Used where the CPU has it.") { WithoutEffect = true, AcceptsAnyValue = true },
        new("smap", OptionKind.Boolean, "yes", "Used where the CPU has it.") { WithoutEffect = true, AcceptsAnyValue = true },
        new("placeholder", OptionKind.Boolean, "", "What some boot loaders' menus put first.") { WithoutEffect = true },
    ];
}
