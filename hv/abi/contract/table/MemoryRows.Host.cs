namespace Xenolith.Abi.Contract.Table;

/// <summary>12: memory_op.</summary>
internal static class MemoryRows
{
    private const string NoErrno = "none: the result is the number of extents done";

    public static HypercallGroup Group => new()
    {
        Number = Hypercall.MemoryOp,
        Self = new() { Name = "memory_op" },
        Selector = Selector.FirstLow6,
        Exposure = ExposureGroup.Memory,
        Parameters = "cmd | start_extent << 6, *arg",
        Rows =
        [
            Row.Done(MemoryOp.IncreaseReservation, "MemoryReservationOps.Increase").InOut<MemoryReservation, MemoryReservation32>().Target()
                .Errors(NoErrno)
                .Note("Xen gives a translated guest frames that it can't name; here it gets none."),
            Row.Done(MemoryOp.DecreaseReservation, "MemoryReservationOps.Decrease").In<MemoryReservation, MemoryReservation32>().Target().Preemptible()
                .Errors(NoErrno),
            Row.Done(MemoryOp.PopulatePhysmap, "MemoryReservationOps.Populate").InOut<MemoryReservation, MemoryReservation32>().Target().Preemptible()
                .Allocates().Errors(NoErrno)
                .Note("What was mapped there before goes back to the machine; Xen leaves it with the domain, unmapped."),
            Row.Done(MemoryOp.MaximumRamPage, "MemoryInformationOps.MaximumRamPage").Errors("EINVAL"),
            Row.Done(MemoryOp.CurrentReservation, "MemoryInformationOps.CurrentReservation").In<MemoryDomain>().Target().Errors("EINVAL EFAULT ESRCH EPERM"),
            Row.Done(MemoryOp.MaximumReservation, "MemoryInformationOps.MaximumReservation").In<MemoryDomain>().Target().Errors("EINVAL EFAULT ESRCH EPERM"),
            Row.Done(MemoryOp.MachphysMfnList, "MemoryAbsenceOps.MachineToPhysical").InOut<MachphysMfnList, MachphysMfnList32>()
                .Errors("EOPNOTSUPP (32-bit callers) EFAULT").Note("No extents: there is no table from machine to guest frames."),
            Row.Done(MemoryOp.AddToPhysmap, "PhysmapOps.Add").In<AddToPhysmap, AddToPhysmap32>().Target().Preemptible().Allocates()
                .Errors("EDOM EFAULT ENOSYS ESRCH EPERM EILSEQ EINVAL ENOENT ENOMEM")
                .Note("Spaces shared_info, grant_table, gmfn, gmfn_range."),
            Row.Done(MemoryOp.MemoryMap, "MemoryInformationOps.MemoryMap").InOut<MemoryMap, MemoryMap32>().Errors("ENOSYS EFAULT"),
            Row.Absent(MemoryOp.MachineMemoryMap).InOut<MemoryMap, MemoryMap32>().Privileged(),
            Row.Done(MemoryOp.Exchange, "MemoryExchangeOps.Exchange").InOut<MemoryExchange, MemoryExchange32>().Target()
                .Errors("EINVAL EFAULT E2BIG (32 bits: extents of the two sides too far apart) EPERM EINVAL ESRCH EPERM EFAULT EINVAL EOPNOTSUPP")
                .Note("4.17 exchanges no frames of translated domains."),
            Row.Absent(MemoryOp.MachphysMapping).Out<MachphysMapping, MachphysMapping32>(),
            Row.Done(MemoryOp.SetMemoryMap, "DomctlMemoryOps.SetMemoryMap").In<ForeignMemoryMap, ForeignMemoryMap32>().Target().Errors("EFAULT ESRCH EPERM ENOMEM EFAULT")
                .Note("At most 128 entries; Xen takes as many as it finds memory for."),
            Row.Done(MemoryOp.MaximumGpfn, "MemoryInformationOps.MaximumGpfn").In<MemoryDomain>().Target().Errors("EINVAL EFAULT ESRCH EPERM"),
            Row.Done(MemoryOp.RemoveFromPhysmap, "PhysmapOps.Remove").In<RemoveFromPhysmap, RemoveFromPhysmap32>().Target()
                .Errors("EINVAL EFAULT ESRCH EPERM ENOENT ENOMEM")
                .Note("RAM that is taken out goes back to the machine; Xen leaves it with the domain, unmapped."),
            Row.Done(MemoryOp.SetPodTarget, "MemoryTargetOps.Set").InOut<PodTarget, PodTarget32>().Privileged().Errors("ENOSYS EFAULT ESRCH EPERM EINVAL")
                .Note("Changes nothing: there is no populate-on-demand. On Xen a domain without memory gets a cache for it."),
            Row.Done(MemoryOp.GetPodTarget, "MemoryTargetOps.Get").InOut<PodTarget, PodTarget32>().Privileged().Errors("ENOSYS EFAULT ESRCH EPERM"),
            Row.Done(MemoryOp.GetSharingFreedPages, "MemoryAbsenceOps.SharedPages"),
            Row.Done(MemoryOp.GetSharingSharedPages, "MemoryAbsenceOps.SharedPages"),
            Row.Absent(MemoryOp.PagingOp, "4.17 is built without it"),
            Row.Done(MemoryOp.AccessOp, "MemoryAccessOps.Handle").InOut<MemoryAccessArgument, MemoryAccessArgument32>().DeviceModel().Preemptible().Allocates()
                .Errors("EFAULT ESRCH EPERM EINVAL EPERM ENODEV ENOSYS EINVAL EOPNOTSUPP ENOMEM ESRCH EFAULT")
                .Note("On AMD's processors too, where Xen has none; EOPNOTSUPP for a right that its page tables can't be made to mean."),
            Row.Absent(MemoryOp.SharingOp, "4.17 is built without it"),
            Row.Done(MemoryOp.AddToPhysmapBatch, "PhysmapOps.AddBatch").In<AddToPhysmapBatch, AddToPhysmapBatch32>().Target().Preemptible().Allocates()
                .Errors("EDOM EFAULT EOPNOTSUPP ESRCH EPERM EILSEQ EFAULT; an error an entry, as add_to_physmap's")
                .Note("XENMAPSPACE_gmfn_foreign: ESRCH, EPERM or EINVAL an entry for what is not memory of another domain that the target controls."),
            Row.Done(MemoryOp.ClaimPages, "MemoryReservationOps.Claim").In<MemoryReservation, MemoryReservation32>().Privileged()
                .Errors("ENOSYS EINVAL EFAULT EINVAL EPERM EINVAL ENOMEM").Note("Not for 32-bit callers: 4.17 knows it in the 64-bit ABI only."),
            Row.Absent(MemoryOp.MachphysCompatMfnList, answer: Errno.EOPNOTSUPP, note: "for paravirtual guests"),
            Row.Done(MemoryOp.GetVnumainfo, "VirtualNodeOps.Get").InOut<VnumaTopologyInfo>().Target().Errors("EFAULT EINVAL ESRCH EPERM EOPNOTSUPP EFAULT ENOBUFS"),
            Row.Done(MemoryOp.ReservedDeviceMemoryMap, "MemoryAbsenceOps.ReservedRegions").Errors("EFAULT EINVAL").Note("No regions."),
            Row.Done(MemoryOp.AcquireResource, "ResourceOps.Acquire").InOut<MemAcquireResource, MemAcquireResource32>().DeviceModel().Preemptible()
                .Errors("EOPNOTSUPP EFAULT EINVAL ESRCH EPERM EINVAL; of each 32 frames: EOPNOTSUPP ENOENT EINVAL EFAULT ENOENT EINVAL ENOMEM, EIO past the first")
                .Note("For the initial domain, as on Xen for a translated one. A place where another domain's frame is mapped is EINVAL; Xen ends the caller."),
        ],
    };
}
