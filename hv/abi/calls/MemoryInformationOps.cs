using System;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Kernel;
using MemoryMap = Xenolith.Abi.Contract.MemoryMap;

namespace Xenolith.Abi.Calls;

/// <summary>memory_op: the calls that only tell (public/memory.h).</summary>
internal static class MemoryInformationOps
{
    private const string HasNoProgress = "a call that is done at once has no progress";

    /// <summary>One past the machine's highest frame of RAM.</summary>
    public static long MaximumRamPage(ref HypercallCall call) => HasProgress(in call)
        ? call.Fail(Errno.EINVAL, HasNoProgress) : (long)Page.FramesFor(call.Services.Memory.Limit);

    public static long CurrentReservation(ref HypercallCall call)
    {
        long error = Resolve(ref call, out Domain domain);
        return error != 0 ? error : (long)domain.TotalPages;
    }

    /// <summary>Xen keeps the limit in 32 bits; a domain without one reads all ones, of which a 32-bit caller gets no sign.</summary>
    public static long MaximumReservation(ref HypercallCall call)
    {
        long error = Resolve(ref call, out Domain domain);
        return error != 0 ? error : (long)Math.Min(domain.MaximumPages, call.Is64Bit ? uint.MaxValue : int.MaxValue);
    }

    public static long MaximumGpfn(ref HypercallCall call)
    {
        long error = Resolve(ref call, out Domain domain);
        return error != 0 ? error : (long)domain.P2m.MaximumGfn.Value;
    }

    /// <summary>Copies the E820 map out, as much of it as the caller has room for, and says how much.</summary>
    public static long MemoryMap(ref HypercallCall call)
    {
        if (HasProgress(in call))
            return call.Fail(Errno.ENOSYS, HasNoProgress);
        ReadOnlySpan<E820Entry> map = call.Domain.MemoryMap;
        if (map.Length == 0)
            return call.Fail(Errno.ENOSYS, "the domain was built without a memory map");
        if (!TryReadMap(ref call, out uint room, out ulong buffer))
            return call.Fault();
        uint count = Math.Min(room, (uint)map.Length);
        for (uint i = 0; i < count; i++)
        {
            if (!call.Handle<E820Entry>(buffer).TryWriteElement(call.Access, i, in map[(int)i]))
                return call.Fault();
        }
        bool written = call.Is64Bit
            ? call.TryWrite(call.A1, new MemoryMap { EntryCount = count, Buffer = buffer })
            : call.TryWrite(call.A1, new MemoryMap32 { EntryCount = count, Buffer = (uint)buffer });
        return written ? 0 : call.Fault();
    }

    /// <summary>Whether anything stands above the operation's six bits.</summary>
    private static bool HasProgress(in HypercallCall call) => call.A0 >> 6 != 0;

    private static bool TryReadMap(ref HypercallCall call, out uint room, out ulong buffer)
    {
        if (call.Is64Bit)
        {
            bool read = call.TryRead(call.A1, out MemoryMap map);
            room = map.EntryCount;
            buffer = map.Buffer;
            return read;
        }
        bool narrowRead = call.TryRead(call.A1, out MemoryMap32 narrow);
        room = narrow.EntryCount;
        buffer = narrow.Buffer;
        return narrowRead;
    }

    private static long Resolve(ref HypercallCall call, out Domain domain)
    {
        domain = call.Domain;
        if (HasProgress(in call))
            return call.Fail(Errno.EINVAL, HasNoProgress);
        if (!call.TryRead(call.A1, out MemoryDomain argument))
            return call.Fault();
        return -(long)call.TryResolve(argument.Domain, out domain);
    }
}
