using System;
using Xenolith.Kernel;

namespace Xenolith.Hal;

/// <summary>On a host there is no CPU to own: CPUID reports nothing, and what needs privilege is a bug of the test.</summary>
public static class HostInstructions
{
    public static CpuidResult Cpuid(uint leaf, uint subleaf = 0) => default;

    public static ulong ReadMsr(uint index) => throw Privileged();

    public static void WriteMsr(uint index, ulong value) => throw Privileged();

    public static ulong ReadCr0() => throw Privileged();

    public static void WriteCr0(ulong value) => throw Privileged();

    public static ulong ReadCr2() => throw Privileged();

    public static void WriteCr2(ulong value) => throw Privileged();

    public static ulong ReadCr3() => throw Privileged();

    public static ulong ReadCr4() => throw Privileged();

    public static void WriteCr4(ulong value) => throw Privileged();

    public static ulong ReadDr6() => throw Privileged();

    public static void WriteDr6(ulong value) => throw Privileged();

    public static void ReadGdtr(ref DescriptorTableImage table) => throw Privileged();

    public static void ReadIdtr(ref DescriptorTableImage table) => throw Privileged();

    public static void ReadSelectors(ref SelectorImage selectors) => throw Privileged();

    public static ulong ReadTaskBase(ushort selector, ulong gdtBase) => throw Privileged();

    public static void SaveProcessorState(ref ProcessorState state) => throw Privileged();

    public static void LoadDebugRegisters(ref ProcessorState state) => throw Privileged();

    public static void LoadFloatingPoint(ref ProcessorState state) => throw Privileged();

    public static void ResetFloatingPoint() => throw Privileged();

    /// <summary>Where in the area the image begins. A host moves objects, so that there it is always at the start.</summary>
    public static int FloatingPointOffset(ref byte area) => 0;

    public static void RaiseMachineCheck() => throw Privileged();

    public static void RaiseNmi() => throw Privileged();

    private static PlatformNotSupportedException Privileged() => new("a privileged instruction, on a host");
}
