using System;

namespace Xenolith.Hal.Svm;

/// <summary>On a host no VMCB is ever entered, unless a test says what a guest does.</summary>
internal static class SvmInstructions
{
    /// <summary>What a guest does until its exit.</summary>
    internal delegate void Guest(ref GuestRegisters registers, ref VmcbLayout vmcb);

    /// <summary>The guest of the calling thread's test.</summary>
    [ThreadStatic]
    internal static Guest? Entered;

    public static void Enter(ref GuestRegisters registers, ref VmcbLayout vmcb, ulong vmcbAddress, ulong hostVmcbAddress)
    {
        if (Entered is not { } guest)
            throw Privileged();
        guest(ref registers, ref vmcb);
    }

    public static void SaveHost(ulong vmcbAddress) => throw Privileged();

    private static PlatformNotSupportedException Privileged() => new("an SVM instruction, on a host");
}
