namespace Xenolith.Kernel;

/// <summary>Power control that needs no driver: it can restart, and where it can't switch off it halts.</summary>
public sealed class HaltingPower(Log log, bool noReboot) : PowerControl
{
    /// <inheritdoc/>
    public override void Off()
    {
        log.Always("the machine can't be switched off by software: halted"u8);
        Cpu.Halt();
    }

    /// <inheritdoc/>
    public override void Reset()
    {
        if (noReboot)
        {
            log.Always("halted, because of noreboot"u8);
            Cpu.Halt();
        }

        log.Always("restarting the machine"u8);
        Restart.Now();
    }

    /// <inheritdoc/>
    public override void Halt()
    {
        log.Always("halted"u8);
        Cpu.Halt();
    }
}
