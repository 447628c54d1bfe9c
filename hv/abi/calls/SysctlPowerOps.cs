using Xenolith.Abi.Contract;
using Xenolith.Kernel;

namespace Xenolith.Abi.Calls;

/// <summary>sysctl: power, and parts of the machine that come and go. It has no drivers for frequencies and deep idle states, and keeps all it has.</summary>
internal static class SysctlPowerOps
{
    /// <summary>The CPU halts when it is idle, and knows nothing deeper.</summary>
    private const uint HaltState = 1;

    private const uint MostPages = 1024;

    // What 4.17 leaves in the words of a call that it refuses.
    private const uint NotLookedAt = 0x0101_0101;

    public static long Statistics(ref HypercallCall call, ref SysctlOps.Frame frame) => IsCpu(in call, frame.Argument.PowerStatistics.Cpu)
        ? call.Fail(Errno.ENODEV, "no driver knows the CPU's states") : call.Fail(Errno.EINVAL, "no such CPU");

    public static long Hotplug(ref HypercallCall call, ref SysctlOps.Frame frame)
    {
        SysctlCpuHotplug argument = frame.Argument.CpuHotplug;
        bool isThere = IsCpu(in call, argument.Cpu);
        return (CpuHotplugOp)argument.Command switch
        {
            CpuHotplugOp.Online => isThere ? call.Fail(Errno.EEXIST, "the CPU is in use") : call.Fail(Errno.EINVAL, "no such CPU"),
            CpuHotplugOp.Offline when isThere && argument.Cpu != 0 => call.Fail(Errno.EBUSY, "a CPU in use stays so"),
            CpuHotplugOp.Offline => call.Fail(Errno.EINVAL, "no such CPU, or the first"),
            _ => call.Fail(Errno.EOPNOTSUPP, "no such change, or not of this machine"),
        };
    }

    public static long Control(ref HypercallCall call, ref SysctlOps.Frame frame)
    {
        SysctlPower argument = frame.Argument.Power;
        bool isThere = IsCpu(in call, argument.Cpu);
        switch ((PowerOp)argument.Command)
        {
            // Which limit, not which CPU: of the states, and of their kinds.
            case PowerOp.GetMaximumIdleState when argument.Cpu < 2:
                frame.Argument.Power.Value = argument.Cpu == 0 ? HaltState : SysctlConstants.IdleUnlimited;
                return SysctlOps.Answer(ref frame);
            case PowerOp.SetMaximumIdleState when argument.Cpu < 2:
                // Whatever the limit is, a CPU does not idle deeper.
                return 0;
        }
        if (!isThere)
            return call.Fail(Errno.EINVAL, "no such CPU");
        switch ((PowerOp)argument.Command)
        {
            case PowerOp.GetParameters or PowerOp.SetGovernor or PowerOp.SetParameter or PowerOp.GetAverageFrequency:
                return call.Fail(Errno.EINVAL, "no driver sets frequencies");
            case PowerOp.SetSchedulerOption:
                // Off it is, and off it stays.
                frame.Argument.Power.Value = 0;
                return SysctlOps.Answer(ref frame);
            case PowerOp.EnableTurbo or PowerOp.DisableTurbo:
                return call.Fail(Errno.EACCES, "no driver sets frequencies");
            default:
                return call.Unknown();
        }
    }

    /// <summary>No page goes out of use; those that are asked for are in it.</summary>
    public static long PageOffline(ref HypercallCall call, ref SysctlOps.Frame frame)
    {
        // Read again, as its layout depends on the width; what was read with the frame is its head alone.
        if (!TryRead(ref call, out SysctlPageOffline argument))
            return call.Fault();
        if (argument.End < argument.Start || argument.End - argument.Start >= MostPages)
            return call.Fail(Errno.EINVAL, "no range of pages, or one too long");
        long result = 0;
        for (uint i = 0; i <= argument.End - argument.Start; i++)
        {
            ulong page = (ulong)argument.Start + i;
            uint status = (PageOfflineOp)argument.Command switch
            {
                PageOfflineOp.Offline => SysctlConstants.PageFailed,
                PageOfflineOp.Online or PageOfflineOp.Query => 0,
                _ => NotLookedAt,
            };
            if (status == NotLookedAt)
                result = call.Fail(Errno.EINVAL, "no such operation");
            else if (page >= Page.FramesFor(call.Services.Memory.Limit))
                result = call.Fail(Errno.EINVAL, "a page past the last");
            if (result != 0)
                status = NotLookedAt;
            if (!call.Handle<uint>(argument.Status).TryWriteElement(call.Access, i, in status))
                return call.Fault();
        }
        return result;
    }

    public static long MonitorResources(ref HypercallCall call, ref SysctlOps.Frame frame) => call.Fail(Errno.ENODEV, "the machine's resources are not divided");

    public static long AllocateResources(ref HypercallCall call, ref SysctlOps.Frame frame)
    {
        const uint kinds = 3;
        return frame.Argument.ResourceAllocation.Command < kinds
            ? call.Fail(Errno.ENODEV, "the machine's resources are not divided") : call.Fail(Errno.EOPNOTSUPP, "no such resource");
    }

    private static bool IsCpu(in HypercallCall call, uint cpu) => cpu < (uint)call.Services.CpuCount;

    private static bool TryRead(ref HypercallCall call, out SysctlPageOffline argument)
    {
        const ulong head = 8;
        if (call.Is64Bit)
            return call.TryRead(unchecked(call.A0 + head), out argument);
        bool read = call.TryRead(unchecked(call.A0 + head), out SysctlPageOffline32 narrow);
        argument = new SysctlPageOffline { Command = narrow.Command, Start = narrow.Start, End = narrow.End, Status = narrow.Status };
        return read;
    }
}
