using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Kernel;
using Xenolith.Mm;
using Xunit;

namespace Xenolith.Tests.Unit.Abi;

/// <summary>Memory whose writes go to a server.</summary>
public sealed partial class DmOpServerTests
{
    private static long MapMemory(DmOpFixture model, ushort id, uint flags, ushort type = (ushort)HvmMemoryType.IoreqServer) =>
        model.Call(DmOp.MapMemTypeToIoreqServer, new DmOpArgument { MapMemoryType = new DmOpMapMemoryType { Id = id, Type = type, Flags = flags } });

    private static long SetType(DmOpFixture model, ulong first, uint count, HvmMemoryType type) =>
        model.Call(DmOp.SetMemType, new DmOpArgument { MemoryType = new DmOpMemoryType { First = first, Count = count, Type = (ushort)type } });

    [Fact]
    public void Memory_whose_writes_a_server_gets_is_plain_again_when_it_gives_it_up()
    {
        using var model = new DmOpFixture(budget: 64);
        ushort id = Create(model), other = Create(model);
        Assert.Equal(-(long)Errno.EINVAL, SetType(model, 0x100, 1, HvmMemoryType.IoreqServer));
        Assert.Equal(-(long)Errno.EINVAL, MapMemory(model, id, 1));
        Assert.Equal(-(long)Errno.EINVAL, MapMemory(model, 9, 2, (ushort)HvmMemoryType.RamRw));
        Assert.Equal(-(long)Errno.ENOENT, MapMemory(model, 9, 2));
        Assert.Equal(-(long)Errno.EINVAL, MapMemory(model, id, 0));
        Assert.Equal(0, MapMemory(model, id, 2));
        Assert.Equal(-(long)Errno.EBUSY, MapMemory(model, other, 2));
        Assert.Equal(0, SetType(model, 0x100, 100, HvmMemoryType.IoreqServer));
        P2m p2m = model.Target.P2m;
        Assert.Equal((P2mType.RamForwarded, Rights.Read | Rights.Execute), (p2m.Lookup(new Gfn(0x163)).Type, p2m.Lookup(new Gfn(0x163)).Access));
        // What the hypervisor writes on the domain's behalf does not arrive.
        Assert.False(p2m.Lookup(new Gfn(0x100)).IsWritable);
        Assert.Equal(-(long)Errno.EINVAL, SetType(model, 0x100, 1, HvmMemoryType.RamRo));
        Assert.Equal(-(long)Errno.EINVAL, SetType(model, 0x100, 1, HvmMemoryType.MmioDm));
        Assert.Equal(0, MapMemory(model, id, 0));
        Assert.NotEqual(0, model.Guest.Restarts);
        Assert.Equal((P2mType.Ram, Rights.All), (p2m.Lookup(new Gfn(0x163)).Type, p2m.Lookup(new Gfn(0x163)).Access));
        Assert.Equal(0, MapMemory(model, other, 2));
        Assert.Equal(0, SetType(model, 0x100, 1, HvmMemoryType.IoreqServer));
        Assert.Equal(0, Destroy(model, other));
        Assert.Equal(-(long)Errno.EBUSY, MapMemory(model, id, 2));
        Assert.Equal(0, SetType(model, 0x100, 1, HvmMemoryType.RamRw));
        Assert.Equal(0, MapMemory(model, id, 2));
    }

    [Fact]
    public void A_write_to_such_memory_is_a_request_and_one_without_a_server_is_none()
    {
        using var model = new DmOpFixture();
        (SharedPage page, _) = Begin(model, out ushort id);
        var write = new IoRequest(IoRequestType.Copy, 0x10_0010, 4, false, 0xCAFE);
        model.Target.Acquire();
        Assert.False(model.Target.IoServers.TrySendMemory(model.Target.Vcpus[0], write));
        model.Target.Release();
        Assert.Equal(0, MapMemory(model, id, 2));
        model.Target.Acquire();
        Assert.True(model.Target.IoServers.TrySendMemory(model.Target.Vcpus[0], write));
        model.Target.Release();
        Assert.Equal((0x10_0010UL, 0xCAFEUL), (page.Read64(IoRequestLayout.Address), page.Read64(IoRequestLayout.Data)));
        Assert.Equal(0, Destroy(model, id));
        Assert.True(model.Target.Vcpus[0].IsRunnable);
        // The write is done over, by the vCPU itself: nobody has answered it.
        Assert.True(model.Target.Vcpus[0].HasDeviceAnswer);
        Assert.Null(model.Target.Vcpus[0].NextAnswer(in write));
    }

    [Fact]
    public void What_was_read_before_a_write_is_read_again_in_each_pass()
    {
        using var model = new DmOpFixture();
        (SharedPage page, uint port) = Begin(model, out ushort id);
        Assert.Equal(0, MapMemory(model, id, 2));
        Vcpu vcpu = model.Target.Vcpus[0];
        var write = new IoRequest(IoRequestType.Copy, 0x10_0010, 4, false, 0xCAFE);
        IoRequest read = write with { IsRead = true, Data = 7 };
        vcpu.BeginDevicePass();
        Assert.Null(vcpu.NextAnswer(in read));
        vcpu.KeepRead(in read);
        Assert.Null(vcpu.NextAnswer(in write));
        model.Target.Acquire();
        Assert.True(model.Target.IoServers.TrySendMemory(vcpu, write));
        model.Target.Release();
        vcpu.EndDevicePass();
        SetState(page, (uint)IoRequestState.ResponseReady);
        Tell(model, port);
        vcpu.BeginDevicePass();
        Assert.Equal(7UL, vcpu.NextAnswer(read with { Data = 9 }));
        Assert.NotNull(vcpu.NextAnswer(in write));
        vcpu.EndDevicePass();
        Assert.False(vcpu.HasDeviceAnswers);
    }
}
