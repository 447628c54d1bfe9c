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

    /// <summary>Reads CR0, CR3 and CR4 as the CPU uses them.</summary>
    public void ReadControlRegisters(out ulong cr0, out ulong cr3, out ulong cr4)
    {
        if (!ReferenceEquals(Processor.Current, this))
            MakeCurrent();
        cr0 = VmxInstructions.Read((uint)VmcsField.GuestCr0);
        cr3 = VmxInstructions.Read((uint)VmcsField.GuestCr3);
        cr4 = VmxInstructions.Read((uint)VmcsField.GuestCr4);
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
