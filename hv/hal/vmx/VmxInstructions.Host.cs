using System;

namespace Xenolith.Hal.Vmx;

/// <summary>On a host no VMCS is ever entered; invalidations have nothing to invalidate.</summary>
internal static class VmxInstructions
{
    public static ulong On(ref ulong region) => throw Privileged();

    public static ulong InvalidateEpt(ulong type, ref InvalidationDescriptor descriptor) => 0;

    public static ulong InvalidateVpid(ulong type, ref InvalidationDescriptor descriptor) => 0;

    public static ulong Enter(ref GuestRegisters registers, ulong launched, ref VmcsImage image) => throw Privileged();

    public static ulong ExitAddress() => 0;

    private static PlatformNotSupportedException Privileged() => new("a VMX instruction, on a host");
}
