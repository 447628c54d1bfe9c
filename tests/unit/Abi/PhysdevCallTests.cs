using Xenolith.Abi;
using Xenolith.Abi.Contract;
using Xunit;

namespace Xenolith.Tests.Unit.Abi;

/// <summary>physdev_op: the initial domain tells of the machine's PCI devices, and nothing comes of it.</summary>
public sealed class PhysdevCallTests
{
    [Theory]
    [InlineData(PhysdevOp.PciMmcfgReserved, Errno.ENODEV)]
    [InlineData(PhysdevOp.PciDeviceAdd, Errno.None)]
    [InlineData(PhysdevOp.PciDeviceRemove, Errno.None)]
    [InlineData(PhysdevOp.DbgpOp, Errno.None)]
    public void The_initial_domain_may_tell_of_devices_and_nobody_else(PhysdevOp operation, Errno expected)
    {
        foreach (bool is64Bit in (bool[])[true, false])
        {
            using var initial = new CallFixture(is64Bit: is64Bit);
            Assert.Equal(-(long)expected, initial.Call(Hypercall.PhysdevOp, (ulong)operation, CallFixture.Argument));
            Assert.Equal(-(long)Errno.EFAULT, initial.Call(Hypercall.PhysdevOp, (ulong)operation, initial.Hole));
            using var other = new CallFixture(is64Bit: is64Bit, isPrivileged: false, id: 3);
            Assert.Equal(-(long)Errno.ENOSYS, other.Call(Hypercall.PhysdevOp, (ulong)operation, other.Hole));
        }
    }
}
