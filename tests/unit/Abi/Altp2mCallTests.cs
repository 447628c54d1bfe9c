using System;
using System.Linq;
using Xenolith.Abi;
using Xenolith.Abi.Contract;
using Xenolith.Abi.Contract.Table;
using Xenolith.Domains;
using Xunit;

namespace Xenolith.Tests.Unit.Abi;

/// <summary>HVMOP_altp2m: what comes before any subop, and who may make which.</summary>
public sealed class Altp2mCallTests
{
    private const ushort Nobody = 0x1234;

    private static readonly Altp2mOp[] s_all = Enum.GetValues<Altp2mOp>();

    private static long Error(Errno error) => -(long)error;

    private static HvmAltp2mOp Good(Altp2mFixture views, Altp2mOp operation = Altp2mOp.GetDomainState) =>
        new() { Version = InterfaceVersions.Altp2m, Command = (uint)operation, Domain = views.Target.Id };

    private static long AsIs(Altp2mFixture views, HvmAltp2mOp argument) => views.AsIs(ref argument);

    [Fact]
    public void Without_the_boot_option_there_is_nothing()
    {
        using var guest = new CallFixture();
        guest.Machine.Services.HasAltp2m = false;
        Assert.Equal(Error(Errno.EOPNOTSUPP), guest.Call(Hypercall.HvmOp, (ulong)HvmOp.Altp2m, guest.Hole));
        var argument = new HvmAltp2mOp { Version = InterfaceVersions.Altp2m, Command = (uint)Altp2mOp.GetDomainState, Domain = DomainIds.Self };
        guest.Domain.Parameters[(int)HvmParameter.Altp2m] = (ulong)Altp2mMode.Mixed;
        Assert.Equal(Error(Errno.EOPNOTSUPP), guest.Call(Hypercall.HvmOp, (ulong)HvmOp.Altp2m, ref argument));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Each_check_comes_before_the_next(bool is64Bit)
    {
        using var views = new Altp2mFixture(is64Bit: is64Bit, mode: Altp2mMode.Disabled);
        HvmAltp2mOp good = Good(views);
        Assert.Equal(Error(Errno.EFAULT), views.Guest.Call(Hypercall.HvmOp, (ulong)HvmOp.Altp2m, views.Guest.Hole));
        Assert.Equal(Error(Errno.EINVAL), AsIs(views, good with { Pad1 = 1, Command = 0 }));
        Assert.Equal(Error(Errno.EINVAL), AsIs(views, good with { Pad2 = 1, Command = 0 }));
        Assert.Equal(Error(Errno.EINVAL), AsIs(views, good with { Version = 2, Command = 0 }));
        foreach (uint command in new uint[] { 0, 17, 31, 32, 63, 64, 0x4CFF, 0x4D00, 0x4D1F, 0x4D20, 0x10001, uint.MaxValue })
            Assert.Equal((command, Error(Errno.EOPNOTSUPP)), (command, AsIs(views, good with { Command = command, Domain = Nobody })));
        foreach (Altp2mOp operation in s_all.Where(operation => (uint)operation < Row.FirstOwn))
        {
            Assert.Equal(Error(Errno.ESRCH), AsIs(views, Good(views, operation) with { Domain = Nobody }));
            bool needsViews = operation is not (Altp2mOp.GetDomainState or Altp2mOp.SetDomainState);
            Assert.Equal((operation, Error(needsViews ? Errno.EOPNOTSUPP : Errno.EINVAL)), (operation, AsIs(views, Good(views, operation))));
        }
    }

    [Fact]
    public void A_mode_says_who_asks_for_the_state()
    {
        foreach (bool isInside in new[] { false, true })
        {
            foreach (Altp2mMode mode in Enum.GetValues<Altp2mMode>())
            {
                using var views = new Altp2mFixture(isInside, mode);
                Errno expected = mode == Altp2mMode.Disabled ? Errno.EINVAL : isInside && mode != Altp2mMode.Mixed ? Errno.EPERM : Errno.None;
                Assert.Equal((isInside, mode, Error(expected)), (isInside, mode, AsIs(views, Good(views))));
            }
        }
    }

    [Fact]
    public void Whom_a_caller_does_not_control_it_may_not_ask_in_any_mode()
    {
        foreach (Altp2mMode mode in Enum.GetValues<Altp2mMode>())
        {
            using var views = new Altp2mFixture(isInside: true, mode: Altp2mMode.Mixed);
            Domain other = views.Guest.Machine.Services.Domains.Find(0)!;
            other.Parameters[(int)HvmParameter.Altp2m] = (ulong)mode;
            Assert.Equal(Error(mode == Altp2mMode.Disabled ? Errno.EINVAL : Errno.EPERM), AsIs(views, Good(views) with { Domain = 0 }));
        }
    }

    /// <summary>What is hidden answers as a subop that there is not; of itself and of others apart.</summary>
    [Fact]
    public void A_hidden_subop_is_none()
    {
        foreach (bool isInside in new[] { false, true })
        {
            using var views = new Altp2mFixture(isInside);
            ExposureGroup mine = isInside ? ExposureGroup.Altp2mInside : ExposureGroup.Altp2mOutside;
            ExposureGroup others = isInside ? ExposureGroup.Altp2mOutside : ExposureGroup.Altp2mInside;
            Assert.Equal(Errno.None, views.Target.Exposure.Set(others, 0));
            Assert.Equal(0, AsIs(views, Good(views)));
            Assert.Equal(Errno.None, views.Target.Exposure.Set(mine, views.Target.Exposure[mine] & ~(1UL << (int)Altp2mOp.GetDomainState)));
            Assert.Equal(Error(Errno.EOPNOTSUPP), AsIs(views, Good(views)));
            Assert.Equal(Error(Errno.EINVAL), AsIs(views, Good(views) with { Version = 0 }));
        }
    }

    [Fact]
    public void A_rule_of_the_administrator_forbids_a_subop_by_its_name()
    {
        using var views = new Altp2mFixture(isInside: true);
        Assert.Null(CallPolicy.TryParse("*:HVMOP_altp2m_get_domain_state:*", out CallPolicy? policy));
        views.Guest.Dispatcher.Policy = policy!;
        Assert.Equal(Error(Errno.EPERM), AsIs(views, Good(views)));
        Assert.Null(CallPolicy.TryParse("*:HVMOP_altp2m_set_domain_state:*", out policy));
        views.Guest.Dispatcher.Policy = policy!;
        Assert.Equal(0, AsIs(views, Good(views)));
    }

    [Fact]
    public void Names_of_subops_hide_them_from_the_domain_itself()
    {
        ulong[] shown = HypercallDispatcher.FrozenExposure();
        Assert.Null(ExposureWords.TryApply("", "HVMOP_altp2m_create_p2m", shown, out _));
        ulong[] before = HypercallDispatcher.FrozenExposure();
        Assert.Equal(before[(int)ExposureGroup.Altp2mInside] & ~(1UL << (int)Altp2mOp.CreateP2m), shown[(int)ExposureGroup.Altp2mInside]);
        Assert.Equal(before[(int)ExposureGroup.Altp2mOutside], shown[(int)ExposureGroup.Altp2mOutside]);
    }

    [Fact]
    public void The_mode_is_the_toolstacks_to_set_once()
    {
        using var views = new Altp2mFixture(mode: Altp2mMode.Disabled);
        ushort id = views.Target.Id;
        Assert.Equal(Error(Errno.EPERM), SetMode(views, DomainIds.Self, 1));
        Assert.Equal(Error(Errno.EINVAL), SetMode(views, id, 4));
        Assert.Equal(0, SetMode(views, id, 0));
        Assert.Equal(0, SetMode(views, id, 2));
        Assert.Equal(0, SetMode(views, id, 2));
        foreach (ulong value in new ulong[] { 0, 1, 3, 4, ulong.MaxValue })
            Assert.Equal(Error(Errno.EEXIST), SetMode(views, id, value));
        Assert.Equal(Altp2mMode.External, (Altp2mMode)views.Target.Parameters[(int)HvmParameter.Altp2m]);
    }

    private static long SetMode(Altp2mFixture views, ushort domain, ulong mode)
    {
        var argument = new HvmParam { Domain = domain, Index = (uint)HvmParameter.Altp2m, Value = mode };
        return views.Guest.Call(Hypercall.HvmOp, (ulong)HvmOp.SetParam, ref argument);
    }
}
