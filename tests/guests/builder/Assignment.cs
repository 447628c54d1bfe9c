using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Builder;

/// <summary>The machine's devices for a domain without an IOMMU: nothing of them can be had.</summary>
internal static class Assignment
{
    private const ushort Nobody = 0x1234;

    public static void Run(TestRun tests)
    {
        Control.Create(Control.Pvh(1), out ushort id);
        Control.MakeVcpus(id, 1);
        Devices(tests, id);
        Interrupts(tests, id);
        Ranges(tests, id);
        Control.Call(DomctlOp.Destroydomain, id);
    }

    private static void Devices(TestRun tests, ushort id)
    {
        tests.Start("assign_device, test_assign_device, deassign_device, get_device_group");
        foreach (DomctlOp operation in new[] { DomctlOp.AssignDevice, DomctlOp.TestAssignDevice, DomctlOp.DeassignDevice })
        {
            for (uint kind = 0; kind < 3; kind++)
            {
                var argument = new Domctl { AssignDevice = new DomctlAssignDevice { Kind = kind, Flags = 2, Function = 0xFFFF_FFFF } };
                tests.Error(Control.Call(operation, id, ref argument), Errno.EOPNOTSUPP, "a device");
                tests.Error(Control.Call(operation, Nobody, ref argument), Errno.ESRCH, "a device for nobody");
            }
        }

        var assign = new Domctl { AssignDevice = new DomctlAssignDevice { Function = 0xFFFF_FFFF } };
        tests.Error(Control.Call(DomctlOp.AssignDevice, DomainIds.Invalid, ref assign), Errno.ESRCH, "for DOMID_INVALID");
        tests.Error(Control.Call(DomctlOp.DeassignDevice, DomainIds.Invalid, ref assign), Errno.ESRCH, "from DOMID_INVALID");
        var group = new Domctl { DeviceGroup = new DomctlDeviceGroup { Function = 8 } };
        tests.Error(Control.Call(DomctlOp.GetDeviceGroup, id, ref group), Errno.EOPNOTSUPP, "a group");
    }

    private static void Interrupts(TestRun tests, ushort id)
    {
        tests.Start("bind_pt_irq, unbind_pt_irq");
        foreach (DomctlOp operation in new[] { DomctlOp.BindPtIrq, DomctlOp.UnbindPtIrq })
        {
            foreach (uint interrupt in new uint[] { 0, 1, 20, 255, 256, uint.MaxValue })
            {
                var argument = new Domctl { BindInterrupt = new DomctlBindInterrupt { Interrupt = interrupt, Type = 9 } };
                tests.Error(Control.Call(operation, id, ref argument), Errno.EPERM, "an interrupt");
            }
        }
    }

    private static long Map(ushort id, ulong gfn, ulong mfn, ulong count)
    {
        var argument = new Domctl { MemoryMapping = new DomctlMemoryMapping { FirstGfn = gfn, FirstMfn = mfn, Count = count, Adds = 1 } };
        return Control.Call(DomctlOp.MemoryMapping, id, ref argument);
    }

    private static long MapPorts(ushort id, uint first, uint machine, uint count, uint adds = 1)
    {
        var argument = new Domctl { PortMapping = new DomctlPortMapping { First = first, FirstOfMachine = machine, Count = count, Adds = adds } };
        return Control.Call(DomctlOp.IoportMapping, id, ref argument);
    }

    private static void Ranges(TestRun tests, ushort id)
    {
        tests.Start("memory_mapping, ioport_mapping");
        tests.Error(Map(id, 0xF0000, 0xFEE00, 0), Errno.EINVAL, "no frame");
        tests.Error(Map(id, 0xF0000, ulong.MaxValue, 2), Errno.EINVAL, "machine frames that wrap");
        tests.Error(Map(id, 0xF0000, 1UL << 50, 1), Errno.EINVAL, "a machine frame past the last");
        tests.Error(Map(id, ulong.MaxValue, 0xFEE00, 2), Errno.EINVAL, "guest frames that wrap");
        tests.Error(Map(id, 0xF0000, 0xFEE00, 1), Errno.EPERM, "the local APIC's frame");
        tests.Error(Map(id, 0xF0000, 0xF0000, 1), Errno.EPERM, "a frame that the domain may not have");
        tests.Error(MapPorts(id, 0x100, 0x3F8, 0), Errno.EINVAL, "no port");
        tests.Error(MapPorts(id, 0x1_0001, 0x3F8, 1), Errno.EINVAL, "a guest's port past the last");
        tests.Error(MapPorts(id, 0xFFFF, 0x3F8, 2), Errno.EINVAL, "guest's ports past the last");
        tests.Error(MapPorts(id, 0x100, 0xFFFF, 2), Errno.EINVAL, "the machine's ports past the last");
        tests.Error(MapPorts(id, 0x100, 0x3F8, 8), Errno.EPERM, "the hypervisor's own serial line");
        tests.Error(MapPorts(id, 0x100, 0x3F8, 8, adds: 0), Errno.EPERM, "the same, to take it back");
    }
}
