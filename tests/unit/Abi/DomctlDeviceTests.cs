using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xunit;

namespace Xenolith.Tests.Unit.Abi;

/// <summary>domctl: the machine's devices, of which no domain gets any.</summary>
public sealed class DomctlDeviceTests
{
    [Theory]
    [InlineData(DomctlOp.AssignDevice, Errno.EOPNOTSUPP)]
    [InlineData(DomctlOp.TestAssignDevice, Errno.EOPNOTSUPP)]
    [InlineData(DomctlOp.DeassignDevice, Errno.EOPNOTSUPP)]
    [InlineData(DomctlOp.GetDeviceGroup, Errno.EOPNOTSUPP)]
    [InlineData(DomctlOp.BindPtIrq, Errno.EPERM)]
    [InlineData(DomctlOp.UnbindPtIrq, Errno.EPERM)]
    public void Devices_and_their_interrupts_can_not_be_had(DomctlOp operation, Errno error)
    {
        using var control = new ControlFixture();
        Domain domain = control.Make();
        Assert.Equal(-(long)error, control.Call(operation, domain.Id));
        Assert.Equal(-(long)Errno.ESRCH, control.Call(operation, 77));
        using var plain = new ControlFixture(isPrivileged: false, id: 3);
        Assert.Equal(-(long)Errno.EPERM, plain.Call(operation, 3));
    }

    [Theory]
    [InlineData(0UL, 1UL, 0UL, Errno.EINVAL)]
    [InlineData(0UL, 0UL, 0UL, Errno.EINVAL)]
    [InlineData(0UL, ulong.MaxValue, 2UL, Errno.EINVAL)]
    [InlineData(0UL, 1UL << 50, 1UL, Errno.EINVAL)]
    [InlineData(ulong.MaxValue, 1UL, 2UL, Errno.EINVAL)]
    [InlineData(0UL, 1UL, ulong.MaxValue, Errno.EINVAL)]
    [InlineData(0UL, 0xFEE00UL, 1UL, Errno.EPERM)]
    public void Memory_of_devices_is_not_mapped(ulong gfn, ulong mfn, ulong count, Errno error)
    {
        using var control = new ControlFixture();
        var argument = new Domctl { MemoryMapping = new DomctlMemoryMapping { FirstGfn = gfn, FirstMfn = mfn, Count = count, Adds = 1 } };
        Assert.Equal(-(long)error, control.Call(DomctlOp.MemoryMapping, control.Make().Id, argument, out _));
    }

    [Theory]
    [InlineData(0u, 0x3F8u, 0u, Errno.EINVAL)]
    [InlineData(0xFFFFu, 0x3F8u, 2u, Errno.EINVAL)]
    [InlineData(0x1_0001u, 0x3F8u, 1u, Errno.EINVAL)]
    [InlineData(0u, 0xFFFFu, 2u, Errno.EINVAL)]
    [InlineData(0u, 0u, uint.MaxValue, Errno.EINVAL)]
    [InlineData(0u, 0u, 0x1_0000u, Errno.EPERM)]
    [InlineData(0x100u, 0x3F8u, 8u, Errno.EPERM)]
    public void Ports_of_devices_are_not_mapped(uint first, uint machine, uint count, Errno error)
    {
        using var control = new ControlFixture();
        var argument = new Domctl { PortMapping = new DomctlPortMapping { First = first, FirstOfMachine = machine, Count = count, Adds = 1 } };
        Assert.Equal(-(long)error, control.Call(DomctlOp.IoportMapping, control.Make().Id, argument, out _));
    }
}
