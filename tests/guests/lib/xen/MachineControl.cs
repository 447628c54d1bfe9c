using Xenolith.Abi.Contract;

namespace Xenolith.Guests;

/// <summary>sysctl and platform_op in one line each, as a control domain makes them.</summary>
public static class MachineControl
{
    /// <summary>A sysctl; what it answers with stands in the argument.</summary>
    public static long Call(SysctlOp operation, ref Sysctl argument)
    {
        argument.Command = (uint)operation;
        argument.InterfaceVersion = InterfaceVersions.Sysctl;
        return Xen.Call(Hypercall.Sysctl, Xen.AddressOf(ref argument));
    }

    /// <summary>A platform_op; what it answers with stands in the argument.</summary>
    public static long Call(PlatformOp operation, ref PlatformArgument argument)
    {
        argument.Command = (uint)operation;
        argument.InterfaceVersion = InterfaceVersions.Platform;
        return Xen.Call(Hypercall.PlatformOp, Xen.AddressOf(ref argument));
    }
}
