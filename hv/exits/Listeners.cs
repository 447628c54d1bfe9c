using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Hal;
using Xenolith.Mm;

namespace Xenolith;

/// <summary>
/// What a guest does that a listener asked to be told of. Every method takes the domain's lock; what was asked for is looked at again with
/// it held.
/// </summary>
internal static class Listeners
{
    private const ulong NoFrame = ulong.MaxValue;

    private const uint NoErrorCode = uint.MaxValue;

    /// <summary>CPUID has been executed, but for RIP. True: the vCPU waits, and RIP is the listener's to move.</summary>
    public static bool TellOfCpuid(Vcpu vcpu, uint leaf, uint subleaf, int length)
    {
        var request = new VmEventRequest
        {
            Reason = VmEventReason.Cpuid,
            Cpuid = new VmEventCpuid { InstructionLength = (uint)length, Leaf = leaf, Subleaf = subleaf },
        };
        return Report(vcpu, MonitorEvent.Cpuid, ref request, pause: true);
    }

    /// <summary>An MSR is to be written. True: it is written once the listener has answered, if at all.</summary>
    public static bool TellOfMsr(Vcpu vcpu, uint index, ulong old, ulong value)
    {
        Domain domain = vcpu.Domain;
        domain.Acquire();
        bool isDeferred = false;
        if (domain.Monitor.AsksMsr(index, old, value))
        {
            var request = new VmEventRequest { Reason = VmEventReason.WriteMsr, Msr = new VmEventMsr { Index = index, OldValue = old, NewValue = value } };
            isDeferred = domain.Monitor.TryReport(vcpu, ref request, pause: true) && domain.Monitor.Settings.DefersWrites;
            if (isDeferred)
            {
                vcpu.Defer(new DeferredWrite(DeferredWriteKind.Msr, index, value));
            }
        }

        domain.Release();
        return isDeferred;
    }

    /// <summary>The same for a control register, whose write may still be illegal: then nobody is told.</summary>
    /// <param name="register">0, 3 or 4; others are not watched.</param>
    public static bool TellOfControl(Vcpu vcpu, int register, ulong value)
    {
        VirtualCpu cpu = vcpu.Cpu;
        ControlRegisterPolicy policy = vcpu.Domain.Policies.Controls;
        (VmEventControl control, ulong old, bool isLegal) = register switch
        {
            0 => (VmEventControl.Cr0, cpu.Cr0, ControlRegisterPolicy.AllowsCr0(cpu, ref value)),
            3 => (VmEventControl.Cr3, cpu.Cr3, policy.AllowsCr3(cpu, ref value)),
            4 => (VmEventControl.Cr4, cpu.Cr4, policy.AllowsCr4(cpu, value)),
            _ => (default, 0UL, false),
        };
        if (!isLegal)
        {
            return false;
        }

        Domain domain = vcpu.Domain;
        domain.Acquire();
        Monitor monitor = domain.Monitor;
        bool isDeferred = false;
        if (monitor.Settings.AsksControl(control, old, value))
        {
            var request = new VmEventRequest
            {
                Reason = VmEventReason.WriteControlRegister,
                ControlRegister = new VmEventControlRegister { Index = (uint)control, OldValue = old, NewValue = value },
            };
            isDeferred = monitor.TryReport(vcpu, ref request, monitor.Settings.WaitsForControl(control)) && monitor.Settings.DefersWrites;
            if (isDeferred)
            {
                vcpu.Defer(new DeferredWrite(DeferredWriteKind.ControlRegister, (uint)register, value));
            }
        }

        domain.Release();
        return isDeferred;
    }

    /// <summary>INT3 is to be executed. True: the vCPU waits, and what becomes of the instruction is the listener's.</summary>
    public static bool TellOfBreakpoint(Vcpu vcpu, int length)
    {
        var request = new VmEventRequest
        {
            Reason = VmEventReason.SoftwareBreakpoint,
            Debug = new VmEventDebug { Gfn = FrameOfCode(vcpu), InstructionLength = (uint)length, Type = (byte)InjectedEventType.SoftwareException },
        };
        return Report(vcpu, MonitorEvent.SoftwareBreakpoint, ref request, pause: true);
    }

    /// <summary>A debug exception has come, which the debug registers show. True: whether the guest gets it is the listener's.</summary>
    /// <param name="length">Bytes of the INT1 that raises it and has not been executed; 0: it is another.</param>
    public static bool TellOfDebugException(Vcpu vcpu, int length = 0)
    {
        bool waits = vcpu.Domain.Monitor.Settings.DebugSync;
        var request = new VmEventRequest
        {
            Reason = VmEventReason.DebugException,
            Debug = new VmEventDebug
            {
                Gfn = FrameOfCode(vcpu), Pending = length == 0 ? vcpu.Cpu.CurrentDr6 ^ ProcessorState.Dr6Reset : 0, InstructionLength = (uint)length,
                Type = (byte)(length == 0 ? InjectedEventType.HardwareException : InjectedEventType.PrivilegedSoftwareException),
            },
        };
        return Report(vcpu, MonitorEvent.DebugException, ref request, waits) && waits;
    }

    /// <summary>An instruction has been executed by a vCPU that is stepped. True: somebody is told, and it waits.</summary>
    public static bool TellOfStep(Vcpu vcpu)
    {
        var request = new VmEventRequest { Reason = VmEventReason.SingleStep, SingleStep = new VmEventSingleStep { Gfn = FrameOfCode(vcpu) } };
        return Report(vcpu, MonitorEvent.SingleStep, ref request, pause: true);
    }

    /// <summary>An instruction reaches for a descriptor-table register. True: the vCPU waits, and executes it once the listener has it emulated.</summary>
    public static bool TellOfDescriptorTable(Vcpu vcpu)
    {
        (VmEventDescriptor descriptor, bool isWrite) = vcpu.Cpu.Exit.TableInstruction switch
        {
            DescriptorTableInstruction.Sgdt => (VmEventDescriptor.Gdtr, false),
            DescriptorTableInstruction.Lgdt => (VmEventDescriptor.Gdtr, true),
            DescriptorTableInstruction.Sidt => (VmEventDescriptor.Idtr, false),
            DescriptorTableInstruction.Lidt => (VmEventDescriptor.Idtr, true),
            DescriptorTableInstruction.Sldt => (VmEventDescriptor.Ldtr, false),
            DescriptorTableInstruction.Lldt => (VmEventDescriptor.Ldtr, true),
            DescriptorTableInstruction.Str => (VmEventDescriptor.Tr, false),
            _ => (VmEventDescriptor.Tr, true),
        };
        var request = new VmEventRequest
        {
            Reason = VmEventReason.DescriptorAccess,
            DescriptorAccess = new VmEventDescriptorAccess
            {
                Descriptor = descriptor, IsWrite = isWrite ? (byte)1 : (byte)0,
                InstructionInformation = vcpu.Cpu.ExitInstructionInformation,
                Qualification = vcpu.Cpu.ExitInformation,
            },
        };
        return Report(vcpu, MonitorEvent.DescriptorAccess, ref request, pause: true);
    }

    /// <summary>A guest has left to the hypervisor. True: the vCPU waits, and what it left for is the listener's to do.</summary>
    public static bool TellOfExit(Vcpu vcpu)
    {
        var request = new VmEventRequest
        {
            Reason = VmEventReason.Exit,
            Exit = new VmEventExit { Reason = vcpu.Cpu.ExitNumber, Qualification = vcpu.Cpu.ExitInformation },
        };
        bool waits = vcpu.Domain.Monitor.Settings.ExitSync;
        return Report(vcpu, MonitorEvent.Exit, ref request, waits) && waits;
    }

    /// <summary>An event is about to be delivered to a vCPU of which the next one is asked for. The vCPU waits, and gets the event once the listener has answered.</summary>
    public static void TellOfInterrupt(Vcpu vcpu, in PendingEvent next)
    {
        var request = new VmEventRequest
        {
            Reason = VmEventReason.Interrupt,
            Interrupt = new VmEventInterrupt
            {
                Vector = next.Vector, Type = (uint)next.Kind, ErrorCode = next.HasErrorCode ? next.ErrorCode : NoErrorCode, Cr2 = vcpu.Cpu.Cr2,
            },
        };
        Domain domain = vcpu.Domain;
        domain.Acquire();
        vcpu.ForgetNextInterrupt();
        domain.Monitor.TryReport(vcpu, ref request, pause: true);
        domain.Release();
    }

    private static bool Report(Vcpu vcpu, MonitorEvent what, ref VmEventRequest request, bool pause)
    {
        Domain domain = vcpu.Domain;
        domain.Acquire();
        bool isTold = domain.Monitor.Asks(what) && domain.Monitor.TryReport(vcpu, ref request, pause);
        domain.Release();
        return isTold;
    }

    private static ulong FrameOfCode(Vcpu vcpu)
    {
        VirtualCpu cpu = vcpu.Cpu;
        ulong linear = vcpu.Access.Is64Bit ? cpu.Rip : unchecked((uint)(cpu.GetSegment(SegmentName.Cs).Base + cpu.Rip));
        return vcpu.Access.TryTranslate(linear, AccessKind.Fetch, out ulong physical, out _) ? Gfn.Of(physical).Value : NoFrame;
    }
}
