using Xenolith.Abi.Contract;

namespace Xenolith.Guests;

/// <summary>HVMOP_altp2m in one line each.</summary>
public static class Altp2mCalls
{
    /// <summary>A subop on a domain's views; what it answers with stands in the argument.</summary>
    public static long Call(Altp2mOp operation, ushort domain, ref HvmAltp2mOp argument)
    {
        argument.Version = InterfaceVersions.Altp2m;
        argument.Command = (uint)operation;
        argument.Domain = domain;
        return AsIs(ref argument);
    }

    /// <summary>An argument that is as its caller wants it, wrong or not.</summary>
    public static long AsIs(ref HvmAltp2mOp argument) => AsIs(Xen.AddressOf(ref argument));

    /// <summary>The same at an address.</summary>
    /// <remarks>For 32-bit callers one subop is laid out otherwise; its lists lie below 4 GiB.</remarks>
    public static unsafe long AsIs(ulong address)
    {
        // unsafe: the argument is known by its address, as the hypervisor knows it.
        var argument = (HvmAltp2mOp*)address;
        if (!NarrowCalls.IsOn || !NarrowCalls.IsMemory(address, (ulong)sizeof(HvmAltp2mOp)) || argument->Command != (uint)Altp2mOp.SetMemAccessMulti)
        {
            return Xen.Call(Hypercall.HvmOp, (ulong)HvmOp.Altp2m, address);
        }

        HvmAltp2mSetMemAccessMulti wide = argument->SetMemAccessMulti;
        var narrow = new HvmAltp2mOp32
        {
            Version = argument->Version, Command = argument->Command, Domain = argument->Domain, Pad1 = argument->Pad1, Pad2 = argument->Pad2,
            SetMemAccessMulti = new HvmAltp2mSetMemAccessMulti32
            {
                View = wide.View, Pad = wide.Pad, Count = wide.Count, Opaque = wide.Opaque, Pfns = (uint)wide.Pfns, Accesses = (uint)wide.Accesses,
            },
        };
        long result = Xen.Call(Hypercall.HvmOp, (ulong)HvmOp.Altp2m, (ulong)&narrow);
        argument->SetMemAccessMulti.Opaque = narrow.SetMemAccessMulti.Opaque;
        return result;
    }
}
