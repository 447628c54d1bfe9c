using System;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Mm;
using Xunit;

namespace Xenolith.Tests.Unit.Abi;

/// <summary>XENOLITH_DOMCTL_altp2m: a toolstack says how a domain's views are to be.</summary>
public sealed class DomctlAltp2mTests : IDisposable
{
    private readonly ControlFixture _control = new();
    private readonly Domain _target;

    public DomctlAltp2mTests()
    {
        _target = _control.Make(mebibytes: 4);
        _target.P2m.TableLimit = 64;
    }

    public void Dispose() => _control.Dispose();

    private static long Error(Errno error) => -(long)error;

    private long Set(uint views, Altp2mOptions options = 0, ushort? domain = null) =>
        Call(new DomctlAltp2m { Command = Altp2mSettingOp.Set, Views = views, Options = options }, out _, domain);

    private long Call(DomctlAltp2m argument, out DomctlAltp2m answer, ushort? domain = null)
    {
        long result = _control.Call(DomctlOp.Altp2m, domain ?? _target.Id, new Domctl { Altp2m = argument }, out Domctl answered);
        answer = answered.Altp2m;
        return result;
    }

    private DomctlAltp2m Get()
    {
        Assert.Equal(0, Call(new DomctlAltp2m { Command = Altp2mSettingOp.Get, Views = 77, Options = (Altp2mOptions)ulong.MaxValue }, out DomctlAltp2m answer));
        return answer;
    }

    [Fact]
    public void Errors_come_in_order()
    {
        using var plain = new ControlFixture(isPrivileged: false, id: 3);
        Assert.Equal(Error(Errno.EPERM), plain.Call(DomctlOp.Altp2m, 3));
        Assert.Equal(Error(Errno.ESRCH), Set(10, domain: 77));
        Assert.Equal(Error(Errno.EOPNOTSUPP), Call(new DomctlAltp2m { Command = (Altp2mSettingOp)2, Views = 10 }, out _, domain: 0));
        Assert.Equal(Error(Errno.EPERM), Set(0, (Altp2mOptions)ulong.MaxValue, domain: 0));
        Assert.Equal(Error(Errno.EINVAL), Set(10, (Altp2mOptions)(1UL << 63)));
        foreach (uint views in new uint[] { 0, 513, 0x10001, 0x8000_0000, uint.MaxValue })
            Assert.Equal(Error(Errno.EINVAL), Set(views));
        Assert.Equal((10u, (Altp2mOptions)0), (Get().Views, Get().Options));
    }

    [Fact]
    public void It_is_said_once()
    {
        Assert.Equal(0, Set(40));
        Assert.Equal(40u, Get().Views);
        Assert.Equal(0, Set(40));
        Assert.Equal(Error(Errno.EBUSY), Set(41));
        Assert.Equal(Error(Errno.EBUSY), Set(10));
        Assert.Equal(Error(Errno.EBUSY), Set(40, Altp2mOptions.SelfFirst));
        Assert.Equal(Error(Errno.EINVAL), Set(0));
        Assert.Equal((40u, (Altp2mOptions)0), (Get().Views, Get().Options));
    }

    [Fact]
    public void Options_are_said_with_the_number()
    {
        Assert.Equal(0, Set(10, Altp2mOptions.SelfFirst));
        Assert.Equal(Altp2mOptions.SelfFirst, Get().Options);
        Assert.Equal(Error(Errno.EBUSY), Set(10));
    }

    [Fact]
    public void It_is_said_before_there_are_views()
    {
        Assert.Equal(ViewResultDone, (int)_target.TryActivateAltp2m());
        Assert.Equal(Error(Errno.EBUSY), Set(11));
        Assert.Equal(0, Set(10));
        Assert.True(_target.DeactivateAltp2m(int.MaxValue));
        Assert.Equal(Error(Errno.EBUSY), Set(11));
        Assert.Equal(10u, Get().Views);
    }

    private const int ViewResultDone = 0;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(11)]
    [InlineData(512)]
    public void A_domain_has_as_many_views_as_it_was_given(int limit)
    {
        Assert.Equal(0, Set((uint)limit));
        ulong free = _control.Machine.Frames.FreeFrames;
        Assert.Equal(ViewResultDone, (int)_target.TryActivateAltp2m());
        for (int i = 1; i < limit; i++)
        {
            Assert.Equal(ViewResultDone, (int)_target.Altp2m!.TryCreate(MemoryAccess.All, out int index));
            Assert.Equal(i, index);
        }
        Assert.NotEqual(ViewResultDone, (int)_target.Altp2m!.TryCreate(MemoryAccess.All, out _));
        Assert.Null(_target.Altp2m.Find(limit));
        Assert.True(_target.DeactivateAltp2m(int.MaxValue));
        Assert.Equal(free, _control.Machine.Frames.FreeFrames);
    }

    /// <summary>What is reserved for objects is what they take at most.</summary>
    [Fact]
    public void The_objects_of_a_view_take_what_is_said()
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Equal(Errno.None, _target.SetViews(512, 0));
        long taken = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.InRange(taken, 502 * Altp2m.BytesPerView / 2, 512 * Altp2m.BytesPerView);
    }

    [Fact]
    public void Without_memory_for_it_nothing_changes()
    {
        _target.Arena = null;
        Assert.Equal(Error(Errno.ENOMEM), Set(512));
        Assert.Equal(10u, Get().Views);
    }
}
