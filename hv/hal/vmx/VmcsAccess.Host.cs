using System.Collections.Generic;

namespace Xenolith.Hal.Vmx;

public sealed partial class Vmcs
{
    private readonly Dictionary<VmcsField, ulong> _fields = [];

    /// <summary>Reads a field; one that was never written is 0.</summary>
    public ulong Read(VmcsField field) => _fields.GetValueOrDefault(field);

    /// <summary>Reads CR0, CR3 and CR4 as the CPU uses them.</summary>
    public void ReadControlRegisters(out ulong cr0, out ulong cr3, out ulong cr4) =>
        (cr0, cr3, cr4) = (Read(VmcsField.GuestCr0), Read(VmcsField.GuestCr3), Read(VmcsField.GuestCr4));

    /// <summary>Writes a field, cut to its width (bits 13-14 of the encoding: 16, 64, 32 bits, natural).</summary>
    public void Write(VmcsField field, ulong value) => _fields[field] = (((uint)field >> 13) & 3) switch
    {
        0 => (ushort)value,
        2 => (uint)value,
        _ => value,
    };

    public void MakeCurrent() => Processor.Current = this;

    public void Clear()
    {
        Launched = false;
        if (ReferenceEquals(Processor.Current, this))
            Processor.Current = null;
    }
}
