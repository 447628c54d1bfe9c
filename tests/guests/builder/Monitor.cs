using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Builder;

/// <summary>A child that the builder listens to: each reason for an event once round, and what its answers do.</summary>
internal static partial class Monitor
{
    private const ulong Short = 50_000_000;
    private const ulong Pattern = 0xA5A5_0F0F_1234_5678;

    /// <summary>EFER.SVME, which Xen shows to a guest that reads EFER on AMD's processors.</summary>
    private const ulong SecureVirtualMachine = 1 << 12;

    private static readonly byte[] s_cpuid = [0x0F, 0xA2];
    private static readonly byte[] s_breakpoint = [0xCC];
    private static readonly byte[] s_writeCr0 = [0x0F, 0x22, 0xC0, 0x0F, 0x20, 0xC3];
    private static readonly byte[] s_readCr0 = [0x0F, 0x20, 0xC0];
    private static readonly byte[] s_writeCr3 = [0x0F, 0x22, 0xD8, 0x0F, 0x20, 0xDB];
    private static readonly byte[] s_readCr3 = [0x0F, 0x20, 0xD8];
    private static readonly byte[] s_writeCr4 = [0x0F, 0x22, 0xE0, 0x0F, 0x20, 0xE3];
    private static readonly byte[] s_readCr4 = [0x0F, 0x20, 0xE0];
    private static readonly byte[] s_writeMsr = [0x0F, 0x30, 0x0F, 0x32];

    /// <summary>MOV EAX, 34; MOV EDI, 24; XOR ESI, ESI; VMCALL or VMMCALL.</summary>
    private static readonly byte[] s_request = [0xB8, 0x22, 0, 0, 0, 0xBF, 0x18, 0, 0, 0, 0x31, 0xF6, 0x0F, 0x01, 0xC1];

    private const ulong CallOffset = 12;

    private static Partner s_child;

    public static void Run(TestRun tests)
    {
        tests.Start("a child that the builder listens to");
        if (!BootFiles.IsThere)
        {
            tests.Skip("no files were loaded to build a domain of");
            return;
        }

        s_request[14] = Xen.UsesVmcall ? (byte)0xC1 : (byte)0xD9;
        s_child = Partner.Build(tests, BootFiles.Own, "child obey", ShutdownReason.Poweroff);
        Parameter(HvmParameter.MonitorRingPfn, Listener.RingFrame);
        tests.Success(Listener.MapRing(s_child.Id), "the ring's page");
        tests.Success(Listener.Enable(), "enable");
        s_child.Run(tests);
        Requests(tests);
        BadAnswers(tests);
        Cpuids(tests);
        Controls(tests);
        Msrs(tests);
        Breakpoints(tests);
        Steps(tests);
        DebugExceptions(tests);
        DescriptorTables(tests);
        Accesses(tests);
        Unheard(tests);
        Exits(tests);
        Interrupts(tests);
        Replaced(tests);
        tests.Start("the end of a child that the builder listens to");
        tests.Success(Listener.Disable(), "disable");
        Listener.UnmapRing();
        Listener.End(s_child);
        s_child.AwaitDeath(tests, ShutdownReason.Poweroff);
        s_child.Destroy(tests);
    }

    private static void Parameter(HvmParameter parameter, ulong value)
    {
        var argument = new HvmParam { Domain = s_child.Id, Index = (uint)parameter, Value = value };
        Hypercalls.HvmSetParam(ref argument);
    }

    private static long Enable(MonitorEvent what, DomctlMonitor monitor = default) => Listener.Monitor(s_child.Id, MonitorOp.Enable, what, ref monitor);

    private static long Disable(MonitorEvent what, DomctlMonitor monitor = default) => Listener.Monitor(s_child.Id, MonitorOp.Disable, what, ref monitor);

    /// <summary>Has the child run code, and takes the event that this brings.</summary>
    private static bool Provoke(TestRun tests, byte[] code, in Registers registers, VmEventReason reason, VmEventFlags flags, out VmEventRequest request)
    {
        Listener.Begin(s_child, code, in registers);
        bool came = Listener.Next(out request);
        tests.True(came, "an event");
        tests.Equal((long)request.Reason, (long)reason, "its reason");
        tests.Equal((long)request.Flags, (long)flags, "its flags");
        tests.Equal(request.Version, InterfaceVersions.VmEvent, "its version");
        tests.Equal(request.Vcpu, 0, "its vCPU");
        return came;
    }

    /// <summary>Lets the vCPU go on, with what else the answer asks for.</summary>
    private static void Resume(ref VmEventRequest request, VmEventFlags more = 0)
    {
        request.Flags = VmEventFlags.VcpuPaused | more;
        Listener.Answer(in request);
    }

    private static Registers Finish(TestRun tests, uint vector = MonitorChild.NoVector)
    {
        tests.True(Listener.Finish(s_child, out Registers registers, out uint ended), "the code's end");
        tests.Equal(ended, vector, "an exception");
        return registers;
    }

    private static void Requests(TestRun tests)
    {
        tests.Start("HVMOP_guest_request_vm_event, without waiting");
        var registers = new Registers { Rbx = Pattern };
        tests.Success(Enable(MonitorEvent.GuestRequest), "on");
        if (Provoke(tests, s_request, in registers, VmEventReason.GuestRequest, 0, out VmEventRequest request))
        {
            tests.Equal((long)request.Registers.Rip, (long)(MonitorChild.CodeAddress + CallOffset), "RIP");
            tests.Equal((long)request.Registers.Rbx, unchecked((long)Pattern), "RBX");
            tests.Equal((long)request.Registers.Rax, 34, "RAX");
            tests.Equal((long)request.Registers.Rdi, 24, "RDI");
            tests.Equal((long)request.Registers.TracePosition, -1, "vmtrace_pos");
            tests.Equal((long)request.Registers.NestedRoot, 0, "npt_base");
            tests.Equal(request.Registers.CsSelector, 8, "CS");
            tests.Equal(request.Registers.CsSegment >> 20 & 0xFFF, 0xA9B, "its attributes");
            tests.Equal(request.Registers.CsSegment & 0xFFFFF, 0xFFFFF, "its limit");
            tests.True((request.Registers.Cr0 & 0x8000_0001) == 0x8000_0001, "CR0");
            tests.True((request.Registers.Efer & 0x500) == 0x500, "EFER");
            tests.Equal((long)request.Registers.Dr7, 0x400, "DR7");
        }

        tests.Equal((long)Finish(tests).Rax, 0, "the call's result");
        tests.Success(Disable(MonitorEvent.GuestRequest), "off");
        Listener.Begin(s_child, s_request, in registers);
        Finish(tests);
        tests.Equal(Listener.Waiting, 0, "events after that");
        tests.Start("HVMOP_guest_request_vm_event, waiting");
        tests.Success(Enable(MonitorEvent.GuestRequest, new DomctlMonitor { RequestSync = 1 }), "on");
        Provoke(tests, s_request, in registers, VmEventReason.GuestRequest, VmEventFlags.VcpuPaused, out request);
        tests.True(!Listener.Finish(s_child, out _, out _, Short), "it waits");
        request.Flags = 0;
        Listener.Answer(in request);
        tests.True(!Listener.Finish(s_child, out _, out _, Short), "an answer that does not say so does not end the wait");
        Resume(ref request);
        tests.Equal((long)Finish(tests).Rbx, unchecked((long)Pattern), "RBX");
        Provoke(tests, s_request, in registers, VmEventReason.GuestRequest, VmEventFlags.VcpuPaused, out request);
        request.Registers.Rbx = ~Pattern;
        request.Registers.Rax = 77;
        request.Registers.Rip += 3;
        Resume(ref request, VmEventFlags.SetRegisters);
        Registers after = Finish(tests);
        tests.Equal((long)after.Rbx, unchecked((long)~Pattern), "RBX as the answer has it");
        tests.Equal((long)after.Rax, 77, "RAX as the answer has it");
        Provoke(tests, s_request, in registers, VmEventReason.GuestRequest, VmEventFlags.VcpuPaused, out request);
        request.Flags = VmEventFlags.VcpuPaused;
        Listener.Put(in request);
        tests.True(!Listener.Finish(s_child, out _, out _, Short), "an answer that nobody was told of");
        tests.Success(Listener.Operate(s_child.Id, VmEventOp.Resume, VmEventMode.Monitor, out _), "resume");
        Finish(tests);
    }

    private static void BadAnswers(TestRun tests)
    {
        tests.Start("answers that are none");
        var registers = new Registers { Rbx = Pattern };
        Provoke(tests, s_request, in registers, VmEventReason.GuestRequest, VmEventFlags.VcpuPaused, out VmEventRequest request);
        VmEventRequest answer = request;
        answer.Flags = VmEventFlags.VcpuPaused;
        answer.Version = 6;
        Listener.Answer(in answer);
        answer.Version = 7;
        answer.Vcpu = 1;
        Listener.Answer(in answer);
        answer.Vcpu = uint.MaxValue;
        Listener.Answer(in answer);
        tests.True(!Listener.Finish(s_child, out _, out _, Short), "of another version, of no vCPU");
        Resume(ref request);
        Finish(tests);
        Resume(ref request);
        Resume(ref request);
        Provoke(tests, s_request, in registers, VmEventReason.GuestRequest, VmEventFlags.VcpuPaused, out request);
        tests.True(!Listener.Finish(s_child, out _, out _, Short), "it waits, whatever was said before");
        request.Reason = VmEventReason.Cpuid;
        Resume(ref request, VmEventFlags.Deny);
        Finish(tests);
        tests.Start("answers with flags that mean nothing for their event, or nothing at all");
        const VmEventFlags idle = VmEventFlags.Foreign | VmEventFlags.NestedP2m | VmEventFlags.ResetTrace | VmEventFlags.ResetForkState | VmEventFlags.ResetForkMemory,
            others = VmEventFlags.Emulate | VmEventFlags.EmulateNoWrite | VmEventFlags.SetEmulateReadData | VmEventFlags.SetEmulateInstructionData | VmEventFlags.Deny
                | VmEventFlags.AlternateP2m, unknown = (VmEventFlags)0xFFFF_0000;
        foreach (VmEventFlags flags in new[] { idle, others, unknown, idle | others | unknown })
        {
            Provoke(tests, s_request, in registers, VmEventReason.GuestRequest, VmEventFlags.VcpuPaused, out request);
            Resume(ref request, flags);
            tests.Equal((long)Finish(tests).Rbx, unchecked((long)Pattern), "RBX");
            tests.Equal(Listener.Waiting, 0, "events after that");
        }

        tests.Success(Disable(MonitorEvent.GuestRequest), "off");
    }

    private static void Cpuids(TestRun tests)
    {
        tests.Start("CPUID, listened to");
        tests.Success(Enable(MonitorEvent.Cpuid), "on");
        var registers = new Registers { Rax = 0x4000_0000, Rcx = 3 };
        if (Provoke(tests, s_cpuid, in registers, VmEventReason.Cpuid, VmEventFlags.VcpuPaused, out VmEventRequest request))
        {
            tests.Equal(request.Cpuid.Leaf, 0x4000_0000, "leaf");
            tests.Equal(request.Cpuid.Subleaf, 3, "subleaf");
            tests.Equal(request.Cpuid.InstructionLength, 2, "length");
            tests.Equal((long)request.Registers.Rip, (long)MonitorChild.CodeAddress, "RIP");
            tests.Equal((long)request.Registers.Rbx, 0x566E_6558, "RBX holds the answer");
            request.Registers.Rip += request.Cpuid.InstructionLength;
            request.Registers.Rdx = Pattern;
            Resume(ref request, VmEventFlags.SetRegisters);
        }

        Registers after = Finish(tests);
        tests.Equal((long)after.Rbx, 0x566E_6558, "RBX");
        tests.Equal((long)after.Rdx, unchecked((long)Pattern), "RDX as the listener has it");
        tests.Start("CPUID, listened to, again and again");
        registers.Rax = 0x4000_0000;
        Provoke(tests, s_cpuid, in registers, VmEventReason.Cpuid, VmEventFlags.VcpuPaused, out request);
        Resume(ref request);
        // It is not skipped, and executes with what it has answered.
        tests.True(Listener.Next(out request), "a second event");
        tests.Equal(request.Cpuid.Subleaf, 0x566E_6558 & 0 | request.Cpuid.Subleaf, "its subleaf");
        request.Registers.Rip += 2;
        Resume(ref request, VmEventFlags.SetRegisters);
        Finish(tests);
        tests.Success(Disable(MonitorEvent.Cpuid), "off");
    }

    private static ulong Read(TestRun tests, byte[] code)
    {
        Listener.Begin(s_child, code, default);
        return Finish(tests).Rax;
    }

    private static DomctlMonitor Control(VmEventControl control, byte sync, byte onChange = 0, ulong mask = 0) =>
        new() { ControlRegister = (byte)control, ControlSync = sync, ControlOnChange = onChange, ControlMask = mask };

    private static void Controls(TestRun tests)
    {
        const ulong alignmentMask = 1 << 18, timeStampDisable = 4;
        ControlWrites(tests, "CR0 writes, listened to", VmEventControl.Cr0, s_writeCr0, Read(tests, s_readCr0), alignmentMask);
        ControlWrites(tests, "CR4 writes, listened to", VmEventControl.Cr4, s_writeCr4, Read(tests, s_readCr4), timeStampDisable);
        ControlWrites(tests, "CR3 writes, listened to", VmEventControl.Cr3, s_writeCr3, Read(tests, s_readCr3), 8);
        var none = default(DomctlMonitor);
        tests.Success(Listener.Monitor(s_child.Id, MonitorOp.ControlRegisters, 0, ref none), "values are controlled");
        ControlDenials(tests, "CR0 writes, denied", VmEventControl.Cr0, s_writeCr0, Read(tests, s_readCr0), alignmentMask);
        ControlDenials(tests, "CR4 writes, denied", VmEventControl.Cr4, s_writeCr4, Read(tests, s_readCr4), timeStampDisable);
        ControlDenials(tests, "CR3 writes, denied", VmEventControl.Cr3, s_writeCr3, Read(tests, s_readCr3), 8);
    }

    private static void ControlWrites(TestRun tests, string name, VmEventControl control, byte[] code, ulong old, ulong bit)
    {
        tests.Start(name);
        var registers = new Registers { Rax = old | bit };
        tests.Success(Enable(MonitorEvent.WriteControlRegister, Control(control, 0)), "on, without waiting");
        if (Provoke(tests, code, in registers, VmEventReason.WriteControlRegister, 0, out VmEventRequest request))
        {
            tests.Equal(request.ControlRegister.Index, (long)control, "which");
            tests.Equal((long)request.ControlRegister.OldValue, (long)old, "the old value");
            tests.Equal((long)request.ControlRegister.NewValue, (long)(old | bit), "the new value");
            tests.Equal((long)request.Registers.Rip, (long)MonitorChild.CodeAddress, "RIP");
        }

        tests.Equal((long)Finish(tests).Rbx, (long)(old | bit), "it is written");
        // The same again changes nothing, and is told of nobody.
        Listener.Begin(s_child, code, in registers);
        Finish(tests);
        tests.Equal(Listener.Waiting, 0, "events of the same value");
        tests.Success(Disable(MonitorEvent.WriteControlRegister, Control(control, 0)), "off");
        registers.Rax = old;
        Listener.Begin(s_child, code, in registers);
        Finish(tests);
        tests.Success(Enable(MonitorEvent.WriteControlRegister, Control(control, 1, 1, bit)), "on, but for the bit");
        registers.Rax = old | bit;
        Listener.Begin(s_child, code, in registers);
        tests.Equal((long)Finish(tests).Rbx, (long)(old | bit), "it is written");
        tests.Equal(Listener.Waiting, 0, "events of the masked bit");
        tests.Success(Disable(MonitorEvent.WriteControlRegister, Control(control, 0)), "off");
        registers.Rax = old;
        Listener.Begin(s_child, code, in registers);
        Finish(tests);
        tests.Success(Enable(MonitorEvent.WriteControlRegister, Control(control, 1)), "on, waiting");
        registers.Rax = old | bit;
        Provoke(tests, code, in registers, VmEventReason.WriteControlRegister, VmEventFlags.VcpuPaused, out request);
        Resume(ref request, VmEventFlags.Deny);
        tests.Equal((long)Finish(tests).Rbx, (long)(old | bit), "denied in vain while values are not controlled");
        registers.Rax = old;
        Provoke(tests, code, in registers, VmEventReason.WriteControlRegister, VmEventFlags.VcpuPaused, out request);
        Resume(ref request);
        tests.Equal((long)Finish(tests).Rbx, (long)old, "it is written");
        tests.Success(Disable(MonitorEvent.WriteControlRegister, Control(control, 0)), "off");
    }

    private static void ControlDenials(TestRun tests, string name, VmEventControl control, byte[] code, ulong old, ulong bit)
    {
        tests.Start(name);
        tests.Success(Enable(MonitorEvent.WriteControlRegister, Control(control, 1)), "on, waiting");
        var registers = new Registers { Rax = old | bit };
        Provoke(tests, code, in registers, VmEventReason.WriteControlRegister, VmEventFlags.VcpuPaused, out VmEventRequest request);
        Resume(ref request, VmEventFlags.Deny);
        tests.Equal((long)Finish(tests).Rbx, (long)old, "it is not written");
        Provoke(tests, code, in registers, VmEventReason.WriteControlRegister, VmEventFlags.VcpuPaused, out request);
        Resume(ref request);
        tests.Equal((long)Finish(tests).Rbx, (long)(old | bit), "it is written");
        registers.Rax = old;
        Provoke(tests, code, in registers, VmEventReason.WriteControlRegister, VmEventFlags.VcpuPaused, out request);
        Resume(ref request);
        Finish(tests);
        tests.Success(Disable(MonitorEvent.WriteControlRegister, Control(control, 0)), "off");
    }

    private static void Msrs(TestRun tests)
    {
        MsrWrites(tests, "writes to an MSR that the hypervisor keeps, listened to", 0xC000_0080, 0x500, 0xD00);
        MsrWrites(tests, "writes to an MSR that the processor keeps, listened to", 0x174, 0, 0x1230);
        MsrWrites(tests, "writes to KERNEL_GS_BASE, listened to", 0xC000_0102, 0, 0x7654_3210);
    }

    private static void MsrWrites(TestRun tests, string name, uint index, ulong old, ulong value)
    {
        tests.Start(name);
        const uint efer = 0xC000_0080;
        ulong hidden = index == efer ? SecureVirtualMachine : 0;
        var registers = new Registers { Rcx = index, Rax = old };
        Listener.Begin(s_child, s_writeMsr, in registers);
        Finish(tests);
        var monitor = new DomctlMonitor { Msr = index };
        tests.Success(Enable(MonitorEvent.WriteMsr, monitor), "on");
        registers.Rax = value;
        if (Provoke(tests, s_writeMsr, in registers, VmEventReason.WriteMsr, VmEventFlags.VcpuPaused, out VmEventRequest request))
        {
            tests.Equal((long)request.Msr.Index, index, "which");
            tests.Equal((long)request.Msr.OldValue, (long)old, "the old value");
            tests.Equal((long)request.Msr.NewValue, (long)value, "the new value");
            tests.Equal((long)request.Registers.Rip, (long)MonitorChild.CodeAddress, "RIP");
            Resume(ref request, VmEventFlags.Deny);
        }

        tests.Equal((long)(Finish(tests).Rax & ~hidden), (long)old, "it is not written");
        Provoke(tests, s_writeMsr, in registers, VmEventReason.WriteMsr, VmEventFlags.VcpuPaused, out request);
        Resume(ref request);
        tests.Equal((long)(Finish(tests).Rax & ~hidden), (long)value, "it is written");
        registers.Rax = old;
        Provoke(tests, s_writeMsr, in registers, VmEventReason.WriteMsr, VmEventFlags.VcpuPaused, out request);
        Resume(ref request);
        Finish(tests);
        tests.Success(Disable(MonitorEvent.WriteMsr, monitor), "off");
        registers.Rax = value;
        Listener.Begin(s_child, s_writeMsr, in registers);
        Finish(tests);
        monitor.MsrOnChange = 1;
        tests.Success(Enable(MonitorEvent.WriteMsr, monitor), "on, of changes");
        Listener.Begin(s_child, s_writeMsr, in registers);
        Finish(tests);
        tests.Equal(Listener.Waiting, 0, "events of the same value");
        registers.Rax = old;
        Provoke(tests, s_writeMsr, in registers, VmEventReason.WriteMsr, VmEventFlags.VcpuPaused, out request);
        Resume(ref request);
        Finish(tests);
        tests.Success(Disable(MonitorEvent.WriteMsr, monitor), "off");
    }

    private static void Breakpoints(TestRun tests)
    {
        const byte breakpoint = 3;
        tests.Start("INT3, listened to");
        tests.Success(Enable(MonitorEvent.SoftwareBreakpoint), "on");
        if (!Xen.UsesVmcall && IsMissed(s_breakpoint, breakpoint))
        {
            tests.Success(Disable(MonitorEvent.SoftwareBreakpoint), "off");
            tests.Skip("QEMU tells of no INT3 that is to exit");
            return;
        }

        if (Provoke(tests, s_breakpoint, default, VmEventReason.SoftwareBreakpoint, VmEventFlags.VcpuPaused, out VmEventRequest request))
        {
            tests.Equal((long)request.Debug.Gfn, (long)(MonitorChild.CodeAddress >> 12), "frame");
            tests.Equal(request.Debug.InstructionLength, 1, "length");
            tests.Equal(request.Debug.Type, (long)InjectedEventType.SoftwareException, "type");
            tests.Equal((long)request.Debug.Pending, 0, "pending_dbg");
            tests.Equal((long)request.Registers.Rip, (long)MonitorChild.CodeAddress, "RIP");
            request.Registers.Rip++;
            Resume(ref request, VmEventFlags.SetRegisters);
        }

        Finish(tests);
        tests.Success(Disable(MonitorEvent.SoftwareBreakpoint), "off");
        Listener.Begin(s_child, s_breakpoint, default);
        Finish(tests, breakpoint);
    }

    /// <summary>Whether an instruction that is asked for ends in the child alone: QEMU knows no INT1, and tells of INT3 as of an INT.</summary>
    private static bool IsMissed(byte[] code, byte vector)
    {
        Listener.Begin(s_child, code, default);
        if (Listener.Next(out VmEventRequest request, Short))
        {
            request.Registers.Rip++;
            Resume(ref request, VmEventFlags.SetRegisters);
            Listener.Finish(s_child, out _, out _);
            return false;
        }

        Listener.Finish(s_child, out _, out uint ended);
        return ended == vector;
    }
}
