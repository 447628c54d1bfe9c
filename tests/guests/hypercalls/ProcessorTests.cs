using System.Runtime;
using System.Runtime.CompilerServices;

namespace Xenolith.Guests.Hypercalls;

/// <summary>
/// Registers that the hypervisor keeps for the guest: what they take, and what they refuse as the processor would. Values
/// that only the processor judges are left out: emulators are laxer than processors there.
/// </summary>
internal static class ProcessorTests
{
    private const byte UndefinedOpcode = 6, GeneralProtection = 13;
    private const uint Pat = 0x277, Efer = 0xC000_0080, Lstar = 0xC000_0082, KernelGsBase = 0xC000_0102, SysenterEip = 0x176,
        MtrrCapabilities = 0xFE, MtrrDefault = 0x2FF, NorthbridgeConfiguration = 0xC001_001F;

    public static void Run(TestRun tests)
    {
        KeptRegisters(tests);
        RefusedValues(tests);
        ControlRegisters(tests);
        CacheDisable(tests);
        Vectors(tests);
    }

    [RuntimeImport("*", "vectors_across_exits")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern void VectorsAcrossExits(ulong area);

    /// <summary>The hypervisor's own code uses some of these registers: the guest's are as they were after any exit.</summary>
    private static void Vectors(TestRun tests)
    {
        tests.Start("vector registers and mxcsr are the guest's after exits");
        const int words = 32, mxcsr = 256, after = 512;
        // Upward rounding, denormals as zeros, and the flag of an inexact result.
        const uint control = 0x1F80 | 0x4000 | 0x40 | 0x20;
        ulong area = Layout.FrameOf(PoolPage.FirstFree) * Layout.PageSize;
        for (ulong i = 0; i < words; i++)
        {
            Memory.Write64(area + (8 * i), 0x0123_4567_89AB_CDEF * (i + 1));
            Memory.Write64(area + after + (8 * i), 0);
        }

        Memory.Write32(area + mxcsr, control);
        VectorsAcrossExits(area);
        int differ = 0;
        for (ulong i = 0; i < words; i++)
        {
            differ += Memory.Read64(area + after + (8 * i)) == 0x0123_4567_89AB_CDEF * (i + 1) ? 0 : 1;
        }

        tests.Equal(differ, 0, "words of xmm0-15 that changed");
        tests.Equal(Memory.Read32(area + after + mxcsr), control, "mxcsr");
    }

    private static void CacheDisable(TestRun tests)
    {
        tests.Start("cr0.cd reads as it was written");
        const ulong cacheDisable = 0x4000_0000;
        var registers = default(Registers);
        // MOV RAX, CR0; OR EAX, CD; MOV CR0, RAX; MOV RBX, CR0; SMSW ECX; SMSW [RDI]; BTR EAX, 30; MOV CR0, RAX; MOV RDX, CR0
        ulong word = Layout.FrameOf(PoolPage.FirstFree) * Layout.PageSize;
        registers.Rdi = word;
        tests.Completes(
            Execute.AtKernel(
                [0x0F, 0x20, 0xC0, 0x0D, 0x00, 0x00, 0x00, 0x40, 0x0F, 0x22, 0xC0, 0x0F, 0x20, 0xC3, 0x0F, 0x01, 0xE1, 0x0F, 0x01, 0x27,
                    0x0F, 0xBA, 0xF0, 0x1E, 0x0F, 0x22, 0xC0, 0x0F, 0x20, 0xC2],
                ref registers),
            "the code");
        tests.Equal((long)(registers.Rbx & cacheDisable), (long)cacheDisable, "set");
        tests.Equal((long)(registers.Rcx & 0xFFFF), (long)(registers.Rbx & 0xFFFF), "smsw to a register");
        tests.Equal(Memory.Read16(word), (long)(registers.Rbx & 0xFFFF), "smsw to memory");
        tests.Equal((long)registers.Rdx, (long)(registers.Rbx & ~cacheDisable), "clear again");
    }

    private static Outcome Read(uint index, out ulong value)
    {
        var registers = new Registers { Rcx = index };
        Outcome outcome = Execute.AtKernel(Execute.Rdmsr, ref registers);
        value = (registers.Rdx << 32) | (registers.Rax & 0xFFFF_FFFF);
        return outcome;
    }

    private static Outcome Write(uint index, ulong value)
    {
        var registers = new Registers { Rcx = index, Rax = value & 0xFFFF_FFFF, Rdx = value >> 32 };
        return Execute.AtKernel(Execute.Wrmsr, ref registers);
    }

    private static void RoundTrip(TestRun tests, uint index, ulong value, string name)
    {
        tests.Completes(Read(index, out ulong before), name);
        tests.Completes(Write(index, value), name);
        tests.Completes(Read(index, out ulong after), name);
        tests.Equal((long)after, (long)value, name);
        tests.Completes(Write(index, before), name);
    }

    private static void KeptRegisters(TestRun tests)
    {
        tests.Start("msrs keep what is written");
        RoundTrip(tests, Pat, 0x0407_0506_0007_0106, "pat");
        RoundTrip(tests, Lstar, 0x0000_1234_5678_9ABC, "lstar");
        RoundTrip(tests, KernelGsBase, 0xFFFF_8000_0000_1000, "kernel gs base");
        RoundTrip(tests, SysenterEip, 0x1234_5678, "sysenter eip");
        tests.Completes(Read(MtrrCapabilities, out ulong capabilities), "mtrr capabilities");
        tests.True((capabilities & 0xFF) != 0, "variable ranges");
        tests.Completes(Read(MtrrDefault, out _), "mtrr default type");
        const ulong longModeActive = 0x400, longModeEnable = 0x100;
        tests.Completes(Read(Efer, out ulong efer), "efer");
        tests.Equal((long)(efer & (longModeActive | longModeEnable)), (long)(longModeActive | longModeEnable), "long mode in efer");
        if (!Xen.UsesVmcall)
        {
            tests.Completes(Read(NorthbridgeConfiguration, out _), "northbridge configuration");
            tests.Completes(Write(NorthbridgeConfiguration, 1UL << 46), "northbridge configuration, write");
        }
    }

    private static void RefusedValues(TestRun tests)
    {
        tests.Start("msrs refuse what the processor would");
        tests.Raises(Read(0x1234_5678, out _), GeneralProtection, 0, "read of an unknown one");
        tests.Raises(Write(0x1234_5678, 0), GeneralProtection, 0, "write of an unknown one");
        tests.Raises(Write(Efer, 1UL << 63), GeneralProtection, 0, "efer, reserved bit");
        tests.Raises(Write(Efer, 0x500 ^ 0x100), GeneralProtection, 0, "efer, long mode off while paging");
        tests.Raises(Write(MtrrCapabilities, 0), GeneralProtection, 0, "mtrr capabilities are read-only");
    }

    private static void ControlRegisters(TestRun tests)
    {
        tests.Start("control registers refuse what the processor would");
        ulong cr4 = Instructions.ReadCr4();
        var registers = new Registers { Rax = cr4 | (1UL << 15) };
        tests.Raises(Execute.AtKernel(Execute.WriteCr4, ref registers), GeneralProtection, 0, "cr4, reserved bit 15");
        registers = new Registers { Rax = cr4 & ~0x20UL };
        tests.Raises(Execute.AtKernel(Execute.WriteCr4, ref registers), GeneralProtection, 0, "cr4, PAE off in long mode");
        const ulong vmxEnable = 0x2000;
        registers = new Registers { Rax = cr4 | vmxEnable };
        tests.Raises(Execute.AtKernel(Execute.WriteCr4, ref registers), GeneralProtection, 0, "cr4, VMX that the guest has not got");
        tests.Equal((long)Instructions.ReadCr4(), (long)cr4, "cr4 afterwards");
        registers = new Registers { Rax = 1 };
        tests.Raises(Execute.AtKernel(Execute.Xsetbv, ref registers), UndefinedOpcode, 0, "xsetbv without OSXSAVE");
    }
}
