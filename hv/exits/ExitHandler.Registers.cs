using Xenolith.Domains;
using Xenolith.Hal;
using CpuidResult = Xenolith.Kernel.CpuidResult;

namespace Xenolith;

/// <summary>CPUID, model-specific registers and control registers.</summary>
internal sealed partial class ExitHandler
{
    private void HandleCpuid(Vcpu vcpu)
    {
        InitialDomain policy = _initial;
        if (policy.Msrs.MustFaultCpuid(vcpu))
        {
            vcpu.Cpu.InjectException(GeneralProtection, true, 0);
            return;
        }

        if (!TrySkip(vcpu))
        {
            return;
        }

        ref GuestRegisters registers = ref vcpu.Cpu.Registers;
        CpuidResult result = policy.Cpuid.Read((uint)registers.Rax, (uint)registers.Rcx, vcpu.Id, vcpu.Apic.IsEnabled);
        registers.Rax = result.Eax;
        registers.Rbx = result.Ebx;
        registers.Rcx = result.Ecx;
        registers.Rdx = result.Edx;
    }

    private void HandleMsrRead(Vcpu vcpu)
    {
        ref GuestRegisters registers = ref vcpu.Cpu.Registers;
        if (_initial.Msrs.Read(vcpu, (uint)registers.Rcx, out ulong value) != MsrResult.Done)
        {
            vcpu.Cpu.InjectException(GeneralProtection, true, 0);
        }
        else if (TrySkip(vcpu))
        {
            registers.Rax = (uint)value;
            registers.Rdx = value >> 32;
        }
    }

    private void HandleMsrWrite(Vcpu vcpu)
    {
        ref GuestRegisters registers = ref vcpu.Cpu.Registers;
        int length = _decoder.LengthAt(vcpu.Cpu, vcpu.Access);
        ulong value = (registers.Rdx << 32) | (uint)registers.Rax;
        if (_initial.Msrs.Write(vcpu, (uint)registers.Rcx, value) != MsrResult.Done)
        {
            vcpu.Cpu.InjectException(GeneralProtection, true, 0);
        }
        else if (length != 0)
        {
            vcpu.Cpu.SkipInstruction(length);
        }
    }

    private void HandleControlRegister(Vcpu vcpu)
    {
        VirtualCpu cpu = vcpu.Cpu;
        ref Exit exit = ref cpu.Exit;
        ControlRegisterPolicy policy = _initial.Controls;
        int length = _decoder.LengthAt(cpu, vcpu.Access);
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

        bool legal = exit.ControlRegister switch
        {
            0 => policy.TryWriteCr0(cpu, exit.ControlRegisterValue),
            3 => policy.TryWriteCr3(cpu, exit.ControlRegisterValue),
            4 => policy.TryWriteCr4(cpu, exit.ControlRegisterValue),
            8 => TryWriteCr8(vcpu, exit.ControlRegisterValue),
            _ => false,
        };
        if (legal)
        {
            cpu.SkipInstruction(length);
        }
        else
        {
            cpu.InjectException(GeneralProtection, true, 0);
        }
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
