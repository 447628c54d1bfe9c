using System;
using System.Linq;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Mm;
using Xunit;

namespace Xenolith.Tests.Unit.Abi;

/// <summary>Each cell of <see cref="FeatureMatrix"/> by the calls that switch features on: what it refuses is refused as it says, and all else goes together.</summary>
public sealed class FeatureMatrixCallTests
{
    private const ulong Tracked = 0x100, Forwarded = 0x110;

    private static readonly MemoryFeatures[] s_switched = [MemoryFeatures.DirtyLog, MemoryFeatures.TrackedRange, MemoryFeatures.ForwardedMemory, MemoryFeatures.Views];

    public static TheoryData<MemoryFeatures, MemoryFeatures> Cells()
    {
        var cells = new TheoryData<MemoryFeatures, MemoryFeatures>();
        foreach (MemoryFeatures wanted in s_switched)
        {
            foreach (MemoryFeatures active in s_switched.Append(MemoryFeatures.NestedVirtualisation))
                cells.Add(wanted, active);
        }
        return cells;
    }

    [Theory]
    [MemberData(nameof(Cells))]
    public void A_feature_is_switched_on_beside_another_or_refused(MemoryFeatures wanted, MemoryFeatures active)
    {
        bool isNested = active == MemoryFeatures.NestedVirtualisation;
        using var model = new DmOpFixture(flags: CreateFlags.Hvm | CreateFlags.Hap | (isNested ? CreateFlags.NestedVirtualisation : 0));
        model.Target.Parameters[(int)HvmParameter.Altp2m] = (ulong)Altp2mMode.Mixed;
        if (!isNested)
            Assert.Equal(0, SwitchOn(model, active, Forwarded + 1));
        Assert.Equal(active, ActiveIn(model));
        Errno expected = FeatureMatrix.Check(wanted, active, out string reason);
        Assert.Equal((wanted, active, -(long)expected), (wanted, active, SwitchOn(model, wanted, Forwarded)));
        Assert.Equal(expected == Errno.None ? active | wanted : active, ActiveIn(model));
        Assert.Equal(expected == Errno.None, reason.Length == 0);
    }

    // Views leave that there were some, for good; that is no feature to switch on.
    private static MemoryFeatures ActiveIn(DmOpFixture model) => model.Target.MemoryFeatures & ~MemoryFeatures.AccessRights;

    /// <summary>What is never on is refused by what would switch it on, whatever else is.</summary>
    [Fact]
    public void What_this_hypervisor_has_not_cannot_be_switched_on()
    {
        using var control = new ControlFixture();
        foreach (CreateFlags flag in new[] { CreateFlags.NestedVirtualisation, CreateFlags.Iommu })
        {
            DomctlCreateDomain settings = ControlFixture.Pvh();
            settings.Flags |= (uint)flag;
            Assert.Equal(-(long)Errno.EINVAL, control.Create(settings, out _));
        }
        Domain domain = control.Make();
        Assert.Equal(-(long)Errno.EOPNOTSUPP, control.Call(DomctlOp.AssignDevice, domain.Id));
        var nested = new HvmParam { Domain = domain.Id, Index = (uint)HvmParameter.Nestedhvm, Value = 1 };
        Assert.Equal(-(long)Errno.EINVAL, control.Guest.Call(Hypercall.HvmOp, (ulong)HvmOp.SetParam, ref nested));
        foreach (MemoryOp operation in new[] { MemoryOp.PagingOp, MemoryOp.SharingOp })
            Assert.True(control.Guest.Call(Hypercall.MemoryOp, (ulong)operation, CallFixture.Argument) < 0);
        Assert.Equal(MemoryFeatures.None, domain.MemoryFeatures & FeatureMatrix.NeverOn);
    }

    private static long SwitchOn(DmOpFixture model, MemoryFeatures feature, ulong gfn)
    {
        switch (feature)
        {
            case MemoryFeatures.DirtyLog:
                var log = new Domctl
                {
                    Command = (uint)DomctlOp.ShadowOp, InterfaceVersion = InterfaceVersions.Domctl, Domain = model.Target.Id,
                    Shadow = new DomctlShadow { Operation = (uint)ShadowOp.EnableLogDirty },
                };
                model.Guest.Write(CallFixture.Argument, log);
                return model.Guest.Call(Hypercall.Domctl, CallFixture.Argument);
            case MemoryFeatures.TrackedRange:
                // The first look marks all of a new range, and the second holds its frames back again.
                var range = new DmOpArgument { TrackDirty = new DmOpTrackDirty { First = Tracked, Count = 64 } };
                long first = model.Call(DmOp.TrackDirtyVram, range, out _, 64);
                return first != 0 ? first : model.Call(DmOp.TrackDirtyVram, range, out _, 64);
            case MemoryFeatures.ForwardedMemory:
                var create = new DmOpArgument();
                if (model.Call(DmOp.CreateIoreqServer, create, out DmOpArgument created) == 0)
                    model.Call(DmOp.MapMemTypeToIoreqServer, new DmOpArgument { MapMemoryType = new DmOpMapMemoryType { Id = created.CreateServer.Id, Type = (ushort)HvmMemoryType.IoreqServer, Flags = 2 } });
                return model.Call(DmOp.SetMemType, new DmOpArgument { MemoryType = new DmOpMemoryType { First = gfn, Count = 1, Type = (ushort)HvmMemoryType.IoreqServer } });
            default:
                var views = new HvmAltp2mOp
                {
                    Version = InterfaceVersions.Altp2m, Command = (uint)Altp2mOp.SetDomainState, Domain = model.Target.Id, DomainState = new HvmAltp2mDomainState { State = 1 },
                };
                return model.Guest.Call(Hypercall.HvmOp, (ulong)HvmOp.Altp2m, ref views);
        }
    }
}
