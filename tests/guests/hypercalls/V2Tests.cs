using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Hypercalls;

/// <summary>Calls from 64 on, which are not Xen's: where the domain is shown none they are not there.</summary>
internal static class V2Tests
{
    private const int First = PoolPage.FirstFree + 60, Second = First + 1;

    /// <summary>RAM that nothing uses.</summary>
    private const ulong Spare = 0xA00;

    private const ulong CallSize = 40, ResultOffset = 32, NoVcpu = 1000, Device = 0xFEE0_0000;

    private static ulong FirstAddress => Layout.FrameOf(First) * Layout.PageSize;

    public static void Run(TestRun tests)
    {
        if (!V2.IsShown)
        {
            Hidden(tests);
            return;
        }

        Query(tests);
        Events(tests);
        Vcpus(tests);
        Batches(tests);
        Memories(tests);
        Lists(tests);
        Cookies(tests);
        UserMode(tests);
    }

    private static void Hidden(TestRun tests)
    {
        tests.Start("calls from 64 on that are hidden");
        for (ulong number = 64; number < 128; number++)
        {
            ulong cookie = 5;
            tests.Error(V2.Call(number, 0, 0, 0, 0, ref cookie), Errno.ENOSYS, "a number that there is not");
            tests.Equal((long)cookie, 5, "the fifth argument's register");
            tests.Error(V2.CallAsUser(number, 0), Errno.EPERM, "the same from user mode");
        }
    }

    private static void Query(TestRun tests)
    {
        tests.Start("v2 query");
        tests.Equal(V2.Call(Hypercall.V2Query, (ulong)V2QueryOp.Version), V2Calls.Version, "version");
        tests.Equal(V2.Call(Hypercall.V2Query, (ulong)V2QueryOp.Operations, (ulong)Hypercall.V2Query), 0xF, "operations of 64");
        tests.Equal(V2.Call(Hypercall.V2Query, (ulong)V2QueryOp.Operations, (ulong)Hypercall.V2Memory), 0x1F, "operations of 69");
        tests.Error(V2.Call(Hypercall.V2Query, (ulong)V2QueryOp.Operations, 68), Errno.ENOENT, "operations of a number that there is not");
        tests.Error(V2.Call(Hypercall.V2Query, (ulong)V2QueryOp.Operations, (ulong)Hypercall.XenVersion), Errno.ENOENT, "operations of xen_version");
        tests.Error(V2.Call(Hypercall.V2Query, 4), Errno.ENOSYS, "operation 4");
        ulong cookie = 0;
        tests.Error(V2.Call(CallFlags.Physical | (ulong)Hypercall.V2Query, 0, 0, 0, 0, ref cookie), Errno.ENOSYS, "with the bit for guest-physical pointers");
        tests.Error(V2.Call(127, 0, 0, 0, 0, ref cookie), Errno.ENOSYS, "number 127");
    }

    private static long Event(V2EventOp operation, ulong a1, ulong a2 = 0) => V2.Call(Hypercall.V2Event, (ulong)operation, a1, a2);

    private static void Events(TestRun tests)
    {
        tests.Start("v2 events");
        long port = Event(V2EventOp.BindIpi, 0);
        tests.True(port > 0, "bind_ipi");
        tests.Equal(Event(V2EventOp.Status, (ulong)port), 5, "an interprocessor interrupt's on vCPU 0");
        SharedState.Mask((uint)port);
        tests.Success(Event(V2EventOp.Send, (ulong)port), "send");
        tests.True(SharedState.IsPending((uint)port), "it is pending");
        tests.Success(Event(V2EventOp.Close, (ulong)port), "close");
        tests.Equal(Event(V2EventOp.Status, (ulong)port), 0, "closed");
        long own = Event(V2EventOp.AllocUnbound, DomainIds.Self);
        long other = Event(V2EventOp.BindInterdomain, DomainIds.Self, (ulong)own);
        tests.True(own > 0 && other > 0, "a channel to itself");
        tests.Success(Event(V2EventOp.BindVcpu, (ulong)own, 0), "bind_vcpu");
        tests.Success(Event(V2EventOp.Unmask, (ulong)own), "unmask");
        tests.Success(Event(V2EventOp.Close, (ulong)own), "close one end");
        tests.Success(Event(V2EventOp.Close, (ulong)other), "close the other");
        tests.Error(Event(V2EventOp.BindInterdomain, 77, 1), Errno.ESRCH, "domain 77");
        tests.Error(Event(V2EventOp.BindInterdomain, DomainIds.Self, 0xFFFF_FFFF), Errno.EINVAL, "a remote port that there is not");
        tests.Error(Event(V2EventOp.BindVirq, 99, 0), Errno.EINVAL, "VIRQ 99");
        tests.Error(Event(V2EventOp.BindVirq, (ulong)Virq.Timer, NoVcpu), Errno.ENOENT, "a VIRQ on vCPU 1000");
        tests.Error(Event(V2EventOp.BindIpi, NoVcpu), Errno.ENOENT, "vCPU 1000");
        tests.Error(Event(V2EventOp.AllocUnbound, 0x1_0000), Errno.ESRCH, "an id of 17 bits");
        foreach (V2EventOp operation in (V2EventOp[])[V2EventOp.Close, V2EventOp.Send, V2EventOp.Status, V2EventOp.Unmask])
        {
            tests.Error(Event(operation, 0xFFFF_FFFF), Errno.EINVAL, "the last port");
            tests.Error(Event(operation, 1000), operation is V2EventOp.Status or V2EventOp.Unmask ? Errno.None : Errno.EINVAL, "a port that is free");
        }

        tests.Error(Event(V2EventOp.BindVcpu, 1, NoVcpu), Errno.ENOENT, "bind_vcpu to vCPU 1000");
        tests.Error(Event((V2EventOp)2, 0), Errno.ENOSYS, "operation 2");
    }

    private static void Vcpus(TestRun tests)
    {
        tests.Start("v2 vcpus");
        tests.Equal(V2.Call(Hypercall.V2Vcpu, (ulong)V2VcpuOp.Own), 0, "own");
        tests.Equal(V2.Call(Hypercall.V2Vcpu, (ulong)V2VcpuOp.IsUp, 0), 1, "is_up");
        tests.Success(V2.Call(Hypercall.V2Vcpu, (ulong)V2VcpuOp.Up, 0), "up of the caller");
        tests.Error(V2.Call(Hypercall.V2Vcpu, (ulong)V2VcpuOp.SwitchView, 0), Errno.EOPNOTSUPP, "switch_view without views");
        foreach (V2VcpuOp operation in (V2VcpuOp[])[V2VcpuOp.Up, V2VcpuOp.Down, V2VcpuOp.IsUp, V2VcpuOp.SendNmi])
        {
            tests.Error(V2.Call(Hypercall.V2Vcpu, (ulong)operation, NoVcpu), Errno.ENOENT, "vCPU 1000");
            tests.Error(V2.Call(Hypercall.V2Vcpu, (ulong)operation, 0xFFFF_FFFF), Errno.ENOENT, "the last vCPU");
        }
    }

    private static void Put(ulong index, VcpuOp command, ulong vcpu, ulong a3, ulong a4 = 0, ulong a5 = 0)
    {
        ulong at = FirstAddress + (index * CallSize);
        Memory.Write64(at, (uint)command | vcpu << 32);
        Memory.Write64(at + 8, a3);
        Memory.Write64(at + 16, a4);
        Memory.Write64(at + 24, a5);
        Memory.Write64(at + ResultOffset, 0xEE);
    }

    private static long ResultAt(ulong index) => unchecked((long)Memory.Read64(FirstAddress + (index * CallSize) + ResultOffset));

    private static long Batch(ulong list, ulong count) => V2.Call(Hypercall.V2Hctlb, (ulong)V2HctlbOp.Batch, list, count);

    private static void Batches(TestRun tests)
    {
        tests.Start("v2 hctlb batch");
        const ulong page = 0x7_0000, onePage = 1 << 8 | (ulong)HypercallTlbFlags.Writable;
        Put(0, VcpuOp.HctlbInsert, 0, page, Spare, onePage);
        Put(1, VcpuOp.HctlbInsert, 0, page, Spare, onePage);
        Put(2, VcpuOp.HctlbQuery, 0, (ulong)HypercallTlbQuery.Used);
        Put(3, VcpuOp.HctlbQuery, NoVcpu, 0);
        Put(4, VcpuOp.Down, 0, 0);
        Put(5, VcpuOp.HctlbPurge, 0, page, 1);
        tests.Equal(Batch(FirstAddress, 6), 3, "calls that failed");
        tests.True(ResultAt(0) >= 0, "insert");
        tests.Error(ResultAt(1), Errno.EEXIST, "insert again");
        tests.Equal(ResultAt(2), 1, "entries");
        tests.Error(ResultAt(3), Errno.ENOENT, "vCPU 1000");
        tests.Error(ResultAt(4), Errno.ENOSYS, "a vcpu_op that has nothing to do with it");
        tests.Equal(ResultAt(5), 1, "purge");
        tests.Success(Batch(Device, 0), "no calls");
        tests.Error(Batch(Device, 1), Errno.EFAULT, "a list where a device is");
        tests.Error(Batch(FirstAddress, 513), Errno.E2BIG, "513 calls");
        tests.Error(V2.Call(Hypercall.V2Hctlb, 1, FirstAddress, 1), Errno.ENOSYS, "operation 1");

        tests.Start("v2 hctlb batch in parts");
        const ulong many = 100;
        for (ulong i = 0; i < many; i++)
        {
            Put(i, VcpuOp.HctlbQuery, 0, i < 90 ? 0UL : 9);
        }

        tests.Equal(V2.Whole(Hypercall.V2Hctlb, (ulong)V2HctlbOp.Batch, FirstAddress, many, out int pauses), 10, "calls that failed");
        tests.Equal(pauses, 1, "pauses");
        tests.Equal(ResultAt(89), HypercallTlbCapacity, "the last that did not");
        tests.Error(ResultAt(99), Errno.EINVAL, "the last");
    }

    private const long HypercallTlbCapacity = 16;

    private static long Frames(V2MemoryOp operation, ulong list, ulong count, out int pauses) => V2.Whole(Hypercall.V2Memory, (ulong)operation, list, count, out pauses);

    private static void Memories(TestRun tests)
    {
        tests.Start("v2 memory");
        const ulong many = 150;
        long before = V2.Call(Hypercall.V2Memory, (ulong)V2MemoryOp.Pages);
        for (ulong i = 0; i < many; i++)
        {
            Memory.Write64(FirstAddress + (i * 8), Spare + i);
        }

        Memory.Write64(Spare * Layout.PageSize, 0x1234);
        tests.Equal(Frames(V2MemoryOp.Decrease, FirstAddress, many, out int pauses), (long)many, "decrease");
        tests.Equal(pauses, 2, "pauses");
        tests.Equal(V2.Call(Hypercall.V2Memory, (ulong)V2MemoryOp.Pages), before - (long)many, "pages");
        tests.Error(Frames(V2MemoryOp.Decrease, FirstAddress, many, out _), Errno.EINVAL, "decrease again");
        tests.Equal(Frames(V2MemoryOp.Populate, FirstAddress, many, out pauses), (long)many, "populate");
        tests.Equal(pauses, 2, "pauses");
        tests.Equal(V2.Call(Hypercall.V2Memory, (ulong)V2MemoryOp.Pages), before, "pages again");
        tests.Equal((long)Memory.Read64(Spare * Layout.PageSize), 0, "what lay there is gone");
        tests.True(V2.Call(Hypercall.V2Memory, (ulong)V2MemoryOp.MostPages) >= before, "the most pages");
        tests.True(V2.Call(Hypercall.V2Memory, (ulong)V2MemoryOp.MaximumGfn) >= (long)Spare, "the last frame");
        Memory.Write64(FirstAddress + 8, 1UL << 40);
        tests.Equal(Frames(V2MemoryOp.Populate, FirstAddress, 2, out _), 1, "up to what is no frame");
        tests.Error(Frames(V2MemoryOp.Populate, FirstAddress + 8, 1, out _), Errno.EINVAL, "what is no frame");
        tests.Error(Frames(V2MemoryOp.Populate, FirstAddress, (1 << 20) + 1, out _), Errno.E2BIG, "a list that is too long");
        tests.Error(Frames(V2MemoryOp.Decrease, Device, 1, out _), Errno.EFAULT, "a list where a device is");
    }

    /// <summary>Lists that go over a page's end: into memory, and into what is none any more.</summary>
    private static void Lists(TestRun tests)
    {
        tests.Start("v2 lists over the end of a page");
        ulong list = FirstAddress + Layout.PageSize - 8;
        Memory.Write64(list, Spare);
        Memory.Write64(list + 8, Spare + 1);
        tests.Equal(Frames(V2MemoryOp.Populate, list, 2, out _), 2, "into the next page");
        Memory.Write64(FirstAddress, Layout.FrameOf(Second));
        tests.Equal(Frames(V2MemoryOp.Decrease, FirstAddress, 1, out _), 1, "the next page goes");
        tests.Equal(Frames(V2MemoryOp.Populate, list, 2, out _), 1, "into where nothing is");
        tests.Error(Frames(V2MemoryOp.Populate, list + 8, 1, out _), Errno.EFAULT, "where nothing is");
        tests.Error(Batch(list, 1), Errno.EFAULT, "half a call");
        tests.Equal(Frames(V2MemoryOp.Populate, FirstAddress, 1, out _), 1, "the next page comes back");
    }

    private static void Cookies(TestRun tests)
    {
        tests.Start("v2 cookies");
        const ulong many = 70;
        for (ulong i = 0; i < many; i++)
        {
            Memory.Write64(FirstAddress + (i * 8), Spare + i);
        }

        ulong cookie = 0;
        const ulong number = (ulong)Hypercall.V2Memory, populate = (ulong)V2MemoryOp.Populate;
        tests.Error(V2.Call(number, populate, FirstAddress, many, 0, ref cookie), Errno.EAGAIN, "a part of it");
        tests.True(cookie is > 0 and <= uint.MaxValue, "a cookie");
        foreach (ulong madeUp in (ulong[])[1, 16, cookie + 1, cookie + 16, 0xFFFF_FFFF])
        {
            ulong wrong = madeUp;
            tests.Error(V2.Call(number, populate, FirstAddress, many, 0, ref wrong), Errno.EBADF, "a cookie of nobody");
            tests.True(wrong == madeUp, "it is kept");
        }

        ulong right = cookie;
        tests.Error(V2.Call(number, (ulong)V2MemoryOp.Decrease, FirstAddress, many, 0, ref right), Errno.EINVAL, "for another operation");
        tests.Error(V2.Call(number, populate, FirstAddress, many - 1, 0, ref right), Errno.EINVAL, "for another list");
        tests.Error(V2.Call((ulong)Hypercall.V2Hctlb, 0, FirstAddress, many, 0, ref right), Errno.EINVAL, "for another number");
        tests.Equal(V2.Call(number, populate, FirstAddress, many, 0, ref right), (long)many, "and the rest");
        tests.Error(V2.Call(number, populate, FirstAddress, many, 0, ref right), Errno.EBADF, "once more");
        // More that pause than there is room for: the oldest is dropped.
        ulong first = 0;
        tests.Error(V2.Call(number, populate, FirstAddress, many, 0, ref first), Errno.EAGAIN, "the first");
        for (uint i = 0; i < V2Calls.MostPaused; i++)
        {
            ulong another = 0;
            tests.Error(V2.Call(number, populate, FirstAddress, many, 0, ref another), Errno.EAGAIN, "another");
            right = another;
        }

        tests.Error(V2.Call(number, populate, FirstAddress, many, 0, ref first), Errno.EBADF, "the first was dropped");
        tests.Equal(V2.Call(number, populate, FirstAddress, many, 0, ref right), (long)many, "the last was not");
    }

    private static void UserMode(TestRun tests)
    {
        const ulong query = (ulong)Hypercall.V2Query, events = (ulong)Hypercall.V2Event, vcpu = (ulong)Hypercall.V2Vcpu;
        tests.Start("v2 calls from user mode");
        tests.Error(V2.CallAsUser(query, (ulong)V2QueryOp.Version), Errno.EPERM, "before the kernel leaves it any");
        tests.Error(V2.Call(Hypercall.V2Query, (ulong)V2QueryOp.SetUserCalls, 0, (ulong)UserCalls.All + 1), Errno.EINVAL, "a call that is not for user mode");
        tests.Error(V2.Call(Hypercall.V2Query, (ulong)V2QueryOp.SetUserCalls, NoVcpu, 0), Errno.ENOENT, "vCPU 1000");
        tests.Success(V2.Call(Hypercall.V2Query, (ulong)V2QueryOp.SetUserCalls, 0, (ulong)(UserCalls.QueryVersion | UserCalls.EventSend)), "two are left to it");
        tests.Equal(V2.Call(Hypercall.V2Query, (ulong)V2QueryOp.UserCalls, 0), (long)(UserCalls.QueryVersion | UserCalls.EventSend), "which ones");
        long port = Event(V2EventOp.BindIpi, 0);
        SharedState.Mask((uint)port);
        tests.Equal(V2.CallAsUser(query, (ulong)V2QueryOp.Version), V2Calls.Version, "version");
        tests.Success(V2.CallAsUser(events, (ulong)V2EventOp.Send, (ulong)port), "send");
        tests.True(SharedState.IsPending((uint)port), "it is pending");
        tests.Error(V2.CallAsUser(events, (ulong)V2EventOp.Send, 0xFFFF_FFFF), Errno.EINVAL, "send to no port");
        tests.Error(V2.CallAsUser(events, (ulong)V2EventOp.Unmask, (ulong)port), Errno.EPERM, "unmask");
        tests.Error(V2.CallAsUser(query, (ulong)V2QueryOp.SetUserCalls, 0, 0x7F), Errno.EPERM, "set_user_calls");

        tests.Start("v2 calls from user mode, of all that there are");
        tests.Success(V2.Call(Hypercall.V2Query, (ulong)V2QueryOp.SetUserCalls, 0, (ulong)UserCalls.All), "all are left to it");
        tests.Equal(V2.CallAsUser(query, (ulong)V2QueryOp.Operations, query), 0xF, "operations");
        tests.Equal(V2.CallAsUser(events, (ulong)V2EventOp.Status, (ulong)port), 5, "status");
        tests.Success(V2.CallAsUser(events, (ulong)V2EventOp.Unmask, (ulong)port), "unmask");
        tests.Equal(V2.CallAsUser(vcpu, (ulong)V2VcpuOp.IsUp, 0), 1, "is_up");
        tests.Equal(V2.CallAsUser(vcpu, (ulong)V2VcpuOp.Own), 0, "own");
        foreach (ulong operation in (ulong[])[0, 1, 3, 6, 7, 8])
        {
            tests.Error(V2.CallAsUser(events, operation, (ulong)port), Errno.EPERM, "an event channel's making and end");
        }

        foreach (V2VcpuOp operation in (V2VcpuOp[])[V2VcpuOp.Up, V2VcpuOp.Down, V2VcpuOp.SendNmi])
        {
            tests.Error(V2.CallAsUser(vcpu, (ulong)operation, 0), Errno.EPERM, "a vCPU's life");
        }

        for (ulong operation = 0; operation < 5; operation++)
        {
            tests.Error(V2.CallAsUser((ulong)Hypercall.V2Memory, operation, FirstAddress, 1), Errno.EPERM, "memory");
        }

        tests.Error(V2.CallAsUser((ulong)Hypercall.V2Hctlb, 0, FirstAddress, 1), Errno.EPERM, "hypercall TLBs");
        for (ulong number = 0; number < 128; number++)
        {
            if (number is not (query or events or vcpu))
            {
                tests.Error(V2.CallAsUser(number, 0), Errno.EPERM, "any other number");
            }
        }

        tests.Error(V2.CallAsUser(CallFlags.Physical | query, 0), Errno.EPERM, "a flag");
        tests.Success(Event(V2EventOp.Close, (ulong)port), "close");
        tests.Success(V2.Call(Hypercall.V2Query, (ulong)V2QueryOp.SetUserCalls, 0, 0), "none is left to it any more");
        tests.Error(V2.CallAsUser(query, (ulong)V2QueryOp.Version), Errno.EPERM, "version");
    }
}
