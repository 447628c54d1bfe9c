using Xenolith.Kernel;

namespace Xenolith.Mm;

/// <summary>One translation of the host p2m. An absent one has <see cref="P2mType.None"/> and <see cref="Mfn.Invalid"/>.</summary>
/// <param name="Mfn">The machine frame behind the guest frame that was asked for (not the first of its large page).</param>
/// <param name="Order">log2 of the 4 KiB frames that the same leaf maps: 0, 9 or 18.</param>
public readonly record struct P2mEntry(Mfn Mfn, P2mType Type, int Order)
{
    public static P2mEntry Absent => new(Mfn.Invalid, P2mType.None, 0);

    /// <summary>What the mapping allows, whatever access right the guest has left there (<see cref="P2m.AccessOf"/>).</summary>
    public Rights Access => Type.Rights;

    /// <summary>Whether the hypervisor may read the frame on the guest's behalf; not what is mapped by a grant, as on Xen.</summary>
    public bool IsReadable => Type is P2mType.Ram or P2mType.RamReadOnly or P2mType.RamForwarded or P2mType.Foreign;

    /// <summary>Whether what the hypervisor writes on the guest's behalf arrives in a readable frame; otherwise it is dropped.</summary>
    public bool IsWritable => Type is P2mType.Ram or P2mType.Foreign or P2mType.Grant or P2mType.Mmio;

    /// <summary>Whether the domain may grant the frame, or have it copied as its own.</summary>
    public bool MayBeGranted(bool readOnly) => (IsRam || IsGrant) && (readOnly || IsWritable);

    /// <summary>Whether the frame is the domain's own memory.</summary>
    public bool IsRam => Type is P2mType.Ram or P2mType.RamReadOnly or P2mType.RamForwarded;

    /// <summary>Whether the frame is mapped through a grant.</summary>
    public bool IsGrant => Type is P2mType.Grant or P2mType.GrantReadOnly;
}
