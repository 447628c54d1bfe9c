using System;
using System.Collections.Generic;
using System.Linq;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Kernel;
using Xenolith.Mm;
using Xunit;

namespace Xenolith.Tests.Unit.Abi;

/// <summary>dm_op: servers of I/O requests, from their creation to their end, and what hostile ones can do.</summary>
public sealed partial class DmOpServerTests
{
    private static long Create(DmOpFixture model, out ushort id, RequestBuffering buffering = RequestBuffering.Off)
    {
        long result = model.Call(DmOp.CreateIoreqServer, new DmOpArgument { CreateServer = new DmOpCreateServer { Buffering = (byte)buffering } }, out DmOpArgument answer);
        id = answer.CreateServer.Id;
        return result;
    }

    private static ushort Create(DmOpFixture model)
    {
        Assert.Equal(0, Create(model, out ushort id));
        return id;
    }

    private static long Map(DmOpFixture model, ushort id, IoRangeType type, ulong first, ulong last, bool takesOut = false) =>
        model.Call(takesOut ? DmOp.UnmapIoRangeFromIoreqServer : DmOp.MapIoRangeToIoreqServer,
            new DmOpArgument { Range = new DmOpRange { Id = id, Type = (uint)type, First = first, Last = last } });

    private static long Enable(DmOpFixture model, ushort id, byte enabled = 1) =>
        model.Call(DmOp.SetIoreqServerState, new DmOpArgument { ServerState = new DmOpServerState { Id = id, Enabled = enabled } });

    private static long Destroy(DmOpFixture model, ushort id) =>
        model.Call(DmOp.DestroyIoreqServer, new DmOpArgument { DestroyServer = new DmOpDestroyServer { Id = id } });

    private static long Describe(DmOpFixture model, ushort id, ushort flags, out DmOpServerInformation information)
    {
        long result = model.Call(DmOp.GetIoreqServerInfo, new DmOpArgument { ServerInformation = new DmOpServerInformation { Id = id, Flags = flags } }, out DmOpArgument answer);
        information = answer.ServerInformation;
        return result;
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Eight_servers_and_no_more(bool is64Bit)
    {
        using var model = new DmOpFixture(is64Bit);
        for (ushort i = 0; i < 8; i++)
        {
            Assert.Equal(0, Create(model, out ushort id, (RequestBuffering)(i % 3)));
            Assert.Equal(i, id);
        }
        Assert.Equal(-(long)Errno.ENOSPC, Create(model, out _));
        Assert.Equal(-(long)Errno.ENOENT, Destroy(model, 8));
        Assert.Equal(0, Destroy(model, 5));
        Assert.Equal(-(long)Errno.ENOENT, Destroy(model, 5));
        Assert.Equal(5, Create(model));
        Assert.Equal(-(long)Errno.EINVAL, Create(model, out _, (RequestBuffering)3));
    }

    [Fact]
    public void A_server_is_for_who_made_it_alone()
    {
        using var model = new DmOpFixture(isPrivileged: false, id: 3);
        model.Guest.Domain.ServedDomain = model.Target.Identity;
        Assert.Equal(Errno.None, model.Target.IoServers.Create(new DomainHandle(9, 9), RequestBuffering.Off, out ushort id));
        Assert.Equal(-(long)Errno.EPERM, Describe(model, id, 1, out _));
        Assert.Equal(-(long)Errno.EPERM, Map(model, id, IoRangeType.Port, 1, 1));
        Assert.Equal(-(long)Errno.EPERM, Map(model, id, (IoRangeType)9, 1, 1));
        Assert.Equal(-(long)Errno.EPERM, Enable(model, id));
        Assert.Equal(-(long)Errno.EPERM, Destroy(model, id));
    }

    [Fact]
    public void A_server_costs_no_frame_when_it_is_gone()
    {
        using var model = new DmOpFixture();
        ulong before = model.Guest.Machine.Frames.FreeFrames;
        Assert.Equal(0, Create(model, out ushort id, RequestBuffering.Legacy));
        Assert.Equal(Errno.None, model.Target.IoServers.FrameFor(id, model.Guest.Domain.Identity, 1, out _));
        foreach (IoRangeType type in Enum.GetValues<IoRangeType>())
            Assert.Equal(0, Map(model, id, type, 5, 9));
        Assert.Equal(before - 5, model.Guest.Machine.Frames.FreeFrames);
        Assert.Equal(0, Destroy(model, id));
        Assert.Equal(before, model.Guest.Machine.Frames.FreeFrames);
    }

    /// <summary>Random ranges of a small space, added and taken out, against a set of its elements.</summary>
    [Fact]
    public void Ranges_are_a_set()
    {
        using var model = new DmOpFixture();
        ushort id = Create(model);
        var random = new Random(7);
        var set = new HashSet<ulong>();
        for (int i = 0; i < 3000; i++)
        {
            ulong first = (ulong)random.Next(64), last = first + (ulong)random.Next(6);
            var touched = Enumerable.Range((int)first, (int)(last - first) + 1).Select(v => (ulong)v).ToArray();
            bool takesOut = random.Next(2) == 0;
            Errno expected = takesOut ? touched.All(set.Contains) ? Errno.None : Errno.ENOENT : touched.Any(set.Contains) ? Errno.EEXIST : Errno.None;
            Assert.Equal(-(long)expected, Map(model, id, IoRangeType.Memory, first, last, takesOut));
            if (expected == Errno.None && takesOut)
                set.ExceptWith(touched);
            else if (expected == Errno.None)
                set.UnionWith(touched);
        }
    }

    [Fact]
    public void A_server_has_256_ranges_of_a_kind()
    {
        using var model = new DmOpFixture();
        ushort id = Create(model);
        for (ulong i = 0; i < 256; i++)
            Assert.Equal(0, Map(model, id, IoRangeType.Memory, i * 4, i * 4 + 2));
        Assert.Equal(-(long)Errno.ENOMEM, Map(model, id, IoRangeType.Memory, 5000, 5000));
        Assert.Equal(-(long)Errno.ENOMEM, Map(model, id, IoRangeType.Memory, 1, 1, takesOut: true));
        Assert.Equal(0, Map(model, id, IoRangeType.Memory, 3, 3));
        Assert.Equal(0, Map(model, id, IoRangeType.Memory, 5000, ulong.MaxValue));
        Assert.Equal(-(long)Errno.EEXIST, Map(model, id, IoRangeType.Memory, ulong.MaxValue, ulong.MaxValue));
        Assert.Equal(-(long)Errno.EINVAL, Map(model, id, IoRangeType.Memory, 7000, 6000));
        Assert.Equal(-(long)Errno.EINVAL, Map(model, id, (IoRangeType)3, 7000, 7000));
    }

    [Fact]
    public void Pages_have_the_places_that_were_set_aside()
    {
        using var model = new DmOpFixture();
        Assert.Equal(0, Create(model, out ushort id, RequestBuffering.Atomic));
        Assert.Equal(-(long)Errno.EINVAL, Describe(model, id, 2, out _));
        Assert.Equal(0, Describe(model, id, 1, out DmOpServerInformation information));
        Assert.NotEqual(0u, information.BufferedPort);
        model.Target.Parameters[(int)HvmParameter.IoreqServerPfn] = 100;
        model.Target.Parameters[(int)HvmParameter.NrIoreqServerPages] = 1;
        model.Target.Parameters[(int)HvmParameter.IoreqPfn] = 1000;
        // No memory is there; the first place is free again after that.
        Assert.Equal(-(long)Errno.EINVAL, Describe(model, id, 0, out _));
        model.Target.Parameters[(int)HvmParameter.IoreqPfn] = 102;
        Assert.Equal(0, Describe(model, id, 0, out information));
        Assert.Equal((100UL, 102UL), (information.RequestGfn, information.BufferedGfn));
        ushort other = Create(model), third = Create(model);
        Assert.Equal(0, Describe(model, other, 0, out information));
        Assert.Equal(0UL, information.RequestGfn);
        Assert.Equal(-(long)Errno.ENOMEM, Describe(model, third, 0, out _));
        Assert.Equal(0, Destroy(model, other));
        Assert.Equal(Errno.EPERM, model.Target.IoServers.FrameFor(id, model.Guest.Domain.Identity, 1, out _));
        Mfn frame = model.Target.P2m.Lookup(new Gfn(100)).Mfn;
        Assert.Equal(0, Enable(model, id));
        Assert.Equal(P2mType.None, model.Target.P2m.Lookup(new Gfn(100)).Type);
        Assert.Equal(0, Enable(model, id, 0));
        Assert.Equal(frame, model.Target.P2m.Lookup(new Gfn(100)).Mfn);
        Assert.Equal(0, Enable(model, id));
        ulong pages = model.Target.TotalPages;
        // Something else lies there by now, so that the page has no place to come back to.
        Assert.Equal(Errno.None, model.Target.TryPopulate(new Gfn(100), 1));
        Assert.Equal(0, Destroy(model, id));
        Assert.Equal(pages, model.Target.TotalPages);
    }

    [Fact]
    public void A_domain_that_ends_while_its_page_is_hidden_leaves_no_frame()
    {
        using var model = new DmOpFixture();
        ushort id = Create(model);
        model.Target.Parameters[(int)HvmParameter.IoreqPfn] = 100;
        Assert.Equal(0, Describe(model, id, 0, out _));
        Assert.Equal(0, Enable(model, id));
        model.Target.Dispose();
        Assert.Equal(0UL, model.Guest.Machine.Frames.CountOwnedBy(7));
    }

    [Fact]
    public void The_domain_can_do_nothing_with_the_ports_of_its_device_model()
    {
        using var model = new DmOpFixture();
        Assert.Equal(0, Create(model, out ushort id, RequestBuffering.Legacy));
        EventChannels channels = model.Target.EventChannels;
        Assert.Equal(0, Describe(model, id, 1, out DmOpServerInformation information));
        uint port = information.BufferedPort;
        model.Target.Acquire();
        Assert.Equal(Errno.EINVAL, channels.Close(port));
        Assert.Equal(Errno.EINVAL, channels.Send(port));
        Assert.Equal(Errno.EINVAL, channels.BindVcpu(port, 1));
        Assert.Equal(Errno.EACCES, channels.Status(port, out _));
        Assert.Equal(Errno.None, channels.Reset(false, 1000, out bool done));
        Assert.True(done);
        Assert.Equal(Errno.EACCES, channels.Status(port, out _));
        model.Target.Release();
        Assert.Equal(0, Destroy(model, id));
        Assert.Equal(Errno.None, channels.Status(port, out EventChannelStatus status));
        Assert.Equal(EventChannelState.Closed, status.State);
    }

    /// <summary>A server over ports 0x100 to 0x10F that is on, its page, and the device model's end of the first vCPU's port.</summary>
    private static (SharedPage Page, uint Port) Begin(DmOpFixture model, out ushort id)
    {
        id = Create(model);
        Assert.Equal(0, Map(model, id, IoRangeType.Port, 0x100, 0x10F));
        Assert.Equal(Errno.None, model.Target.IoServers.FrameFor(id, model.Guest.Domain.Identity, 1, out Mfn mfn));
        Assert.Equal(0, Enable(model, id));
        var page = new SharedPage(model.Guest.Domain.P2m, model.Guest.Machine.Memory);
        page.Attach(mfn);
        uint remote = page.Read32(IoRequestLayout.Port);
        var bind = new EvtchnBindInterdomain { RemoteDomain = model.Target.Id, RemotePort = remote };
        Assert.Equal(0, model.Guest.Call(Hypercall.EventChannelOp, (ulong)EventChannelOp.BindInterdomain, ref bind));
        return (page, bind.LocalPort);
    }

    private static bool Send(DmOpFixture model, IoRequest request)
    {
        model.Target.Acquire();
        bool sent = model.Target.IoServers.TrySend(model.Target.Vcpus[0], request);
        model.Target.Release();
        return sent;
    }

    private static void Tell(DmOpFixture model, uint port)
    {
        var send = new EvtchnSend { Port = port };
        Assert.Equal(0, model.Guest.Call(Hypercall.EventChannelOp, (ulong)EventChannelOp.Send, ref send));
    }

    private static void SetState(SharedPage page, uint state)
    {
        uint word = page.Read32(IoRequestLayout.Control) & ~(0xFu << IoRequestLayout.StateShift);
        page.Write32(IoRequestLayout.Control, word | state << IoRequestLayout.StateShift);
    }

    private static readonly IoRequest Read16 = new(IoRequestType.Port, 0x104, 2, true, 0);

    [Fact]
    public void A_request_is_answered()
    {
        using var model = new DmOpFixture();
        (SharedPage page, uint port) = Begin(model, out _);
        Vcpu vcpu = model.Target.Vcpus[0];
        Assert.False(Send(model, Read16 with { Address = 0xFF }));
        Assert.False(Send(model, Read16 with { Address = 0x10F }));
        Assert.False(Send(model, Read16 with { Type = IoRequestType.Copy }));
        Assert.True(vcpu.IsRunnable);
        Assert.True(Send(model, Read16));
        Assert.False(vcpu.IsRunnable);
        Assert.True(model.Guest.Domain.EventChannels.IsPending(port));
        Assert.Equal((0x104UL, 1u, 2u), (page.Read64(IoRequestLayout.Address), page.Read32(IoRequestLayout.Count), page.Read32(IoRequestLayout.Bytes)));
        Assert.Equal(1u << IoRequestLayout.StateShift | IoRequestLayout.Read, page.Read32(IoRequestLayout.Control));
        // An event that says nothing, and one in the middle.
        Tell(model, port);
        SetState(page, (uint)IoRequestState.InProcess);
        Tell(model, port);
        Assert.True(vcpu.AwaitsDevice);
        page.Write64(IoRequestLayout.Data, 0x1234_5678);
        SetState(page, (uint)IoRequestState.ResponseReady);
        Assert.True(vcpu.AwaitsDevice);
        Tell(model, port);
        Assert.True(vcpu.IsRunnable);
        Assert.True(vcpu.HasDeviceAnswer);
        vcpu.BeginDevicePass();
        Assert.Equal(0x1234_5678UL, vcpu.NextAnswer(Read16));
        Assert.Null(vcpu.NextAnswer(Read16));
        Assert.Equal(0u, page.Read32(IoRequestLayout.Control) >> IoRequestLayout.StateShift & 0xF);
        // An event after the answer is for nobody.
        Tell(model, port);
        Assert.True(vcpu.IsRunnable);
    }

    [Fact]
    public void An_answer_that_comes_before_the_pass_is_over_is_kept_for_the_next()
    {
        using var model = new DmOpFixture();
        (SharedPage page, uint port) = Begin(model, out _);
        Vcpu vcpu = model.Target.Vcpus[0];
        IoRequest write = Read16 with { IsRead = false, Data = 5 };
        void Answer(ulong data)
        {
            page.Write64(IoRequestLayout.Data, data);
            SetState(page, (uint)IoRequestState.ResponseReady);
            Tell(model, port);
        }

        Assert.True(Send(model, Read16));
        Answer(0x11);
        vcpu.BeginDevicePass();
        Assert.Equal(0x11UL, vcpu.NextAnswer(Read16));
        Assert.Null(vcpu.NextAnswer(write));
        Assert.True(Send(model, write));
        Answer(0x22);
        vcpu.EndDevicePass();
        Assert.True(vcpu.HasDeviceAnswer);
        vcpu.BeginDevicePass();
        Assert.Equal((0x11UL, 0x22UL), (vcpu.NextAnswer(Read16), vcpu.NextAnswer(write)));
        vcpu.EndDevicePass();
        Assert.False(vcpu.HasDeviceAnswer);
        Assert.False(vcpu.HasDeviceAnswers);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(15)]
    public void A_state_that_there_is_not_ends_the_domain(uint state)
    {
        using var model = new DmOpFixture();
        (SharedPage page, uint port) = Begin(model, out _);
        Assert.True(Send(model, Read16));
        SetState(page, state);
        Tell(model, port);
        Assert.Equal(ShutdownReason.Crash, model.Target.ShutdownReason);
        Assert.True(model.Target.IsShutDown);
    }

    [Fact]
    public void A_slot_that_is_not_free_ends_the_domain()
    {
        using var model = new DmOpFixture();
        (SharedPage page, _) = Begin(model, out _);
        SetState(page, (uint)IoRequestState.ResponseReady);
        Assert.True(Send(model, Read16));
        Assert.True(model.Target.IsShutDown);
        Assert.False(model.Target.Vcpus[0].AwaitsDevice);
    }

    [Fact]
    public void A_device_model_that_closes_its_port_and_destroys_its_server_lets_the_vCPU_go_on()
    {
        using var model = new DmOpFixture();
        (SharedPage page, uint port) = Begin(model, out ushort id);
        Vcpu vcpu = model.Target.Vcpus[0];
        Assert.True(Send(model, Read16));
        var close = new EvtchnClose { Port = port };
        Assert.Equal(0, model.Guest.Call(Hypercall.EventChannelOp, (ulong)EventChannelOp.Close, ref close));
        Assert.True(vcpu.AwaitsDevice);
        Assert.Equal(0, Destroy(model, id));
        Assert.True(vcpu.IsRunnable);
        vcpu.BeginDevicePass();
        Assert.Equal(ulong.MaxValue, vcpu.NextAnswer(Read16));
        Assert.False(Send(model, Read16));
        page.Detach();
    }

    [Fact]
    public void The_end_of_the_device_model_lets_the_vCPU_go_on()
    {
        using var model = new DmOpFixture(isPrivileged: false, id: 3);
        model.Guest.Domain.ServedDomain = model.Target.Identity;
        (SharedPage page, _) = Begin(model, out _);
        Assert.True(Send(model, Read16));
        page.Detach();
        model.Guest.Domain.Dispose();
        Assert.True(model.Target.Vcpus[0].IsRunnable);
        Assert.False(model.Target.IoServers.AreThere);
        ulong before = model.Guest.Machine.Frames.FreeFrames;
        model.Target.Dispose();
        Assert.True(model.Guest.Machine.Frames.FreeFrames > before);
        Assert.Equal(0UL, model.Guest.Machine.Frames.CountOwnedBy(7));
    }

    [Fact]
    public void The_end_of_the_domain_while_a_request_waits_leaves_the_page_to_who_has_mapped_it()
    {
        using var model = new DmOpFixture();
        (SharedPage page, uint port) = Begin(model, out _);
        Assert.True(Send(model, Read16));
        Mfn mfn = page.Mfn;
        model.Target.Dispose();
        Assert.NotEqual(0, (int)model.Guest.Machine.Frames.ReferencesTo(mfn));
        Tell(model, port);
        page.Detach();
        Assert.Equal(0UL, model.Guest.Machine.Frames.CountOwnedBy(7));
    }

    [Fact]
    public void Of_servers_that_answer_for_the_same_the_last_is_asked_and_one_that_is_off_never()
    {
        using var model = new DmOpFixture();
        (SharedPage page, _) = Begin(model, out _);
        ushort second = Create(model);
        Assert.Equal(0, Map(model, second, IoRangeType.Port, 0x104, 0x105));
        Assert.Equal(Errno.None, model.Target.IoServers.FrameFor(second, model.Guest.Domain.Identity, 1, out Mfn mfn));
        var other = new SharedPage(model.Guest.Domain.P2m, model.Guest.Machine.Memory);
        other.Attach(mfn);
        Assert.Equal(0, Enable(model, second));
        Assert.True(Send(model, Read16));
        Assert.Equal(0u, page.Read32(IoRequestLayout.Control));
        Assert.NotEqual(0u, other.Read32(IoRequestLayout.Control));
        other.Detach();
        Assert.Equal(0, Destroy(model, second));
        Assert.True(Send(model, Read16));
        Assert.NotEqual(0u, page.Read32(IoRequestLayout.Control));
    }

    [Fact]
    public void An_answer_to_registers_that_are_gone_is_of_no_account()
    {
        using var model = new DmOpFixture();
        (SharedPage page, uint port) = Begin(model, out _);
        Vcpu vcpu = model.Target.Vcpus[0];
        Assert.True(Send(model, Read16));
        vcpu.ForgetDevices();
        SetState(page, (uint)IoRequestState.ResponseReady);
        Tell(model, port);
        Assert.True(vcpu.IsRunnable);
        Assert.False(vcpu.HasDeviceAnswer);
        Assert.False(vcpu.HasDeviceAnswers);
    }

    [Fact]
    public void A_vCPU_without_a_port_has_no_server()
    {
        using var model = new DmOpFixture();
        Begin(model, out ushort id);
        Assert.Equal(Errno.None, model.Target.IoServers.Find(id, model.Guest.Domain.Identity, out IoRequestServer server));
        server.Ports[0] = 0;
        Assert.False(Send(model, Read16));
        Assert.False(model.Target.Vcpus[0].AwaitsDevice);
    }

    [Fact]
    public void Ports_come_with_the_vCPUs()
    {
        using var model = new DmOpFixture();
        model.Target.HasVcpus = false;
        Assert.Equal(0, Create(model, out ushort id, RequestBuffering.Atomic));
        Assert.Equal(0, Describe(model, id, 1, out DmOpServerInformation information));
        Assert.Equal(0u, information.BufferedPort);
        model.Target.HasVcpus = true;
        Assert.Equal(Errno.None, model.Target.IoServers.AddPortsOfVcpus());
        Assert.Equal(0, Describe(model, id, 1, out information));
        Assert.NotEqual(0u, information.BufferedPort);
    }
}
