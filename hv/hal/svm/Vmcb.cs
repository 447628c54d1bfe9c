using System.Runtime.CompilerServices;
using Xenolith.Kernel;

namespace Xenolith.Hal.Svm;

/// <summary>One virtual machine control block: a frame that the CPU and the hypervisor both read and write.</summary>
public sealed unsafe class Vmcb(PhysicalMemory memory, Mfn region)
{
    // Unsafe: a field can't hold a reference, and going through PhysicalMemory for every field of every exit costs too much.
    // The frame is the vCPU's own until Release, and RAM does not move.
    private readonly VmcbLayout* _layout = (VmcbLayout*)Unsafe.AsPointer(ref memory.Word64(region.Address));

    /// <summary>The frame that holds the block.</summary>
    public Mfn Region { get; } = region;

    /// <summary>Its physical address, as VMRUN wants it.</summary>
    public ulong Address { get; } = region.Address;

    public ref VmcbLayout Fields => ref *_layout;
}
