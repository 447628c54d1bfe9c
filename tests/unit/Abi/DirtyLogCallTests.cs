using System;
using Xenolith.Abi;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Kernel;
using Xenolith.Mm;
using Xenolith.Tests.Unit.Harness;
using Xunit;

namespace Xenolith.Tests.Unit.Abi;

/// <summary>XEN_DOMCTL_shadow_op's log of what a domain writes. The answers are those that 4.17.7 gave, but for what docs/differences.md says.</summary>
public sealed class DirtyLogCallTests
{
    private static long Set(ControlFixture control, DomctlOp operation, ushort id, Domctl argument) => control.Call(operation, id, argument, out _);

    [Theory]
    [InlineData(ShadowOp.Off, 0u, Errno.None)]
    [InlineData(ShadowOp.EnableTest, 0u, Errno.EINVAL)]
    [InlineData(ShadowOp.Enable, 0u, Errno.EINVAL)]
    [InlineData(ShadowOp.Enable, 3u, Errno.EINVAL)]
    [InlineData(ShadowOp.Enable, 4u, Errno.None)]
    [InlineData(ShadowOp.EnableLogDirty, 0u, Errno.None)]
    [InlineData(ShadowOp.Clean, 0u, Errno.None)]
    [InlineData(ShadowOp.Clean, 2u, Errno.EINVAL)]
    [InlineData(ShadowOp.Peek, 1u, Errno.None)]
    [InlineData((ShadowOp)99, 0u, Errno.EINVAL)]
    [InlineData((ShadowOp)uint.MaxValue, 0u, Errno.EINVAL)]
    public void Shadow_operations_answer_as_with_hardware_assisted_paging(ShadowOp operation, uint mode, Errno error)
    {
        using var control = new ControlFixture();
        Domain domain = control.Make();
        var argument = new Domctl { Shadow = new DomctlShadow { Operation = (uint)operation, Mode = mode } };
        Assert.Equal(-(long)error, Set(control, DomctlOp.ShadowOp, domain.Id, argument));
        Assert.Equal(-(long)Errno.EINVAL, Set(control, DomctlOp.ShadowOp, 0, argument));
        Assert.Equal(0, control.Create(ControlFixture.Pvh(), out ushort young));
        Assert.Equal(-(long)Errno.EINVAL, Set(control, DomctlOp.ShadowOp, young, argument));
    }
}
