using System;

namespace Xenolith.Hal.Vmx;

/// <summary>On a host no VMCS is ever entered, unless a test says what a guest does; invalidations have nothing to invalidate.</summary>
internal static class VmxInstructions
{
    /// <summary>What the guest of the calling thread's test does until its exit.</summary>
    [ThreadStatic]
    internal static Action? Entered;

    /// <summary>The types of the INVEPTs of the calling thread, a digit each.</summary>
    [ThreadStatic]
    internal static string? EptInvalidations;

    public static ulong On(ref ulong region) => throw Privileged();

    public static ulong InvalidateEpt(ulong type, ref InvalidationDescriptor descriptor)
    {
        EptInvalidations += type;
        return 0;
    }

    public static ulong InvalidateVpid(ulong type, ref InvalidationDescriptor descriptor) => 0;

    public static ulong Enter(ref GuestRegisters registers, ulong launched, ref VmcsImage image)
    {
        if (Entered is not { } guest)
            throw Privileged();
        guest();
        return 0;
    }

    public static ulong ExitAddress() => 0;

    private static PlatformNotSupportedException Privileged() => new("a VMX instruction, on a host");
}
