using Xenolith.Abi.Contract;
using Xenolith.Domains;

namespace Xenolith.Abi.Calls;

/// <summary>domctl: what a listener is told of, and steps of a vCPU.</summary>
internal static class DomctlMonitorOps
{
    private const uint EventBits = 32;

    /// <summary>What can be had on every processor. The rest of 4.17's is refused, and docs/monitor.md says why.</summary>
    private const uint Capabilities = 1u << (int)MonitorEvent.WriteControlRegister | 1u << (int)MonitorEvent.WriteMsr
        | 1u << (int)MonitorEvent.SoftwareBreakpoint | 1u << (int)MonitorEvent.GuestRequest | 1u << (int)MonitorEvent.DebugException
        | 1u << (int)MonitorEvent.Cpuid | 1u << (int)MonitorEvent.EmulationUnimplemented | 1u << (int)MonitorEvent.Interrupt | 1u << (int)MonitorEvent.Exit
        | 1u << (int)MonitorEvent.GuestPageFault;

    private static uint CapabilitiesOf(Domain domain) => Capabilities
        | (domain.Services.Virtualisation.HasSingleSteps ? 1u << (int)MonitorEvent.SingleStep : 0)
        | (domain.Services.Virtualisation.HasDescriptorTableExits ? 1u << (int)MonitorEvent.DescriptorAccess : 0);

    public static long Handle(ref HypercallCall call, ref DomctlOps.Frame frame)
    {
        ref DomctlMonitor argument = ref frame.Argument.Monitor;
        Domain target = frame.Target!;
        if (target == call.Domain)
            return call.Fail(Errno.EPERM, "the caller's own");
        frame.CopiesBack = true;
        switch ((MonitorOp)argument.Operation)
        {
            case MonitorOp.Enable:
            case MonitorOp.Disable:
                if (argument.Event >= EventBits)
                    return call.Fail(Errno.EINVAL, "no such event");
                // As on Xen, an interrupt is among the capabilities and asked for by an answer alone.
                if ((CapabilitiesOf(target) & 1u << (int)argument.Event) == 0 || argument.Event == (uint)MonitorEvent.Interrupt)
                    return call.Fail(Errno.EOPNOTSUPP, "events of that kind are not told of");
                return call.Result(Set(target.Monitor, in argument, argument.Operation == (uint)MonitorOp.Enable), "it is so already, or no such register");
            case MonitorOp.GetCapabilities:
                argument.Event = CapabilitiesOf(target);
                return 0;
            case MonitorOp.EmulateEachRepeat:
                if (!target.Monitor.IsListening)
                    return call.Fail(Errno.EINVAL, "nobody listens");
                target.Monitor.Settings.EmulatesEachRepeat = argument.Event != 0;
                return 0;
            case MonitorOp.ControlRegisters:
                target.Monitor.Settings.DefersWrites = true;
                return 0;
            case MonitorOp.NumberEvents:
                target.Monitor.Settings.NumbersEvents = argument.Event != 0;
                return 0;
            case MonitorOp.TellLostRemaps:
                target.Monitor.Settings.TellsLostRemaps = argument.Event != 0;
                return 0;
            default:
                return call.Fail(Errno.EOPNOTSUPP, "no such operation");
        }
    }

    private static Errno Set(Monitor monitor, in DomctlMonitor argument, bool on)
    {
        var what = (MonitorEvent)argument.Event;
        if (what == MonitorEvent.WriteMsr)
            return monitor.WatchMsr(argument.Msr, on, argument.MsrOnChange != 0);
        if (what == MonitorEvent.WriteControlRegister)
            return SetControl(monitor, in argument, on);
        if (monitor.Settings.Asks(what) == on)
            return Errno.EEXIST;
        switch (what)
        {
            case MonitorEvent.GuestRequest:
                monitor.Settings.RequestSync = argument.RequestSync != 0;
                monitor.Settings.RequestFromUser = argument.RequestFromUser != 0;
                break;
            case MonitorEvent.DebugException:
                monitor.Settings.DebugSync = argument.DebugSync != 0;
                break;
            case MonitorEvent.Exit:
                monitor.Settings.ExitSync = argument.ExitSync != 0;
                break;
        }
        monitor.Settings.Set(what, on);
        monitor.HasChanged();
        return Errno.None;
    }

    private static Errno SetControl(Monitor monitor, in DomctlMonitor argument, bool on)
    {
        ref MonitorSettings settings = ref monitor.Settings;
        if (argument.ControlRegister >= MonitorSettings.ControlRegisters || argument.ControlPad1 != 0 || argument.ControlPad2 != 0)
            return Errno.EINVAL;
        var bit = (byte)(1 << argument.ControlRegister);
        if ((settings.Controls & bit) != 0 == on)
            return Errno.EEXIST;
        settings.Controls = With(settings.Controls, bit, on);
        settings.ControlSync = With(settings.ControlSync, bit, argument.ControlSync != 0);
        settings.ControlOnChange = With(settings.ControlOnChange, bit, argument.ControlOnChange != 0);
        settings.Masks[argument.ControlRegister] = on ? argument.ControlMask : 0;
        settings.Set(MonitorEvent.WriteControlRegister, settings.Controls != 0);
        monitor.HasChanged();
        return Errno.None;
    }

    private static byte With(byte bits, byte bit, bool on) => (byte)(on ? bits | bit : bits & ~bit);

    /// <summary>One instruction at a time.</summary>
    public static long Debug(ref HypercallCall call, ref DomctlOps.Frame frame)
    {
        DomctlDebug argument = frame.Argument.Debug;
        if (frame.Target!.FindVcpu(argument.Vcpu) is not { } vcpu || vcpu == call.Vcpu)
            return call.Fail(Errno.EINVAL, "no such vCPU, or the caller itself");
        if (argument.Operation > (uint)DebugOp.SingleStepOn)
            return call.Fail(Errno.ENOSYS, "no such operation");
        if (!call.Services.Virtualisation.HasSingleSteps)
            return call.Fail(Errno.EOPNOTSUPP, "the processor can't stop after each instruction");
        vcpu.WantSteps(argument.Operation == (uint)DebugOp.SingleStepOn);
        return 0;
    }

    /// <summary>Whether the domain ends for what its memory's rights forbid while nobody listens.</summary>
    public static long RequireAccess(ref HypercallCall call, ref DomctlOps.Frame frame)
    {
        if (frame.Target == call.Domain)
            return call.Fail(Errno.EPERM, "the caller's own");
        frame.Target!.IsAccessRequired = frame.Argument.AccessRequired.IsRequired != 0;
        return 0;
    }
}
