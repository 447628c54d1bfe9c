using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Builder;

/// <summary>Exits of the child, and events before they are delivered to it.</summary>
internal static partial class Monitor
{
    private const byte InvalidOpcode = 6, PageFaultVector = 14;

    /// <summary>CPUID as an exit: VMX's basic reason and SVM's EXITCODE; the vendor's own call the same.</summary>
    private static ulong CpuidExit => Xen.UsesVmcall ? 10u : 0x72u;

    private static ulong CallExit => Xen.UsesVmcall ? 18u : 0x81u;

    /// <summary>STI; NOP; NOP; CLI.</summary>
    private static readonly byte[] s_letIn = [0xFB, 0x90, 0x90, 0xFA];

    /// <summary>Lets the child go on, and answers whatever it is told of, until its code has run.</summary>
    private static bool FinishAnswering(out Registers registers, out uint vector)
    {
        const ulong moment = 1_000_000;
        for (int i = 0; i < 2000; i++)
        {
            while (Listener.Waiting != 0 && Listener.Next(out VmEventRequest request))
            {
                Listener.Answer(in request);
            }

            if (Listener.Finish(s_child, out registers, out vector, moment))
            {
                return true;
            }
        }

        registers = default;
        vector = 0;
        return false;
    }

    private static void Exits(TestRun tests)
    {
        tests.Start("exits, told of as they come");
        var registers = new Registers { Rax = 0x4000_0000, Rcx = 0 };
        tests.Success(Enable(MonitorEvent.Exit), "on, without waiting");
        Listener.Begin(s_child, s_cpuid, in registers);
        bool came = AwaitExit(CpuidExit, out VmEventRequest request);
        tests.True(came, "the exit of CPUID");
        tests.Equal((long)request.Flags, 0, "its flags");
        tests.Equal((long)request.Exit.Qualification, 0, "its qualification");
        tests.Equal((long)request.Registers.Rip, came ? (long)MonitorChild.CodeAddress : 0, "RIP");
        Listener.Answer(in request);
        tests.True(FinishAnswering(out registers, out uint vector), "the code's end");
        tests.Equal(vector, MonitorChild.NoVector, "an exception");
        tests.Equal((long)registers.Rbx, 0x566E_6558, "RBX holds the answer");
        tests.Success(Disable(MonitorEvent.Exit), "off");
        Drain();
        tests.Start("exits, left to who listens");
        if (!came)
        {
            tests.Skip("the hypervisor does not tell of exits on this processor");
            return;
        }

        tests.Success(Enable(MonitorEvent.Exit, new DomctlMonitor { ExitSync = 1 }), "on, waiting");
        registers = new Registers { Rax = 0x4000_0000, Rcx = 0, Rbx = 5 };
        Listener.Begin(s_child, s_cpuid, in registers);
        tests.True(AwaitExit(CpuidExit, out request), "the exit of CPUID");
        tests.Equal((long)request.Flags, (long)VmEventFlags.VcpuPaused, "its flags");
        tests.Equal((long)request.Registers.Rbx, 5, "RBX, as nothing was done");
        Resume(ref request);
        tests.True(AwaitExit(CpuidExit, out request), "the same exit, as nothing was done");
        request.Registers.Rip += 2;
        request.Registers.Rdx = Pattern;
        Resume(ref request, VmEventFlags.SetRegisters);
        tests.True(AwaitExit(CallExit, out request), "the exit of the call behind it");
        tests.Success(Disable(MonitorEvent.Exit), "off");
        Resume(ref request);
        Registers after = Finish(tests);
        tests.Equal((long)after.Rbx, 5, "RBX, as the listener left it");
        tests.Equal((long)after.Rdx, unchecked((long)Pattern), "RDX as the listener has it");
        tests.Equal(Listener.Waiting, 0, "events after that");
    }

    /// <summary>Answers exits until there is one for the reason, which it leaves.</summary>
    private static bool AwaitExit(ulong reason, out VmEventRequest request)
    {
        const ulong patience = 500_000_000;
        while (Listener.Next(out request, patience))
        {
            if (request.Reason == VmEventReason.Exit && request.Exit.Reason == reason)
            {
                return true;
            }

            Listener.Answer(in request);
        }

        request = default;
        return false;
    }

    private static void Drain()
    {
        while (Listener.Waiting != 0 && Listener.Next(out VmEventRequest request))
        {
            Listener.Answer(in request);
        }
    }

    private static long Inject(byte vector, InjectedEventType type, uint code = uint.MaxValue, ulong cr2 = 0)
    {
        var argument = new DmOpArgument { InjectEvent = new DmOpInjectEvent { Vector = vector, Type = (byte)type, ErrorCode = code, Cr2 = cr2 } };
        return DeviceModelCalls.Call(DmOp.InjectEvent, s_child.Id, ref argument);
    }

    private static void Interrupts(TestRun tests)
    {
        const ulong address = 0x1234_5000;
        tests.Start("the next event that is delivered, told of before");
        tests.Success(Enable(MonitorEvent.GuestRequest, new DomctlMonitor { RequestSync = 1 }), "on");
        NextEvent(tests, InvalidOpcode, uint.MaxValue, 0);
        NextEvent(tests, PageFaultVector, 4, address);
        tests.Start("the next event that is delivered, told of once");
        Provoke(tests, s_request, default, VmEventReason.GuestRequest, VmEventFlags.VcpuPaused, out VmEventRequest request);
        tests.Success(Inject(InvalidOpcode, InjectedEventType.HardwareException), "an event is ordered");
        Resume(ref request);
        Finish(tests, InvalidOpcode);
        tests.Equal(Listener.Waiting, 0, "events that nobody asked for");
        tests.Start("the next interrupt of the local APIC, told of before it is delivered");
        byte[] code = [.. s_request, .. s_letIn];
        Provoke(tests, code, default, VmEventReason.GuestRequest, VmEventFlags.VcpuPaused, out request);
        var message = new DmOpArgument { InjectMsi = new DmOpInjectMsi { Data = MonitorChild.MessageVector, Address = LocalApic.Address } };
        tests.Success(DeviceModelCalls.Call(DmOp.InjectMsi, s_child.Id, ref message), "a message");
        Resume(ref request, VmEventFlags.GetNextInterrupt);
        tests.True(Listener.Next(out request, Short * 4), "an event");
        tests.Equal((long)request.Reason, (long)VmEventReason.Interrupt, "its reason");
        tests.Equal(request.Interrupt.Vector, MonitorChild.MessageVector, "its vector");
        tests.Equal(request.Interrupt.Type, (long)InjectedEventType.ExternalInterrupt, "its type");
        tests.Equal(request.Interrupt.ErrorCode, uint.MaxValue, "no error code");
        tests.True(request.Registers.Rip > MonitorChild.CodeAddress + (ulong)s_request.Length, "RIP behind STI");
        tests.Equal(Interrupted(), 0, "interrupts that the child has had");
        Resume(ref request);
        Finish(tests);
        tests.Equal(Interrupted(), 1, "interrupts that the child has had");
        tests.Equal(Listener.Waiting, 0, "events after that");
        tests.Success(Disable(MonitorEvent.GuestRequest), "off");
    }

    private static uint Interrupted()
    {
        uint count = Memory.Read32(ChildImage.See(s_child.Id, MonitorChild.CommandAddress) + MonitorChild.InterruptsOffset);
        ChildImage.Unsee();
        return count;
    }

    private static void NextEvent(TestRun tests, byte vector, uint code, ulong cr2)
    {
        Provoke(tests, s_request, default, VmEventReason.GuestRequest, VmEventFlags.VcpuPaused, out VmEventRequest request);
        tests.Success(Inject(vector, InjectedEventType.HardwareException, code, cr2), "an event is ordered");
        Resume(ref request, VmEventFlags.GetNextInterrupt);
        tests.True(Listener.Next(out request), "an event");
        tests.Equal((long)request.Reason, (long)VmEventReason.Interrupt, "its reason");
        tests.Equal((long)request.Flags, (long)VmEventFlags.VcpuPaused, "its flags");
        tests.Equal(request.Interrupt.Vector, vector, "its vector");
        tests.Equal(request.Interrupt.Type, (long)InjectedEventType.HardwareException, "its type");
        // Without one Xen on Intel's processors tells what the field for it held last.
        tests.True(request.Interrupt.ErrorCode == code, "its error code");
        tests.True(vector != PageFaultVector || request.Interrupt.Cr2 == cr2, "its CR2");
        tests.True(!Listener.Finish(s_child, out _, out _, Short), "it waits");
        Resume(ref request);
        Finish(tests, vector);
        tests.Equal(Listener.Waiting, 0, "a second event");
    }
}
