using Xenolith.Kernel;

namespace Xenolith.Hal.Vmx;

/// <summary>
/// One virtual-machine control structure. In the image its fields are in the CPU's keeping and are reached by VMREAD and VMWRITE
/// after it was made current; on a host they are plain words, so that tests can break them (VmcsAccess.*.cs).
/// </summary>
public sealed partial class Vmcs(VmxProcessor processor, Mfn region)
{
    /// <summary>
    /// The CPU that may have it active. Another may use it after a <see cref="Clear"/> there only (Intel SDM vol. 3, 25.11.1), and is
    /// then this.
    /// </summary>
    public VmxProcessor Processor { get; set; } = processor;

    /// <summary>The frame that holds the structure.</summary>
    public Mfn Region { get; } = region;

    /// <summary>Whether a VMLAUNCH has succeeded since the last VMCLEAR; then the next entry is by VMRESUME.</summary>
    public bool Launched { get; set; }

    /// <summary>Reads a 32-bit field.</summary>
    public uint Read32(VmcsField field) => (uint)Read(field);

    /// <summary>Sets or clears one bit of a control field.</summary>
    public void WriteBits(VmcsField field, ulong bits, bool set)
    {
        ulong old = Read(field);
        Write(field, set ? old | bits : old & ~bits);
    }
}
