using System;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Hal;
using Xenolith.Kernel;
using Xenolith.Mm;
using Xenolith.Tests.Unit.Machines;
using Xunit;
using GuestLayout = Xenolith.Tests.Unit.Machines.GuestLayout;

namespace Xenolith.Tests.Unit.Hypervisor;

/// <summary>VMFUNC on a CPU that has none, as AMD's: #UD exits, and the guest is in another view or has its #UD.</summary>
public sealed class ViewFunctionTests
{
    private const ulong Code = 0x6000;
    private const byte InvalidOpcode = 6;
    private const int UserLevel = 3 << 5;

    private static readonly byte[] s_plain = [0x0F, 0x01, 0xD4], s_prefixed = [0x48, 0x0F, 0x01, 0xD4];

    private sealed class Fixture : IDisposable
    {
        public Fixture(bool is64Bit = true, bool mayChoose = true)
        {
            Machine = new WholeMachine(is64Bit);
            Assert.Equal(ViewResult.Done, Domain.TryActivateAltp2m());
            for (int expected = 1; expected <= 2; expected++)
            {
                Assert.Equal(ViewResult.Done, Views.TryCreate(MemoryAccess.Default, out int index));
                Assert.Equal(expected, index);
            }

            if (mayChoose)
                Vcpu.SetNotification(Domain.P2m.Lookup(new Gfn(GuestLayout.FirstCommon)).Mfn);
            Cpu = Machine.TryBring(Vcpu)!.Value;
            Machine.Step(Cpu);
            Cpu = Machine.TryBring(Vcpu)!.Value;
        }

        public WholeMachine Machine { get; }

        public Domain Domain => Machine.Control;

        public Vcpu Vcpu => Domain.Vcpus[0];

        public Altp2m Views => Domain.Altp2m!;

        private int Cpu { get; }

        /// <summary>The guest executes an instruction that its CPU does not have. The exceptions that it gets.</summary>
        public int Execute(byte[] instruction, ulong leaf, ulong view)
        {
            Vcpu.Cpu.Rip = Code;
            Assert.True(Domain.Memory.TryWrite(Code, instruction));
            (Vcpu.Cpu.Registers.Rax, Vcpu.Cpu.Registers.Rcx) = (leaf, view);
            int before = Harness.TestMachine.Cpu(Vcpu).InjectedExceptions.Count;
            Machine.Step(Cpu, static at => at.Exit = new Exit { Reason = ExitReason.Exception, Vector = InvalidOpcode });
            Assert.Equal((leaf, view), (Vcpu.Cpu.Registers.Rax, Vcpu.Cpu.Registers.Rcx));
            return Harness.TestMachine.Cpu(Vcpu).InjectedExceptions.Count - before;
        }

        public void GoesTo(int view, byte[] instruction, ulong leaf = 0, ulong? index = null)
        {
            Assert.Equal(0, Execute(instruction, leaf, index ?? (ulong)view));
            Assert.Equal((view, Code + (ulong)instruction.Length), (Vcpu.ViewIndex, Vcpu.Cpu.Rip));
            Assert.Equal((Views.Find(view)!.Root, (ushort)view), (Harness.TestMachine.Cpu(Vcpu).NestedRoot, Vcpu.Cpu.ViewIndex));
        }

        public void IsUndefined(byte[] instruction, ulong leaf, ulong index)
        {
            int view = Vcpu.ViewIndex;
            Mfn root = Harness.TestMachine.Cpu(Vcpu).NestedRoot;
            Assert.Equal(1, Execute(instruction, leaf, index));
            Assert.Equal((InvalidOpcode, (uint?)null), Harness.TestMachine.Cpu(Vcpu).InjectedExceptions[^1]);
            Assert.Equal((view, Code, root), (Vcpu.ViewIndex, Vcpu.Cpu.Rip, Harness.TestMachine.Cpu(Vcpu).NestedRoot));
        }

        public void Dispose() => Machine.Dispose();
    }

    /// <summary>In code of either width and at any level, with prefixes that mean nothing, by the lower halves of EAX and ECX.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_guest_goes_to_the_view_that_it_names(bool is64Bit)
    {
        using var f = new Fixture(is64Bit);
        f.GoesTo(1, s_plain);
        f.GoesTo(2, is64Bit ? s_prefixed : s_plain);
        f.GoesTo(0, s_plain, leaf: 0xFFFF_FFFF_0000_0000, index: 0x1234_5678_0000_0000);
        // Of page tables that are the kernel's alone user code fetches nothing.
        if (is64Bit)
            return;
        Segment stack = f.Vcpu.Cpu.GetSegment(SegmentName.Ss);
        f.Vcpu.Cpu.SetSegment(SegmentName.Ss, stack with { Attributes = (ushort)(stack.Attributes | UserLevel) });
        f.GoesTo(1, s_plain);
    }

    [Fact]
    public void What_is_no_view_of_its_own_is_an_invalid_opcode()
    {
        using var f = new Fixture();
        f.GoesTo(1, s_plain);
        f.IsUndefined(s_plain, 1, 0);
        f.IsUndefined(s_plain, uint.MaxValue, 2);
        foreach (ulong index in (ulong[])[3, 9, 511, 512, 0x8000_0000, uint.MaxValue])
            f.IsUndefined(s_plain, 0, index);
        f.IsUndefined(s_prefixed, 0, 3);
        Assert.True(f.Views.TrySetVisible(2, false));
        f.IsUndefined(s_plain, 0, 2);
        Assert.True(f.Views.TrySetVisible(2, true));
        f.GoesTo(2, s_plain);
        // UD2, with a view's number where it would stand.
        f.IsUndefined([0x0F, 0x0B], 0, 1);
    }

    [Fact]
    public void Who_has_not_asked_for_it_does_not_have_it()
    {
        using var f = new Fixture(mayChoose: false);
        f.IsUndefined(s_plain, 0, 1);
        f.IsUndefined(s_plain, 0, 0);
    }

    /// <summary>Sent elsewhere by another, the guest is there, wherever it went last; and without views there is nothing to go to.</summary>
    [Fact]
    public void It_ends_with_views()
    {
        using var f = new Fixture();
        f.GoesTo(1, s_plain);
        Assert.Equal(ViewResult.InUse, f.Views.TryDestroy(1));
        Assert.Equal(ViewResult.Done, f.Domain.SwitchViews(2));
        Assert.Equal(ViewResult.Done, f.Views.TryDestroy(1));
        f.IsUndefined(s_plain, 0, 1);
        Assert.Equal(2, f.Vcpu.ViewIndex);
        Assert.True(f.Domain.DeactivateAltp2m(int.MaxValue));
        f.IsUndefined(s_plain, 0, 0);
        Assert.Equal(Vcpu.NoView, f.Vcpu.ViewIndex);
    }
}
