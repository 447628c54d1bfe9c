using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Builder;

/// <summary>The registers of a domain's vCPU, and what else Xen keeps of one.</summary>
internal static class Contexts
{
    private static ulong NotCanonical => Hostile.NonCanonical;

    private static VcpuGuestContext s_context;
    private static readonly ulong[] s_words = new ulong[256];

    public static void Run(TestRun tests)
    {
        if (!BootFiles.IsThere)
        {
            tests.Start("contexts of vCPUs");
            tests.Skip("no file to build of");
            return;
        }

        Control.Create(Control.Pvh(2), out ushort fresh);
        Control.MakeVcpus(fresh, 2);
        Refusals(tests, fresh);
        Control.Create(Control.Pvh(1), out ushort built);
        tests.Start("getvcpucontext, setvcpucontext");
        tests.Success(ChildImage.Build(built, BootFiles.Own, "child", 1, 0), "building");
        Registers(tests, built);
        Extended(tests, fresh);
        ExtendedStates(tests, fresh);
        Msrs(tests, fresh);
        Runs(tests, built);
        Control.Call(DomctlOp.Destroydomain, built);
        Control.Call(DomctlOp.Destroydomain, fresh);
    }

    private static long Context(DomctlOp operation, ushort id, uint vcpu, ulong address)
    {
        var argument = new Domctl { VcpuContext = new DomctlVcpuContext { Vcpu = vcpu, Context = address } };
        return Control.Call(operation, id, ref argument);
    }

    private static long Get(ushort id, uint vcpu = 0) => Context(DomctlOp.Getvcpucontext, id, vcpu, Xen.AddressOf(ref s_context));

    private static long Set(ushort id, uint vcpu = 0) => Context(DomctlOp.Setvcpucontext, id, vcpu, Xen.AddressOf(ref s_context));

    private static uint OnlineVcpus(ushort id)
    {
        Control.Describe(id, out DomainInformation information);
        return information.OnlineVcpus;
    }

    private static void Refusals(TestRun tests, ushort id)
    {
        tests.Start("getvcpucontext, setvcpucontext, what is refused");
        tests.Error(Get(0), Errno.EINVAL, "get of the caller");
        tests.Error(Get(id, 2), Errno.EINVAL, "get past the last vCPU");
        tests.Error(Get(id, uint.MaxValue), Errno.EINVAL, "get far past the last vCPU");
        tests.Error(Context(DomctlOp.Getvcpucontext, id, 1, NotCanonical), Errno.ENODATA, "get of a vCPU without registers");
        tests.Error(Set(0), Errno.EINVAL, "set of the caller's domain");
        tests.Error(Set(id, 2), Errno.EINVAL, "set past the last vCPU");
        tests.Error(Context(DomctlOp.Setvcpucontext, id, 1, NotCanonical), Errno.EFAULT, "set from a bad pointer");
        s_context = new VcpuGuestContext { Assists = 1 };
        tests.Error(Set(id), Errno.EINVAL, "an assist for paravirtual guests");
        tests.Success(Set(id, 1), "the same of a second vCPU, where nobody looks");
        s_context = new VcpuGuestContext { Rip = 0x1000, Rflags = 2, Dr6 = 0xFFFF_0FF0, Dr7 = 0x400, Assists = 0x20 };
        tests.Success(Set(id, 1), "a vCPU that was never started");
        tests.Error(Get(id, 1), Errno.ENODATA, "it counts as without registers all the same");
        s_context.Flags = (ulong)GuestContextFlags.Online;
        tests.Success(Set(id, 1), "the same, up");
        tests.Equal(OnlineVcpus(id), 1, "vCPUs that are up");
        tests.Success(Context(DomctlOp.Setvcpucontext, id, 1, 0), "no context");
        tests.Equal(OnlineVcpus(id), 0, "vCPUs that are up");
    }

    private static void Registers(TestRun tests, ushort id)
    {
        tests.Error(Context(DomctlOp.Getvcpucontext, id, 0, NotCanonical), Errno.EFAULT, "get to a bad pointer");
        // Behind guest-physical 0 is memory.
        tests.Error(Context(DomctlOp.Getvcpucontext, id, 0, HypercallTlb.IsPhysical ? Hostile.Unmapped : 0), Errno.EFAULT, "get to nowhere");
        tests.Success(Get(id), "get");
        ulong entry = s_context.Rip;
        tests.Equal((long)s_context.Flags, (long)GuestContextFlags.Online, "flags");
        tests.Equal((long)s_context.Rbx, 0x7F_0000, "RBX");
        tests.Equal((long)s_context.Cr0, 0x11, "CR0");
        tests.Equal((long)s_context.Rflags, 2, "RFLAGS");
        tests.Equal((long)s_context.Dr6, 0xFFFF_0FF0, "DR6");
        tests.Equal((long)s_context.Dr7, 0x400, "DR7");

        s_context.Rax = 0x1111_2222_3333_4444;
        s_context.R15 = 0xF;
        s_context.Dr0 = 0x1234;
        // Not taken: these are the HVM context's.
        s_context.Cr0 = 0;
        s_context.Cr3 = 0x5000;
        s_context.Cs = 0x33;
        s_context.FsBase = 0x6000;
        s_context.Flags = 0;
        tests.Success(Set(id), "set, down");
        tests.Equal(OnlineVcpus(id), 0, "vCPUs that are up");
        s_context = default;
        tests.Success(Get(id), "get once more");
        tests.Equal((long)s_context.Rax, 0x1111_2222_3333_4444, "RAX");
        tests.Equal((long)s_context.R15, 0xF, "R15");
        tests.Equal((long)s_context.Dr0, 0x1234, "DR0");
        tests.Equal((long)s_context.Rip, (long)entry, "RIP");
        tests.Equal((long)s_context.Cr0, 0x11, "CR0");
        tests.Equal((long)s_context.Cr3, 0, "CR3");
        tests.Equal(s_context.Cs, 0, "CS");
        tests.Equal((long)s_context.FsBase, 0, "FS base");
        tests.Equal((long)s_context.Flags, 0, "flags");
        s_context.Flags = (ulong)(GuestContextFlags.Online | GuestContextFlags.FloatingPointValid);
        s_context.FloatingPoint[0] = 0x7F;
        tests.Success(Set(id), "set, up, with x87 state");
        tests.Equal(OnlineVcpus(id), 1, "vCPUs that are up");
        tests.Success(Get(id), "get a third time");
        tests.Equal((long)s_context.Flags, (long)(GuestContextFlags.Online | GuestContextFlags.FloatingPointValid), "flags");
        tests.Equal(s_context.FloatingPoint[0], 0x7F, "the x87 control word");
    }

    /// <summary>The domain runs where it was told to: mov eax, 0x12345678; jmp to itself.</summary>
    private static void Runs(TestRun tests, ushort id)
    {
        tests.Start("setvcpucontext, and what the vCPU does then");
        const ulong at = 0x3000;
        tests.Success(ChildImage.WriteWord(id, at, 0xFEEB_1234_5678_B8), "its code");
        tests.Success(Get(id), "get");
        s_context.Rax = 0;
        s_context.Rip = at;
        // With interrupts on: in Bochs, the machine's interrupts end no guest that has its own off.
        s_context.Rflags |= 1 << 9;
        tests.Success(Set(id), "set");
        tests.Success(Control.Call(DomctlOp.Unpausedomain, id), "unpausedomain");
        for (int i = 0; i < 1000; i++)
        {
            Xen.Call(Hypercall.SchedOp, (ulong)SchedOp.Yield);
            Control.Describe(id, out DomainInformation information);
            if (information.CpuTime > 1_000_000)
            {
                break;
            }
        }

        tests.Success(Control.Call(DomctlOp.Pausedomain, id), "pausedomain");
        tests.Success(Get(id), "get");
        tests.Equal((long)s_context.Rax, 0x1234_5678, "RAX");
        tests.Equal((long)s_context.Rip, (long)at + 5, "RIP");
        tests.Success(Context(DomctlOp.Setvcpucontext, id, 0, 0), "no context");
        tests.Error(Get(id), Errno.ENODATA, "it has no registers");
        tests.Equal(OnlineVcpus(id), 0, "it is down");
    }

    private static long Extended(DomctlOp operation, ushort id, DomctlExtendedContext extended, out DomctlExtendedContext answer)
    {
        var argument = new Domctl { ExtendedContext = extended };
        long result = Control.Call(operation, id, ref argument);
        answer = argument.ExtendedContext;
        return result;
    }

    private static long SetExtended(ushort id, DomctlExtendedContext extended) => Extended(DomctlOp.SetExtVcpucontext, id, extended, out _);

    private static void Extended(TestRun tests, ushort id)
    {
        tests.Start("get_ext_vcpucontext, set_ext_vcpucontext");
        var whole = new DomctlExtendedContext { Size = 64 };
        tests.Error(Extended(DomctlOp.GetExtVcpucontext, 0, whole, out _), Errno.ESRCH, "get of the caller");
        tests.Error(Extended(DomctlOp.GetExtVcpucontext, id, whole with { Vcpu = 2 }, out _), Errno.ESRCH, "get past the last vCPU");
        tests.Error(SetExtended(0, whole), Errno.ESRCH, "set of the caller");
        tests.Error(SetExtended(id, whole with { Vcpu = 2, Size = 0 }), Errno.ESRCH, "set past the last vCPU");
        tests.Error(SetExtended(id, whole with { Size = 31 }), Errno.EINVAL, "less than the first part");
        tests.Error(SetExtended(id, whole with { Size = 32, SyscallAddress = 1 }), Errno.EINVAL, "a SYSCALL callback");
        tests.Error(SetExtended(id, whole with { Size = 32, SysenterAddress = 1 }), Errno.EINVAL, "a SYSENTER callback");
        tests.Error(SetExtended(id, whole with { Size = 32, SyscallSelector = 4 }), Errno.EINVAL, "a selector");
        tests.Success(SetExtended(id, whole with { Size = 32, SyscallSelector = 3, SysenterDisablesEvents = 1 }), "what counts for nothing");
        tests.Error(SetExtended(id, whole with { MachineCheck = new HvmVmceVcpu { Capabilities = ulong.MaxValue } }), Errno.EINVAL, "machine-check features that nobody has");
        tests.Success(SetExtended(id, whole with { Size = 32, MachineCheck = new HvmVmceVcpu { Capabilities = ulong.MaxValue } }), "what lies past the size");
        tests.Success(SetExtended(id, whole), "all zero");
        tests.Success(Extended(DomctlOp.GetExtVcpucontext, id, new DomctlExtendedContext { SyscallAddress = 7 }, out DomctlExtendedContext answer), "get");
        tests.Equal(answer.Size, 64, "size");
        tests.Equal((long)answer.SyscallAddress, 0, "the SYSCALL callback");
        tests.Equal((long)answer.MachineCheck.Capabilities, 0, "machine-check features");
    }

    private static long State(DomctlOp operation, ushort id, DomctlExtendedState state, out DomctlExtendedState answer)
    {
        var argument = new Domctl { ExtendedState = state };
        long result = Control.Call(operation, id, ref argument);
        answer = argument.ExtendedState;
        return result;
    }

    private static void ExtendedStates(TestRun tests, ushort id)
    {
        tests.Start("getvcpuextstate, setvcpuextstate");
        const DomctlOp get = DomctlOp.Getvcpuextstate, set = DomctlOp.Setvcpuextstate;
        tests.Error(State(get, 0, default, out _), Errno.EINVAL, "get of the caller");
        tests.Error(State(get, id, new DomctlExtendedState { Vcpu = 2 }, out _), Errno.ESRCH, "get past the last vCPU");
        tests.Success(State(get, id, default, out DomctlExtendedState whole), "how large");
        tests.True(whole.Size >= 16, "two words at least");
        tests.Success(State(get, id, new DomctlExtendedState { Size = 5, FeatureMask = 7 }, out DomctlExtendedState again), "to nowhere");
        tests.Equal((long)again.Size, (long)whole.Size, "the same size");
        whole.Buffer = Xen.AddressOf(ref s_words[0]);
        tests.Error(State(get, id, whole with { Size = 15 }, out _), Errno.EINVAL, "not enough room");
        tests.Error(State(get, id, whole with { FeatureMask = whole.FeatureMask + 1 }, out _), Errno.EINVAL, "other features");
        tests.Error(State(get, id, whole with { Buffer = NotCanonical }, out _), Errno.EFAULT, "a bad pointer");
        s_words[0] = s_words[1] = 9;
        tests.Success(State(get, id, whole, out again), "get");
        tests.Equal((long)again.Size, 16, "the size of one that has not run");
        tests.Equal((long)(s_words[0] | s_words[1]), 0, "XCR0, and what it ever held");

        tests.Error(State(set, 0, whole, out _), Errno.EINVAL, "set of the caller");
        tests.Error(State(set, id, whole with { Vcpu = 2 }, out _), Errno.ESRCH, "set past the last vCPU");
        tests.Error(State(set, id, whole with { Size = 0 }, out _), Errno.EINVAL, "nothing");
        tests.Error(State(set, id, whole with { Size = 15 }, out _), Errno.EINVAL, "less than two words");
        tests.Error(State(set, id, whole with { Size = 17 }, out _), Errno.EINVAL, "a byte more than two words");
        tests.Error(State(set, id, whole with { Size = whole.Size + 1 }, out _), Errno.EINVAL, "a byte more than there can be");
        tests.Error(State(set, id, whole with { Size = 16, Buffer = NotCanonical }, out _), Errno.EFAULT, "a bad pointer");
        tests.Success(State(set, id, whole with { Size = 16 }, out _), "two words");
    }

    private static void Msrs(TestRun tests, ushort id)
    {
        tests.Start("get_vcpu_msrs, set_vcpu_msrs");
        foreach (DomctlOp operation in new[] { DomctlOp.GetVcpuMsrs, DomctlOp.SetVcpuMsrs })
        {
            var argument = new Domctl { VcpuMsrs = new DomctlVcpuMsrs { Count = 1, Msrs = Xen.AddressOf(ref s_words[0]) } };
            tests.Error(Control.Call(operation, id, ref argument), Errno.EINVAL, "of a domain with virtual hardware");
            tests.Error(Control.Call(operation, 0, ref argument), Errno.EINVAL, "of the caller");
            argument.VcpuMsrs.Vcpu = 2;
            tests.Error(Control.Call(operation, id, ref argument), Errno.ESRCH, "past the last vCPU");
        }
    }
}
