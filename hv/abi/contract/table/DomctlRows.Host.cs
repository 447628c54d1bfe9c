using System;
using System.Collections.Generic;

namespace Xenolith.Abi.Contract.Table;

/// <summary>36: domctl. All operations point at one structure, whose union the operation chooses from.</summary>
internal static class DomctlRows
{
    private static readonly HypercallRow[] s_written =
    [
        Row.Done(DomctlOp.Createdomain, "DomctlLifeOps.Create").InOut<DomctlCreateDomain>().Allocates()
            .Errors("EEXIST ENOMEM EINVAL EOPNOTSUPP EINVAL ESRCH ENOMEM EFAULT")
            .Note("Only PVH domains: hardware-assisted paging, a local APIC and no other device. No IOMMU and no nested virtualisation, as on a machine without."),
        Row.Done(DomctlOp.Destroydomain, "DomctlLifeOps.Destroy").Preemptible().Errors("EINVAL")
            .Note("A domain of a boot module is stopped, and taken apart after the call."),
        Row.Done(DomctlOp.Pausedomain, "DomctlLifeOps.Pause").Errors("EINVAL EOVERFLOW"),
        Row.Done(DomctlOp.Unpausedomain, "DomctlLifeOps.Unpause").Errors("EINVAL"),
        Row.Done(DomctlOp.Getdomaininfo, "DomctlInformationOps.GetDomain").Out<DomainInformation>().Errors("EINVAL ESRCH EFAULT").Note("Of an id that nobody has: the domain of the next higher one."),
        Row.Done(DomctlOp.MaxMem, "DomctlMemoryOps.SetMaximum").In<DomctlMaximumMemory>(),
        Row.Done(DomctlOp.MaxVcpus, "DomctlLifeOps.MakeVcpus").In<DomctlMaximumVcpus>().Errors("EINVAL"),
    ];

    public static HypercallGroup Group => new()
    {
        Number = Hypercall.Domctl,
        Self = new() { Name = "domctl", Argument = typeof(Domctl), Direction = Direction.InOut, Errors = "EFAULT EACCES ESRCH EPERM" },
        Selector = Selector.InArgument,
        Frame = "DomctlOps",
        Parameters = "op",
        Rows = All(),
    };

    private static HypercallRow[] All()
    {
        var written = new Dictionary<Enum, HypercallRow>();
        foreach (HypercallRow row in s_written)
            written.Add(row.Operation!, row);
        HypercallRow[] rows = Row.NotYet<DomctlOp>();
        for (int i = 0; i < rows.Length; i++)
        {
            HypercallRow row = written.GetValueOrDefault(rows[i].Operation!, rows[i]);
            rows[i] = row.Permission == Permission.Anyone ? row.Privileged() : row;
        }
        return rows;
    }
}
