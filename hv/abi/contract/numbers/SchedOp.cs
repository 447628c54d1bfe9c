namespace Xenolith.Abi.Contract;

/// <summary>sched_op: SCHEDOP_* (public/sched.h).</summary>
public enum SchedOp : uint
{
    [XenConstant("SCHEDOP_yield")] Yield = 0,
    [XenConstant("SCHEDOP_block")] Block = 1,
    [XenConstant("SCHEDOP_shutdown")] Shutdown = 2,
    [XenConstant("SCHEDOP_poll")] Poll = 3,
    [XenConstant("SCHEDOP_remote_shutdown")] RemoteShutdown = 4,
    [XenConstant("SCHEDOP_shutdown_code")] ShutdownCode = 5,
    [XenConstant("SCHEDOP_watchdog")] Watchdog = 6,
    [XenConstant("SCHEDOP_pin_override")] PinOverride = 7,
}
