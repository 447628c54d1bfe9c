using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Hypercalls;

/// <summary>What a guest sees before its first call: start_info, CPUID, the hypercall page, who may call.</summary>
internal static class PlatformTests
{
    private const byte UndefinedOpcode = 6, GeneralProtection = 13;

    public static void Run(TestRun tests)
    {
        StartInfo(tests);
        Cpuid(tests);
        HypercallPage(tests);
        Registers(tests);
        UserMode(tests);
        ForeignInstruction(tests);
    }

    private static void StartInfo(TestRun tests)
    {
        tests.Start("start_info");
        tests.Equal(BootRecord.Magic, StartInfoConstants.Magic, "magic");
        tests.Equal(BootRecord.Flags, StartInfoFlags.Privileged | StartInfoFlags.InitialDomain, "flags");
        tests.Between(BootRecord.Version, 0, 1, "version");
        tests.True(BootRecord.Rsdp != 0, "an RSDP");
        if (BootRecord.Version == 0)
        {
            return;
        }

        ulong ram = 0;
        for (uint i = 0; i < BootRecord.MemoryMapEntries; i++)
        {
            const uint entrySize = 24;
            ulong entry = BootRecord.MemoryMap + (i * entrySize);
            if (Memory.Read32(entry + 16) == (uint)MemmapType.Ram)
            {
                ram += Memory.Read64(entry + 8);
            }
        }

        tests.True(ram >= 16 * 1024 * 1024, "16 MiB of RAM in the memory map");
    }

    private static void Cpuid(TestRun tests)
    {
        tests.Start("cpuid");
        tests.True(Xen.CpuidBase != 0, "Xen's signature");
        tests.Between(Instructions.Cpuid(Xen.CpuidBase).Eax - (long)Xen.CpuidBase, 2, XenCpuid.LeafCount, "highest leaf");
        tests.Equal(Instructions.Cpuid(Xen.CpuidBase + 1).Eax >> 16, 4, "major version");
        CpuidResult page = Instructions.Cpuid(Xen.CpuidBase + 2);
        tests.Equal(page.Eax, 1, "hypercall pages");
        tests.Equal(page.Ebx, 0x4000_0000, "hypercall page MSR");
        CpuidResult features = Instructions.Cpuid(Xen.CpuidBase + 4);
        tests.True((features.Eax & XenCpuid.VcpuIdPresent) != 0, "vCPU id present");
        tests.Equal(features.Ebx, 0, "vCPU id");
        tests.True((features.Eax & XenCpuid.UpcallVector) != 0, "upcall vector");
        CpuidResult one = Instructions.Cpuid(1);
        tests.True((one.Ecx >> 31 & 1) != 0, "hypervisor bit");
        tests.Equal(one.Ebx >> 24, 0, "APIC id");
        tests.Equal(one.Ecx >> 5 & 1, 0, "VMX bit");
        tests.Equal(Instructions.Cpuid(0x8000_0001).Ecx >> 2 & 1, 0, "SVM bit");
    }

    private static void HypercallPage(TestRun tests)
    {
        tests.Start("hypercall page");
        Xen.InstallHypercallPage();
        tests.Equal(Xen.CallByPage(Hypercall.XenVersion, (ulong)VersionOp.Version) >> 16, 4, "xen_version through the page");
        tests.Error(Xen.CallByPage(Hypercall.SetTrapTable), Errno.ENOSYS, "set_trap_table through the page");
        var registers = new Registers { Rcx = 0x4000_0000, Rax = 0xFFFF_F000, Rdx = 0xF_FFFF };
        tests.Raises(Execute.AtKernel(Execute.Wrmsr, ref registers), GeneralProtection, 0, "a page where no RAM is");
        registers = new Registers { Rcx = 0x4000_0000, Rax = 1 };
        tests.Raises(Execute.AtKernel(Execute.Wrmsr, ref registers), GeneralProtection, 0, "page 1 of 1");
    }

    /// <summary>A call leaves every register but RAX as it was.</summary>
    private static void Registers(TestRun tests)
    {
        tests.Start("registers across a call");
        CheckRegisters(tests, (ulong)Hypercall.XenVersion, 4 << 16 | 17);
        CheckRegisters(tests, 63, -(long)Errno.ENOSYS);
    }

    private static void CheckRegisters(TestRun tests, ulong number, long expected)
    {
        var registers = new Registers
        {
            Rax = number, Rbx = 0x1111_1111_1111_1111, Rcx = 0x2222_2222_2222_2222, Rdx = 0x3333_3333_3333_3333,
            Rbp = 0x4444_4444_4444_4444, Rsi = 0x5555_5555_5555_5555, Rdi = 0, R8 = 0x7777_7777_7777_7777,
            R9 = 0x8888_8888_8888_8888, R10 = 0x9999_9999_9999_9999, R11 = 0xAAAA_AAAA_AAAA_AAAA,
            R12 = 0xBBBB_BBBB_BBBB_BBBB, R13 = 0xCCCC_CCCC_CCCC_CCCC, R14 = 0xDDDD_DDDD_DDDD_DDDD, R15 = 0xEEEE_EEEE_EEEE_EEEE,
        };
        if (NarrowCalls.IsOn)
        {
            CheckNarrowRegisters(tests, registers with { Rbx = 0, Rdi = 0x6666_6666 }, expected);
            return;
        }

        Registers before = registers;
        tests.Completes(Execute.AtKernel(Xen.UsesVmcall ? Execute.Vmcall : Execute.Vmmcall, ref registers), "the call");
        tests.Equal((long)registers.Rax, expected, "rax");
        tests.True(registers.Rbx == before.Rbx && registers.Rbp == before.Rbp, "rbx and rbp are kept");
        tests.True(registers.Rcx == before.Rcx && registers.R11 == before.R11 && registers.R9 == before.R9, "rcx, r9 and r11 are kept");
        tests.True(registers.R12 == before.R12 && registers.R13 == before.R13, "r12 and r13 are kept");
        tests.True(registers.R14 == before.R14 && registers.R15 == before.R15, "r14 and r15 are kept");
        tests.True(registers.Rdi == before.Rdi && registers.Rsi == before.Rsi && registers.Rdx == before.Rdx, "rdi, rsi and rdx are kept");
        tests.True(registers.R10 == before.R10 && registers.R8 == before.R8, "r10 and r8 are kept");
    }

    /// <summary>As 32-bit code sees it: there are no others.</summary>
    private static void CheckNarrowRegisters(TestRun tests, Registers registers, long expected)
    {
        Registers before = registers;
        tests.Completes(Execute.AtKernel(Xen.UsesVmcall ? Execute.Vmcall : Execute.Vmmcall, ref registers, isNarrow: true), "the call");
        tests.Equal((int)registers.Rax, expected, "eax");
        tests.True((uint)registers.Rbx == (uint)before.Rbx && (uint)registers.Rbp == (uint)before.Rbp, "ebx and ebp are kept");
        tests.True((uint)registers.Rcx == (uint)before.Rcx && (uint)registers.Rdx == (uint)before.Rdx, "ecx and edx are kept");
        tests.True((uint)registers.Rdi == (uint)before.Rdi && (uint)registers.Rsi == (uint)before.Rsi, "edi and esi are kept");
    }

    private static void UserMode(TestRun tests)
    {
        tests.Start("calls from user mode");
        byte[] code = Xen.UsesVmcall ? Execute.Vmcall : Execute.Vmmcall;
        var registers = new Registers { Rax = (ulong)Hypercall.XenVersion };
        tests.Completes(Execute.AtUser(code, ref registers, NarrowCalls.IsOn), "xen_version");
        tests.Error(Result(in registers), Errno.EPERM, "xen_version at CPL 3");
        registers = new Registers { Rax = 63 };
        tests.Completes(Execute.AtUser(code, ref registers, NarrowCalls.IsOn), "number 63");
        tests.Error(Result(in registers), Errno.EPERM, "number 63 at CPL 3");
    }

    private static long Result(in Registers registers) => NarrowCalls.IsOn ? (int)registers.Rax : (long)registers.Rax;

    /// <summary>The other vendor's call instruction is an unknown one to the processor.</summary>
    private static void ForeignInstruction(TestRun tests)
    {
        tests.Start("the other vendor's call instruction");
        var registers = new Registers { Rax = (ulong)Hypercall.XenVersion };
        Outcome outcome = Execute.AtKernel(Xen.UsesVmcall ? Execute.Vmmcall : Execute.Vmcall, ref registers, NarrowCalls.IsOn);
        tests.Raises(outcome, UndefinedOpcode, 0, "vmcall on AMD, vmmcall on Intel");
    }
}
