using Iced.Intel;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Emulate;
using Xenolith.Hal;
using Xenolith.Kernel;
using Xenolith.Mm;
using CpuidResult = Xenolith.Kernel.CpuidResult;
using System.Runtime.CompilerServices;

namespace Xenolith;

/// <summary>CPUID, model-specific registers and control registers.</summary>
internal sealed partial class ExitHandler
{
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void HandleCpuid(Vcpu vcpu)
    {
        DomainPolicies policy = vcpu.Domain.Policies;
        if (policy.Msrs.MustFaultCpuid(vcpu))
        {
            vcpu.Cpu.InjectException(ExceptionVector.GeneralProtection, true, 0);
            return;
        }

        if (!_decoder.TryGetLength(vcpu.Cpu, vcpu.Access, out int length))
        {
            return;
        }

        ref GuestRegisters registers = ref vcpu.Cpu.Registers;
        uint leaf = (uint)registers.Rax, subleaf = (uint)registers.Rcx;
        CpuidResult result = policy.Cpuid.Read(leaf, subleaf, vcpu.Id, vcpu.Apic.IsEnabled);
        registers.Rax = result.Eax;
        registers.Rbx = result.Ebx;
        registers.Rcx = result.Ecx;
        registers.Rdx = result.Edx;
        if (!vcpu.Domain.Monitor.Asks(MonitorEvent.Cpuid) || !Listeners.TellOfCpuid(vcpu, leaf, subleaf, length))
        {
            vcpu.Cpu.SkipInstruction(length);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void HandleMsrRead(Vcpu vcpu)
    {
        ref GuestRegisters registers = ref vcpu.Cpu.Registers;
        if (vcpu.Domain.Policies.Msrs.Read(vcpu, (uint)registers.Rcx, out ulong value) != MsrResult.Done)
        {
            vcpu.Cpu.InjectException(ExceptionVector.GeneralProtection, true, 0);
        }
        else if (TrySkip(vcpu))
        {
            registers.Rax = (uint)value;
            registers.Rdx = value >> 32;
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void HandleMsrWrite(Vcpu vcpu)
    {
        ref GuestRegisters registers = ref vcpu.Cpu.Registers;
        int length = _decoder.LengthAt(vcpu.Cpu, vcpu.Access);
        ulong value = (registers.Rdx << 32) | (uint)registers.Rax;
        uint index = (uint)registers.Rcx;
        bool isTaken = vcpu.Domain.Monitor.Asks(MonitorEvent.WriteMsr) ? WriteWatchedMsr(vcpu, index, value)
            : index == MsrIndex.Efer ? vcpu.Domain.Policies.Controls.TryWriteEfer(vcpu.Cpu, value)
            : WriteMsr(vcpu, index, value);
        if (!isTaken)
        {
            vcpu.Cpu.InjectException(ExceptionVector.GeneralProtection, true, 0);
        }
        else if (length != 0)
        {
            vcpu.Cpu.SkipInstruction(length);
        }
    }

    // Not inlined, so that who is not listened to does not pay for what it needs.
    /// <summary>One of a domain whose listener asked for such writes. True: it is done, or waits for the listener's answer.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool WriteWatchedMsr(Vcpu vcpu, uint index, ulong value)
    {
        if (!vcpu.Domain.Monitor.WatchesMsr(index))
        {
            return WriteMsr(vcpu, index, value);
        }

        return vcpu.Domain.Policies.Msrs.Read(vcpu, index, out ulong old) == MsrResult.Done
            && (Listeners.TellOfMsr(vcpu, index, old, value) || WriteMsr(vcpu, index, value));
    }

    /// <summary>EFER and the local APIC's registers are the vCPU's own; others may be the domain's.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool WriteMsr(Vcpu vcpu, uint index, ulong value)
    {
        MsrPolicy policy = vcpu.Domain.Policies.Msrs;
        if (index is MsrIndex.Efer or MsrIndex.TscDeadline or (>= VirtualApic.FirstMsr and <= VirtualApic.LastMsr))
        {
            return policy.Write(vcpu, index, value) == MsrResult.Done;
        }

        vcpu.Domain.Acquire();
        MsrResult result = policy.Write(vcpu, index, value);
        vcpu.Domain.Release();
        return result == MsrResult.Done;
    }

    private void HandleControlRegister(Vcpu vcpu)
    {
        VirtualCpu cpu = vcpu.Cpu;
        ref Exit exit = ref cpu.Exit;
        int length = exit.GeneralRegister == Exit.UnknownGeneralRegister ? DecodeControlRegisterMove(vcpu) : _decoder.LengthAt(cpu, vcpu.Access);
        if (length == 0)
        {
            return;
        }

        if (!exit.IsControlRegisterWrite)
        {
            ulong value = exit.ControlRegister switch
            {
                0 => cpu.Cr0,
                2 => cpu.Cr2,
                3 => cpu.Cr3,
                4 => cpu.Cr4,
                _ => vcpu.Apic.Cr8,
            };
            cpu.Registers[exit.GeneralRegister] = vcpu.Access.Is64Bit ? value : (uint)value;
            cpu.SkipInstruction(length);
            return;
        }

        bool isDeferred = vcpu.Domain.Monitor.Asks(MonitorEvent.WriteControlRegister)
            && Listeners.TellOfControl(vcpu, exit.ControlRegister, exit.ControlRegisterValue);
        if (isDeferred || TryWriteControl(vcpu, exit.ControlRegister, exit.ControlRegisterValue))
        {
            cpu.SkipInstruction(length);
        }
        else
        {
            cpu.InjectException(ExceptionVector.GeneralProtection, true, 0);
        }
    }

    private static bool TryWriteControl(Vcpu vcpu, int register, ulong value)
    {
        ControlRegisterPolicy policy = vcpu.Domain.Policies.Controls;
        return register switch
        {
            0 => policy.TryWriteCr0(vcpu.Cpu, value),
            3 => policy.TryWriteCr3(vcpu.Cpu, value),
            4 => policy.TryWriteCr4(vcpu.Cpu, value),
            8 => TryWriteCr8(vcpu, value),
            _ => false,
        };
    }

    /// <summary>
    /// Completes the exit of a CPU without decode assists from the instruction itself: a MOV to or from a control register, CLTS, LMSW or SMSW.
    /// </summary>
    /// <returns>The instruction's length; 0 when it is another one by now or has faulted, or is done, and the vCPU must simply run on.</returns>
    private int DecodeControlRegisterMove(Vcpu vcpu)
    {
        ref Exit exit = ref vcpu.Cpu.Exit;
        if (_decoder.Fetch(vcpu.Cpu, vcpu.Access, out Instruction instruction) != FetchResult.Decoded)
        {
            return 0;
        }

        bool writesCr0 = exit.IsControlRegisterWrite && exit.ControlRegister == 0;
        switch (instruction.Mnemonic)
        {
            case Mnemonic.Mov:
                break;
            case Mnemonic.Clts when writesCr0:
                exit.GeneralRegister = Exit.NoGeneralRegister;
                exit.ControlRegisterValue = vcpu.Cpu.Cr0 & ~Cr0Bits.TaskSwitched;
                return instruction.Length;
            case Mnemonic.Lmsw when writesCr0:
                exit.GeneralRegister = Exit.NoGeneralRegister;
                if (MachineStatusWord.TryLoad(vcpu.Cpu, vcpu.Access, in instruction, out exit.ControlRegisterValue))
                {
                    return instruction.Length;
                }

                vcpu.Cpu.InjectException(ExceptionVector.GeneralProtection, true, 0);
                return 0;
            case Mnemonic.Smsw when !exit.IsControlRegisterWrite && exit.ControlRegister == 0:
                if (MachineStatusWord.TryStore(vcpu.Cpu, vcpu.Access, in instruction, out PageFault fault))
                {
                    vcpu.Cpu.SkipInstruction(instruction.Length);
                }
                else
                {
                    Finish(vcpu, fault.Error == 0 ? EmulationResult.Protection : EmulationResult.Fault, fault, false, "SMSW");
                }

                return 0;
            default:
                return 0;
        }

        Register control = exit.IsControlRegisterWrite ? instruction.Op0Register : instruction.Op1Register;
        Register general = exit.IsControlRegisterWrite ? instruction.Op1Register : instruction.Op0Register;
        if (control - Register.CR0 != exit.ControlRegister)
        {
            return 0;
        }

        bool is64 = vcpu.Access.Is64Bit;
        exit.GeneralRegister = (byte)(general - (is64 ? Register.RAX : Register.EAX));
        ulong value = vcpu.Cpu.Registers[exit.GeneralRegister];
        exit.ControlRegisterValue = is64 ? value : (uint)value;
        return instruction.Length;
    }

    private static bool TryWriteCr8(Vcpu vcpu, ulong value)
    {
        if (value > 15)
        {
            return false;
        }

        vcpu.Apic.Cr8 = (byte)value;
        return true;
    }
}
