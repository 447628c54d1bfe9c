using System.Runtime;
using System.Runtime.CompilerServices;

namespace Xenolith.Hal.Vmx;

/// <summary>VMX instructions, through VmxInstructions.stub.cs and VmxEntry.stub.cs. Results: 0 done, 1 VMfailInvalid, 2 VMfailValid.</summary>
internal static class VmxInstructions
{
    [RuntimeImport("*", "hal_vmxon")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern ulong On(ref ulong region);

    [RuntimeImport("*", "hal_vmclear")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern ulong Clear(ref ulong region);

    [RuntimeImport("*", "hal_vmptrld")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern ulong LoadPointer(ref ulong region);

    /// <summary>Without a result: one of a field that this CPU does not have is a bug, and ends in #UD.</summary>
    [RuntimeImport("*", "hal_vmread")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern ulong Read(ulong field);

    /// <summary>As <see cref="Read"/>; so does one of a field that may only be read.</summary>
    [RuntimeImport("*", "hal_vmwrite")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void Write(ulong field, ulong value);

    [RuntimeImport("*", "hal_invept")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern ulong InvalidateEpt(ulong type, ref InvalidationDescriptor descriptor);

    [RuntimeImport("*", "hal_invvpid")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern ulong InvalidateVpid(ulong type, ref InvalidationDescriptor descriptor);

    [RuntimeImport("*", "hal_vmx_enter")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern ulong Enter(ref GuestRegisters registers, ulong launched, ref VmcsImage image);

    /// <summary>Where the CPU continues after a VM exit.</summary>
    [RuntimeImport("*", "hal_vmx_exit_address")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern ulong ExitAddress();
}
