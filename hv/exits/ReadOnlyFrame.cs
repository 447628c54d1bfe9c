using Xenolith.Emulate;
using Xenolith.Kernel;

namespace Xenolith;

/// <summary>A frame that a guest may read but not write, as a read-only grant is mapped: what an instruction writes there is dropped, as on Xen.</summary>
internal sealed class ReadOnlyFrame : MmioDevice
{
    private PhysicalMemory? _memory;
    private Mfn _mfn;

    /// <summary>Which frame it is from now on.</summary>
    public void Select(PhysicalMemory memory, Mfn mfn) => (_memory, _mfn) = (memory, mfn);

    public override ulong Read(uint offset, int size) => FrameBytes.Read(_memory!, _mfn.Address + offset, size);

    public override void Write(uint offset, int size, ulong value)
    {
    }
}
