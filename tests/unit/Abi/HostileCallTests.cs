using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Mm;
using Xenolith.Tests.Unit.Harness;
using Xunit;

namespace Xenolith.Tests.Unit.Abi;

/// <summary>What a guest once could do to the hypervisor, call by call.</summary>
public sealed class HostileCallTests
{
    /// <summary>A narrow runstate area that ends with its page; then the guest changes to the wider layout.</summary>
    [Fact]
    public void A_runstate_area_at_the_end_of_a_page_outlives_a_change_of_width()
    {
        using var guest = new CallFixture(is64Bit: false);
        guest.Domain.LatchSharedInfoWidth(guest.Vcpu);
        Assert.False(guest.Domain.SharedInfo.Is64Bit);
        const ulong area = CallFixture.List + 0x1000 - 44;
        guest.Write(area + 44, 0x1122_3344u);
        var argument = new VcpuRegisterRunstateMemoryArea { Address = area };
        Assert.Equal(0, guest.CallVcpu(VcpuOp.RegisterRunstateMemoryArea, 0, ref argument));
        TestMachine.EnterLongMode(guest.Vcpu, 0x1000);
        guest.Domain.LatchSharedInfoWidth(guest.Vcpu);
        Assert.True(guest.Domain.SharedInfo.Is64Bit);
        guest.Machine.Clock.Advance(1_000_000);
        guest.Vcpu.BeginRun();
        guest.Vcpu.EndRun();
        Assert.Equal(0x1122_3344u, guest.Read<uint>(area + 44));
    }

    /// <summary>Page-table pages stay until the domain ends; a guest that maps all over its address space gets an error in time.</summary>
    [Fact]
    public void Tables_for_far_mappings_are_limited()
    {
        using var guest = new CallFixture(vcpus: 1);
        guest.Domain.P2m.TableLimit = 100;
        ulong free = guest.Machine.Frames.FreeFrames;
        long result = 0;
        ulong count = 0;
        for (; result == 0 && count < 1000; count++)
            result = MapSharedInfo(guest, 1UL << 24 | count << 9);
        Assert.Equal(-(long)Errno.ENOMEM, result);
        Assert.True(free - guest.Machine.Frames.FreeFrames <= 101);
        Assert.Equal(0, MapSharedInfo(guest, 1UL << 24 | 7));
        Assert.Equal(P2mType.Ram, guest.Domain.P2m.Lookup(new Gfn(1UL << 24 | 7)).Type);
    }

    /// <summary>A lent frame that the guest moved by XENMAPSPACE_gmfn still is at one place only, and is found when it is taken back.</summary>
    [Fact]
    public void A_lent_frame_that_was_moved_is_still_found()
    {
        using var guest = new CallFixture();
        Assert.Equal(0, MapSharedInfo(guest, 0x1_0000));
        Assert.Equal(Errno.None, guest.Domain.Move(new Gfn(0x1_0000), new Gfn(0x1_0001)));
        Assert.Equal(0, MapSharedInfo(guest, 0x1_0002));
        Assert.Equal(P2mType.None, guest.Domain.P2m.Lookup(new Gfn(0x1_0001)).Type);

        Assert.Equal(Errno.None, guest.Domain.GrantTable.SetVersion(2));
        Assert.Equal(Errno.None, guest.Domain.GrantTable.FrameFor(MapIndices.GrantStatus, out LentFrame? status));
        Assert.Equal(Errno.None, guest.Domain.Lend(status!, new Gfn(0x1_0010)));
        Assert.Equal(Errno.None, guest.Domain.Move(new Gfn(0x1_0010), new Gfn(0x1_0011)));
        Assert.Equal(Errno.None, guest.Domain.GrantTable.SetVersion(1));
        Assert.Equal(P2mType.None, guest.Domain.P2m.Lookup(new Gfn(0x1_0011)).Type);
    }

    private static long MapSharedInfo(CallFixture guest, ulong gfn)
    {
        var argument = new AddToPhysmap { Domain = DomainIds.Self, Space = (uint)MapSpace.SharedInfo, Index = 0, Gpfn = gfn };
        return guest.Call(Hypercall.MemoryOp, (ulong)MemoryOp.AddToPhysmap, ref argument);
    }
}
