using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Hypercalls;

/// <summary>console_io, vm_assist, set_timer_op, multicall, physdev_op, and numbers that are no calls.</summary>
internal static class OtherTests
{
    private const int Scratch = PoolPage.FirstFree;

    public static void Run(TestRun tests)
    {
        ConsoleIo(tests);
        VmAssist(tests);
        SetTimer(tests);
        Multicall(tests);
        Absent(tests);
        Devices(tests);
    }

    private static void ConsoleIo(TestRun tests)
    {
        tests.Start("console_io");
        ulong page = Layout.FrameOf(Scratch) * Layout.PageSize;
        tests.Success(Xen.Call(Hypercall.ConsoleIo, (ulong)ConsoleIoOp.Write, 0, page), "write of nothing");
        tests.Error(Xen.Call(Hypercall.ConsoleIo, (ulong)ConsoleIoOp.Write, 4, Hostile.NonCanonical), Errno.EFAULT, "write from a non-canonical address");
        tests.Error(Xen.Call(Hypercall.ConsoleIo, (ulong)ConsoleIoOp.Write, 4, Hostile.Unmapped), Errno.EFAULT, "write from an unmapped page");
        tests.Success(Xen.Call(Hypercall.ConsoleIo, (ulong)ConsoleIoOp.Read, 16, page), "read when nothing was typed");
        tests.Error(Xen.Call(Hypercall.ConsoleIo, 99, 0, page), Errno.ENOSYS, "operation 99");
    }

    private static void VmAssist(TestRun tests)
    {
        tests.Start("vm_assist");
        tests.Success(Assist(VmAssistCommand.Enable, VmAssistType.RunstateUpdateFlag), "enable runstate_update_flag");
        tests.Success(Assist(VmAssistCommand.Disable, VmAssistType.RunstateUpdateFlag), "disable runstate_update_flag");
        tests.Error(Assist(VmAssistCommand.Enable, VmAssistType.WritablePagetables), Errno.EINVAL, "enable writable_pagetables");
        tests.Error(Assist(VmAssistCommand.Enable, (VmAssistType)63), Errno.EINVAL, "enable type 63");
        tests.Error(Assist((VmAssistCommand)99, VmAssistType.RunstateUpdateFlag), Errno.ENOSYS, "command 99");
    }

    private static long Assist(VmAssistCommand command, VmAssistType type) =>
        Xen.Call(Hypercall.VmAssist, (ulong)command, (ulong)type);

    private static void SetTimer(TestRun tests)
    {
        tests.Start("set_timer_op");
        tests.Success(Xen.Call(Hypercall.SetTimerOp, 0), "off");
        tests.Success(Xen.Call(Hypercall.SetTimerOp, 1), "in the past");
        tests.Success(Xen.Call(Hypercall.SetTimerOp, 0), "off again");
    }

    private static void Multicall(TestRun tests)
    {
        tests.Start("multicall");
        const int entrySize = 64;
        ulong page = Layout.FrameOf(Scratch) * Layout.PageSize;
        Memory.Fill(page, 4096, 0);
        Memory.Write64(page, (ulong)Hypercall.XenVersion);
        Memory.Write64(page + 16, (ulong)VersionOp.Version);
        Memory.Write64(page + entrySize, 63);
        Memory.Write64(page + (2 * entrySize), (ulong)Hypercall.XenVersion);
        Memory.Write64(page + (2 * entrySize) + 16, (ulong)VersionOp.Pagesize);
        tests.Success(Xen.Call(Hypercall.Multicall, page, 3), "three calls");
        tests.Equal((long)Memory.Read64(page + 8), 4 << 16 | 17, "result of the first");
        tests.Error(Result(page + entrySize), Errno.ENOSYS, "result of the second");
        tests.Equal((long)Memory.Read64(page + (2 * entrySize) + 8), 4096, "result of the third");
        tests.Success(Xen.Call(Hypercall.Multicall, page, 0), "no calls");
        tests.Success(Xen.Call(Hypercall.Multicall, Hostile.NonCanonical, 0), "no calls at a non-canonical address");
        tests.Error(Xen.Call(Hypercall.Multicall, Hostile.NonCanonical, 1), Errno.EFAULT, "a call at a non-canonical address");
        tests.Error(Xen.Call(Hypercall.Multicall, Hostile.Unmapped, 1), Errno.EFAULT, "a call in an unmapped page");
        tests.Error(Xen.Call(Hypercall.Multicall, page, ulong.MaxValue), Errno.EFAULT, "2^64 - 1 calls");
        Memory.Fill(page, 4096, 0);
        Memory.Write64(page, (ulong)Hypercall.Multicall);
        Memory.Write64(page + 16, page);
        Memory.Write64(page + 24, 1);
        tests.Success(Xen.Call(Hypercall.Multicall, page, 1), "a multicall in a multicall");
        tests.Between(Result(page), -64, -1, "its result");
    }

    /// <summary>An entry's result: 32 bits of it are all that a 32-bit call has.</summary>
    private static long Result(ulong entry) => NarrowCalls.IsOn ? (int)Memory.Read32(entry + 8) : (long)Memory.Read64(entry + 8);

    /// <summary>Numbers that an HVM guest has not got answer -ENOSYS.</summary>
    private static void Absent(TestRun tests)
    {
        tests.Start("numbers that are no calls");
        for (ulong number = 0; number < 70; number++)
        {
            bool absent = number is <= 6 or (>= 8 and <= 11) or 14 or 16 or 19 or 22 or 23 or 25 or 28 or 30 or 31 or 37 or 38 or 43
                or (>= 44 and <= 48) or (>= 50 and <= 69);
            if (absent)
            {
                long result = Xen.CallNumber(number, Hostile.NonCanonical, Hostile.NonCanonical, Hostile.NonCanonical);
                if (result != -(long)Errno.ENOSYS)
                {
                    tests.Equal((long)number, -1, "this number is answered");
                    tests.Error(result, Errno.ENOSYS, "its answer");
                }
            }
        }

        tests.Error(Xen.CallNumber(0x7FFF_FFFF), Errno.ENOSYS, "0x7fffffff");
        tests.Error(Xen.CallNumber(0xFFFF_FFFF_FFFF_FFFF), Errno.ENOSYS, "2^64 - 1");
    }

    private static void Devices(TestRun tests)
    {
        tests.Start("physdev_op");
        ulong word = 0;
        for (ulong operation = 0; operation < 24; operation++)
        {
            tests.Error(Xen.Call(Hypercall.PhysdevOp, operation, Xen.AddressOf(ref word)), Errno.ENOSYS, "an operation that a PVH guest has not got");
        }

        tests.Error(Xen.Call(Hypercall.PhysdevOp, 99, Xen.AddressOf(ref word)), Errno.ENOSYS, "99");
    }
}
