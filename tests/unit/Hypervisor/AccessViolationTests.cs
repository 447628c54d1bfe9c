using System.Collections.Generic;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Emulate;
using Xenolith.Hal;
using Xenolith.Kernel;
using Xenolith.Mm;
using Xenolith.Tests.Unit.Harness;
using Xunit;

namespace Xenolith.Tests.Unit.Hypervisor;

/// <summary>What a nested page fault means in a domain with access rights or views, and what comes of a violation.</summary>
public sealed class AccessViolationTests
{
    private const ulong Page5 = 0x5123;

    private static readonly Gfn s_page = new(5);

    private sealed class Fixture : System.IDisposable
    {
        public Fixture(bool hasView, Altp2mOptions options = 0)
        {
            Domain = Machine.CreateDomain();
            Assert.Equal(Errno.None, Domain.SetViews(10, options));
            if (hasView)
            {
                Assert.Equal(ViewResult.Done, Domain.TryActivateAltp2m());
                Vcpu.AttendToView();
            }
        }

        public TestMachine Machine { get; } = new();

        public Domain Domain { get; }

        public Vcpu Vcpu => Domain.Vcpus[0];

        public P2mView View => Vcpu.View!;

        public MemoryAccess Access
        {
            get => Vcpu.View?.AccessOf(s_page) ?? Domain.P2m.AccessOf(s_page);
            set => Assert.True(Vcpu.View is { } view ? view.TrySetAccess(s_page, value) == ViewResult.Done : Domain.P2m.TrySetAccess(s_page, 0, value));
        }

        public AccessVerdict Judge(Rights wanted, out Gfn host, ulong at = Page5)
        {
            Vcpu.Cpu.Exit = new Exit { Reason = ExitReason.NestedPageFault, GuestPhysical = at, IsWrite = wanted == Rights.Write, IsFetch = wanted == Rights.Execute };
            Domain.Acquire();
            AccessVerdict verdict = AccessViolations.Judge(Vcpu, out host, out _);
            Domain.Release();
            return verdict;
        }

        public void Violate(Rights wanted)
        {
            if (Vcpu.View is not null)
                Judge(wanted, out _);
            Assert.Equal(AccessVerdict.Violation, Judge(wanted, out _));
            Domain.Acquire();
            AccessViolations.Answer(Vcpu, wanted);
            Domain.Release();
        }

        public void Dispose() => Machine.Dispose();
    }

    private sealed class Listener : AccessListener
    {
        public List<AccessViolation> Heard { get; } = [];

        public override bool TryReport(Vcpu vcpu, in AccessViolation violation)
        {
            Heard.Add(violation);
            return true;
        }
    }

    [Fact]
    public void The_view_is_filled_before_anything_else()
    {
        using var f = new Fixture(hasView: true);
        Assert.Equal(AccessVerdict.Done, f.Judge(Rights.Read, out _));
        Assert.Equal(AccessVerdict.Host, f.Judge(Rights.Read, out _));
        Assert.Equal(ViewResult.Done, f.View.TryRemap(s_page, new Gfn(6)));
        Assert.Equal(AccessVerdict.Done, f.Judge(Rights.Read, out _));
        Assert.Equal(AccessVerdict.Host, f.Judge(Rights.Read, out Gfn host));
        Assert.Equal(new Gfn(6), host);

        // Device memory is the host's business, in a view as outside.
        Assert.Equal(AccessVerdict.Host, f.Judge(Rights.Write, out host, 0xE000_0000));
        Assert.Equal(Gfn.Of(0xE000_0000), host);
    }

    /// <summary>The guest's right goes before what the type is for, as on Xen.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_right_is_judged_before_the_type(bool hasView)
    {
        using var f = new Fixture(hasView);
        Mfn mfn = f.Domain.P2m.Lookup(s_page).Mfn;
        Assert.True(f.Domain.P2m.TrySet(s_page, mfn, 0, P2mType.RamForwarded));
        f.Access = MemoryAccess.ReadWrite;
        if (hasView)
            f.Judge(Rights.Read, out _);
        Assert.Equal(AccessVerdict.Host, f.Judge(Rights.Write, out _));
        Assert.Equal(AccessVerdict.Violation, f.Judge(Rights.Execute, out _));
        f.Access = MemoryAccess.Read;
        if (hasView)
            f.Judge(Rights.Read, out _);
        Assert.Equal(AccessVerdict.Violation, f.Judge(Rights.Write, out _));

        // Write without read is what no table says.
        Assert.True(f.Domain.P2m.TrySet(s_page, mfn, 0, P2mType.Ram));
        f.Access = MemoryAccess.Write;
        if (hasView)
            f.Judge(Rights.Read, out _);
        Assert.Equal(AccessVerdict.Allowed, f.Judge(Rights.Write, out _));
        Assert.Equal(AccessVerdict.Violation, f.Judge(Rights.Read, out _));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void With_nobody_to_be_told_the_right_is_opened_or_the_domain_ends(bool hasView)
    {
        using var f = new Fixture(hasView);
        f.Access = MemoryAccess.None;
        f.Violate(Rights.Execute);
        Assert.Equal((MemoryAccess.All, false), (f.Access, f.Domain.IsShutDown));
        f.Access = MemoryAccess.Read;
        f.Domain.IsAccessRequired = true;
        f.Violate(Rights.Write);
        Assert.Equal((MemoryAccess.Read, true), (f.Access, f.Domain.IsShutDown));
        Assert.Contains("an access right is violated, and nobody is there to be told", f.Machine.Console.Text, System.StringComparison.Ordinal);
    }

    /// <summary>XENOLITH_ALTP2M_OPTION_SELF_FIRST: to itself what it restricted itself and can be told of, else to who listens, else it ends. Without it, as on Xen, the last is opened.</summary>
    [Theory]
    [InlineData(false, true, true, true, "itself")]
    [InlineData(true, true, true, true, "itself")]
    [InlineData(true, true, false, true, "listener")]
    [InlineData(true, false, true, true, "listener")]
    [InlineData(false, false, true, true, "listener")]
    [InlineData(true, true, true, false, "itself")]
    [InlineData(true, true, false, false, "end")]
    [InlineData(true, false, true, false, "end")]
    [InlineData(false, true, false, false, "opened")]
    [InlineData(false, false, true, false, "opened")]
    public void Who_is_told(bool isSelfFirst, bool isConvertible, bool hasPage, bool isListenedTo, string who)
    {
        using var f = new Fixture(hasView: true, isSelfFirst ? Altp2mOptions.SelfFirst : 0);
        if (hasPage)
        {
            Assert.True(f.Vcpu.TryNotify(new Gfn(9)));
            f.Vcpu.AttendToView();
        }
        var listener = new Listener();
        f.Domain.AccessListener = isListenedTo ? listener : null;
        Assert.Equal(ViewResult.Done, f.View.TryOverride(s_page, new ViewOverride(Gfn.Invalid, MemoryAccess.Read, !isConvertible)));
        f.Violate(Rights.Write);
        string told = f.Domain.IsShutDown ? "end" : listener.Heard.Count != 0 ? "listener" : f.Access == MemoryAccess.All ? "opened" : "itself";
        Assert.Equal(who, told);
        Assert.Equal(who == "opened" ? MemoryAccess.All : MemoryAccess.Read, f.Access);
        // The semaphore of the page is taken while the guest is at the last one: the next is not its own.
        if (who != "itself" || !isListenedTo)
            return;
        f.Violate(Rights.Write);
        Assert.Single(listener.Heard);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Rights_that_change_when_they_are_violated(bool hasView)
    {
        using var f = new Fixture(hasView);
        var listener = new Listener();
        f.Domain.AccessListener = listener;
        f.Domain.IsAccessRequired = true;
        f.Access = MemoryAccess.ReadExecuteToReadWrite;
        f.Violate(Rights.Write);
        Assert.Equal(MemoryAccess.ReadWrite, f.Access);
        Assert.Empty(listener.Heard);
        f.Access = MemoryAccess.NoneToAll;
        f.Violate(Rights.Read);
        Assert.Equal(MemoryAccess.All, f.Access);
        Assert.Equal(new AccessViolation(Page5, Rights.Read, MemoryAccess.NoneToAll, hasView ? 0 : Vcpu.NoView, true), Assert.Single(listener.Heard));
        f.Domain.AccessListener = null;
        f.Access = MemoryAccess.NoneToAll;
        f.Violate(Rights.Read);
        Assert.False(f.Domain.IsShutDown);
    }

    /// <summary>As where the CPU itself raises it, and sees nothing but the leaf: the guest is told first, and nothing changes.</summary>
    [Theory]
    [InlineData(MemoryAccess.Read)]
    [InlineData(MemoryAccess.ReadExecuteToReadWrite)]
    [InlineData(MemoryAccess.NoneToAll)]
    public void The_guest_is_told_before_rights_change_and_before_who_listens(MemoryAccess access)
    {
        using var f = new Fixture(hasView: true);
        var listener = new Listener();
        f.Domain.AccessListener = listener;
        f.Vcpu.SetNotification(f.Domain.P2m.Lookup(new Gfn(9)).Mfn);
        f.Vcpu.AttendToView();
        f.Access = access;
        Assert.Equal(ViewResult.Done, f.View.TrySetSuppressVe(s_page, false));
        f.Violate(Rights.Write);
        Assert.Equal((1, 0, access), (TestMachine.Cpu(f.Vcpu).InjectedExceptions.Count, listener.Heard.Count, f.Access));

        // The page is taken now.
        f.Violate(Rights.Write);
        Assert.Single(TestMachine.Cpu(f.Vcpu).InjectedExceptions);
        Assert.NotEqual((0, access), (listener.Heard.Count, f.Access));
    }

    [Fact]
    public void Who_listens_is_told_and_the_right_stays()
    {
        using var f = new Fixture(hasView: true);
        var listener = new Listener();
        f.Domain.AccessListener = listener;
        f.Access = MemoryAccess.ReadExecute;
        f.Violate(Rights.Write);
        Assert.Equal(new AccessViolation(Page5, Rights.Write, MemoryAccess.ReadExecute, 0, false), Assert.Single(listener.Heard));
        Assert.Equal(MemoryAccess.ReadExecute, f.Access);

        // The host p2m's rights are not the view's.
        Assert.Equal(MemoryAccess.All, f.Domain.P2m.AccessOf(s_page));
    }

    /// <summary>An operand of an instruction that is executed by software is where the vCPU's view has it, and its right counts where it is asked to.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Operands_are_the_views_and_their_rights_are_told_of(bool hasView)
    {
        using var f = new Fixture(hasView);
        var listener = new Listener();
        f.Domain.AccessListener = listener;
        var operands = new GuestOperands(f.Machine.Memory);
        f.Machine.Memory.Word64(f.Domain.P2m.Lookup(s_page).Mfn.Address + 0x120) = 0x5555;
        f.Machine.Memory.Word64(f.Domain.P2m.Lookup(new Gfn(6)).Mfn.Address + 0x120) = 0x6666;
        f.Access = MemoryAccess.Read;
        f.Domain.Acquire();
        operands.Select(f.Vcpu, 0, checksRights: true);
        Assert.Equal(OperandResult.Found, operands.Find(0x5120, false, out MmioDevice? frame));
        Assert.Equal(0x5555UL, frame!.Read(0x120, 8));
        Assert.Equal(OperandResult.Forbidden, operands.Find(0x5120, true, out _));
        Assert.Equal((0x5120UL, Rights.Write), (Assert.Single(listener.Heard).GuestPhysical, listener.Heard[0].Wanted));
        Assert.Equal((0x5120UL, true, false, false), (f.Vcpu.Cpu.Exit.GuestLinear, f.Vcpu.Cpu.Exit.IsWrite, f.Vcpu.Cpu.Exit.IsFetch, f.Vcpu.Cpu.Exit.DuringWalk));
        operands.Select(f.Vcpu, 0, checksRights: false);
        Assert.Equal(OperandResult.Found, operands.Find(0x5120, true, out frame));
        frame!.Write(0x120, 8, 0x7777);
        Assert.Single(listener.Heard);
        Assert.Equal(0x7777UL, f.Machine.Memory.Word64(f.Domain.P2m.Lookup(s_page).Mfn.Address + 0x120));
        Assert.Equal(OperandResult.Fault, operands.Find(1UL << 40, false, out _));
        Assert.Equal(1UL << 40, operands.Fault.Linear);
        if (hasView)
        {
            Assert.Equal(ViewResult.Done, f.View.TryRemap(s_page, new Gfn(6)));
            Assert.Equal(OperandResult.Found, operands.Find(0x5120, false, out frame));
            Assert.Equal(0x6666UL, frame!.Read(0x120, 8));
        }

        // What a device model gets is not for an emulator's hand.
        Assert.True(f.Domain.P2m.TrySet(new Gfn(7), f.Domain.P2m.Lookup(new Gfn(7)).Mfn, 0, P2mType.RamForwarded));
        Assert.Equal(OperandResult.NoMemory, operands.Find(0x7000, false, out _));
        f.Domain.Release();
    }

    [Fact]
    public void What_is_partly_allowed_is_done_whole_or_not_at_all()
    {
        using var machine = new TestMachine();
        var frame = new PartlyAllowedFrame(machine.Memory);
        Assert.True(machine.Frames.TryAllocate(0, FrameAllocator.HypervisorOwner, FrameType.Control, out Mfn mfn));
        frame.Select(mfn, Rights.Write);
        frame.Write(8, 4, 0x1122_3344);
        Assert.Equal((0x1122_3344u, Rights.None, false), (machine.Memory.Word32(mfn.Address + 8), frame.Violated, frame.MustWait));
        Assert.Equal(0UL, frame.Read(8, 4));
        Assert.Equal((Rights.Read, true), (frame.Violated, frame.MustWait));
        frame.Select(mfn, Rights.Read);
        Assert.Equal((0x1122_3344UL, false), (frame.Read(8, 4), frame.MustWait));
        frame.Write(8, 4, 0);
        Assert.Equal((0x1122_3344u, Rights.Write, true), (machine.Memory.Word32(mfn.Address + 8), frame.Violated, frame.MustWait));
    }
}
