using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Hypercalls;

/// <summary>hvm_op (Xen public headers hvm/hvm_op.h and hvm/params.h).</summary>
internal static class HvmTests
{
    public static void Run(TestRun tests)
    {
        Parameters(tests);
        ParameterErrors(tests);
        UpcallVector(tests);
        Others(tests);
    }

    private static long Call<T>(HvmOp operation, ref T argument) where T : unmanaged =>
        Xen.Call(Hypercall.HvmOp, (ulong)operation, ref argument);

    private static long Set(HvmParameter index, ulong value)
    {
        var argument = new HvmParam { Domain = DomainIds.Self, Index = (uint)index, Value = value };
        return Call(HvmOp.SetParam, ref argument);
    }

    private static long Get(HvmParameter index, out ulong value)
    {
        var argument = new HvmParam { Domain = DomainIds.Self, Index = (uint)index, Value = 0xEEEE };
        long result = Call(HvmOp.GetParam, ref argument);
        value = argument.Value;
        return result;
    }

    private static void Parameters(TestRun tests)
    {
        tests.Start("hvm callback_irq");
        const ulong byVector = (2UL << 56) | 0xF3;
        tests.Success(Set(HvmParameter.CallbackIrq, byVector), "vector 0xf3");
        tests.Success(Get(HvmParameter.CallbackIrq, out ulong value), "get_param");
        tests.Equal((long)value, unchecked((long)byVector), "its value");
        tests.Success(Set(HvmParameter.CallbackIrq, 0), "none");

        tests.Start("hvm console and store parameters");
        tests.Success(Get(HvmParameter.ConsolePfn, out ulong consoleFrame), "console_pfn");
        tests.Success(Get(HvmParameter.ConsoleEvtchn, out ulong consolePort), "console_evtchn");
        tests.Equal(consoleFrame == 0 ? 1 : 0, consolePort == 0 ? 1 : 0, "both or neither");
        tests.Success(Get(HvmParameter.StorePfn, out _), "store_pfn");
        tests.Success(Get(HvmParameter.StoreEvtchn, out _), "store_evtchn");
    }

    private static void ParameterErrors(TestRun tests)
    {
        tests.Start("hvm parameter errors");
        tests.Error(Set((HvmParameter)HvmParameters.Count, 1), Errno.EINVAL, "set past the last");
        tests.Error(Get((HvmParameter)HvmParameters.Count, out _), Errno.EINVAL, "get past the last");
        tests.Error(Get((HvmParameter)0xFFFF_FFFF, out _), Errno.EINVAL, "get 0xffffffff");
        var argument = new HvmParam { Domain = 77, Index = 0 };
        tests.Error(Call(HvmOp.GetParam, ref argument), Errno.ESRCH, "get of domain 77");
        tests.Error(Call(HvmOp.SetParam, ref argument), Errno.ESRCH, "set of domain 77");
        tests.Error(Get(HvmParameter.PaeEnabled, out _), Errno.EINVAL, "get pae_enabled");
        tests.Error(Set(HvmParameter.MemoryEventCr0, 1), Errno.EINVAL, "set memory_event_cr0");
        Hostile.Check(tests, Hypercall.HvmOp, (ulong)HvmOp.GetParam);
        Hostile.Check(tests, Hypercall.HvmOp, (ulong)HvmOp.SetParam);
    }

    private static void UpcallVector(TestRun tests)
    {
        tests.Start("hvm set_evtchn_upcall_vector");
        var argument = new HvmEvtchnUpcallVector { Vcpu = 0, Vector = 15 };
        tests.Error(Call(HvmOp.SetEvtchnUpcallVector, ref argument), Errno.EINVAL, "vector 15");
        argument = new HvmEvtchnUpcallVector { Vcpu = 1000, Vector = 0xF3 };
        tests.Error(Call(HvmOp.SetEvtchnUpcallVector, ref argument), Errno.ENOENT, "vCPU 1000");
        argument = new HvmEvtchnUpcallVector { Vcpu = 0, Vector = 0xF3 };
        tests.Success(Call(HvmOp.SetEvtchnUpcallVector, ref argument), "vector 0xf3");
        Hostile.Check(tests, Hypercall.HvmOp, (ulong)HvmOp.SetEvtchnUpcallVector);
    }

    private static void Others(TestRun tests)
    {
        tests.Start("hvm pagetable_dying");
        var dying = new HvmPagetableDying { Domain = DomainIds.Self, Address = 0x10_0000 };
        tests.Error(Call(HvmOp.PagetableDying, ref dying), Errno.EINVAL, "with nested paging");
        Hostile.Check(tests, Hypercall.HvmOp, (ulong)HvmOp.PagetableDying);

        tests.Start("hvm get_time");
        var first = new HvmGetTime();
        var second = new HvmGetTime();
        tests.Success(Call(HvmOp.GetTime, ref first), "get_time");
        tests.Success(Call(HvmOp.GetTime, ref second), "get_time again");
        tests.True(first.Now > 0 && second.Now >= first.Now, "it does not go back");
        Hostile.Check(tests, Hypercall.HvmOp, (ulong)HvmOp.GetTime);

        tests.Start("hvm get_mem_type");
        var type = new HvmGetMemType { Domain = DomainIds.Self, Pfn = 0x100 };
        tests.Success(Call(HvmOp.GetMemType, ref type), "of RAM");
        tests.Equal(type.MemoryType, (long)HvmMemoryType.RamRw, "its type");
        Hostile.Check(tests, Hypercall.HvmOp, (ulong)HvmOp.GetMemType);

        tests.Start("hvm guest_request_vm_event");
        tests.Success(Xen.Call(Hypercall.HvmOp, (ulong)HvmOp.GuestRequestVmEvent, 0), "without a listener");
        tests.Error(Xen.Call(Hypercall.HvmOp, (ulong)HvmOp.GuestRequestVmEvent, 1), Errno.EINVAL, "with an argument");

        tests.Start("hvm flush_tlbs");
        tests.Success(Xen.Call(Hypercall.HvmOp, (ulong)HvmOp.FlushTlbs, 0), "all vCPUs");
        tests.Error(Xen.Call(Hypercall.HvmOp, (ulong)HvmOp.FlushTlbs, 1), Errno.EINVAL, "with an argument");

        tests.Start("hvm unknown operation");
        tests.Error(Xen.Call(Hypercall.HvmOp, 99, 0), Errno.ENOSYS, "99");
    }
}
