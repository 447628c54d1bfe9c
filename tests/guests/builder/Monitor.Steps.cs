using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Builder;

/// <summary>Steps of the child, debug exceptions and descriptor tables.</summary>
internal static partial class Monitor
{
    /// <summary>Three times NOP.</summary>
    private static readonly byte[] s_three = [0x90, 0x90, 0x90];

    /// <summary>INT1.</summary>
    private static readonly byte[] s_debugTrap = [0xF1];

    private static readonly byte[] s_storeGdt = [0x0F, 0x01, 0x07], s_loadGdt = [0x0F, 0x01, 0x17], s_storeIdt = [0x0F, 0x01, 0x0F], s_loadIdt = [0x0F, 0x01, 0x1F];
    /// <summary>The child's task state, which is busy: it can't be loaded again.</summary>
    private const ushort TaskSelector = 0x30;

    private const uint GeneralProtection = 13;

    private static readonly byte[] s_storeLdt = [0x0F, 0x00, 0x07], s_loadLdt = [0x0F, 0x00, 0xD0], s_storeTask = [0x0F, 0x00, 0x0F], s_loadTask = [0x0F, 0x00, 0xD8];

    private static void Steps(TestRun tests)
    {
        tests.Start("single steps");
        if (!Listener.Can(MonitorEvent.SingleStep))
        {
            tests.Skip("the hypervisor has no steps on this processor");
            return;
        }

        tests.Success(Enable(MonitorEvent.SingleStep), "on");
        tests.Success(Enable(MonitorEvent.Cpuid), "CPUID on");
        byte[] code = [.. s_cpuid, .. s_three];
        Provoke(tests, code, default, VmEventReason.Cpuid, VmEventFlags.VcpuPaused, out VmEventRequest request);
        request.Registers.Rip += 2;
        Resume(ref request, VmEventFlags.SetRegisters | VmEventFlags.ToggleSingleStep);
        for (uint i = 0; i < 3; i++)
        {
            tests.True(Listener.Next(out request), "a step");
            tests.Equal((long)request.Reason, (long)VmEventReason.SingleStep, "its reason");
            if (i == 0 && Xen.UsesVmcall && request.Registers.Rip >> 12 != MonitorChild.CodeAddress >> 12)
            {
                LeaveOutSteps(tests, ref request);
                return;
            }

            tests.Equal((long)request.Registers.Rip, (long)(MonitorChild.CodeAddress + 3 + i), "RIP");
            tests.Equal((long)request.SingleStep.Gfn, (long)(MonitorChild.CodeAddress >> 12), "frame");
            Resume(ref request, i == 2 ? VmEventFlags.ToggleSingleStep : 0);
        }

        Finish(tests);
        tests.Equal(Listener.Waiting, 0, "steps after the last");
        tests.Success(Disable(MonitorEvent.Cpuid), "CPUID off");
        tests.Start("single steps by debug_op");
        // The child waits in a hypercall; a step is the instruction after it.
        var on = new Domctl { Debug = new DomctlDebug { Operation = (uint)DebugOp.SingleStepOn } };
        tests.Success(Xenolith.Guests.Control.Call(DomctlOp.DebugOp, s_child.Id, ref on), "on");
        Listener.Begin(s_child, s_three, default);
        for (int i = 0; i < 5; i++)
        {
            tests.True(Listener.Next(out request), "a step");
            tests.Equal((long)request.Reason, (long)VmEventReason.SingleStep, "its reason");
            if (i == 4)
            {
                tests.Success(Xenolith.Guests.Control.Call(DomctlOp.DebugOp, s_child.Id), "off");
            }

            Resume(ref request);
        }

        Finish(tests);
        tests.Success(Disable(MonitorEvent.SingleStep), "off");
    }

    /// <summary>Only the child's next call has ended a step: Bochs 2.7 has the monitor trap flag among its capabilities, and takes no exit by it.</summary>
    private static void LeaveOutSteps(TestRun tests, ref VmEventRequest request)
    {
        const string why = "the processor has a monitor trap flag that does nothing";
        Resume(ref request, VmEventFlags.ToggleSingleStep);
        Finish(tests);
        tests.Success(Disable(MonitorEvent.Cpuid), "CPUID off");
        tests.Success(Disable(MonitorEvent.SingleStep), "off");
        tests.Skip(why);
        tests.Start("single steps by debug_op");
        tests.Skip(why);
    }

    private static void DebugExceptions(TestRun tests)
    {
        const byte debug = 1, invalidOpcode = 6;
        tests.Start("debug exceptions, listened to");
        tests.Success(Enable(MonitorEvent.DebugException), "on, without waiting");
        if (!Xen.UsesVmcall && IsMissed(s_debugTrap, invalidOpcode))
        {
            tests.Success(Disable(MonitorEvent.DebugException), "off");
            tests.Skip("QEMU knows no INT1");
            return;
        }

        Provoke(tests, s_debugTrap, default, VmEventReason.DebugException, 0, out VmEventRequest request);
        Finish(tests, debug);
        request.Flags = 0;
        Listener.Answer(in request);
        tests.Success(Disable(MonitorEvent.DebugException), "off");
        Listener.Begin(s_child, s_debugTrap, default);
        Finish(tests, debug);
        tests.Equal(Listener.Waiting, 0, "events of one that nobody asked for");
    }

    private static void DescriptorTables(TestRun tests)
    {
        tests.Start("descriptor tables, listened to");
        if (!Listener.Can(MonitorEvent.DescriptorAccess))
        {
            tests.Skip("the hypervisor does not tell of them on this processor");
            return;
        }

        var registers = new Registers { Rdi = MonitorChild.DataAddress };
        tests.Success(Enable(MonitorEvent.DescriptorAccess), "on");
        Descriptor(tests, s_storeGdt, VmEventDescriptor.Gdtr, 0, in registers);
        ulong limitAndBase = Data(0);
        tests.True((limitAndBase & 0xFFFF) is not 0 and not 0x4444 && Data(8) == (MonitorChild.DataPattern & ~0xFFFFUL), "GDTR in memory, and nothing behind it");
        Descriptor(tests, s_loadGdt, VmEventDescriptor.Gdtr, 1, in registers);
        Descriptor(tests, s_storeIdt, VmEventDescriptor.Idtr, 0, in registers);
        tests.Equal((long)(Data(0) & 0xFFFF), 0xFFF, "IDTR's limit");
        Descriptor(tests, s_loadIdt, VmEventDescriptor.Idtr, 1, in registers);
        Descriptor(tests, s_storeGdt, VmEventDescriptor.Gdtr, 0, in registers);
        tests.Equal((long)Data(0), (long)limitAndBase, "GDTR as it was loaded");
        Descriptor(tests, s_storeLdt, VmEventDescriptor.Ldtr, 0, in registers);
        tests.Equal((long)(Data(0) & 0xFFFF), 0, "LDTR");
        Descriptor(tests, s_storeTask, VmEventDescriptor.Tr, 0, in registers);
        tests.Equal((long)(Data(0) & 0xFFFF), TaskSelector, "TR");
        Descriptor(tests, s_loadLdt, VmEventDescriptor.Ldtr, 1, new Registers());
        Descriptor(tests, s_loadTask, VmEventDescriptor.Tr, 1, new Registers { Rax = TaskSelector }, GeneralProtection);
        tests.Success(Disable(MonitorEvent.DescriptorAccess), "off");
        Listener.Begin(s_child, s_storeGdt, in registers);
        Finish(tests);
        tests.Equal(Listener.Waiting, 0, "events after that");
    }

    /// <summary>A word of the child's data.</summary>
    private static ulong Data(ulong offset)
    {
        ulong word = Memory.Read64(ChildImage.See(s_child.Id, MonitorChild.DataAddress) + offset);
        ChildImage.Unsee();
        return word;
    }

    private static void Descriptor(TestRun tests, byte[] code, VmEventDescriptor descriptor, byte isWrite, in Registers registers, uint vector = MonitorChild.NoVector)
    {
        Provoke(tests, code, in registers, VmEventReason.DescriptorAccess, VmEventFlags.VcpuPaused, out VmEventRequest request);
        tests.Equal((long)request.DescriptorAccess.Descriptor, (long)descriptor, "which");
        tests.Equal(request.DescriptorAccess.IsWrite, isWrite, "loaded or stored");
        tests.True(!Xen.UsesVmcall || request.DescriptorAccess.InstructionInformation != 0, "what the processor says of the instruction");
        tests.Equal((long)request.Registers.Rip, (long)MonitorChild.CodeAddress, "RIP");
        Resume(ref request, VmEventFlags.Emulate);
        Finish(tests, vector);
        tests.Equal(Listener.Waiting, 0, "no second event");
    }
}
