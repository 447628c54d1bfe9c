using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Builder;

/// <summary>The head of a domctl, createdomain with all that it refuses, and what a new domain looks like.</summary>
internal static class Creation
{
    private const ushort Nobody = 0x1234;

    private static readonly DomctlCreateDomain s_pvh = Control.Pvh(2);

    public static void Run(TestRun tests)
    {
        Head(tests);
        Refusals(tests);
        LateRefusals(tests);
        Variants(tests);
        Ids(tests);
        Vcpus(tests);
    }

    private static void Head(TestRun tests)
    {
        tests.Start("domctl, before any operation");
        tests.Error(Xen.Call(Hypercall.Domctl, Hostile.NonCanonical), Errno.EFAULT, "a bad pointer");
        var argument = new Domctl { Command = (uint)DomctlOp.Pausedomain, InterfaceVersion = InterfaceVersions.Domctl + 1, Domain = Nobody };
        tests.Error(Xen.Call(Hypercall.Domctl, Xen.AddressOf(ref argument)), Errno.EACCES, "a newer interface, unknown domain");
        tests.Error(Control.Call(DomctlOp.Pausedomain, Nobody), Errno.ESRCH, "an unknown domain");
        tests.Error(Control.Call((DomctlOp)999, Nobody), Errno.ESRCH, "an unknown operation on an unknown domain");
        tests.Error(Control.Call(DomctlOp.Pausedomain, DomainIds.Self), Errno.ESRCH, "DOMID_SELF");
        tests.Error(Control.Call((DomctlOp)999, 0), Errno.ENOSYS, "an unknown operation");
        tests.Error(Control.Describe(DomainIds.Self, out _), Errno.EINVAL, "getdomaininfo of DOMID_SELF");
        tests.Error(Control.Describe(Nobody, out _), Errno.ESRCH, "getdomaininfo past the last domain");
        tests.Success(Control.Describe(0, out DomainInformation own), "getdomaininfo of the caller");
        tests.Equal(own.Flags & 0xFFFF_FFFF, 0xFFFF_0122, "its flags");
        tests.Equal((long)own.SharedInfoFrame, (long)Layout.FrameOf(PoolPage.SharedInfo), "its shared_info");
    }

    private static void Refusals(TestRun tests)
    {
        tests.Start("createdomain, what is refused");
        Refuse(tests, s_pvh with { Flags = 0x103 }, Errno.EINVAL, "an unknown flag");
        Refuse(tests, s_pvh with { Flags = 2 }, Errno.EINVAL, "hap without hvm");
        Refuse(tests, s_pvh with { Flags = 7 }, Errno.EINVAL, "s3_integrity");
        Refuse(tests, s_pvh with { Flags = 0x83 }, Errno.EINVAL, "vpmu");
        Refuse(tests, s_pvh with { IommuOptions = 1 }, Errno.EINVAL, "options of an IOMMU without one");
        Refuse(tests, s_pvh with { MaximumVcpus = 0, Emulation = default }, Errno.EINVAL, "no vCPU");
        Refuse(tests, s_pvh with { MaximumVcpus = 129 }, Errno.EINVAL, "129 vCPUs");
        Refuse(tests, s_pvh with { TraceSize = 4096 }, Errno.EINVAL, "a processor trace");
        Refuse(tests, s_pvh with { GrantOptions = 0x12 }, Errno.EINVAL, "unknown options of grants");
        Refuse(tests, s_pvh with { Emulation = new DomainEmulation { Flags = 1, Miscellaneous = 2 } }, Errno.EINVAL, "unknown flags of the architecture");
        Refuse(tests, s_pvh with { Emulation = new DomainEmulation { Flags = 0x800 } }, Errno.EINVAL, "an unknown device");
        Refuse(tests, s_pvh with { Emulation = default, GrantOptions = 0 }, Errno.EOPNOTSUPP, "no local APIC, and no grants");
        Refuse(tests, s_pvh with { Emulation = new DomainEmulation { Flags = 3 }, CpuPool = 9 }, Errno.EOPNOTSUPP, "a HPET alone, and an unknown pool");
        Refuse(tests, s_pvh with { Flags = 0 }, Errno.EOPNOTSUPP, "a paravirtual domain with a local APIC");
        Refuse(tests, s_pvh with { Flags = 1 }, Errno.EOPNOTSUPP, "shadow page tables");
    }

    /// <summary>What Xen finds out when most of the domain is there.</summary>
    private static void LateRefusals(TestRun tests)
    {
        tests.Start("createdomain, what is refused late");
        if (BootRecord.HasWord("no-late-refusals"))
        {
            tests.Skip("the command line says so");
            return;
        }

        Refuse(tests, s_pvh with { GrantOptions = 0 }, Errno.EINVAL, "grant tables of version 0");
        Refuse(tests, s_pvh with { GrantOptions = 3 }, Errno.EINVAL, "grant tables of version 3");
        Refuse(tests, s_pvh with { MaximumGrantFrames = 0 }, Errno.EINVAL, "no grant frame");
        Refuse(tests, s_pvh with { MaximumGrantFrames = 65 }, Errno.EINVAL, "65 grant frames");
        Refuse(tests, s_pvh with { MaximumMaptrackFrames = 1025 }, Errno.EINVAL, "1025 maptrack frames");
        Refuse(tests, s_pvh with { CpuPool = 1 }, Errno.ESRCH, "an unknown pool");
        Refuse(tests, s_pvh with { CpuPool = uint.MaxValue }, Errno.ESRCH, "pool -1");
    }

    private static void Refuse(TestRun tests, in DomctlCreateDomain settings, Errno error, string what) =>
        tests.Error(Control.Create(in settings, out _), error, what);

    private static void Variants(TestRun tests)
    {
        tests.Start("createdomain, what is taken");
        Take(tests, s_pvh, "as libxl asks");
        Take(tests, s_pvh with { Flags = 0xB }, "oos_off");
        Take(tests, s_pvh with { Flags = 0x13 }, "a xenstore domain");
        Control.Create(s_pvh with { Flags = 0x13 }, out ushort store);
        Control.Describe(store, out DomainInformation information);
        tests.Equal(information.Flags & (uint)DomainStateFlags.XenstoreDomain, (uint)DomainStateFlags.XenstoreDomain, "it is told apart");
        Control.Call(DomctlOp.Destroydomain, store);
        Take(tests, s_pvh with { MaximumVcpus = 128 }, "128 vCPUs");
        Take(tests, s_pvh with { GrantOptions = 1 }, "grant tables of version 1");
        Take(tests, s_pvh with { MaximumGrantFrames = -1, MaximumMaptrackFrames = -1 }, "grant frames by default");
        Take(tests, s_pvh with { MaximumGrantFrames = 1, MaximumMaptrackFrames = 0 }, "one grant frame");
        Take(tests, s_pvh with { MaximumPort = 0 }, "no port");
        Take(tests, s_pvh with { MaximumPort = uint.MaxValue }, "any port");
        Take(tests, s_pvh with { Emulation = new DomainEmulation { Flags = 1, Miscellaneous = 1 } }, "msr_relaxed");
    }

    private static void Take(TestRun tests, in DomctlCreateDomain settings, string what)
    {
        tests.Success(Control.Create(in settings, out ushort id), what);
        tests.Success(Control.Call(DomctlOp.Destroydomain, id), what);
    }

    private static void Ids(TestRun tests)
    {
        tests.Start("ids of domains");
        tests.Success(Control.Create(in s_pvh, out ushort first), "any id");
        tests.Success(Control.Create(in s_pvh, out ushort second, (ushort)(first + 1)), "the next id, asked for");
        tests.Equal(second, first + 1, "the id asked for");
        tests.Success(Control.Create(in s_pvh, out ushort third), "any id again");
        tests.Equal(third, first + 2, "the next free id");
        tests.Error(Control.Create(s_pvh with { MaximumVcpus = 0 }, out _, second), Errno.EEXIST, "an id that is taken, and no vCPU");
        tests.Success(Control.Create(in s_pvh, out ushort last, DomainIds.FirstReserved - 1), "the last id");
        tests.Equal(last, DomainIds.FirstReserved - 1, "the last id");
        tests.Success(Control.Describe((ushort)(third + 1), out DomainInformation next), "getdomaininfo of an id that nobody has");
        tests.Equal(next.Domain, last, "the next domain's");
        foreach (ushort id in new[] { first, second, third, last })
        {
            tests.Success(Control.Call(DomctlOp.Destroydomain, id), "destroydomain");
        }

        tests.Error(Control.Call(DomctlOp.Destroydomain, first), Errno.ESRCH, "destroydomain again");
        tests.Error(Control.Call(DomctlOp.Destroydomain, 0), Errno.EINVAL, "destroydomain of the caller");
    }

    private static void Vcpus(TestRun tests)
    {
        tests.Start("max_vcpus, getvcpuinfo");
        tests.Success(Control.Create(in s_pvh, out ushort id), "createdomain");
        tests.Success(Control.Describe(id, out DomainInformation fresh), "getdomaininfo");
        tests.Equal(fresh.Flags, 0xFFFF_010A, "flags");
        tests.Equal(fresh.MaximumVcpuId, DomctlLimits.NoVcpu, "the highest vCPU before there is one");
        tests.Equal((long)fresh.SharedInfoFrame, -1, "shared_info is nowhere");
        tests.Equal((long)fresh.MaximumPages, 0, "no memory is allowed");
        tests.Equal(fresh.Emulation.Flags, 1, "devices");
        var argument = default(Domctl);
        tests.Error(Control.Call(DomctlOp.Getvcpuinfo, id, ref argument), Errno.ESRCH, "getvcpuinfo before there is a vCPU");
        tests.Error(Control.MakeVcpus(id, 1), Errno.EINVAL, "fewer vCPUs");
        tests.Error(Control.MakeVcpus(id, 3), Errno.EINVAL, "more vCPUs");
        tests.Error(Control.MakeVcpus(id, 0), Errno.EINVAL, "no vCPU");
        tests.Error(Control.MakeVcpus(0, 1), Errno.EINVAL, "the caller's");
        tests.Success(Control.MakeVcpus(id, 2), "as many as were asked for");
        tests.Success(Control.MakeVcpus(id, 2), "again");
        Control.Describe(id, out DomainInformation full);
        tests.Equal(full.MaximumVcpuId, 1, "the highest vCPU");
        tests.Equal(full.OnlineVcpus, 0, "none is up");
        argument = default;
        tests.Success(Control.Call(DomctlOp.Getvcpuinfo, id, ref argument), "getvcpuinfo");
        tests.Equal(argument.VcpuInformation.IsOnline + argument.VcpuInformation.IsBlocked + argument.VcpuInformation.IsRunning, 0, "it is down");
        argument.VcpuInformation.Vcpu = 2;
        tests.Error(Control.Call(DomctlOp.Getvcpuinfo, id, ref argument), Errno.EINVAL, "getvcpuinfo past the last");
        argument = default;
        tests.Success(Control.Call(DomctlOp.Getvcpuinfo, 0, ref argument), "getvcpuinfo of the caller");
        tests.Equal(argument.VcpuInformation.IsRunning, 1, "it runs");
        tests.Success(Control.Call(DomctlOp.Destroydomain, id), "destroydomain");
    }
}
