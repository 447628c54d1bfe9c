namespace Xenolith.Kernel;

/// <summary>Switching the machine off and restarting it. Neither call returns; both fall back to a halt, which says so.</summary>
public abstract class PowerControl
{
    /// <summary>Switches off (ACPI S5).</summary>
    public abstract void Off();

    /// <summary>Restarts; with the option <c>noreboot</c> it prints one line and halts instead.</summary>
    public abstract void Reset();

    /// <summary>Stops for good, with interrupts off.</summary>
    public abstract void Halt();
}
