using System.Runtime;
using System.Runtime.CompilerServices;

namespace Xenolith.Hal.Svm;

/// <summary>SVM instructions, through SvmEntry.stub.cs.</summary>
internal static class SvmInstructions
{
    [RuntimeImport("*", "hal_svm_enter")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void Enter(ref GuestRegisters registers, ref VmcbLayout vmcb, ulong vmcbAddress, ulong hostVmcbAddress);

    [RuntimeImport("*", "hal_vmsave")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void SaveHost(ulong vmcbAddress);
}
