using Xenolith.Kernel;

namespace Xenolith.Drivers;

/// <summary>Interrupts between CPUs, through the local APIC of the one that sends.</summary>
internal sealed class LocalApicInterrupts(LocalApic apic, CpuTable cpus) : InterprocessorInterrupts
{
    /// <inheritdoc/>
    public override void Send(int cpu) => apic.Send(cpus.ApicIdOf(cpu), LocalApic.MessageVector);

    /// <inheritdoc/>
    public override void SendNonMaskable(int cpu) => apic.SendNonMaskable(cpus.ApicIdOf(cpu));
}

/// <summary>A message has come: what it wants is looked up, and the interrupt itself has ended the guest's run or the idle wait.</summary>
internal sealed class MessageInterrupt(LocalApic apic, CpuMessages messages) : InterruptHandler
{
    public override void Handle()
    {
        apic.EndOfInterrupt();
        messages.Poll();
    }
}
