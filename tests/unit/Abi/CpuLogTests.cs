using System.Linq;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Kernel;
using Xenolith.Mm;
using Xenolith.Tests.Unit.Harness;
using Xunit;

namespace Xenolith.Tests.Unit.Abi;

/// <summary>What CPUs do for the log of a domain's writes, as the calls that switch it and what does not go with it have them begin and end.</summary>
public sealed class CpuLogTests
{
    private const ulong Bitmap = DmOpFixture.Second;

    private static DmOpFixture Make(int budget = 64, bool notes = true)
    {
        var model = new DmOpFixture(budget: budget);
        model.Guest.Machine.Virtualisation.NotesWrites = notes;
        model.Target.Parameters[(int)HvmParameter.Altp2m] = (ulong)Altp2mMode.Mixed;
        return model;
    }

    private static long Shadow(DmOpFixture model, ShadowOp operation)
    {
        var argument = new Domctl
        {
            Command = (uint)DomctlOp.ShadowOp, InterfaceVersion = InterfaceVersions.Domctl, Domain = model.Target.Id,
            Shadow = new DomctlShadow { Operation = (uint)operation, Bitmap = Bitmap, Pages = 64 },
        };
        model.Guest.Write(CallFixture.Argument, argument);
        return model.Guest.Call(Hypercall.Domctl, CallFixture.Argument);
    }

    private static long Track(DmOpFixture model, ulong first, uint count) =>
        model.Call(DmOp.TrackDirtyVram, new DmOpArgument { TrackDirty = new DmOpTrackDirty { First = first, Count = count } }, out _, 64);

    private static long SwitchViews(DmOpFixture model, byte state)
    {
        var views = new HvmAltp2mOp
        {
            Version = InterfaceVersions.Altp2m, Command = (uint)Altp2mOp.SetDomainState, Domain = model.Target.Id, DomainState = new HvmAltp2mDomainState { State = state },
        };
        return model.Guest.Call(Hypercall.HvmOp, (ulong)HvmOp.Altp2m, ref views);
    }

    /// <summary>What each vCPU's CPU does after the next entry.</summary>
    private static bool Logs(DmOpFixture model)
    {
        foreach (Vcpu vcpu in model.Target.Vcpus)
            vcpu.SynchroniseNested();
        bool[] each = [.. model.Target.Vcpus.ToArray().Select(vcpu => vcpu.Cpu.LogsWrites)];
        Assert.Single(each.Distinct());
        Assert.Equal(model.Target.P2m.IsLoggedByCpus, each[0]);
        return each[0];
    }

    /// <summary>An exit of a vCPU whose CPU has noted writes.</summary>
    private static void Note(Vcpu vcpu, params ulong[] frames)
    {
        ((ScriptedCpu)vcpu.Cpu).Noted.AddRange(frames.Select(frame => frame << Page.Shift));
        vcpu.TakeWrites();
    }

    [Fact]
    public void What_cpus_note_is_in_the_log()
    {
        using DmOpFixture model = Make();
        Assert.False(Logs(model));
        Assert.Equal(0, Shadow(model, ShadowOp.EnableLogDirty));
        Assert.True(Logs(model));
        Note(model.Target.Vcpus[0], 3, 9);
        Note(model.Target.Vcpus[1], 9, 33);
        Assert.Equal(0, Shadow(model, ShadowOp.Clean));
        Assert.Equal(1UL << 3 | 1UL << 9 | 1UL << 33, model.Guest.Read<ulong>(Bitmap));
        Assert.Equal(3u, model.Guest.Read<Domctl>(CallFixture.Argument).Shadow.DirtyCount);
        Assert.Equal(0, Shadow(model, ShadowOp.Peek));
        Assert.Equal(0UL, model.Guest.Read<ulong>(Bitmap));
        Assert.Equal(0, Shadow(model, ShadowOp.Off));
        Assert.False(Logs(model));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Without_a_cpu_that_can_or_room_for_its_notes_the_log_is_by_rights(bool notes)
    {
        using DmOpFixture model = Make(notes: notes);
        ((ScriptedCpu)model.Target.Vcpus[1].Cpu).HasRoomForLog = !notes;
        Assert.Equal(0, Shadow(model, ShadowOp.EnableLogDirty));
        Assert.False(Logs(model));
        Assert.True(model.Target.P2m.TryOpen(new Gfn(3)));
        Assert.Equal(0, Shadow(model, ShadowOp.Peek));
        Assert.Equal(1UL << 3, model.Guest.Read<ulong>(Bitmap));
    }

    /// <summary>As long as either log is on.</summary>
    [Fact]
    public void A_range_is_looked_after_by_cpus_too()
    {
        using DmOpFixture model = Make();
        Assert.Equal(0, Track(model, 0, 64));
        Assert.True(Logs(model));
        Assert.Equal(0, Track(model, 0, 64));
        Note(model.Target.Vcpus[0], 5, 100);
        Assert.Equal(0, Track(model, 0, 64));
        Assert.Equal(1UL << 5, model.Guest.Read<ulong>(Bitmap));
        Assert.Equal(0, Shadow(model, ShadowOp.EnableLogDirty));
        Assert.Equal(0, Track(model, 0, 0));
        Assert.True(Logs(model));
        Assert.Equal(0, Shadow(model, ShadowOp.Off));
        Assert.False(Logs(model));
    }

    /// <summary>In as many passes as it takes; what is noted meanwhile is marked. The domain stays without, be there views or not.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(64)]
    public void Views_end_it_for_good(int budget)
    {
        using DmOpFixture model = Make(budget);
        Assert.Equal(0, Shadow(model, ShadowOp.EnableLogDirty));
        Assert.True(Logs(model));
        // From here on it is in small pages.
        Assert.True(model.Target.P2m.TryOpen(new Gfn(33)));
        Note(model.Target.Vcpus[0], 3);
        Assert.Equal(0, SwitchViews(model, 1));
        Assert.Equal(budget == 1, model.Guest.Restarts != 0);
        Assert.False(model.Target.P2m.IsLoggedByCpus);
        Note(model.Target.Vcpus[1], 9);
        Assert.False(Logs(model));
        Assert.Equal(0, Shadow(model, ShadowOp.Clean));
        Assert.Equal(1UL << 3 | 1UL << 9 | 1UL << 33, model.Guest.Read<ulong>(Bitmap));
        Assert.Equal(0, SwitchViews(model, 0));
        Assert.Equal(0, Shadow(model, ShadowOp.Off));
        Assert.Equal(0, Shadow(model, ShadowOp.EnableLogDirty));
        Assert.False(Logs(model));
    }

    /// <summary>A walk that read-only page tables would stop (<see cref="P2m.TryEndCpuLog"/>) ends it until nothing is logged.</summary>
    [Fact]
    public void What_a_walk_has_ended_begins_with_the_next_log()
    {
        using DmOpFixture model = Make();
        Assert.Equal(0, Shadow(model, ShadowOp.EnableLogDirty));
        while (!model.Target.P2m.TryEndCpuLog(1000))
        {
        }
        Assert.False(Logs(model));
        Assert.Equal(0, Track(model, 0, 64));
        Assert.False(Logs(model));
        Assert.Equal(0, Shadow(model, ShadowOp.Off));
        Assert.False(Logs(model));
        Assert.Equal(0, Track(model, 0, 0));
        Assert.Equal(0, Shadow(model, ShadowOp.EnableLogDirty));
        Assert.True(Logs(model));
    }

    /// <summary>A frame that a CPU has noted may become a device model's, as one that is marked; one that waits for its first write may not.</summary>
    [Fact]
    public void A_frame_that_was_noted_is_not_held_back()
    {
        using DmOpFixture model = Make();
        P2m p2m = model.Target.P2m;
        Assert.Equal(0, Shadow(model, ShadowOp.EnableLogDirty));
        Assert.True(Logs(model));
        Assert.True(p2m.IsHeldBack(new Gfn(3)));
        Note(model.Target.Vcpus[0], 3);
        Assert.False(p2m.IsHeldBack(new Gfn(3)));
        Assert.True(p2m.IsHeldBack(new Gfn(4)));
    }
}
