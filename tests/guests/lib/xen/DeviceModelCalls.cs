using Xenolith.Abi.Contract;

namespace Xenolith.Guests;

/// <summary>dm_op in one line each, as a device model makes them.</summary>
public static class DeviceModelCalls
{
    private static readonly DmOpBuffer[] s_buffers = new DmOpBuffer[4];

    /// <summary>An operation on a domain; what it answers with stands in the argument.</summary>
    /// <param name="pad">What stands where nothing should.</param>
    public static long Call(DmOp operation, ushort domain, ref DmOpArgument argument, uint pad = 0)
    {
        argument.Operation = (uint)operation;
        argument.Pad = pad;
        return CallWith(domain, 1, Xen.AddressOf(ref argument), 32);
    }

    /// <summary>The same with a second buffer.</summary>
    public static long Call(DmOp operation, ushort domain, ref DmOpArgument argument, ulong second, ulong secondSize)
    {
        argument.Operation = (uint)operation;
        argument.Pad = 0;
        return CallWith(domain, 2, Xen.AddressOf(ref argument), 32, second, secondSize);
    }

    /// <summary>A call with that many buffers, the first two of them as given.</summary>
    public static long CallWith(ushort domain, ulong count, ulong first, ulong firstSize, ulong second = 0, ulong secondSize = 0)
    {
        s_buffers[0] = new DmOpBuffer { Address = first, Size = firstSize };
        s_buffers[1] = new DmOpBuffer { Address = second, Size = secondSize };
        return Xen.Call(Hypercall.DmOp, domain, count, Xen.AddressOf(ref s_buffers[0]));
    }
}
