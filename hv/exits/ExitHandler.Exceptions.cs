using Iced.Intel;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Emulate;
using Xenolith.Hal;
using Xenolith.Kernel;
using Xenolith.Mm;
using Code = Iced.Intel.Code;
using RflagsBits = Xenolith.Hal.RflagsBits;

namespace Xenolith;

/// <summary>Exceptions of the guest that exit, instructions that raise one, and single steps.</summary>
internal sealed partial class ExitHandler
{
    /// <summary>Of the boot option "step".</summary>
    private ulong _stepsLeft;

    private void HandleException(Vcpu vcpu)
    {
        VirtualCpu cpu = vcpu.Cpu;
        switch (cpu.Exit.Vector)
        {
            case ExceptionVector.MachineCheck:
                HandleUnexpected(vcpu);
                break;
            case ExceptionVector.Breakpoint:
                HandleBreakpoint(vcpu);
                break;
            case ExceptionVector.InvalidOpcode:
                HandleInvalidOpcode(vcpu);
                break;
            case ExceptionVector.Debug when vcpu.Domain.Monitor.Asks(MonitorEvent.DebugException) && Listeners.TellOfDebugException(vcpu):
                break;
            default:
                // #AC and #DB are taken only so that their delivery can't go on for ever, others while the guest is stepped; all are the
                // guest's. The run loop lets the machine's interrupts in after it.
                cpu.ReturnException();
                break;
        }
    }

    /// <summary>#UD exits where it may stand for an instruction that the CPU was kept from.</summary>
    private void HandleInvalidOpcode(Vcpu vcpu)
    {
        VirtualCpu cpu = vcpu.Cpu;
        if (_decoder.Fetch(cpu, vcpu.Access, out Instruction instruction) == FetchResult.Decoded)
        {
            if (instruction.Code == Code.Vmfunc && cpu.HasViews && TryChangeView(vcpu, instruction.Length))
            {
                return;
            }

            SystemCallInstruction? call = instruction.Code switch
            {
                Code.Syscall => SystemCallInstruction.Call,
                Code.Sysretd => SystemCallInstruction.Return32,
                Code.Sysretq => SystemCallInstruction.Return64,
                _ => null,
            };
            if (call is { } which && cpu.TryCompleteSystemCall(which, instruction.Length))
            {
                return;
            }
        }

        cpu.ReturnException();
    }

    /// <summary>Whether a #UD was VMFUNC as a guest has it that changes its view often, which is done then. No decoder is needed for that.</summary>
    public static bool TryChangeView(Vcpu vcpu)
    {
        const int plainLength = 3;
        return InstructionDecoder.IsPlainViewFunction(vcpu.Cpu, vcpu.Access) && TryChangeView(vcpu, plainLength);
    }

    /// <summary>VMFUNC leaf 0, at any privilege level: to a view that is visible. Any other is #UD, which is Xen's answer.</summary>
    private static bool TryChangeView(Vcpu vcpu, int length)
    {
        ref GuestRegisters registers = ref vcpu.Cpu.Registers;
        if ((uint)registers.Rax != 0 || !vcpu.TryChooseView((uint)registers.Rcx))
        {
            return false;
        }

        vcpu.Cpu.SkipInstruction(length);
        return true;
    }

    /// <summary>INT n, INT3 or INTO of a CPU that says no more than that it is one.</summary>
    private void HandleSoftwareInterrupt(Vcpu vcpu)
    {
        VirtualCpu cpu = vcpu.Cpu;
        if (_decoder.Fetch(cpu, vcpu.Access, out Instruction instruction) != FetchResult.Decoded)
        {
            return;
        }

        switch (instruction.Mnemonic)
        {
            case Mnemonic.Int3:
                cpu.Exit.Reason = ExitReason.Exception;
                cpu.Exit.Vector = ExceptionVector.Breakpoint;
                cpu.Exit.HasErrorCode = false;
                cpu.Exit.InstructionLength = (byte)instruction.Length;
                HandleException(vcpu);
                break;
            case Mnemonic.Into:
                cpu.InjectSoftware(EventKind.SoftwareException, ExceptionVector.Overflow, instruction.Length);
                break;
            case Mnemonic.Int:
                cpu.InjectSoftware(EventKind.SoftwareInterrupt, instruction.Immediate8, instruction.Length);
                break;
        }
    }

    private void HandleSingleStep(Vcpu vcpu)
    {
        VirtualCpu cpu = vcpu.Cpu;
        if (cpu.Exit.StackedTrapFlag)
        {
            ClearStackedTrapFlag(vcpu);
        }

        if (!TryEndListenersStep(vcpu) && (_stepsLeft == 0 || --_stepsLeft == 0))
        {
            cpu.SingleSteps = false;
        }
    }

    /// <summary>TF in the flags that a PUSHF has just pushed: bit 0 of their second byte. What it could write can be written now.</summary>
    private static void ClearStackedTrapFlag(Vcpu vcpu)
    {
        VirtualCpu cpu = vcpu.Cpu;
        Segment stack = cpu.GetSegment(SegmentName.Ss);
        ulong top = cpu.Registers.Rsp;
        if (!cpu.RunsLongCode)
        {
            top = (uint)(stack.Base + (stack.Default32 ? (uint)top : (ushort)top));
        }

        AccessKind user = cpu.PrivilegeLevel == 3 ? AccessKind.User : AccessKind.Read;
        if (vcpu.Access.TryReadValue(top + 1, user, out byte flags, out _))
        {
            vcpu.Access.TryWriteValue(top + 1, AccessKind.Write | user, (byte)(flags & ~1), out _);
        }
    }

    /// <summary>INT1: a #DB behind it that DR6 does not show, whatever RFLAGS.TF says.</summary>
    private void CompleteInt1(Vcpu vcpu)
    {
        VirtualCpu cpu = vcpu.Cpu;
        int length = _decoder.LengthAt(cpu, vcpu.Access);
        if (length == 0)
        {
            return;
        }

        if (vcpu.Domain.Monitor.Asks(MonitorEvent.DebugException) && Listeners.TellOfDebugException(vcpu, length))
        {
            return;
        }

        ulong flags = cpu.Rflags;
        cpu.Rflags = flags & ~RflagsBits.Trap;
        cpu.SkipInstruction(length);
        cpu.Rflags = flags & ~RflagsBits.Resume;
        cpu.Dr7 &= ~DebugStatus.GeneralDetect;
        cpu.InjectException(ExceptionVector.Debug, false, 0);
    }
}
