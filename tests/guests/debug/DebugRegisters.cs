using System.Runtime;
using System.Runtime.CompilerServices;

namespace Xenolith.Guests.Debugging;

/// <summary>The debug registers (SDM vol. 3, 18.2); the bodies are in DebugRegisters.stub.cs.</summary>
internal static class DebugRegisters
{
    /// <summary>DR6 when nothing has happened: the reserved bits and those that are clear when their event occurs.</summary>
    public const ulong StatusReset = 0xFFFF_0FF0;
    public const ulong StatusBreakpoint0 = 1, StatusAccess = 1 << 13, StatusStep = 1 << 14;

    /// <summary>DR7 without a breakpoint.</summary>
    public const ulong ControlReset = 0x400;
    public const ulong GeneralDetect = 1 << 13;

    /// <summary>DR7 with breakpoint 0 on an instruction, on eight bytes written, on eight bytes read or written.</summary>
    public const ulong OnInstruction = ControlReset | 1, OnWrite = ControlReset | 1 | (9 << 16), OnAccess = ControlReset | 1 | (11 << 16);

    [RuntimeImport("*", "guest_write_dr0")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void WriteAddress0(ulong value);

    [RuntimeImport("*", "guest_read_dr6")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern ulong ReadStatus();

    [RuntimeImport("*", "guest_write_dr6")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void WriteStatus(ulong value);

    [RuntimeImport("*", "guest_read_dr7")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern ulong ReadControl();

    [RuntimeImport("*", "guest_write_dr7")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void WriteControl(ulong value);
}
