using System.Runtime.InteropServices;

namespace Xenolith.Hal.Vmx;

/// <summary>
/// The fields that nearly every exit needs, as the entry stub reads them after an exit: one VMREAD each, without a call. The stub
/// knows the offsets (VmxEntry.stub.cs). Between exit and entry this is the truth about them.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct VmcsImage
{
    public ulong Rip, Rflags, Interruptibility, Efer;
    public ulong CsAccessRights, SsAccessRights;
    public ulong ExitReason, InstructionLength, IdtVectoringInformation;

    /// <summary>What the field for the host's RSP holds; 0: not written yet. The stub's alone.</summary>
    public ulong HostRsp;
}
