namespace Xenolith.Kernel;

/// <summary>What an allocated frame is used for. Kept beside the owner so that a report can say what leaked.</summary>
public enum FrameType : byte
{
    /// <summary>Nothing said.</summary>
    Unspecified,

    /// <summary>A chunk of an arena of managed objects.</summary>
    Managed,

    /// <summary>A page table.</summary>
    PageTable,

    /// <summary>A block that hardware reads: VMCS, VMCB, bitmaps, save areas.</summary>
    Control,

    /// <summary>Memory of a guest.</summary>
    Guest,

    /// <summary>A page that a guest and the hypervisor both write.</summary>
    Shared,

    /// <summary>Entries of a table of the hypervisor's own.</summary>
    Table,
}
