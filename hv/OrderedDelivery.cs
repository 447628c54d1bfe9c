using Xenolith.Domains;
using Xenolith.Hal;
using Xenolith.Kernel;

namespace Xenolith;

/// <summary>
/// Hands an event that was ordered for a vCPU to its control block. Who orders may order what no CPU delivers; it ends the domain, as it does on Xen, whose CPU
/// refuses the entry.
/// </summary>
public static class OrderedDelivery
{
    private const int MaximumInstructionLength = 15;

    /// <summary>Exceptions that push an error code (SDM vol. 3, table 6-1).</summary>
    private const uint WithErrorCode = 1u << ExceptionVector.DoubleFault | 1u << ExceptionVector.InvalidTss | 1u << ExceptionVector.SegmentNotPresent
        | 1u << ExceptionVector.StackFault | 1u << ExceptionVector.GeneralProtection | 1u << ExceptionVector.PageFault | 1u << ExceptionVector.AlignmentCheck;

    /// <summary>
    /// The vCPU is about to be entered. False: an interrupt or NMI that the guest can't take yet is asked for again, or the domain has ended.
    /// </summary>
    public static bool TryDeliver(Vcpu vcpu)
    {
        VirtualCpu cpu = vcpu.Cpu;
        OrderedEvent ordered = vcpu.Ordered;
        PendingEvent pending = ordered.Event;
        switch (pending.Kind)
        {
            case EventKind.ExternalInterrupt:
                if (!cpu.TryInjectInterrupt(pending.Vector))
                {
                    cpu.RequestInterruptWindow(true);
                    return false;
                }

                break;
            case EventKind.Nmi when pending.Vector == ExceptionVector.NonMaskable:
                if (!cpu.TryInjectNmi())
                {
                    vcpu.Notify(Attention.Interrupts);
                    cpu.RequestInterruptWindow(false);
                    return false;
                }

                break;
            case EventKind.Exception when IsException(pending, (cpu.Cr0 & Cr0Bits.ProtectionEnable) != 0):
                if (pending.Vector == ExceptionVector.PageFault)
                {
                    cpu.Cr2 = ordered.Cr2;
                }

                cpu.InjectException(pending.Vector, pending.HasErrorCode, pending.ErrorCode);
                break;
            case EventKind.SoftwareInterrupt or EventKind.PrivilegedSoftwareException or EventKind.SoftwareException when IsSoftware(pending):
                cpu.InjectSoftware(pending.Kind, pending.Vector, pending.InstructionLength);
                break;
            default:
                vcpu.TakeOrdered();
                vcpu.Domain.Crash("an event was ordered for it that no CPU delivers");
                return false;
        }

        vcpu.TakeOrdered();
        return true;
    }

    private static bool IsException(PendingEvent pending, bool inProtectedMode)
    {
        const int exceptions = 32;
        return pending.Vector < exceptions && pending.Vector != ExceptionVector.NonMaskable
            && pending.HasErrorCode == (inProtectedMode && (WithErrorCode >> pending.Vector & 1) != 0);
    }

    private static bool IsSoftware(PendingEvent pending) => pending.InstructionLength is > 0 and <= MaximumInstructionLength && pending.Kind switch
    {
        EventKind.PrivilegedSoftwareException => pending.Vector == ExceptionVector.Debug,
        EventKind.SoftwareException => pending.Vector is ExceptionVector.Breakpoint or ExceptionVector.Overflow,
        _ => true,
    };
}
