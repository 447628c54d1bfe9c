using System.Runtime.CompilerServices;

namespace System.Runtime.Intrinsics.X86;

/// <summary>Instructions that every x86-64 processor has. The compiler supplies the bodies.</summary>
public abstract class X86Base
{
    /// <summary>Whether the processor has them: always.</summary>
    public static bool IsSupported
    {
        [Intrinsic]
        get => IsSupported;
    }

    /// <summary>PAUSE: says that this is a loop that waits.</summary>
    [Intrinsic]
    public static void Pause() => Pause();

    /// <summary>BSF: the lowest one bit; the value must not be 0.</summary>
    [Intrinsic]
    internal static uint BitScanForward(uint value) => BitScanForward(value);
    /// <summary>BSR: the highest one bit; the value must not be 0.</summary>
    [Intrinsic]
    internal static uint BitScanReverse(uint value) => BitScanReverse(value);

    /// <summary>The same in 64 bits.</summary>
    public abstract class X64
    {
        /// <summary>Whether the processor has them: always.</summary>
        public static bool IsSupported
        {
            [Intrinsic]
            get => IsSupported;
        }

        /// <summary>BSF: the lowest one bit; the value must not be 0.</summary>
        [Intrinsic]
        internal static ulong BitScanForward(ulong value) => BitScanForward(value);
        /// <summary>BSR: the highest one bit; the value must not be 0.</summary>
        [Intrinsic]
        internal static ulong BitScanReverse(ulong value) => BitScanReverse(value);
    }
}
