using System.Collections.Generic;

namespace Xenolith.Hal.Vmx;

public sealed partial class Vmcs
{
    private readonly Dictionary<VmcsField, ulong> _fields = [];

    /// <summary>Reads a field; one that was never written is 0.</summary>
    public ulong Read(VmcsField field) => _fields.GetValueOrDefault(field);

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
