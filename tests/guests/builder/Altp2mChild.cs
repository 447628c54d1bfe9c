using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Builder;

/// <summary>What a domain whose views are tested is told to do, one step an event.</summary>
internal enum Altp2mStep : ulong
{
    /// <summary>Makes the HVMOP_altp2m call that stands in the mailbox.</summary>
    Call,

    /// <summary>Reads 8 bytes at <see cref="Altp2mMailbox.Address"/>.</summary>
    Load,

    /// <summary>Writes 8 bytes there.</summary>
    Store,

    /// <summary>Calls the code there, which answers in RAX.</summary>
    Execute,

    /// <summary>VMFUNC: leaf in <see cref="Altp2mMailbox.Address"/>, index in <see cref="Altp2mMailbox.Value"/>.</summary>
    ViewFunction,

    /// <summary>EVTCHNOP_bind_virq of <see cref="Altp2mMailbox.Address"/> for vCPU <see cref="Altp2mMailbox.Value"/>: the port, or the error.</summary>
    BindVirq,

    /// <summary>Takes the event that waits on a port, the <see cref="Altp2mMailbox.Address"/>: 1, or 0 for none.</summary>
    TakeEvent,

    /// <summary>The call from 64 on that goes to view <see cref="Altp2mMailbox.Address"/>.</summary>
    SwitchView,

    /// <summary>Ends.</summary>
    End,
}

/// <summary>What kind of code makes a step but a call.</summary>
internal enum Altp2mWay : ulong
{
    Kernel,
    NarrowKernel,
    User,
    NarrowUser,
}

/// <summary>A page of the domain's through which it is told what to do, and says what came of it.</summary>
internal struct Altp2mMailbox
{
    public Altp2mStep Step;

    public Altp2mWay Way;

    public ulong Address;

    public ulong Value;

    /// <summary>The call's result, the 8 bytes, RAX.</summary>
    public long Result;

    /// <summary>The exception that ended the step; ~0: none.</summary>
    public ulong Vector;

    /// <summary>How many #VE came, and what the information page said of the last.</summary>
    public ulong Exceptions;

    public uint Reason, Semaphore;

    public ulong Qualification, LinearAddress, PhysicalAddress;

    public ushort View;

    /// <summary>The view to go to by VMFUNC when one comes; ~0: the instruction is left out.</summary>
    public ushort Escape;

    /// <summary>Its bytes.</summary>
    public uint Length;

    /// <summary>Not 0: what is told of a #VE stays as it is, so that no more can be told.</summary>
    public uint KeepsInformation;

    /// <summary>The argument of a call.</summary>
    public HvmAltp2mOp Argument;
}

/// <summary>A domain whose views are tested: its builder tells it each step, by a page and an event, so that one and the same test is made from outside and from inside.</summary>
internal static class Altp2mChild
{
    /// <summary>Pages of the pool: the mailbox, what a #VE says, what is restricted and remapped, lists of the calls with many frames, four that nothing uses.</summary>
    public const int Mailbox = PoolPage.FirstFree + 10, Information = PoolPage.FirstFree + 11, First = PoolPage.FirstFree + 12, Second = PoolPage.FirstFree + 13,
        Third = PoolPage.FirstFree + 14, Lists = PoolPage.FirstFree + 16, Spare = PoolPage.FirstFree + 20;

    public const byte ExceptionVector = 20;

    public const ulong FirstText = 0x1111_1111_1111_1111, SecondText = 0x2222_2222_2222_2222, ThirdText = 0x3333_3333_3333_3333;

    private static readonly byte[] s_call = [0xFF, 0xD7], s_viewFunction = [0x0F, 0x01, 0xD4];

    /// <summary>PUSH SS; POP DS, which long mode leaves empty; MOV [EDI], EAX.</summary>
    private static readonly byte[] s_narrowStore = [0x16, 0x1F, 0x89, 0x07];

    private static ref Altp2mMailbox Box => ref Memory.At<Altp2mMailbox>(GrantTable.AddressOf(Mailbox));

    public static void Run()
    {
        Memory.Write64(GrantTable.AddressOf(First), FirstText);
        Memory.Write64(GrantTable.AddressOf(Second), SecondText);
        Memory.Write64(GrantTable.AddressOf(Third), ThirdText);
        Interrupts.SetHandler(ExceptionVector, new Handler());
        Child.Send();
        while (true)
        {
            Child.Wait();
            if (Box.Step == Altp2mStep.End)
            {
                return;
            }

            Do();
            Child.Send();
        }
    }

    private static void Do()
    {
        Box.Vector = ulong.MaxValue;
        if (Box.Step == Altp2mStep.Call)
        {
            Box.Result = Altp2mCalls.AsIs(ref Box.Argument);
            return;
        }

        if (Box.Step == Altp2mStep.SwitchView)
        {
            Box.Result = V2.Call(Hypercall.V2Vcpu, (ulong)V2VcpuOp.SwitchView, Box.Address);
            return;
        }

        if (Box.Step is Altp2mStep.BindVirq or Altp2mStep.TakeEvent)
        {
            Box.Result = DoEvent(Box.Step, (uint)Box.Address, (uint)Box.Value);
            return;
        }

        bool isNarrow = Box.Way is Altp2mWay.NarrowKernel or Altp2mWay.NarrowUser;
        byte[] code = Box.Step switch
        {
            Altp2mStep.Load => Execute.Load,
            Altp2mStep.Store => isNarrow ? s_narrowStore : Execute.Store,
            Altp2mStep.Execute => s_call,
            _ => s_viewFunction,
        };
        bool isFunction = Box.Step == Altp2mStep.ViewFunction;
        var registers = new Registers { Rdi = Box.Address, Rax = isFunction ? Box.Address : Box.Value, Rcx = isFunction ? Box.Value : 0 };
        Outcome outcome = Box.Way is Altp2mWay.User or Altp2mWay.NarrowUser ? Execute.AtUser(code, ref registers, isNarrow) : Execute.AtKernel(code, ref registers, isNarrow);
        Box.Result = (long)registers.Rax;
        if (outcome.Faulted)
        {
            Box.Vector = outcome.Vector;
        }
    }

    private static long DoEvent(Altp2mStep step, uint number, uint vcpu)
    {
        if (step == Altp2mStep.BindVirq)
        {
            var bind = new EvtchnBindVirq { Virq = number, Vcpu = vcpu };
            long result = Hypercalls.EventBindVirq(ref bind);
            return result != 0 ? result : bind.Port;
        }

        bool waits = SharedState.IsPending(number);
        SharedState.ClearPending(number);
        return waits ? 1 : 0;
    }

    /// <summary>Notes down what a #VE says, and has it go on.</summary>
    private sealed class Handler : InterruptHandler
    {
        public override void Handle(ref InterruptFrame frame)
        {
            ulong page = GrantTable.AddressOf(Information);
            ref Altp2mMailbox box = ref Box;
            box.Exceptions++;
            box.Reason = Memory.Read32(page);
            box.Semaphore = Memory.Read32(page + 4);
            box.Qualification = Memory.Read64(page + 8);
            box.LinearAddress = Memory.Read64(page + 16);
            box.PhysicalAddress = Memory.Read64(page + 24);
            box.View = Memory.Read16(page + 32);
            if (box.KeepsInformation == 0)
            {
                Memory.Write32(page + 4, 0);
            }

            if (box.Escape == ushort.MaxValue)
            {
                frame.Rip += box.Length;
            }
            else
            {
                Instructions.ViewFunction(0, box.Escape);
            }
        }
    }
}
