using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Builder;

/// <summary>Devices, VIRQs of the machine, and the right of one domain over another.</summary>
internal static class Rights
{
    public static void Run(TestRun tests)
    {
        Control.Create(Control.Pvh(1), out ushort id);
        Control.MakeVcpus(id, 1);
        Devices(tests, id);
        Virqs(tests, id);
        Control.Call(DomctlOp.Destroydomain, id);
        Targets(tests);
    }

    private static long Memory(ushort id, ulong first, ulong count, byte isAllowed)
    {
        var argument = new Domctl { MemoryPermission = new DomctlMemoryPermission { First = first, Count = count, IsAllowed = isAllowed } };
        return Control.Call(DomctlOp.IomemPermission, id, ref argument);
    }

    private static long Ports(ushort id, uint first, uint count)
    {
        var argument = new Domctl { PortPermission = new DomctlPortPermission { First = first, Count = count, IsAllowed = 1 } };
        return Control.Call(DomctlOp.IoportPermission, id, ref argument);
    }

    private static void Devices(TestRun tests, ushort id)
    {
        tests.Start("permissions for devices");
        tests.Error(Memory(id, 0xFEE00, 0, 1), Errno.EINVAL, "no frame");
        tests.Error(Memory(id, ulong.MaxValue, 2, 1), Errno.EINVAL, "frames past the last");
        tests.Error(Memory(id, 0xFEE00, 1, 1), Errno.EPERM, "the local APIC's frame");
        tests.Error(Memory(id, 1UL << 45, 2, 0), Errno.EPERM, "frames that nobody has");
        tests.Error(Ports(id, 0, 0), Errno.EINVAL, "no port");
        tests.Error(Ports(id, 0xFFFF, 2), Errno.EINVAL, "ports past the last");
        tests.Error(Ports(id, 0x3F8, 8), Errno.EPERM, "the hypervisor's own serial line");
        var argument = new Domctl { IrqPermission = new DomctlIrqPermission { Pirq = 99999, IsAllowed = 1 } };
        tests.Error(Control.Call(DomctlOp.IrqPermission, id, ref argument), Errno.EINVAL, "an unknown interrupt");
        argument.IrqPermission.Pirq = 4;
        tests.Error(Control.Call(DomctlOp.IrqPermission, id, ref argument), Errno.EPERM, "an interrupt that the caller has not");
    }

    private static void Virqs(TestRun tests, ushort id)
    {
        tests.Start("set_virq_handler");
        foreach (uint virq in new uint[] { 0, 1, 24, uint.MaxValue })
        {
            var argument = new Domctl { VirqHandler = new DomctlVirqHandler { Virq = virq } };
            tests.Error(Control.Call(DomctlOp.SetVirqHandler, id, ref argument), Errno.EINVAL, "no VIRQ of the machine");
        }

        foreach (uint virq in new uint[] { 2, 3, 8, 12, 23 })
        {
            var argument = new Domctl { VirqHandler = new DomctlVirqHandler { Virq = virq } };
            tests.Success(Control.Call(DomctlOp.SetVirqHandler, id, ref argument), "to another");
            tests.Success(Control.Call(DomctlOp.SetVirqHandler, 0, ref argument), "back");
        }
    }

    private static long SetTarget(ushort id, ushort target)
    {
        var argument = new Domctl { Target = new DomctlTarget { Target = target } };
        return Control.Call(DomctlOp.SetTarget, id, ref argument);
    }

    private static void Targets(TestRun tests)
    {
        tests.Start("set_target");
        Control.Create(Control.Pvh(1), out ushort model);
        Control.Create(Control.Pvh(1), out ushort served);
        tests.Error(SetTarget(model, 0x1234), Errno.ESRCH, "an unknown domain");
        tests.Error(SetTarget(model, model), Errno.EINVAL, "itself");
        tests.Success(SetTarget(model, served), "another");
        tests.Error(SetTarget(model, 0), Errno.EINVAL, "a second");
        tests.Success(Control.Call(DomctlOp.Destroydomain, served), "destroydomain of who it serves");
        tests.Error(SetTarget(model, served), Errno.EINVAL, "it once more");
        tests.Error(SetTarget(model, 0), Errno.EINVAL, "another in its stead");
        tests.Success(Control.Call(DomctlOp.Destroydomain, model), "destroydomain of the device model");
    }
}
