namespace Xenolith.Abi.Contract;

/// <summary>Who may call, unless the administrator's rules say less. A row of the table states it; Xen's default policy (xsm/dummy.h) is the source.</summary>
[XenUnstated("ours: a column of the hypercall table")]
public enum Permission
{
    /// <summary>Anyone; it acts on the caller, or only says something.</summary>
    Anyone,

    /// <summary>It names a domain: the caller itself, or any other for the control domain (XSM_TARGET); its device model too.</summary>
    Target,

    /// <summary>It names a domain: for the control domain, and the domain's device model (XSM_DM_PRIV).</summary>
    DeviceModel,

    /// <summary>As <see cref="DeviceModel"/>, and for the domain that serves xenstore (XSM_XS_PRIV).</summary>
    Xenstore,

    /// <summary>The control domain only (XSM_PRIV).</summary>
    Privileged,
}
