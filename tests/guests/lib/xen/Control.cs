using Xenolith.Abi.Contract;

namespace Xenolith.Guests;

/// <summary>domctl in one line each, as a control domain makes it.</summary>
public static class Control
{
    /// <summary>An operation on a domain; what it answers with stands in the argument.</summary>
    public static long Call(DomctlOp operation, ushort domain, ref Domctl argument)
    {
        argument.Command = (uint)operation;
        argument.InterfaceVersion = InterfaceVersions.Domctl;
        argument.Domain = domain;
        return Xen.Call(Hypercall.Domctl, Xen.AddressOf(ref argument));
    }

    /// <summary>An operation that takes nothing.</summary>
    public static long Call(DomctlOp operation, ushort domain)
    {
        var argument = default(Domctl);
        return Call(operation, domain, ref argument);
    }

    /// <summary>What libxl 4.17 asks for when it makes a PVH domain.</summary>
    public static DomctlCreateDomain Pvh(uint vcpus) => new()
    {
        Flags = (uint)(CreateFlags.Hvm | CreateFlags.Hap),
        MaximumVcpus = vcpus,
        MaximumPort = 1023,
        MaximumGrantFrames = 64,
        MaximumMaptrackFrames = 1024,
        GrantOptions = 2,
        Emulation = new DomainEmulation { Flags = (uint)EmulationFlags.LocalApic },
    };

    /// <summary>Creates a domain; its id is 0 when that failed.</summary>
    /// <param name="wanted">The id; 0: any.</param>
    public static long Create(in DomctlCreateDomain settings, out ushort id, ushort wanted = 0)
    {
        var argument = new Domctl { CreateDomain = settings };
        long result = Call(DomctlOp.Createdomain, wanted, ref argument);
        id = result == 0 ? argument.Domain : (ushort)0;
        return result;
    }

    public static long MakeVcpus(ushort domain, uint count)
    {
        var argument = new Domctl { MaximumVcpus = new DomctlMaximumVcpus { Count = count } };
        return Call(DomctlOp.MaxVcpus, domain, ref argument);
    }

    public static long SetMaximumMemory(ushort domain, ulong kibibytes)
    {
        var argument = new Domctl { MaximumMemory = new DomctlMaximumMemory { Kibibytes = kibibytes } };
        return Call(DomctlOp.MaxMem, domain, ref argument);
    }

    public static long Describe(ushort domain, out DomainInformation information)
    {
        var argument = default(Domctl);
        long result = Call(DomctlOp.Getdomaininfo, domain, ref argument);
        information = argument.DomainInformation;
        return result;
    }
}
