using Xenolith.Kernel;

namespace Xenolith.Mm;

/// <summary>What a guest frame is.</summary>
public enum P2mType : byte
{
    /// <summary>Nothing is there: an access is an exit.</summary>
    None,
    /// <summary>Memory of the guest.</summary>
    Ram,
    /// <summary>Memory that the guest may not write; a write by the hypervisor on its behalf is dropped.</summary>
    RamReadOnly,
    /// <summary>A frame of another domain, mapped through a grant.</summary>
    Grant,
    /// <summary>A frame of another domain, mapped by privilege.</summary>
    Foreign,
    /// <summary>Device memory of the host.</summary>
    Mmio,
    /// <summary>Memory of the guest whose writes go to a device model; one by the hypervisor on its behalf is dropped.</summary>
    RamForwarded,
}

/// <summary>One translation of the host p2m. An absent one has <see cref="P2mType.None"/> and <see cref="Mfn.Invalid"/>.</summary>
/// <param name="Mfn">The machine frame behind the guest frame that was asked for (not the first of its large page).</param>
/// <param name="Order">log2 of the 4 KiB frames that the same leaf maps: 0, 9 or 18.</param>
public readonly record struct P2mEntry(Mfn Mfn, P2mType Type, Rights Access, int Order)
{
    public static P2mEntry Absent => new(Mfn.Invalid, P2mType.None, Rights.None, 0);

    /// <summary>Whether the hypervisor may read the frame on the guest's behalf; not what is mapped by a grant, as on Xen.</summary>
    public bool IsReadable => Type is P2mType.Ram or P2mType.RamReadOnly or P2mType.RamForwarded or P2mType.Foreign;

    /// <summary>Whether what the hypervisor writes on the guest's behalf arrives in a readable frame; otherwise it is dropped.</summary>
    public bool IsWritable => Type is not (P2mType.RamReadOnly or P2mType.RamForwarded) && (Access & Rights.Write) != 0;

    /// <summary>Whether the domain may grant the frame, or have it copied as its own.</summary>
    public bool MayBeGranted(bool readOnly) => (IsRam || Type == P2mType.Grant) && (readOnly || IsWritable);

    /// <summary>Whether the frame is the domain's own memory.</summary>
    public bool IsRam => Type is P2mType.Ram or P2mType.RamReadOnly or P2mType.RamForwarded;
}
