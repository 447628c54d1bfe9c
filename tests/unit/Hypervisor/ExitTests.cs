using System;
using System.Collections.Generic;
using Xenolith.Abi.Contract;
using Xenolith.Hal;
using Xunit;

namespace Xenolith.Tests.Unit.Hypervisor;

/// <summary>Each kind of exit, through the run loop: what the guest sees of it.</summary>
public sealed class ExitTests
{
    private const ulong Hole = 0xF000_0000;
    private const byte UndefinedOpcode = 6, GeneralProtection = 13;

    // MOV EAX, [0xF0000000]; MOV [0xF0000000], EAX; CPUID; MOV CR0, EAX; MOV EAX, CR0; MOV CR3, EAX; MOV CR4, EAX; MOV EAX, CR4.
    private static readonly byte[] s_readHole = [0xA1, 0, 0, 0, 0xF0];
    private static readonly byte[] s_writeHole = [0xA3, 0, 0, 0, 0xF0];
    private static readonly byte[] s_cpuid = [0x0F, 0xA2];
    private static readonly byte[] s_writeCr0 = [0x0F, 0x22, 0xC0];
    private static readonly byte[] s_readCr0 = [0x0F, 0x20, 0xC0];
    private static readonly byte[] s_writeCr3 = [0x0F, 0x22, 0xD8];
    private static readonly byte[] s_writeCr4 = [0x0F, 0x22, 0xE0];
    private static readonly byte[] s_readCr4 = [0x0F, 0x20, 0xE0];
    private static readonly byte[] s_readMsr = [0x0F, 0x32];
    private static readonly byte[] s_writeMsr = [0x0F, 0x30];

    /// <summary>Exits after which the guest goes on behind its instruction, by the length that the CPU says or that is decoded.</summary>
    public static TheoryData<ExitReason, byte[]> Skipped => new()
    {
        { ExitReason.Cpuid, s_cpuid },
        { ExitReason.CacheInvalidate, [0x0F, 0x09] },
        { ExitReason.CacheInvalidate, [0x0F, 0x08] },
    };

    [Theory]
    [MemberData(nameof(Skipped))]
    public void TheGuestGoesOnBehindTheInstruction(ExitReason reason, byte[] instruction)
    {
        foreach (bool isSaid in (bool[])[false, true])
        {
            using var fixture = new HypervisorFixture();
            fixture.Then(guest => guest.Exit(reason, instruction).InstructionLength = (byte)(isSaid ? instruction.Length : 0));
            fixture.Then(guest =>
            {
                Assert.Equal(HypervisorFixture.Entry + (ulong)instruction.Length, guest.Cpu.Rip);
                Assert.Empty(guest.Cpu.InjectedExceptions);
                guest.PowerOff();
            });
            Assert.True(fixture.Run());
        }
    }

    /// <summary>Exits that leave the guest where it stands, with nothing injected.</summary>
    [Theory]
    [InlineData(ExitReason.Interrupt)]
    [InlineData(ExitReason.InterruptWindow)]
    [InlineData(ExitReason.Nmi)]
    public void TheGuestRunsOnWhereItStood(ExitReason reason) => Expect(guest => guest.Exit(reason), null);

    [Theory]
    [InlineData(ExitReason.Xsetbv)]
    [InlineData(ExitReason.UnavailableInstruction)]
    public void WhatTheCpuPolicyLacksIsUndefined(ExitReason reason) => Expect(guest => guest.Exit(reason, 0x0F, 0x01, 0xD1), (UndefinedOpcode, null));

    [Fact]
    public void AnInstructionThatIsGoneRunsAgain()
    {
        // Nothing is mapped where RIP points by now: the CPU has to find that out by itself.
        using var fixture = new HypervisorFixture();
        fixture.Then(guest =>
        {
            guest.Exit(ExitReason.Cpuid);
            guest.Cpu.Rip = Hole;
        });
        fixture.Then(guest =>
        {
            Assert.Equal(Hole, guest.Cpu.Rip);
            Assert.Empty(guest.Cpu.InjectedExceptions);
            guest.Cpu.Rip = HypervisorFixture.Entry;
            guest.PowerOff();
        });
        Assert.True(fixture.Run());
    }

    [Fact]
    public void CpuidNamesXen()
    {
        using var fixture = new HypervisorFixture();
        fixture.Then(guest =>
        {
            guest.Exit(ExitReason.Cpuid, s_cpuid);
            guest.Registers.Rax = 0x4000_0000;
        });
        fixture.Then(guest =>
        {
            ref GuestRegisters registers = ref guest.Registers;
            Assert.Equal("XenVMMXenVMM", Text(registers.Rbx) + Text(registers.Rcx) + Text(registers.Rdx));
            guest.PowerOff();
        });
        Assert.True(fixture.Run());
    }

    /// <summary>Results of calls, as a 32-bit caller sees them.</summary>
    [Theory]
    [InlineData((int)Hypercall.XenVersion, 0UL, 0UL, 0x0004_0011)]
    [InlineData(63, 0UL, 0UL, -(int)Errno.ENOSYS)]
    [InlineData(5000, 0UL, 0UL, -(int)Errno.ENOSYS)]
    [InlineData((int)Hypercall.SchedOp, 99UL, 0UL, -(int)Errno.ENOSYS)]
    [InlineData((int)Hypercall.SchedOp, 2UL, Hole, -(int)Errno.EFAULT)]
    [InlineData((int)Hypercall.VcpuOp, 3UL, 0UL, 1)]
    public void HypercallsAreAnswered(int number, ulong a0, ulong a1, int result)
    {
        using var fixture = new HypervisorFixture();
        fixture.Then(guest => guest.Call((Hypercall)number, a0, a1));
        fixture.Then(guest =>
        {
            Assert.Equal(result, (int)guest.Registers.Rax);
            Assert.Equal(HypervisorFixture.Entry + 3, guest.Cpu.Rip);
            guest.PowerOff();
        });
        Assert.True(fixture.Run());
    }

    [Fact]
    public void HolesReadAsOnesAndTakeWrites()
    {
        using var fixture = new HypervisorFixture();
        fixture.Then(guest =>
        {
            guest.Registers.Rax = 5;
            guest.NestedFault(Hole, false, s_readHole);
        });
        fixture.Then(guest =>
        {
            Assert.Equal(uint.MaxValue, (uint)guest.Registers.Rax);
            guest.NestedFault(Hole, true, s_writeHole);
        });
        fixture.Then(guest =>
        {
            Assert.Equal(HypervisorFixture.Entry + 10, guest.Cpu.Rip);
            Assert.Empty(guest.Cpu.InjectedExceptions);
            guest.PowerOff();
        });
        Assert.True(fixture.Run());
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public void NothingIsEmulatedWhereCodeOrTablesAreMissing(bool isFetch, bool duringWalk) =>
        Expect(
            guest =>
            {
                ref Exit exit = ref guest.NestedFault(Hole, false, s_readHole);
                exit.IsFetch = isFetch;
                exit.DuringWalk = duringWalk;
            },
            (GeneralProtection, 0));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void AFaultThatTheTableNoLongerGivesIsForgotten(bool isWrite)
    {
        using var fixture = new HypervisorFixture();
        int before = 0;
        fixture.Then(guest =>
        {
            before = guest.Cpu.NestedInvalidations;
            guest.NestedFault(Guest.Scratch, isWrite);
        });
        fixture.Then(guest =>
        {
            Assert.True(guest.Cpu.NestedInvalidations > before);
            Assert.Equal(HypervisorFixture.Entry, guest.Cpu.Rip);
            guest.PowerOff();
        });
        Assert.True(fixture.Run());
    }

    [Fact]
    public void PortsAreEmptyButForTheDebugPort()
    {
        using var fixture = new HypervisorFixture();
        foreach (char character in "well\n")
        {
            fixture.Then(guest =>
            {
                // OUT 0xE9, AL
                Port(guest, 0xE9, isIn: false, 0xE6, 0xE9);
                guest.Registers.Rax = character;
            });
        }

        fixture.Then(guest =>
        {
            // IN AL, 0x60
            Port(guest, 0x60, isIn: true, 0xE4, 0x60);
            guest.Registers.Rax = 0;
        });
        fixture.Then(guest =>
        {
            Assert.Equal(0xFFu, (uint)guest.Registers.Rax);
            guest.PowerOff();
        });
        Assert.True(fixture.Run());
        Assert.Contains("(d0) well\n", fixture.Console.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0x1Bu, true)]
    [InlineData(0xC000_0080u, true)]
    [InlineData(0x277u, true)]
    [InlineData(0x4000_0000u, true)]
    [InlineData(0x4000_0001u, false)]
    [InlineData(0x1234_5678u, false)]
    [InlineData(0xC001_0117u, false)]
    public void MsrsAreReadOrProtected(uint number, bool exists)
    {
        using var fixture = new HypervisorFixture();
        fixture.Then(guest =>
        {
            guest.Cpu.HoldMsr(0x277, 0x0007_0406_0007_0406);
            guest.Exit(ExitReason.MsrRead, s_readMsr);
            (guest.Registers.Rcx, guest.Registers.Rax, guest.Registers.Rdx) = (number, 0xAAAA, 0xBBBB);
        });
        fixture.Then(guest =>
        {
            Assert.Equal(HypervisorFixture.Entry + (exists ? 2UL : 0), guest.Cpu.Rip);
            Assert.Equal(exists ? 0 : 1, guest.Cpu.InjectedExceptions.Count);
            Assert.Equal(!exists, guest.Registers.Rax == 0xAAAA && guest.Registers.Rdx == 0xBBBB);
            guest.Cpu.Rip = HypervisorFixture.Entry;
            guest.PowerOff();
        });
        Assert.True(fixture.Run());
    }

    [Fact]
    public void WritesOfEferCount()
    {
        using var fixture = new HypervisorFixture();
        fixture.Then(guest =>
        {
            guest.Exit(ExitReason.MsrWrite, s_writeMsr);
            (guest.Registers.Rcx, guest.Registers.Rax, guest.Registers.Rdx) = (Msr.Efer, EferBits.LongModeEnable | EferBits.SyscallEnable, 0);
        });
        fixture.Then(guest =>
        {
            Assert.Equal(EferBits.LongModeEnable | EferBits.SyscallEnable, guest.Cpu.Efer);
            guest.Exit(ExitReason.MsrWrite, s_writeMsr);
            (guest.Registers.Rcx, guest.Registers.Rax, guest.Registers.Rdx) = (Msr.Efer, EferBits.SecureVirtualMachine, 0);
        });
        fixture.Then(guest =>
        {
            Assert.Equal([(GeneralProtection, 0u)], guest.Cpu.InjectedExceptions);
            guest.PowerOff();
        });
        Assert.True(fixture.Run());
    }

    /// <summary>Instruction, control register, value in EAX before, CR0 or CR4 afterwards; null: #GP.</summary>
    public static TheoryData<byte[], byte, ulong, ulong?> Writes => new()
    {
        { s_writeCr0, 0, 0x33, 0x33 },
        { s_writeCr0, 0, 0x1_0011, 0x1_0011 },
        { s_writeCr0, 0, Cr0Bits.Paging, null },
        { s_writeCr0, 0, Cr0Bits.NotWriteThrough | 0x11, null },
        { s_writeCr3, 3, 0x20_0000, 0x20_0000 },
        { s_writeCr4, 4, Cr4Bits.PhysicalAddressExtension, Cr4Bits.PhysicalAddressExtension },
        { s_writeCr4, 4, Cr4Bits.Vmx, null },
        { s_writeCr4, 4, Cr4Bits.XsaveEnable, null },
    };

    [Theory]
    [MemberData(nameof(Writes))]
    public void ControlRegistersAreWritten(byte[] instruction, byte register, ulong value, ulong? expected)
    {
        foreach (bool assisted in (bool[])[true, false])
        {
            using var fixture = new HypervisorFixture();
            fixture.Then(guest =>
            {
                guest.Registers.Rax = value;
                ref Exit exit = ref Move(guest, instruction, register, isWrite: true, assisted);
                exit.ControlRegisterValue = assisted ? value : 0;
            });
            fixture.Then(guest =>
            {
                if (expected is { } good)
                {
                    Assert.Equal(good, register switch { 0 => guest.Cpu.Cr0, 3 => guest.Cpu.Cr3, _ => guest.Cpu.Cr4 });
                    Assert.Empty(guest.Cpu.InjectedExceptions);
                }
                else
                {
                    Assert.Equal([(GeneralProtection, 0u)], guest.Cpu.InjectedExceptions);
                    Assert.Equal((0x11UL, 0UL), (guest.Cpu.Cr0, guest.Cpu.Cr4));
                }

                Assert.Equal(HypervisorFixture.Entry + (expected is null ? 0UL : 3), guest.Cpu.Rip);
                guest.Cpu.Rip = HypervisorFixture.Entry;
                guest.Cpu.Cr0 = 0x11;
                guest.PowerOff();
            });
            Assert.True(fixture.Run());
        }
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(0, false)]
    [InlineData(4, true)]
    [InlineData(4, false)]
    public void ControlRegistersAreRead(byte register, bool assisted)
    {
        using var fixture = new HypervisorFixture();
        fixture.Then(guest =>
        {
            guest.Cpu.Cr4 = 0x20;
            guest.Registers.Rax = ulong.MaxValue;
            Move(guest, register == 0 ? s_readCr0 : s_readCr4, register, isWrite: false, assisted);
        });
        fixture.Then(guest =>
        {
            Assert.Equal(register == 0 ? 0x11UL : 0x20UL, guest.Registers.Rax);
            guest.PowerOff();
        });
        Assert.True(fixture.Run());
    }

    [Fact]
    public void LmswComesAsAWholeValue()
    {
        using var fixture = new HypervisorFixture();
        fixture.Then(guest =>
        {
            // LMSW AX
            ref Exit exit = ref Move(guest, [0x0F, 0x01, 0xF0], 0, isWrite: true, assisted: true);
            exit.GeneralRegister = Exit.NoGeneralRegister;
            exit.ControlRegisterValue = 0x1B;
        });
        fixture.Then(guest =>
        {
            Assert.Equal((0x1BUL, HypervisorFixture.Entry + 3), (guest.Cpu.Cr0, guest.Cpu.Rip));
            guest.PowerOff();
        });
        Assert.True(fixture.Run());
    }

    [Theory]
    [InlineData(new byte[] { 0x0F, 0x01, 0xE0 }, 0x1_0033UL)]
    [InlineData(new byte[] { 0x66, 0x0F, 0x01, 0xE0 }, 0xAAAA_AAAA_AAAA_0033UL)]
    public void SmswReadsWhatTheGuestHasSet(byte[] instruction, ulong expected)
    {
        using var fixture = new HypervisorFixture();
        fixture.Then(guest =>
        {
            guest.Cpu.Cr0 = 0x0001_0033;
            guest.Registers.Rax = 0xAAAA_AAAA_AAAA_AAAA;
            Move(guest, instruction, 0, isWrite: false, assisted: false);
        });
        fixture.Then(guest =>
        {
            Assert.Equal(expected, guest.Registers.Rax);
            Assert.Equal(HypervisorFixture.Entry + (ulong)instruction.Length, guest.Cpu.Rip);
            guest.Cpu.Rip = HypervisorFixture.Entry;
            guest.Cpu.Cr0 = 0x11;
            guest.PowerOff();
        });
        Assert.True(fixture.Run());
    }

    /// <summary>Another CPU of the guest may have changed the instruction meanwhile; then it simply runs.</summary>
    [Fact]
    public void AMoveThatIsAnotherInstructionByNowRunsAgain()
    {
        foreach (byte[] instruction in (byte[][])[[0x90], s_writeCr4, [0x0F, 0xFF]])
            Expect(guest => Move(guest, instruction, 0, isWrite: true, assisted: false), null);
    }

    /// <summary>Exits that end the guest, and what the console says about each.</summary>
    [Theory]
    [InlineData(ExitReason.TripleFault, "triple fault at rip 100000")]
    [InlineData(ExitReason.EntryFailed, "is ended: the CPU refused its state")]
    [InlineData(ExitReason.Unexpected, "exit 4d2")]
    [InlineData((ExitReason)200, "exit 4d2")]
    public void SomeExitsEndTheGuest(ExitReason reason, string message)
    {
        using var fixture = new HypervisorFixture();
        fixture.Then(guest => guest.Exit(reason).RawReason = 0x4D2);
        Assert.False(fixture.Run());
        Assert.Contains(message, fixture.Console.Text, StringComparison.Ordinal);
        Assert.Equal(1, fixture.Cpu.Entries);
    }

    /// <summary>An access that no instruction made is not emulated.</summary>
    [Theory]
    [InlineData(0xE000_0000UL)]
    [InlineData(0xFEE0_0000UL)]
    public void AnEventThatCanNotBeDeliveredEndsTheGuest(ulong physical)
    {
        using var fixture = new HypervisorFixture();
        fixture.Then(guest =>
        {
            // MOV [RDI], EAX
            ref Exit exit = ref guest.Exit(ExitReason.NestedPageFault, [0x89, 0x07]);
            guest.Registers.Rdi = physical;
            (exit.GuestPhysical, exit.IsWrite, exit.DuringDelivery) = (physical, true, true);
        });
        Assert.False(fixture.Run());
        Assert.Contains("the delivery of an event at rip 100000 used guest-physical " + physical.ToString("x", System.Globalization.CultureInfo.InvariantCulture), fixture.Console.Text, StringComparison.Ordinal);
        Assert.Contains("is ended: an event can't be delivered", fixture.Console.Text, StringComparison.Ordinal);
    }

    private static void Port(Guest guest, ushort port, bool isIn, params ReadOnlySpan<byte> instruction)
    {
        ref Exit exit = ref guest.Exit(ExitReason.PortIo, instruction);
        exit.Port = port;
        exit.Size = 1;
        exit.IsIn = isIn;
    }

    private static ref Exit Move(Guest guest, byte[] instruction, byte register, bool isWrite, bool assisted)
    {
        ref Exit exit = ref guest.Exit(ExitReason.ControlRegister, instruction);
        exit.ControlRegister = register;
        exit.IsControlRegisterWrite = isWrite;
        exit.GeneralRegister = assisted ? (byte)0 : Exit.UnknownGeneralRegister;
        return ref exit;
    }

    // One exit that leaves RIP alone.
    private static void Expect(Action<Guest> step, (byte Vector, uint? ErrorCode)? injected)
    {
        using var fixture = new HypervisorFixture();
        fixture.Then(step);
        fixture.Then(guest =>
        {
            Assert.Equal(HypervisorFixture.Entry, guest.Cpu.Rip);
            Assert.Equal(injected is { } one ? [one] : new List<(byte, uint?)>(), guest.Cpu.InjectedExceptions);
            guest.PowerOff();
        });
        Assert.True(fixture.Run());
    }

    private static string Text(ulong register) => System.Text.Encoding.ASCII.GetString(BitConverter.GetBytes((uint)register));
}
