using System;
using System.Collections.Generic;
using Xenolith.Abi;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Tests.Unit.Harness;

namespace Xenolith.Tests.Unit.Abi;

/// <summary>A control domain that makes domctls, and what it asks for when it makes a domain.</summary>
internal sealed class ControlFixture : IDisposable
{
    /// <summary>What a domain's tables take besides, and then some.</summary>
    public const ulong PagingBytes = 1UL << 20;

    public ControlFixture(bool isPrivileged = true, bool is64Bit = true, ushort id = 0, int budget = 64)
    {
        Guest = new CallFixture(isPrivileged: isPrivileged, is64Bit: is64Bit, id: id, budget: budget);
        FreeAtStart = Machine.Frames.FreeFrames;
    }

    public CallFixture Guest { get; }

    public TestMachine Machine => Guest.Machine;

    public ulong FreeAtStart { get; }

    /// <summary>What libxl asks for: a PVH domain of one vCPU with a local APIC.</summary>
    public static DomctlCreateDomain Pvh(uint vcpus = 1) => new()
    {
        Flags = (uint)(CreateFlags.Hvm | CreateFlags.Hap),
        MaximumVcpus = vcpus,
        MaximumPort = 1023,
        MaximumGrantFrames = 64,
        MaximumMaptrackFrames = 1024,
        GrantOptions = 2,
        Emulation = new DomainEmulation { Flags = (uint)EmulationFlags.LocalApic },
    };

    public long Call(DomctlOp operation, ushort domain) => Call(operation, domain, default, out _);

    public long Call(DomctlOp operation, ushort domain, Domctl argument, out Domctl answer)
    {
        argument.Command = (uint)operation;
        argument.InterfaceVersion = InterfaceVersions.Domctl;
        argument.Domain = domain;
        Guest.Write(CallFixture.Argument, argument);
        long result = Guest.Call(Hypercall.Domctl, CallFixture.Argument);
        answer = Guest.Read<Domctl>(CallFixture.Argument);
        return result;
    }

    public long Create(DomctlCreateDomain settings, out ushort id, ushort wanted = 0)
    {
        long result = Call(DomctlOp.Createdomain, wanted, new Domctl { CreateDomain = settings }, out Domctl answer);
        id = answer.Domain;
        return result;
    }

    /// <summary>Makes a domain with vCPUs and a limit of memory, which has to succeed.</summary>
    public Domain Make(uint vcpus = 1, ulong mebibytes = 2)
    {
        Expect(Create(Pvh(vcpus), out ushort id));
        Expect(Call(DomctlOp.MaxVcpus, id, new Domctl { MaximumVcpus = new DomctlMaximumVcpus { Count = vcpus } }, out _));
        Expect(Call(DomctlOp.MaxMem, id, new Domctl { MaximumMemory = new DomctlMaximumMemory { Kibibytes = mebibytes << 10 } }, out _));
        return Machine.Services.Domains.Find(id)!;
    }

    /// <summary>Gives a domain frames from a guest frame on; how many extents it got.</summary>
    public long Populate(ushort domain, uint extents, uint order = 0, ulong first = 0)
    {
        var list = new List<ulong>();
        for (uint i = 0; i < extents; i++)
            list.Add(first + ((ulong)i << (int)order));
        Guest.WriteArray(CallFixture.List, [.. list]);
        var argument = new MemoryReservation { ExtentStart = CallFixture.List, ExtentCount = extents, ExtentOrder = order, Domain = domain };
        return Guest.Call(Hypercall.MemoryOp, (ulong)MemoryOp.PopulatePhysmap, ref argument);
    }

    public DomainInformation Describe(ushort domain)
    {
        Expect(Call(DomctlOp.Getdomaininfo, domain, default, out Domctl answer));
        return answer.DomainInformation;
    }

    public void Dispose() => Guest.Dispose();

    private static void Expect(long result)
    {
        if (result != 0)
            throw new InvalidOperationException($"a domctl that should succeed answered {result}");
    }
}
