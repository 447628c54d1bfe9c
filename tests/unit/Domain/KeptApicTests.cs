using System;
using System.Linq;
using FsCheck;
using FsCheck.Fluent;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Hal;
using Xenolith.Kernel;
using Xenolith.Mm;
using Xenolith.Tests.Unit.Harness;
using Xunit;

namespace Xenolith.Tests.Unit.Domains;

/// <summary>A local APIC that the CPU keeps. What the CPU does by itself, the test does to the registers' frame.</summary>
public sealed class KeptApicTests : IDisposable
{
    private const uint Id = 0x20, Version = 0x30, Tpr = 0x80, Eoi = 0xB0, Ldr = 0xD0, Svr = 0xF0, Isr = 0x100, Irr = 0x200, Esr = 0x280,
        IcrLow = 0x300, LvtTimer = 0x320, InitialCount = 0x380, Divide = 0x3E0, SelfIpi = 0x3F0;
    private const uint SoftwareEnable = 0x1FF;
    private const ulong X2ApicMode = 0x400, Enabled = 0x800;

    /// <summary>Registers of which a write by the CPU is told: those that it virtualises but TPR, EOI and ICR.</summary>
    private static readonly uint[] s_trapped = [Id, Ldr, 0xE0, Svr, Esr, LvtTimer, 0x330, 0x340, 0x350, 0x360, 0x370, InitialCount, Divide];

    private readonly TestMachine _machine = new(keepsApics: true);
    private readonly Domain _domain;
    private readonly Vcpu _vcpu;
    private readonly ScriptedCpu _cpu;
    private readonly VirtualApic _apic;

    public KeptApicTests()
    {
        _domain = _machine.CreateDomain(4, vcpus: 2);
        _vcpu = _domain.Vcpus[0];
        _cpu = TestMachine.Cpu(_vcpu);
        _apic = _vcpu.Apic;
    }

    public void Dispose() => _machine.Dispose();

    private ref uint Register(uint offset) => ref _machine.Memory.Word32(_cpu.ApicRegisters.Address + offset);

    /// <summary>What a write of the guest's comes to, and the look at it before the next entry.</summary>
    private void Write(uint offset, uint value)
    {
        Register(offset) = value;
        _apic.CompleteWrite(offset);
        _apic.Synchronise();
    }

    private bool Has(uint register, byte vector) => (Register(register + (uint)(vector >> 5) * 0x10) >> (vector & 31) & 1) != 0;

    [Fact]
    public void TheCpuGetsTheRegistersAndAPageThatIsNobodysMemory()
    {
        Assert.Equal((0u, 0x0005_0014u, 0xFFu), (Register(Id), Register(Version), Register(Svr)));
        ScriptedCpu other = TestMachine.Cpu(_domain.Vcpus[1]);
        Assert.Equal(2u << 24, _machine.Memory.Word32(other.ApicRegisters.Address + Id));
        Assert.Equal(_cpu.ApicPage, other.ApicPage);
        P2mEntry entry = _domain.P2m.Lookup(Gfn.Of(VirtualApic.PageAddress));
        Assert.Equal((_cpu.ApicPage, P2mType.Mmio, Rights.Read | Rights.Write), (entry.Mfn, entry.Type, entry.Access));
        Assert.False(entry.IsReadable);
        Assert.False(_domain.P2m.TryDepopulate(Gfn.Of(VirtualApic.PageAddress)));
        Assert.True(_machine.Memory.Frame(_cpu.ApicPage).IndexOfAnyExcept((byte)0xFF) < 0);
    }

    /// <summary>Who wants to hear of an interrupt before it is delivered has it injected: the CPU keeps nothing meanwhile, and all of it again afterwards.</summary>
    [Fact]
    public void WhatIsToBeHeardOfIsInjected()
    {
        const byte vector = 0x61, next = 0x51;
        Write(Svr, SoftwareEnable);
        Assert.True(_cpu.Keeping is { Interface: ApicInterface.Page, Delivers: true });
        _apic.InjectAll(true);
        _apic.Synchronise();
        Assert.Equal(new ApicKeeping(ApicInterface.None, false, 0, 0), _cpu.Keeping);
        _apic.Raise(vector);
        _apic.Raise(next);
        Assert.Equal(new Injection(InjectionKind.LocalApic, vector), _vcpu.SelectInjection());
        _vcpu.AcceptInjection(_vcpu.SelectInjection());
        Assert.True(Has(Isr, vector));
        Assert.Equal(InjectionKind.None, _vcpu.SelectInjection().Kind);
        _apic.InjectAll(false);
        Assert.True(_apic.HasNews);
        _apic.Synchronise();
        Assert.Equal(new ApicKeeping(ApicInterface.Page, true, next, vector), _cpu.Keeping);
        Assert.Equal(InjectionKind.None, _vcpu.SelectInjection().Kind);
    }

    [Fact]
    public void ADomainGivesItsFramesBack()
    {
        ulong free = _machine.Frames.FreeFrames;
        _machine.CreateDomain(4, vcpus: 3, id: 5).Dispose();
        Assert.Equal(free, _machine.Frames.FreeFrames);
    }

    [Fact]
    public void NothingIsDeliveredWhileSoftwareHasItOff()
    {
        _apic.RaiseUpcall(0x55);
        _apic.Synchronise();
        Assert.Equal((ApicInterface.Page, false), (_cpu.Keeping.Interface, _cpu.Keeping.Delivers));
        Assert.False(_vcpu.HasInterrupt);
        Write(Svr, SoftwareEnable);
        Assert.Equal(new ApicKeeping(ApicInterface.Page, true, 0x55, 0), _cpu.Keeping);
        Assert.True(_vcpu.HasInterrupt);
        Write(Svr, 0xFF);
        Assert.False(_cpu.Keeping.Delivers);
        Assert.Equal(0x1_0000u, Register(LvtTimer));
    }

    [Fact]
    public void RequestsReachTheRegisterOnTheVcpusOwnCpuAlone()
    {
        Write(Svr, SoftwareEnable);
        _apic.Raise(0x41);
        _apic.Raise(0xE1);
        Assert.True(_apic.HasNews);
        Assert.False(Has(Irr, 0x41) || Has(Irr, 0xE1));
        _apic.Synchronise();
        Assert.False(_apic.HasNews);
        Assert.True(Has(Irr, 0x41) && Has(Irr, 0xE1));
        Assert.Equal(0xE1, _cpu.Keeping.Requested);
        Assert.Equal(default, _vcpu.SelectInjection());
        Assert.True(_vcpu.HasInterrupt);
        Register(Tpr) = 0xF0;
        Assert.False(_vcpu.HasInterrupt);
    }

    /// <summary>Whoever looks for an interrupt brings it into the register; the CPU has to be told of it before the next entry all the same.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void WhatALookBringsIntoTheRegisterIsAnnounced(bool reads)
    {
        Write(Svr, SoftwareEnable);
        _vcpu.TakeAttention();
        _apic.Raise(0x41);
        _vcpu.TakeAttention();
        Assert.True(reads ? _apic.Read(Irr + 0x20) == 1 << 1 : _vcpu.HasInterrupt);
        Assert.True(Has(Irr, 0x41) && _apic.HasNews);
        Assert.NotEqual(Attention.None, _vcpu.Attention & Attention.Interrupts);
        _apic.Synchronise();
        Assert.Equal(0x41, _cpu.Keeping.Requested);
        Assert.False(_apic.HasNews);
    }

    [Fact]
    public void TheCallbackVectorStaysTheCallersToInject()
    {
        Write(Svr, SoftwareEnable);
        _apic.Raise(0xE1);
        _domain.SetCallback(2UL << 56 | 0xF3);
        Assert.Equal(Errno.None, _domain.EventChannels.BindIpi(0, out uint port));
        _domain.EventChannels.Send(port);
        _apic.Synchronise();
        Injection injection = _vcpu.SelectInjection();
        Assert.Equal(new Injection(InjectionKind.Callback, 0xF3), injection);
        Assert.Equal(0xE1, _cpu.Keeping.Requested);
    }

    [Fact]
    public void AnEndThatSoftwareCarriesOutIsTold()
    {
        Write(Svr, SoftwareEnable);
        Register(Isr + 0x20) = 1 << 5;
        Register(Isr + 0x60) = 1 << 3;
        _apic.Write(Eoi, 0);
        _apic.Synchronise();
        Assert.Equal((byte)0x45, _cpu.Keeping.InService);
        Assert.False(Has(Isr, 0xC3));
    }

    [Fact]
    public void ModesFollowTheBase()
    {
        Write(Svr, SoftwareEnable);
        VirtualApic apic = _domain.Vcpus[1].Apic;
        ScriptedCpu cpu = TestMachine.Cpu(_domain.Vcpus[1]);
        Assert.True(apic.TryWriteBaseMsr(VirtualApic.PageAddress | Enabled | X2ApicMode));
        apic.Synchronise();
        // The CPU can't keep it as MSRs without ending interrupts, which it may not while software has it off.
        Assert.Equal((ApicInterface.None, false), (cpu.Keeping.Interface, cpu.Keeping.Delivers));
        Assert.True(apic.TryWriteMsr(0x80F, SoftwareEnable));
        apic.Synchronise();
        Assert.Equal((ApicInterface.Msrs, true), (cpu.Keeping.Interface, cpu.Keeping.Delivers));
        PhysicalMemory memory = _machine.Memory;
        Assert.Equal((2u, 4u), (memory.Word32(cpu.ApicRegisters.Address + Id), memory.Word32(cpu.ApicRegisters.Address + Ldr)));
        Assert.True(apic.TryReadMsr(0x802, out ulong id));
        Assert.Equal(2UL, id);

        Assert.True(apic.TryWriteBaseMsr(VirtualApic.PageAddress));
        apic.Synchronise();
        Assert.Equal(new ApicKeeping(ApicInterface.None, false, 0, 0), cpu.Keeping);
        Assert.True(apic.TryWriteBaseMsr(VirtualApic.PageAddress | Enabled));
        apic.Synchronise();
        Assert.Equal((ApicInterface.Page, false), (cpu.Keeping.Interface, cpu.Keeping.Delivers));
        Assert.Equal((2u << 24, 0u), (memory.Word32(cpu.ApicRegisters.Address + Id), memory.Word32(cpu.ApicRegisters.Address + Ldr)));
    }

    [Fact]
    public void AnIllegalInterruptToItselfIsAnError()
    {
        Assert.True(_apic.TryWriteBaseMsr(VirtualApic.PageAddress | 0x100 | Enabled | X2ApicMode));
        Assert.True(_apic.TryWriteMsr(0x80F, SoftwareEnable));
        Write(SelfIpi, 3);
        Assert.True(_apic.TryWriteMsr(0x828, 0));
        Assert.Equal(1u << 5, Register(Esr));
    }

    [Fact]
    public void InitForgetsWhatWaits()
    {
        Write(Svr, SoftwareEnable);
        _apic.Raise(0x41);
        _apic.Synchronise();
        _apic.Raise(0x42);
        Register(Isr + 0x20) = 1;
        _apic.Reset();
        _apic.Synchronise();
        Assert.Equal(new ApicKeeping(ApicInterface.Page, false, 0, 0), _cpu.Keeping);
        Assert.Equal((0u, 0u), (Register(Irr + 0x20), Register(Isr + 0x20)));
    }

    [Fact]
    public void AWriteThatTheCpuMadeComesToWhatAnEmulatedOneDoes()
    {
        var steps = Gen.Zip(Gen.Elements(s_trapped), Gen.Choose(int.MinValue, int.MaxValue)).ListOf();
        Prop.ForAll(steps.ToArbitrary(), written =>
        {
            using var kept = new KeptApicTests();
            using var emulated = new TestMachine();
            VirtualApic other = emulated.CreateDomain(4, vcpus: 2).Vcpus[0].Apic;
            foreach ((uint offset, int value) in written)
            {
                kept.Write(offset, (uint)value);
                other.Write(offset, (uint)value);
                kept._machine.Advance(500);
                emulated.Advance(500);
                for (uint register = 0; register < 0x400; register += 0x10)
                    Assert.Equal(other.Read(register), kept._apic.Read(register));
            }
            // What the CPU shows the guest is what a read that exits says.
            foreach (uint register in s_trapped)
                Assert.Equal(other.Read(register), kept.Register(register));
        }).QuickCheckThrowOnFailure();
    }
}
