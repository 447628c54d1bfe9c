using System;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Kernel;
using Xenolith.Mm;

namespace Xenolith.Abi.Calls;

/// <summary>XENMEM_access_op: access rights of another domain's memory, for who listens to it. The host p2m's; views have their own.</summary>
internal static class MemoryAccessOps
{
    private const int ProgressShift = 6;
    private const ulong Everything = ulong.MaxValue;

    /// <summary>The argument in either layout.</summary>
    private ref struct Operation
    {
        public MemoryAccessArgument Argument;
        public Domain Target;

        /// <summary>Frames, or elements, that are done.</summary>
        public ulong Done;
    }

    public static long Handle(ref HypercallCall call)
    {
        Operation operation = default;
        operation.Done = call.A0 >> ProgressShift;
        if (!TryRead(ref call, out operation.Argument))
            return call.Fault();
        ref MemoryAccessArgument argument = ref operation.Argument;
        if (call.Vcpu.FindDomain(argument.Domain) is not { } target)
            return call.Fail(Errno.ESRCH, "no such domain");
        if (target == call.Domain)
            return call.Fail(Errno.EPERM, "the caller's own");
        if (target.IsDying)
            return call.Fail(Errno.EINVAL, "the domain is being taken apart");
        if (!call.Allows(Permission.DeviceModel, target))
            return call.Fail(Errno.EPERM, "not the caller's to control");
        call.Vcpu.AlsoAcquire(target);
        operation.Target = target;
        if (!target.Monitor.IsListening)
            return call.Fail(Errno.ENODEV, "nobody listens");
        return (MemoryAccessOp)argument.Operation switch
        {
            MemoryAccessOp.Set => Set(ref call, ref operation),
            MemoryAccessOp.SetMulti => SetMulti(ref call, ref operation),
            MemoryAccessOp.Get => Get(ref call, ref operation),
            _ => call.Fail(Errno.ENOSYS, "no such operation"),
        };
    }

    private static bool TryRead(ref HypercallCall call, out MemoryAccessArgument argument)
    {
        if (call.Is64Bit)
            return call.TryRead(call.A1, out argument);
        bool isRead = call.TryRead(call.A1, out MemoryAccessArgument32 narrow);
        argument = new MemoryAccessArgument
        {
            Operation = narrow.Operation, Access = narrow.Access, Domain = narrow.Domain, Count = narrow.Count, Gfn = narrow.Gfn,
            Gfns = narrow.Gfns, Accesses = narrow.Accesses,
        };
        return isRead;
    }

    /// <summary>Leaves that one unit of the budget looks at, where the CPUs' part of a log ends for a right's sake.</summary>
    private const int LeavesPerUnit = 64;

    private static long Set(ref HypercallCall call, ref Operation operation)
    {
        ref MemoryAccessArgument argument = ref operation.Argument;
        P2m p2m = operation.Target.P2m;
        ulong last = unchecked(argument.Gfn + argument.Count - 1);
        if (argument.Gfn != Everything && (argument.Count < operation.Done || last < argument.Gfn || last > p2m.MaximumGfn.Value))
            return call.Fail(Errno.EINVAL, "no frames, or frames past the last");
        if (Check(ref call, p2m, argument.Access) is not 0 and long refused)
            return refused;
        if (!p2m.TryEndCpuLog(call.Dispatcher.Budget * LeavesPerUnit))
            return Restart(ref call, operation.Done);
        var access = (MemoryAccess)argument.Access;
        if (argument.Gfn == Everything)
        {
            if (access != MemoryAccess.Default)
                p2m.DefaultAccess = access;
            return 0;
        }
        int budget = call.Dispatcher.Budget;
        for (ulong gfn = argument.Gfn + operation.Done; gfn <= last;)
        {
            if (budget-- == 0)
                return Restart(ref call, gfn - argument.Gfn);
            int order = (gfn & ((1UL << Page.Order2M) - 1)) == 0 && last - gfn >= (1UL << Page.Order2M) - 1 ? Page.Order2M : Page.Order4K;
            if (!p2m.TrySetAccess(new Gfn(gfn), order, access))
                return call.Fail(Errno.ENOMEM, "no memory for a page table");
            operation.Target.TakeOverRights(new Gfn(gfn), order);
            gfn += 1UL << order;
        }
        return 0;
    }

    private static long SetMulti(ref HypercallCall call, ref Operation operation)
    {
        ref MemoryAccessArgument argument = ref operation.Argument;
        P2m p2m = operation.Target.P2m;
        if (!p2m.TryEndCpuLog(call.Dispatcher.Budget * LeavesPerUnit))
            return Restart(ref call, operation.Done);
        int budget = call.Dispatcher.Budget;
        for (ulong i = operation.Done; i < argument.Count; i++)
        {
            if (budget-- == 0)
                return Restart(ref call, i);
            if (!call.Handle<ulong>(argument.Gfns).TryReadElement(call.Access, i, out ulong gfn)
                || !call.Handle<byte>(argument.Accesses).TryReadElement(call.Access, i, out byte access))
            {
                return call.Fault();
            }
            if (Check(ref call, p2m, access) is not 0 and long refused)
                return refused;
            if (!p2m.TrySetAccess(new Gfn(gfn), Page.Order4K, (MemoryAccess)access))
                return call.Fail(Errno.ENOMEM, "no memory for a page table");
            operation.Target.TakeOverRights(new Gfn(gfn), Page.Order4K);
        }
        return 0;
    }

    private static long Get(ref HypercallCall call, ref Operation operation)
    {
        ref MemoryAccessArgument argument = ref operation.Argument;
        P2m p2m = operation.Target.P2m;
        if (operation.Done != 0)
            return call.Fail(Errno.ENOSYS, "a call that does nothing twice");
        if (argument.Gfn != Everything && argument.Gfn > p2m.MaximumGfn.Value)
            return call.Fail(Errno.EINVAL, "past the last frame");
        if (argument.Gfn != Everything && p2m.Lookup(new Gfn(argument.Gfn)).Type == P2mType.None)
            return call.Fail(Errno.ESRCH, "nothing is there");
        var access = (byte)(argument.Gfn == Everything ? p2m.DefaultAccess : p2m.AccessOf(new Gfn(argument.Gfn)));
        return call.TryWrite(call.A1 + 1, in access) ? 0 : call.Fault();
    }

    /// <summary>EINVAL: no such right; EOPNOTSUPP: the processor's tables can't be made to mean it.</summary>
    private static long Check(ref HypercallCall call, P2m p2m, byte access)
    {
        if (access > (byte)MemoryAccess.Default)
            return call.Fail(Errno.EINVAL, "no such right");
        return (MemoryAccess)access != MemoryAccess.Default && p2m.Matrix.ReasonAgainst((MemoryAccess)access) is { } reason
            ? call.Fail(Errno.EOPNOTSUPP, reason) : 0;
    }

    private static long Restart(ref HypercallCall call, ulong done)
    {
        call.A0 = (done << ProgressShift) | call.Operation;
        return call.Restart();
    }
}
