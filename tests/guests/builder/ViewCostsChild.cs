using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Builder;

/// <summary>What operations on its own views cost a domain, in ticks of the TSC: measures each, and leaves the figures in a page for its builder.</summary>
internal static class ViewCostsChild
{
    /// <summary>Pages of the pool: the figures, arguments of calls, what a #VE says, what is restricted and remapped.</summary>
    public const int Figures = PoolPage.FirstFree + 10, Arguments = PoolPage.FirstFree + 11, Information = PoolPage.FirstFree + 12, Target = PoolPage.FirstFree + 13,
        Other = PoolPage.FirstFree + 14;

    private const byte ExceptionVector = 20;

    /// <summary>In the page of a #VE.</summary>
    private const ulong Semaphore = 4;

    // MOV [RDI], EAX.
    private const ulong WriteLength = 2;

    private static readonly Sampler s_sampler = new();
    private static ushort s_view;
    private static int s_row;

    private static ulong FrameOf(int page) => Layout.FrameOf(page);

    private static ulong AddressOf(int page) => GrantTable.AddressOf(page);

    public static void Run()
    {
        Child.Send();
        s_sampler.Calibrate();
        Measure();
        Child.Send();
        Child.Wait();
    }

    private static void Measure()
    {
        var on = new HvmAltp2mOp { DomainState = new HvmAltp2mDomainState { State = 1 } };
        var made = new HvmAltp2mOp { View = new HvmAltp2mView { DefaultAccess = (ushort)MemoryAccess.Default } };
        if (Subop(Altp2mOp.SetDomainState, on) != 0 || Altp2mCalls.Call(Altp2mOp.CreateP2m, DomainIds.Self, ref made) != 0)
        {
            return;
        }

        s_view = made.View.View;
        Switches();
        Changes();
        Switch(s_view);
        Violations();
    }

    private static long Subop(Altp2mOp operation, HvmAltp2mOp argument) => Altp2mCalls.Call(operation, DomainIds.Self, ref argument);

    private static void Switch(ushort view) => Subop(Altp2mOp.SwitchP2m, new HvmAltp2mOp { View = new HvmAltp2mView { View = view } });

    /// <summary>Measures the next of the rows in <see cref="ViewCosts"/>.</summary>
    /// <param name="own">Ticks that are the domain's own.</param>
    private static void Row(Operation operation, uint own = 0)
    {
        ref CostFigures figures = ref Memory.At<CostFigures>(AddressOf(Figures) + (ulong)(s_row++ * CostFigures.Size));
        bool isMeasured = s_sampler.Run(operation);
        figures.Answer = (long)operation.Result;
        figures.Median = Less(s_sampler.Median, own);
        figures.Least = Less(s_sampler.Least, own);
        figures.Most = Less(s_sampler.Most, own);
        figures.State = isMeasured ? CostState.Measured : CostState.OtherAnswer;
    }

    private static ulong Less(uint ticks, uint own) => ticks > own ? ticks - own : 0;

    private static void Switches()
    {
        Subop(Altp2mOp.VcpuEnableNotify, new HvmAltp2mOp { EnableNotify = new HvmAltp2mVcpuEnableNotify { Gfn = FrameOf(Information) } });
        // Xen's views say nothing of pages that nobody has used in them, which would be #VE: not while its page is taken.
        Memory.Write32(AddressOf(Information) + Semaphore, uint.MaxValue);
        const ulong numberOfNoCall = 63;
        Row(Operation.Call("", numberOfNoCall, 0, 0, 0, -(long)Errno.ENOSYS));
        Row(new FunctionSwitch(s_view));
        Row(new CallSwitch(new HvmAltp2mOp { Command = (uint)Altp2mOp.SwitchP2m, View = new HvmAltp2mView { View = s_view } }, 0, s_view));
        Row(new CallSwitch(new HvmAltp2mOp { Command = (uint)Altp2mOp.SwitchVcpu, SwitchVcpu = new Altp2mSwitchVcpu { View = s_view } }, 4, s_view));
        Row(new RegisterSwitch(s_view));
        Switch(0);
    }

    private static void Changes()
    {
        ulong target = FrameOf(Target);
        var change = new HvmAltp2mOp { Command = (uint)Altp2mOp.ChangeGfn, ChangeGfn = new HvmAltp2mChangeGfn { View = s_view, OldGfn = target, NewGfn = FrameOf(Other) } };
        HvmAltp2mOp back = change;
        back.ChangeGfn.NewGfn = ulong.MaxValue;
        var take = new HvmAltp2mOp { Command = (uint)Altp2mOp.SetMemAccess, MemAccess = new HvmAltp2mMemAccess { View = s_view, Gfn = target, Access = (ushort)MemoryAccess.Read } };
        HvmAltp2mOp give = take;
        give.MemAccess.Access = (ushort)MemoryAccess.All;
        Row(new ViewCall(change, 0, back));
        Row(new ViewCall(back, 1, change));
        Row(new ViewCall(take, 0, give));
        Switch(s_view);
        Row(new FirstUse(change, back, AddressOf(Target)));
    }

    private static void Violations()
    {
        var skip = new Skip();
        Interrupts.SetHandler(Events.Vector, skip);
        s_sampler.Run(new Operation("", TimedInstruction.Interrupt));
        uint own = s_sampler.Median - 1;
        Interrupts.SetHandler(ExceptionVector, skip);
        skip.Length = WriteLength;
        ulong target = FrameOf(Target);
        Subop(Altp2mOp.SetMemAccess, new HvmAltp2mOp { MemAccess = new HvmAltp2mMemAccess { View = s_view, Gfn = target, Access = (ushort)MemoryAccess.Read } });
        Subop(Altp2mOp.SetSuppressVe, new HvmAltp2mOp { SuppressVe = new HvmAltp2mSuppressVe { View = s_view, Gfn = target } });
        Memory.Write32(AddressOf(Information) + Semaphore, 0);
        Row(Operation.Plain("", TimedInstruction.Write, 0, 0, 0, AddressOf(Target)), own);
        bool hasAllCome = skip.Calls > 2 * Sampler.MostSamples;
        Memory.At<CostFigures>(AddressOf(Figures) + (ulong)((s_row - 1) * CostFigures.Size)).State = hasAllCome ? CostState.Measured : CostState.NotMeasured;
        Subop(Altp2mOp.SetSuppressVe, new HvmAltp2mOp { SuppressVe = new HvmAltp2mSuppressVe { View = s_view, SuppressVe = 1, Gfn = target } });
        Row(Operation.Plain("", TimedInstruction.Write, 0, 0, 0, AddressOf(Target)));
    }

    /// <summary>An argument that stays where it is: each has a place of its own.</summary>
    private static ulong Place(int index, HvmAltp2mOp argument)
    {
        ulong address = AddressOf(Arguments) + (ulong)index * 128;
        argument.Version = InterfaceVersions.Altp2m;
        argument.Domain = DomainIds.Self;
        Memory.At<HvmAltp2mOp>(address) = argument;
        return address;
    }

    /// <summary>VMFUNC to the view and to view 0 in turn; left out where it is #UD.</summary>
    private sealed class FunctionSwitch : Operation
    {
        private readonly ushort _view;

        public FunctionSwitch(ushort view)
            : base("", TimedInstruction.ViewFunction)
        {
            _view = view;
            var registers = new Registers { Rax = 0, Rcx = 0 };
            bool isThere = !Execute.AtKernel([0x0F, 0x01, 0xD4], ref registers).Faulted;
            With(0, 0, 0, 0).Giving(isThere ? 0UL : 1, ulong.MaxValue);
            Registers.Rax = isThere ? 0UL : ulong.MaxValue;
        }

        public override void Prepare() => Registers.Rcx = Registers.Rcx == 0 ? _view : 0u;

        public override uint Run() => Registers.Rax == 0 ? base.Run() : 0;
    }

    /// <summary>A call that goes to the view and to view 0 in turn.</summary>
    /// <param name="offset">Of the view's number in the subop's argument.</param>
    private sealed class CallSwitch : Operation
    {
        private readonly ulong _place;
        private readonly ushort _view;

        public CallSwitch(HvmAltp2mOp argument, ulong offset, ushort view)
            : base("", TimedInstruction.Hypercall)
        {
            const ulong union = 16;
            _view = view;
            ulong address = Place(0, argument);
            _place = address + union + offset;
            With((ulong)Hypercall.HvmOp, (ulong)HvmOp.Altp2m, address, 0).Giving(0, ulong.MaxValue);
        }

        public override void Prepare() => Memory.Write16(_place, Memory.Read16(_place) == 0 ? _view : (ushort)0);
    }

    /// <summary>Ours, from 64 on, with all that it says in registers: to the view and to view 0 in turn.</summary>
    private sealed class RegisterSwitch : Operation
    {
        private readonly ushort _view;

        public RegisterSwitch(ushort view)
            : base("", TimedInstruction.Hypercall)
        {
            _view = view;
            With((ulong)Hypercall.V2Vcpu, (ulong)V2VcpuOp.SwitchView, 0, 0).Giving(0, ulong.MaxValue);
        }

        public override void Prepare() => Registers.Rsi = Registers.Rsi == 0 ? _view : 0u;
    }

    /// <summary>A call that another undoes before the next run.</summary>
    private class ViewCall : Operation
    {
        private readonly HvmAltp2mOp _undo;

        public ViewCall(HvmAltp2mOp argument, int place, HvmAltp2mOp undo)
            : base("", TimedInstruction.Hypercall)
        {
            _undo = undo;
            With((ulong)Hypercall.HvmOp, (ulong)HvmOp.Altp2m, Place(place, argument), 0).Giving(0, ulong.MaxValue);
        }

        public override void Prepare() => Subop((Altp2mOp)_undo.Command, _undo);
    }

    /// <summary>A read of a page that the view has nothing of yet: a remap of it is made and taken back before.</summary>
    private sealed class FirstUse : Operation
    {
        private readonly HvmAltp2mOp _change, _back;

        public FirstUse(HvmAltp2mOp change, HvmAltp2mOp back, ulong address)
            : base("", TimedInstruction.Read)
        {
            (_change, _back) = (change, back);
            Registers.Rdi = address;
        }

        public override void Prepare()
        {
            Subop(Altp2mOp.ChangeGfn, _change);
            Subop(Altp2mOp.ChangeGfn, _back);
        }
    }

    /// <summary>Leaves out the instruction that a #VE is about.</summary>
    private sealed class Skip : InterruptHandler
    {
        public ulong Length { get; set; }

        public int Calls { get; private set; }

        public override void Handle(ref InterruptFrame frame)
        {
            Calls++;
            Memory.Write32(AddressOf(Information) + Semaphore, 0);
            frame.Rip += Length;
        }
    }
}

internal enum CostState : ulong
{
    NotMeasured,
    Measured,
    OtherAnswer,
}

/// <summary>What the child leaves of a row.</summary>
internal struct CostFigures
{
    public const int Size = 40;

    public CostState State;

    public ulong Median, Least, Most;

    public long Answer;
}
