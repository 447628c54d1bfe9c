using System;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Xenolith.Hal;

/// <summary>
/// Registers of a guest that no control block and no entry stub switches: a CPU keeps those of the vCPU that ran on it last,
/// and they change hands when another becomes resident. ProcessorState.stub.cs knows the offsets: DR0-3 and DR6 at 0, then
/// the FXSAVE area, at the first multiple of 16 from 48 on, wherever the object lies.
/// </summary>
/// <remarks>
/// The area holds MXCSR and the vector registers too, which the hypervisor's own code leaves alone but for XMM0 and XMM8; these two are in
/// <see cref="GuestRegisters"/>, and dead here. Wider registers and XCR0 need CR4.OSXSAVE, which the CPU policy does not offer.
/// </remarks>
[StructLayout(LayoutKind.Sequential)]
public struct ProcessorState
{
    /// <summary>DR6 after reset and INIT (Intel SDM vol. 3, table 10-1).</summary>
    public const ulong Dr6Reset = 0xFFFF_0FF0;

    public ulong Dr0, Dr1, Dr2, Dr3, Dr6;

    /// <summary>
    /// Whether the area holds the x87 and vector state; until then it is that of a CPU that has computed nothing, which is made and not loaded.
    /// </summary>
    public bool HasFloatingPoint;

    private FloatingPointArea _floatingPoint;

    /// <summary>The x87 and vector state as FXSAVE writes it (SDM vol. 1, table 10-2), 512 bytes; it means something while <see cref="HasFloatingPoint"/>.</summary>
    [UnscopedRef]
    public Span<byte> FloatingPoint
    {
        get
        {
            ref byte start = ref Unsafe.As<FloatingPointArea, byte>(ref _floatingPoint);
            return MemoryMarshal.CreateSpan(ref Unsafe.Add(ref start, HostInstructions.FloatingPointOffset(ref start)), ImageSize);
        }
    }

    /// <summary>Bytes of an FXSAVE image.</summary>
    public const int ImageSize = 512;

    /// <summary>What INIT does to the debug registers; the x87 state stays (SDM vol. 3, table 10-1).</summary>
    public void ResetDebugRegisters()
    {
        Dr0 = Dr1 = Dr2 = Dr3 = 0;
        Dr6 = Dr6Reset;
    }

    // 512 bytes, and room to align them.
    [InlineArray(66)]
    private struct FloatingPointArea
    {
        private ulong _first;
    }
}
