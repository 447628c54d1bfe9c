using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Builder;

/// <summary>What vm_event_op, monitor_op, debug_op, set_access_required and XENMEM_access_op refuse.</summary>
internal static class MonitorErrors
{
    private const ushort Nobody = 0x1234;
    private const uint BadMode = 4, PastEvents = 32, BadOperation = 9;

    private static ulong s_gfn = 5;
    private static byte s_access = (byte)MemoryAccess.Read;

    public static void Run(TestRun tests)
    {
        Control.Create(Control.Pvh(2), out ushort id);
        WithoutVcpus(tests, id);
        Control.MakeVcpus(id, 2);
        Control.SetMaximumMemory(id, 16 << 10);
        for (ulong gfn = 0; gfn < 2048; gfn += 512)
        {
            Limits.Populate(id, gfn, 1, 9);
        }

        Rings(tests, id);
        MonitorOps(tests, id);
        DebugOps(tests, id);
        AccessOps(tests, id);
        Control.Call(DomctlOp.Destroydomain, id);
    }

    private static long Ring(ushort id, VmEventOp operation, VmEventMode mode = VmEventMode.Monitor) => Listener.Operate(id, operation, mode, out _);

    private static void WithoutVcpus(TestRun tests, ushort id)
    {
        tests.Start("vm_event_op of a domain without vCPUs");
        tests.Success(Ring(id, VmEventOp.GetVersion), "get_version");
        tests.Error(Ring(id, VmEventOp.Enable), Errno.EINVAL, "enable");
        tests.Error(Ring(id, VmEventOp.Resume, (VmEventMode)BadMode), Errno.EINVAL, "of no ring");
    }

    private static void Rings(TestRun tests, ushort id)
    {
        tests.Start("vm_event_op, what is refused");
        tests.Error(Ring(Nobody, VmEventOp.GetVersion), Errno.ESRCH, "of nobody");
        tests.Success(Listener.Operate(id, VmEventOp.GetVersion, (VmEventMode)BadMode, out uint version), "get_version of no ring");
        tests.Equal(version, InterfaceVersions.VmEvent, "the version");
        tests.Success(Ring(0, VmEventOp.GetVersion), "get_version of the caller's own");
        tests.Error(Ring(0, VmEventOp.Enable), Errno.EINVAL, "of the caller's own");
        tests.Error(Ring(0, VmEventOp.Enable, (VmEventMode)BadMode), Errno.EINVAL, "no ring of the caller's own");
        tests.Error(Ring(id, VmEventOp.Enable, (VmEventMode)BadMode), Errno.ENOSYS, "no ring");
        tests.Error(Ring(id, VmEventOp.Enable, 0), Errno.ENOSYS, "ring 0");
        tests.Error(Ring(id, VmEventOp.Enable, VmEventMode.Paging), Errno.ENOSYS, "paging");
        tests.Error(Ring(id, VmEventOp.Enable, VmEventMode.Sharing), Errno.ENOSYS, "sharing");
        tests.Error(Ring(id, (VmEventOp)BadOperation), Errno.ENOSYS, "no operation");
        tests.Error(Ring(id, VmEventOp.Disable), Errno.EINVAL, "disable before enable");
        tests.Error(Ring(id, VmEventOp.Resume), Errno.ENODEV, "resume before enable");
        tests.Error(Ring(id, VmEventOp.Enable), Errno.EOPNOTSUPP, "no frame");
        SetRing(id, 1UL << 20);
        tests.Error(Ring(id, VmEventOp.Enable), Errno.EINVAL, "a frame of no memory");
        tests.Error(Ring(id, VmEventOp.Enable), Errno.EINVAL, "again");
        SetRing(id, Listener.RingFrame);
        tests.Success(Listener.MapRing(id), "the ring's page");
        tests.Success(Listener.Enable(), "enable");
        tests.True(Listener.Port != 0, "its port");
        tests.Error(Ring(id, VmEventOp.Enable), Errno.EBUSY, "again");
        tests.Success(Ring(id, VmEventOp.Resume), "resume without an answer");
        tests.Success(Listener.Disable(), "disable");
        tests.Error(Ring(id, VmEventOp.Disable), Errno.EINVAL, "again");
        tests.Success(Listener.Enable(), "enable once more");
        tests.Success(Listener.Disable(), "disable");
    }

    private static void SetRing(ushort id, ulong gfn)
    {
        var argument = new HvmParam { Domain = id, Index = (uint)HvmParameter.MonitorRingPfn, Value = gfn };
        Hypercalls.HvmSetParam(ref argument);
    }

    private static long Monitor(ushort id, MonitorOp operation, MonitorEvent what, DomctlMonitor monitor = default) =>
        Listener.Monitor(id, operation, what, ref monitor);

    private static void MonitorOps(TestRun tests, ushort id)
    {
        tests.Start("monitor_op, what is refused");
        tests.Error(Monitor(Nobody, MonitorOp.GetCapabilities, 0), Errno.ESRCH, "of nobody");
        tests.Error(Monitor(0, MonitorOp.GetCapabilities, 0), Errno.EPERM, "of the caller's own");
        tests.Error(Monitor(id, (MonitorOp)BadOperation, 0), Errno.EOPNOTSUPP, "no operation");
        tests.Error(Monitor(id, MonitorOp.Enable, (MonitorEvent)PastEvents), Errno.EINVAL, "an event past the word");
        tests.Error(Monitor(id, MonitorOp.Disable, (MonitorEvent)31), Errno.EOPNOTSUPP, "no such event");
        tests.Error(Monitor(id, MonitorOp.Enable, MonitorEvent.PrivilegedCall), Errno.EOPNOTSUPP, "another architecture's");
        tests.Error(Monitor(id, MonitorOp.Disable, MonitorEvent.GuestRequest), Errno.EEXIST, "off when off");
        tests.Success(Monitor(id, MonitorOp.Enable, MonitorEvent.GuestRequest), "on without a ring");
        tests.Error(Monitor(id, MonitorOp.Enable, MonitorEvent.GuestRequest), Errno.EEXIST, "on when on");
        tests.Success(Monitor(id, MonitorOp.Disable, MonitorEvent.GuestRequest), "off");
        tests.Error(Monitor(id, MonitorOp.Enable, MonitorEvent.WriteMsr, new DomctlMonitor { Msr = 0x174 }), Errno.ENXIO, "an MSR without a ring");
        tests.Error(Monitor(id, MonitorOp.Disable, MonitorEvent.WriteMsr, new DomctlMonitor { Msr = 0x174 }), Errno.EEXIST, "an MSR off without a ring");
        tests.Error(Monitor(id, MonitorOp.Enable, MonitorEvent.WriteControlRegister, new DomctlMonitor { ControlRegister = 4 }), Errno.EINVAL, "no such control register");
        tests.Error(Monitor(id, MonitorOp.Enable, MonitorEvent.WriteControlRegister, new DomctlMonitor { ControlPad1 = 1 }), Errno.EINVAL, "padding");
        tests.Error(Monitor(id, MonitorOp.Enable, MonitorEvent.WriteControlRegister, new DomctlMonitor { ControlPad2 = 1 }), Errno.EINVAL, "more padding");
        for (byte index = 0; index < 4; index++)
        {
            tests.Error(Monitor(id, MonitorOp.Disable, MonitorEvent.WriteControlRegister, new DomctlMonitor { ControlRegister = index }), Errno.EEXIST, "a control register off when off");
            tests.Success(Monitor(id, MonitorOp.Enable, MonitorEvent.WriteControlRegister, new DomctlMonitor { ControlRegister = index }), "a control register on");
            tests.Error(Monitor(id, MonitorOp.Enable, MonitorEvent.WriteControlRegister, new DomctlMonitor { ControlRegister = index }), Errno.EEXIST, "a control register on when on");
            tests.Success(Monitor(id, MonitorOp.Disable, MonitorEvent.WriteControlRegister, new DomctlMonitor { ControlRegister = index }), "a control register off");
        }

        foreach (MonitorEvent what in new[] { MonitorEvent.SoftwareBreakpoint, MonitorEvent.DebugException, MonitorEvent.Cpuid, MonitorEvent.EmulationUnimplemented, MonitorEvent.DescriptorAccess, MonitorEvent.SingleStep, MonitorEvent.GuestPageFault, MonitorEvent.Exit })
        {
            if ((Listener.Capabilities(id) & 1u << (int)what) == 0)
            {
                tests.Error(Monitor(id, MonitorOp.Enable, what), Errno.EOPNOTSUPP, "on, where the processor lacks what it takes");
                continue;
            }

            tests.Error(Monitor(id, MonitorOp.Disable, what), Errno.EEXIST, "off when off");
            tests.Success(Monitor(id, MonitorOp.Enable, what), "on");
            tests.Error(Monitor(id, MonitorOp.Enable, what), Errno.EEXIST, "on when on");
            tests.Success(Monitor(id, MonitorOp.Disable, what), "off");
        }

        tests.Error(Monitor(id, MonitorOp.EmulateEachRepeat, (MonitorEvent)1), Errno.EINVAL, "emulate_each_rep without a ring");
        tests.Success(Monitor(id, MonitorOp.ControlRegisters, 0), "control_registers");
        const uint everywhere = 1u << (int)MonitorEvent.GuestRequest | 1u << (int)MonitorEvent.SoftwareBreakpoint | 1u << (int)MonitorEvent.WriteMsr
            | 1u << (int)MonitorEvent.Cpuid | 1u << (int)MonitorEvent.DebugException
            | 1u << (int)MonitorEvent.WriteControlRegister | 1u << (int)MonitorEvent.EmulationUnimplemented | 1u << (int)MonitorEvent.Interrupt | 1u << (int)MonitorEvent.Exit
            | 1u << (int)MonitorEvent.GuestPageFault;
        uint capabilities = Listener.Capabilities(id);
        tests.Equal(capabilities & everywhere, everywhere, "capabilities");
        tests.Start("monitor_op, interrupts");
        tests.Error(Monitor(id, MonitorOp.Disable, MonitorEvent.Interrupt), Errno.EOPNOTSUPP, "interrupts are asked for one by one");
        tests.Error(Monitor(id, MonitorOp.Enable, MonitorEvent.Interrupt), Errno.EOPNOTSUPP, "interrupts are asked for one by one");
        tests.Start("monitor_op of MSRs");
        tests.Success(Listener.Enable(), "a ring");
        foreach (uint msr in new[] { 0u, 0x174u, 0x1FFFu, 0xC000_0000u, 0xC000_1FFFu })
        {
            var monitor = new DomctlMonitor { Msr = msr };
            tests.Error(Monitor(id, MonitorOp.Disable, MonitorEvent.WriteMsr, monitor), Errno.EEXIST, "off when off");
            tests.Success(Monitor(id, MonitorOp.Enable, MonitorEvent.WriteMsr, monitor), "on");
            tests.Error(Monitor(id, MonitorOp.Enable, MonitorEvent.WriteMsr, monitor), Errno.EEXIST, "on when on");
            tests.Success(Monitor(id, MonitorOp.Disable, MonitorEvent.WriteMsr, monitor), "off");
        }

        foreach (uint msr in new[] { 0x2000u, 0x3FFF_FFFFu, 0x4000_2000u, 0xC000_2000u, uint.MaxValue })
        {
            tests.Error(Monitor(id, MonitorOp.Enable, MonitorEvent.WriteMsr, new DomctlMonitor { Msr = msr }), Errno.EINVAL, "an MSR that can't be");
            tests.Error(Monitor(id, MonitorOp.Disable, MonitorEvent.WriteMsr, new DomctlMonitor { Msr = msr }), Errno.EEXIST, "an MSR that can't be off");
        }

        tests.Success(Monitor(id, MonitorOp.EmulateEachRepeat, (MonitorEvent)1), "emulate_each_rep");
        tests.Success(Monitor(id, MonitorOp.EmulateEachRepeat, 0), "emulate_each_rep off");
        var last = new DomctlMonitor { Msr = 0x175 };
        tests.Success(Monitor(id, MonitorOp.Enable, MonitorEvent.WriteMsr, last), "on");
        tests.Success(Monitor(id, MonitorOp.Enable, MonitorEvent.Cpuid), "on");
        tests.Success(Monitor(id, MonitorOp.Enable, MonitorEvent.GuestRequest), "on");
        tests.Success(Listener.Disable(), "the ring off");
        tests.Error(Monitor(id, MonitorOp.Disable, MonitorEvent.WriteMsr, last), Errno.EEXIST, "off with the ring");
        tests.Error(Monitor(id, MonitorOp.Disable, MonitorEvent.Cpuid), Errno.EEXIST, "off with the ring");
        tests.Error(Monitor(id, MonitorOp.Disable, MonitorEvent.GuestRequest), Errno.EEXIST, "off with the ring");
    }

    private static long Debug(ushort id, DebugOp operation, uint vcpu)
    {
        var argument = new Domctl { Debug = new DomctlDebug { Operation = (uint)operation, Vcpu = vcpu } };
        return Control.Call(DomctlOp.DebugOp, id, ref argument);
    }

    private static void DebugOps(TestRun tests, ushort id)
    {
        tests.Start("debug_op, what is refused");
        tests.Error(Debug(Nobody, DebugOp.SingleStepOn, 0), Errno.ESRCH, "of nobody");
        tests.Error(Debug(0, DebugOp.SingleStepOn, 0), Errno.EINVAL, "of the caller itself");
        tests.Error(Debug(id, DebugOp.SingleStepOn, 2), Errno.EINVAL, "no such vCPU");
        tests.Error(Debug(id, (DebugOp)2, 2), Errno.EINVAL, "no such operation, no such vCPU");
        tests.Error(Debug(id, (DebugOp)2, 1), Errno.ENOSYS, "no such operation");
        tests.Start("debug_op");
        long answer = (Listener.Capabilities(id) & 1u << (int)MonitorEvent.SingleStep) != 0 ? 0 : -(long)Errno.EOPNOTSUPP;
        tests.Equal(Debug(id, DebugOp.SingleStepOn, 1), answer, "on");
        tests.Equal(Debug(id, DebugOp.SingleStepOn, 1), answer, "again");
        tests.Equal(Debug(id, DebugOp.SingleStepOff, 1), answer, "off");
        tests.Equal(Debug(id, DebugOp.SingleStepOff, 1), answer, "again");
        tests.Start("set_access_required");
        var argument = new Domctl { AccessRequired = new DomctlAccessRequired { IsRequired = 1 } };
        tests.Error(Control.Call(DomctlOp.SetAccessRequired, 0, ref argument), Errno.EPERM, "of the caller's own");
        tests.Success(Control.Call(DomctlOp.SetAccessRequired, id, ref argument), "on");
        tests.Success(Control.Call(DomctlOp.SetAccessRequired, id), "off");
    }

    private static long Access(ushort id, MemoryAccessOp operation, ulong gfn, uint count, ref MemoryAccess access)
    {
        var argument = new MemoryAccessArgument
        {
            Operation = (byte)operation, Access = (byte)access, Domain = id, Gfn = gfn, Count = count,
            Gfns = Xen.AddressOf(ref s_gfn), Accesses = Xen.AddressOf(ref s_access),
        };
        long result = Hypercalls.MemoryAccessOp(ref argument);
        access = (MemoryAccess)argument.Access;
        return result;
    }

    public static long Set(ushort id, ulong gfn, uint count, MemoryAccess access) => Access(id, MemoryAccessOp.Set, gfn, count, ref access);

    public static long Get(ushort id, ulong gfn, out MemoryAccess access)
    {
        access = 0;
        return Access(id, MemoryAccessOp.Get, gfn, 0, ref access);
    }

    private static void AccessOps(TestRun tests, ushort id)
    {
        const ulong all = ulong.MaxValue, hole = 0x900;
        tests.Start("XENMEM_access_op, what is refused");
        MemoryAccess none = 0;
        tests.Error(Set(Nobody, 0, 1, MemoryAccess.Read), Errno.ESRCH, "of nobody");
        tests.Error(Set(0, 0, 1, MemoryAccess.Read), Errno.EPERM, "of the caller's own");
        tests.Error(Set(DomainIds.Self, 0, 1, MemoryAccess.Read), Errno.ESRCH, "of the caller itself");
        tests.Error(Set(id, 0, 1, MemoryAccess.Read), Errno.ENODEV, "without a ring");
        tests.Error(Access(id, (MemoryAccessOp)BadOperation, 0, 1, ref none), Errno.ENODEV, "no operation without a ring");
        tests.Success(Listener.Enable(), "a ring");
        tests.Error(Access(id, (MemoryAccessOp)BadOperation, 0, 1, ref none), Errno.ENOSYS, "no operation");
        tests.Error(Access(id, (MemoryAccessOp)2, 0, 1, ref none), Errno.ENOSYS, "one of before");
        tests.Error(Set(id, 0, 1, (MemoryAccess)11), Errno.EINVAL, "no such access");
        tests.Error(Set(id, 0x800, 1, MemoryAccess.Read), Errno.EINVAL, "past the last frame");
        tests.Error(Set(id, 0x7FF, 2, MemoryAccess.Read), Errno.EINVAL, "up to past the last frame");
        tests.Error(Set(id, all - 1, 3, MemoryAccess.Read), Errno.EINVAL, "round the end");
        tests.Error(Get(id, 0x800, out _), Errno.EINVAL, "of past the last frame");
        tests.Error(Get(id, hole, out _), Errno.EINVAL, "of a hole past the last frame");
        tests.Start("XENMEM_access_op");
        tests.Success(Get(id, 5, out MemoryAccess access), "before");
        tests.Equal((long)access, (long)MemoryAccess.All, "what it is");
        for (MemoryAccess wanted = 0; wanted <= MemoryAccess.Default; wanted++)
        {
            // AMD's page tables can't keep what is executed from being read.
            if (!Xen.UsesVmcall && wanted is (MemoryAccess.Execute or MemoryAccess.WriteExecute))
            {
                tests.Error(Set(id, 5, 1, wanted), Errno.EOPNOTSUPP, "a right that can't be had");
                continue;
            }

            tests.Success(Set(id, 5, 1, wanted), "setting");
            tests.Success(Get(id, 5, out access), "getting");
            tests.Equal((long)access, wanted == MemoryAccess.Default ? (long)MemoryAccess.All : (long)wanted, "what it is");
        }

        tests.Success(Get(id, 6, out access), "its neighbour");
        tests.Equal((long)access, (long)MemoryAccess.All, "what that is");
        tests.Success(Set(id, 500, 40, MemoryAccess.ReadExecute), "over the end of a superpage");
        tests.Success(Get(id, 539, out access), "the last");
        tests.Equal((long)access, (long)MemoryAccess.ReadExecute, "what that is");
        tests.Success(Get(id, 540, out access), "the next");
        tests.Equal((long)access, (long)MemoryAccess.All, "what that is");
        tests.Success(Get(id, all, out access), "the default");
        tests.Equal((long)access, (long)MemoryAccess.All, "what it is");
        tests.Success(Set(id, all, 0, MemoryAccess.ReadWrite), "another default");
        tests.Success(Get(id, all, out access), "it");
        tests.Equal((long)access, (long)MemoryAccess.ReadWrite, "what it is");
        tests.Success(Get(id, 7, out access), "a frame of before");
        tests.Equal((long)access, (long)MemoryAccess.All, "what that is");
        tests.Success(Set(id, 7, 1, MemoryAccess.Default), "that of the default");
        tests.Success(Get(id, 7, out access), "it");
        tests.Equal((long)access, (long)MemoryAccess.ReadWrite, "what that is");
        Limits.Populate(id, 0x810, 1, 0);
        tests.Success(Get(id, 0x810, out access), "a new frame");
        tests.Equal((long)access, (long)MemoryAccess.ReadWrite, "what that is");
        tests.Error(Get(id, 0x808, out _), Errno.ESRCH, "of a hole");
        tests.Success(Set(id, 0x808, 1, MemoryAccess.Read), "to a hole");
        tests.Error(Get(id, 0x808, out _), Errno.ESRCH, "of it still");
        tests.Success(Set(id, all, 0, MemoryAccess.All), "the default again");
        s_gfn = 9;
        s_access = (byte)MemoryAccess.ReadExecute;
        tests.Success(Access(id, MemoryAccessOp.SetMulti, 0, 1, ref none), "by a list");
        tests.Success(Get(id, 9, out access), "it");
        tests.Equal((long)access, (long)MemoryAccess.ReadExecute, "what it is");
        s_access = 11;
        tests.Error(Access(id, MemoryAccessOp.SetMulti, 0, 1, ref none), Errno.EINVAL, "by a list, no such access");
        s_access = 0;
        s_gfn = 0x900;
        tests.Success(Access(id, MemoryAccessOp.SetMulti, 0, 1, ref none), "by a list, past the last frame");
        s_gfn = 0x808;
        tests.Success(Access(id, MemoryAccessOp.SetMulti, 0, 1, ref none), "by a list, of a hole");
        tests.Success(Access(id, MemoryAccessOp.SetMulti, 0, 0, ref none), "by an empty list");
        tests.Error(Set(id, 5, 0, MemoryAccess.Read), Errno.EINVAL, "none at all");
        tests.Success(Listener.Disable(), "the ring off");
        tests.Error(Get(id, 5, out _), Errno.ENODEV, "without a ring");
        Listener.UnmapRing();
    }
}
