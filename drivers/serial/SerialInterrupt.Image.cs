using Xenolith.Kernel;

namespace Xenolith.Drivers;

/// <summary>A UART's interrupt: takes what has arrived.</summary>
internal sealed class SerialInterrupt(SerialPort port, ConsoleInput input, LocalApic apic) : InterruptHandler
{
    public override void Handle()
    {
        port.Receive(input);
        apic.EndOfInterrupt();
    }
}
