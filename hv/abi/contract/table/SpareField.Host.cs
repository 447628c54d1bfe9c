using System;
using System.Reflection;

namespace Xenolith.Abi.Contract.Table;

/// <summary>Which bits of a field have a meaning, and what 4.17 does about the others.</summary>
/// <param name="Structure">The structure, as 64-bit callers lay it out.</param>
/// <param name="Field">The field's name.</param>
/// <param name="Meaning">Bits that mean something.</param>
/// <param name="Refusal">The answer to any other; null: they are not looked at.</param>
/// <param name="Only">The operation that this is about; null: every one with the structure that has no statement of its own.</param>
internal sealed record SpareField(Type Structure, string Field, ulong Meaning = 0, Errno? Refusal = null, Enum? Only = null)
{
    private static readonly SpareField[] s_all =
    [
        new(typeof(MemoryReservation), "Flags", Meaning: 0x7FFFF),
        new(typeof(MemoryReservation), "Flags", 0, Errno.EINVAL, MemoryOp.ClaimPages),
        new(typeof(AddToPhysmapBatch), "Reserved"),
        new(typeof(VnumaTopologyInfo), "Pad", 0, Errno.EINVAL),
        new(typeof(MemAcquireResource), "Pad", 0, Errno.EINVAL),
        new(typeof(GnttabMapGrantRef), "Flags", Meaning: 0x3F),
        new(typeof(GnttabCopy), "Flags", Meaning: 7),
        new(typeof(GnttabGetVersion), "Pad"),
        new(typeof(VcpuHvmContext), "Pad", 0, Errno.EINVAL),
        new(typeof(VcpuHvmProtectedMode), "Pad1", 0, Errno.EINVAL),
        new(typeof(VcpuHvmProtectedMode), "Pad2", 0, Errno.EINVAL),
        new(typeof(VcpuSetSingleshotTimer), "Flags"),
        new(typeof(VcpuRegisterVcpuInfo), "Reserved"),
        new(typeof(EvtchnBindPirq), "Flags"),
        new(typeof(EvtchnInitControl), "Pad"),
        new(typeof(PhysdevPciMmcfgReserved), "Flags", PhysdevFlags.MmcfgReserved, Errno.EINVAL),
        new(typeof(PhysdevPciDeviceAdd), "Flags"),
        new(typeof(HvmParam), "Pad"),
        new(typeof(HvmPagetableDying), "Pad"),
        new(typeof(HvmGetMemType), "Pad"),

        new(typeof(PlatformArgument), "TimeReserved", Meaning: uint.MaxValue),
        new(typeof(PlatformArgument), "TimeReserved", 0, Errno.EINVAL, PlatformOp.Settime64),
        new(typeof(PlatformArgument), "FirmwareKeyboardFlags", Meaning: byte.MaxValue),
        new(typeof(PlatformArgument), "SleepFlags", Meaning: uint.MaxValue),
        new(typeof(PlatformArgument), "CpuFlags", Meaning: uint.MaxValue),

        new(typeof(SysctlReadConsole), "Padding0"),
        new(typeof(SysctlReadConsole), "Padding1"),
        new(typeof(SysctlPhysicalInformation), "Padding"),
        new(typeof(SysctlCpuPolicy), "Reserved", 0, Errno.EINVAL),

        new(typeof(DomctlCreateDomain), "Flags", (ulong)CreateFlagsOf417, Errno.EINVAL),
        new(typeof(DomctlCreateDomain), "IommuOptions", 0, Errno.EINVAL),
        new(typeof(DomctlCreateDomain), "GrantOptions", DomctlLimits.GrantVersionMask, Errno.EINVAL),
        new(typeof(DomainEmulation), "Flags", (ulong)EmulationFlags.All, Errno.EINVAL),
        new(typeof(DomainEmulation), "Miscellaneous", 1, Errno.EINVAL),
        new(typeof(DomainEmulation), "Flags", Only: DomctlOp.Getdomaininfo),
        new(typeof(DomainEmulation), "Miscellaneous", Only: DomctlOp.Getdomaininfo),
        new(typeof(DomainInformation), "Flags"),
        new(typeof(DomctlVcpuAffinity), "Flags", (ulong)(AffinityFlags.Hard | AffinityFlags.Soft)),
        new(typeof(DomctlAssignDevice), "Flags"),
        new(typeof(DomctlMemoryMapping), "Pad"),
        new(typeof(DomctlVirtualNodes), "Pad", 0, Errno.EINVAL),
        new(typeof(DomctlAltp2m), "Options", (ulong)(Altp2mOptions.SelfFirst | Altp2mOptions.LostVirq), Errno.EINVAL),

        new(typeof(DmOpArgument), "Pad", 0, Errno.EINVAL),
        new(typeof(DmOpCreateServer), "Pad0", 0, Errno.EINVAL),
        new(typeof(DmOpCreateServer), "Pad1", 0, Errno.EINVAL),
        new(typeof(DmOpCreateServer), "Pad2", 0, Errno.EINVAL),
        new(typeof(DmOpServerInformation), "Flags", DmOpLimits.NoGfns, Errno.EINVAL),
        new(typeof(DmOpRange), "Pad", 0, Errno.EINVAL),
        new(typeof(DmOpServerState), "Pad", 0, Errno.EINVAL),
        new(typeof(DmOpDestroyServer), "Pad", 0, Errno.EINVAL),
        new(typeof(DmOpTrackDirty), "Pad", 0, Errno.EINVAL),
        new(typeof(DmOpMemoryType), "Pad", 0, Errno.EINVAL),
        new(typeof(DmOpInjectEvent), "Pad0", 0, Errno.EINVAL),
        new(typeof(DmOpInjectEvent), "Pad1", 0, Errno.EINVAL),
        new(typeof(DmOpInjectMsi), "Pad", 0, Errno.EINVAL),
        new(typeof(DmOpMapMemoryType), "Flags", (ulong)ForwardedAccess.Write, Errno.EINVAL),
        new(typeof(DmOpRelocate), "Pad", 0, Errno.EINVAL),
        new(typeof(DmOpPinCaching), "Pad", 0, Errno.EINVAL),
    ];

    private const CreateFlags CreateFlagsOf417 = CreateFlags.Hvm | CreateFlags.Hap | CreateFlags.S3Integrity | CreateFlags.OosOff | CreateFlags.XenstoreDomain
        | CreateFlags.Iommu | CreateFlags.NestedVirtualisation | CreateFlags.Vpmu;

    /// <summary>What is stated of a field of a row's structure, in either layout; null: nothing.</summary>
    public static SpareField? Find(CallShape shape, CallField field)
    {
        string? name = NameOf(field.Owner);
        SpareField? found = null;
        foreach (SpareField stated in s_all)
        {
            if (stated.Field != field.Name || NameOf(stated.Structure) != name)
                continue;
            if (stated.Only is not null && stated.Only.Equals(shape.Row.Operation))
                return stated;
            found = stated.Only is null ? stated : found;
        }
        return found;
    }

    private static string? NameOf(Type? structure) => structure?.GetCustomAttribute<XenStructAttribute>()?.Name ?? structure?.Name;
}
