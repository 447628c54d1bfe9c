using System;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Emulate;
using Xenolith.Hal;
using Xenolith.Kernel;
using Xenolith.Mm;

namespace Xenolith;

/// <summary>What listeners ask of a vCPU: which of its doings exit, and what becomes of it after an answer.</summary>
internal sealed partial class ExitHandler
{
    // Registers that a control block or the CPU holds, so that writing them need not exit.
    private static readonly uint[] s_heldMsrs =
    [
        MsrIndex.Star, MsrIndex.LongStar, MsrIndex.CompatStar, MsrIndex.SyscallMask, MsrIndex.FsBase, MsrIndex.GsBase, MsrIndex.KernelGsBase,
        MsrIndex.SysenterCs, MsrIndex.SysenterEsp, MsrIndex.SysenterEip, MsrIndex.Pat, MsrIndex.TscAux, MsrIndex.DebugControl,
    ];

    /// <summary>Before the next entry of a vCPU whose listener has answered, or asked for something else. On the vCPU's own CPU.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public void FollowListener(Vcpu vcpu)
    {
        vcpu.Domain.Acquire();
        Monitor monitor = vcpu.Domain.Monitor;
        if (vcpu.FollowedMonitor != monitor.Generation)
        {
            vcpu.FollowedMonitor = monitor.Generation;
            Intercept(vcpu, monitor);
        }

        // One that answers and waits for the next event still has it all done when it goes on.
        if (vcpu.HasMonitorAnswer && !vcpu.IsPausedByMonitor)
        {
            VmEventFlags flags = vcpu.TakeAnsweredFlags();
            if ((flags & VmEventFlags.SetRegisters) != 0)
            {
                MonitorRegisters.Load(vcpu.Cpu, in monitor.AnswerOf(vcpu).Registers);
            }

            if ((flags & VmEventFlags.AlternateP2m) != 0 && vcpu.View is not null && vcpu.AnsweredView != vcpu.ViewIndex)
            {
                vcpu.SwitchView(vcpu.AnsweredView);
            }

            if ((flags & VmEventFlags.Emulate) != 0)
            {
                Emulate(vcpu, flags);
            }

            vcpu.Cpu.SingleSteps = vcpu.WantsSteps;
            vcpu.Apic.InjectAll(vcpu.WantsNextInterrupt);
        }

        vcpu.Domain.Release();
        if (!vcpu.IsPausedByMonitor && vcpu.DeferredWrite.Kind != DeferredWriteKind.None)
        {
            Write(vcpu);
        }
    }

    /// <summary>
    /// Executes the instruction whose access the rights forbid, once, whatever they say. One that is not emulated here is not executed: if the
    /// rights still forbid it then, its listener is told again.
    /// </summary>
    private void Emulate(Vcpu vcpu, VmEventFlags flags)
    {
        VirtualCpu cpu = vcpu.Cpu;
        if (vcpu.ReportedReason == VmEventReason.DescriptorAccess)
        {
            Finish(vcpu, _descriptorTables.Execute(cpu, vcpu.Access), _descriptorTables.Fault, _descriptorTables.IsStackFault, "a descriptor table in no memory");
            return;
        }

        EmulationResult result;
        if (vcpu.ReportedReason == VmEventReason.SoftwareBreakpoint && (flags & VmEventFlags.SetEmulateInstructionData) != 0)
        {
            result = EmulateWhole(vcpu, flags);
        }
        else if (vcpu.ReportedReason == VmEventReason.MemoryAccess && cpu.Exit.Reason == ExitReason.NestedPageFault
            && AccessViolations.Judge(vcpu, out Gfn host, out _) == AccessVerdict.Violation)
        {
            result = EmulateAccess(vcpu, host, flags);
        }
        else
        {
            return;
        }

        if (result != EmulationResult.Refused)
        {
            Finish(vcpu, result, _mmio.Fault, false, _mmio.Reason);
            return;
        }

        _machine.Kernel.Log.Guest(ref vcpu.Domain.LogLimit,
            $"domain {vcpu.Domain.Id} vCPU {vcpu.Id}: the instruction at rip {cpu.Rip:x} is not emulated for the listener: {_mmio.Reason}");
        if (vcpu.Domain.Monitor.Asks(MonitorEvent.EmulationUnimplemented))
        {
            var request = new VmEventRequest { Reason = VmEventReason.EmulationUnimplemented };
            vcpu.Domain.Monitor.TryReport(vcpu, ref request, pause: true);
        }
    }

    /// <summary>The instruction whose access is forbidden, by that access alone where that will do.</summary>
    /// <param name="host">The frame of the host p2m that it is to.</param>
    private EmulationResult EmulateAccess(Vcpu vcpu, Gfn host, VmEventFlags flags)
    {
        const VmEventFlags first = VmEventFlags.SetEmulateReadData | VmEventFlags.EmulateNoWrite;
        VirtualCpu cpu = vcpu.Cpu;
        if (cpu.Exit.DuringDelivery)
        {
            return _mmio.Refuse("the delivery of an event can't be emulated");
        }

        // As vm_event.h has it: the bytes count for nothing beside either of the other two.
        bool hasBytes = (flags & (VmEventFlags.SetEmulateInstructionData | first)) == VmEventFlags.SetEmulateInstructionData;
        if (!hasBytes && !cpu.Exit.DuringWalk && !cpu.Exit.IsFetch)
        {
            P2mEntry entry = vcpu.Domain.P2m.Lookup(host);
            _listenedFrame.Select(vcpu, in entry, flags);
            EmulationResult result = _mmio.Execute(cpu, vcpu.Access, _listenedFrame);
            if (_listenedFrame.HasWritten)
            {
                vcpu.Domain.P2m.MarkWritten(host);
            }

            if (result != EmulationResult.Refused)
            {
                return result;
            }
        }

        return EmulateWhole(vcpu, hasBytes ? flags : flags & ~VmEventFlags.SetEmulateInstructionData);
    }

    /// <summary>The instruction at RIP, or the bytes that the listener has given for it, whatever rights say of its operands.</summary>
    private EmulationResult EmulateWhole(Vcpu vcpu, VmEventFlags flags)
    {
        Bytes16 given = vcpu.Domain.Monitor.AnswerOf(vcpu).InstructionData;
        bool isGiven = (flags & VmEventFlags.SetEmulateInstructionData) != 0;
        _operands.Select(vcpu, flags & ~VmEventFlags.SetEmulateInstructionData, checksRights: false);
        return _mmio.ExecuteWhole(vcpu.Cpu, vcpu.Access, _operands, isGiven ? MemoryMarshal.AsBytes(new ReadOnlySpan<Bytes16>(in given)) : default);
    }

    /// <summary>
    /// What a walk of the CPU's own wanted to do to page tables that their right keeps it from, of which a listener wants to hear nothing: the instruction is executed by software, whose own walks nobody
    /// hears of. Who listens is told of what rights forbid its operands. False: nobody wants that, or the instruction is not one of those that are emulated.
    /// </summary>
    private bool TryFinishWalk(Vcpu vcpu)
    {
        ref Exit exit = ref vcpu.Cpu.Exit;
        if (!exit.DuringWalk || exit.DuringDelivery || !vcpu.Domain.Monitor.Asks(MonitorEvent.GuestPageFault))
        {
            return false;
        }

        _operands.Select(vcpu, 0, checksRights: true);
        EmulationResult result = _mmio.ExecuteWhole(vcpu.Cpu, vcpu.Access, _operands, default);
        if (result == EmulationResult.Refused)
        {
            return false;
        }

        Finish(vcpu, result, _mmio.Fault, false, _mmio.Reason);
        return true;
    }

    /// <summary>A step that a listener asked for is done. False: it is somebody else's.</summary>
    private static bool TryEndListenersStep(Vcpu vcpu)
    {
        if (!vcpu.WantsSteps)
        {
            return false;
        }

        if (vcpu.ViewAfterStep == Vcpu.NoView)
        {
            Listeners.TellOfStep(vcpu);
            return true;
        }

        vcpu.Domain.Acquire();
        vcpu.SwitchView(vcpu.ViewAfterStep);
        vcpu.ViewAfterStep = Vcpu.NoView;
        vcpu.WantSteps(false);
        vcpu.Domain.Release();
        return true;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void HandleDescriptorTable(Vcpu vcpu)
    {
        if (!Listeners.TellOfDescriptorTable(vcpu))
        {
            // Nobody asks any more, and it runs again without an exit.
            vcpu.Cpu.InterceptDescriptorTables = false;
        }
    }

    private void Intercept(Vcpu vcpu, Monitor monitor)
    {
        VirtualCpu cpu = vcpu.Cpu;
        int controls = monitor.Asks(MonitorEvent.WriteControlRegister) ? monitor.Settings.Controls : 0;
        cpu.InterceptCr0Writes = (controls & 1 << (int)VmEventControl.Cr0) != 0;
        cpu.InterceptCr3Writes = (controls & 1 << (int)VmEventControl.Cr3) != 0;
        cpu.InterceptCr4Writes = (controls & 1 << (int)VmEventControl.Cr4) != 0;
        cpu.InterceptDescriptorTables = monitor.Asks(MonitorEvent.DescriptorAccess);
        vcpu.TellsExits = monitor.Asks(MonitorEvent.Exit);
        const uint breakpoint = 1u << ExceptionVector.Breakpoint;
        cpu.ExceptionBitmap = monitor.Asks(MonitorEvent.SoftwareBreakpoint) ? cpu.ExceptionBitmap | breakpoint : cpu.ExceptionBitmap & ~breakpoint;
        for (int i = 0; i < s_heldMsrs.Length; i++)
        {
            if (!WatchMsr(cpu, s_heldMsrs[i], monitor.WatchesMsr(s_heldMsrs[i])))
            {
                _machine.Kernel.Log.Error(
                    $"domain {vcpu.Domain.Id} vCPU {vcpu.Id}: no memory to watch MSR {s_heldMsrs[i]:x}: its listener is not told of writes");
            }
        }
    }

    // Apart from its loop, which would keep the object's table of methods in a register, where the image scan does not follow it.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool WatchMsr(VirtualCpu cpu, uint index, bool wanted) => cpu.InterceptMsrWrites(index, wanted);

    /// <summary>A write that the listener did not deny. What the guest may not write is a fault behind the instruction, as on Xen.</summary>
    private static void Write(Vcpu vcpu)
    {
        DeferredWrite write = vcpu.DeferredWrite;
        vcpu.DeferredWrite = default;
        bool isDone = write.Kind == DeferredWriteKind.Msr
            ? WriteMsr(vcpu, write.Index, write.Value) : TryWriteControl(vcpu, (int)write.Index, write.Value);
        if (!isDone)
        {
            vcpu.Cpu.InjectException(ExceptionVector.GeneralProtection, true, 0);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void HandleBreakpoint(Vcpu vcpu)
    {
        int length = _decoder.LengthAt(vcpu.Cpu, vcpu.Access);
        if (length != 0 && !Listeners.TellOfBreakpoint(vcpu, length))
        {
            vcpu.Cpu.InjectSoftware(EventKind.SoftwareException, ExceptionVector.Breakpoint, length);
        }
    }
}
