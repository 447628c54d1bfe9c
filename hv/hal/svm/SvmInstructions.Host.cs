using System;

namespace Xenolith.Hal.Svm;

/// <summary>On a host no VMCB is ever entered.</summary>
internal static class SvmInstructions
{
    public static void Enter(ref GuestRegisters registers, ref VmcbLayout vmcb, ulong vmcbAddress, ulong hostVmcbAddress) => throw Privileged();

    public static void SaveHost(ulong vmcbAddress) => throw Privileged();

    private static PlatformNotSupportedException Privileged() => new("an SVM instruction, on a host");
}
