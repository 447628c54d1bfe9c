using Xenolith.Abi.Contract;

namespace Xenolith.Domains;

/// <summary>What a toolstack knows of the domain, and how it holds it (public/domctl.h).</summary>
public sealed partial class Domain
{
    /// <summary>How often a toolstack may hold the domain back, as on Xen.</summary>
    public const int MaximumControllerPauses = 255;

    /// <summary>The toolstack's name for the domain, a UUID; nothing here looks at it.</summary>
    public Bytes16 Handle;

    /// <summary>What the toolstack asked for when it created the domain; the hypervisor's own domains have Xen's defaults.</summary>
    public DomctlCreateDomain Settings { get; }

    /// <summary>How often a toolstack holds the domain back; each counts once in <see cref="PauseCount"/>.</summary>
    public int ControllerPauses { get; private set; }

    /// <summary>Whether the toolstack has had the vCPUs made (XEN_DOMCTL_max_vcpus). Before that nothing can name them.</summary>
    public bool HasVcpus { get; set; } = true;

    /// <summary>Whether the domain is being taken apart (XEN_DOMCTL_destroydomain): it never runs again.</summary>
    public bool IsDying { get; private set; }

    /// <summary>The id of the domain whose device model this one is (XEN_DOMCTL_set_target); <see cref="DomainIds.Invalid"/>: none.</summary>
    public ushort ServedDomain { get; set; } = DomainIds.Invalid;

    /// <summary>A vCPU by the number that a caller gives; null: there is none.</summary>
    public Vcpu? FindVcpu(uint id) => HasVcpus && id < (uint)Vcpus.Length ? Vcpus[id] : null;

    /// <summary>XEN_DOMCTL_pausedomain. EOVERFLOW: it is held back too often already.</summary>
    public Errno PauseByController()
    {
        if (ControllerPauses == MaximumControllerPauses)
            return Errno.EOVERFLOW;
        ControllerPauses++;
        Pause();
        return Errno.None;
    }

    /// <summary>XEN_DOMCTL_unpausedomain. EINVAL: no toolstack holds it back.</summary>
    public Errno UnpauseByController()
    {
        if (ControllerPauses == 0)
            return Errno.EINVAL;
        ControllerPauses--;
        Unpause();
        return Errno.None;
    }

    /// <summary>The domain is going to be taken apart: it is held back for good.</summary>
    internal void BeginDying()
    {
        IsDying = true;
        Pause();
    }
}
