using System;

namespace Xenolith.Hal.Vmx;

public sealed partial class Vmcs
{
    /// <summary>Reads a field, making the structure current first when another one is.</summary>
    public ulong Read(VmcsField field)
    {
        if (!ReferenceEquals(Processor.Current, this))
            MakeCurrent();
        return VmxInstructions.Read((uint)field);
    }

    /// <summary>Writes a field, making the structure current first when another one is.</summary>
    public void Write(VmcsField field, ulong value)
    {
        if (!ReferenceEquals(Processor.Current, this))
            MakeCurrent();
        VmxInstructions.Write((uint)field, value);
    }

    /// <summary>Makes this the structure that VMX instructions work on.</summary>
    public void MakeCurrent()
    {
        ulong address = Region.Address;
        if (VmxInstructions.LoadPointer(ref address) != 0)
            throw new InvalidOperationException("VMPTRLD refused a VMCS");
        Processor.Current = this;
    }

    /// <summary>Brings the structure back from the CPU into its frame and to the state "clear".</summary>
    public void Clear()
    {
        ulong address = Region.Address;
        if (VmxInstructions.Clear(ref address) != 0)
            throw new InvalidOperationException("VMCLEAR refused a VMCS");
        Launched = false;
        if (ReferenceEquals(Processor.Current, this))
            Processor.Current = null;
    }
}
