using Xenolith.Domains;
using Xenolith.Emulate;
using Xenolith.Kernel;

namespace Xenolith;

/// <summary>
/// The local APIC's page of the vCPU that is being handled. Registers have 32 bits at multiples of 16 (SDM vol. 3, 11.4.1);
/// smaller and unaligned accesses work inside one register as they do on Xen, and what crosses a register's end reads as 0.
/// </summary>
internal sealed class ApicPage : MmioDevice
{
    private Unowned<Vcpu> _selected;

    private Vcpu Selected => _selected.Value!;

    /// <summary>Whose registers answer from now on.</summary>
    public void Select(Vcpu vcpu) => _selected = new Unowned<Vcpu>(vcpu);

    public override ulong Read(uint offset, int size) => Selected.Apic.Read(offset & ~3u) >> (int)(8 * (offset & 3));

    public override void Write(uint offset, int size, ulong value)
    {
        int shift = (int)(8 * (offset & 3));
        uint register = offset & ~3u;
        if (shift != 0 || size < 4)
        {
            uint mask = (size >= 4 ? uint.MaxValue : (1u << (8 * size)) - 1) << shift;
            value = (Selected.Apic.Read(register) & ~mask) | (((uint)value << shift) & mask);
        }

        Selected.Apic.Write(register, (uint)value);
    }
}
