using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Builder;

/// <summary>A domain whose views are tested, as its builder sees it: each subop is made from outside, or by the domain itself.</summary>
internal sealed class Altp2mPartner
{
    /// <summary>Where the builder sees the domain's mailbox, and the page of lists behind it.</summary>
    private const ulong Place = ChildImage.Window + (128 << 12), ListPlace = Place + 4096;

    private readonly Partner _partner;
    private readonly TestRun _tests;

    private Altp2mPartner(Partner partner, TestRun tests)
    {
        _partner = partner;
        _tests = tests;
    }

    public ushort Id => _partner.Id;

    /// <summary>Whether the domain itself makes the calls.</summary>
    public bool IsInside { get; set; }

    /// <summary>What kind of code of the domain's reads, writes and changes views.</summary>
    public Altp2mWay Way
    {
        set => Box.Way = value;
    }

    /// <summary>The page that both see.</summary>
    public ref Altp2mMailbox Box => ref Memory.At<Altp2mMailbox>(Place);

    /// <summary>Builds a domain, gives it a mode, and has it run until it waits for the first step.</summary>
    public static Altp2mPartner Start(TestRun tests, Altp2mMode mode) => Start(tests, mode, ViewSettings.None);

    /// <summary>The same with what is ours.</summary>
    public static Altp2mPartner Start(TestRun tests, Altp2mMode mode, ViewSettings settings)
    {
        var started = new Altp2mPartner(Partner.Build(tests, BootFiles.Own, "child views", ShutdownReason.Poweroff, settings.Mebibytes), tests);
        settings.Apply(tests, started.Id);
        if (mode != Altp2mMode.Disabled)
        {
            tests.Success(SetMode(started.Id, (ulong)mode), "its mode");
        }

        started._partner.Run(tests);
        tests.Success(Foreign(started.Id, Altp2mChild.Mailbox, Place), "seeing its mailbox");
        tests.Success(Foreign(started.Id, Altp2mChild.Lists, ListPlace), "seeing its lists");
        return started;
    }

    /// <summary>HVM_PARAM_ALTP2M.</summary>
    public static long SetMode(ushort id, ulong mode)
    {
        var argument = new HvmParam { Domain = id, Index = (uint)HvmParameter.Altp2m, Value = mode };
        return Hypercalls.HvmSetParam(ref argument);
    }

    public static long GetMode(ushort id, out ulong mode)
    {
        var argument = new HvmParam { Domain = id, Index = (uint)HvmParameter.Altp2m };
        long result = Hypercalls.HvmGetParam(ref argument);
        mode = argument.Value;
        return result;
    }

    /// <summary>Guest frame of one of the pages that both know.</summary>
    public static ulong FrameOf(int page) => Layout.FrameOf(page);

    /// <summary>A subop on the domain's views, made by whom <see cref="IsInside"/> says.</summary>
    public long Call(Altp2mOp operation, ref HvmAltp2mOp argument)
    {
        if (!IsInside)
        {
            return Altp2mCalls.Call(operation, Id, ref argument);
        }

        argument.Version = InterfaceVersions.Altp2m;
        argument.Command = (uint)operation;
        argument.Domain = DomainIds.Self;
        return AsIs(ref argument);
    }

    /// <summary>The same with the head of the argument as it is.</summary>
    public long AsIs(ref HvmAltp2mOp argument)
    {
        if (!IsInside)
        {
            return Altp2mCalls.AsIs(ref argument);
        }

        Box.Argument = argument;
        Do(Altp2mStep.Call);
        argument = Box.Argument;
        return Box.Result;
    }

    /// <summary>Has the domain read 8 bytes. What it read; ~vector: an exception came.</summary>
    public ulong Load(ulong address) => Use(Altp2mStep.Load, address, 0);

    /// <summary>Has it write 8 bytes. 0; ~vector: an exception came.</summary>
    public ulong Store(ulong address, ulong value) => Use(Altp2mStep.Store, address, value) == value ? 0 : ulong.MaxValue;

    /// <summary>Has it write 8 bytes, and does not wait for the end of that: <see cref="Finish"/> does.</summary>
    public void BeginStore(ulong address, ulong value)
    {
        Box.Address = address;
        Box.Value = value;
        Begin(Altp2mStep.Store);
    }

    public void Finish() => _partner.Await(_tests, "the end of a step");

    /// <summary>Has it bind a VIRQ: the port, or the error.</summary>
    public long BindVirq(uint virq, uint vcpu = 0) => (long)Use(Altp2mStep.BindVirq, virq, vcpu);

    /// <summary>Has it take the event that waits on a port: 1, or 0 for none.</summary>
    public long TakeEvent(uint port) => (long)Use(Altp2mStep.TakeEvent, port, 0);

    public ulong Execute(ulong address) => Use(Altp2mStep.Execute, address, 0);

    /// <summary>VMFUNC. The exception that it raised; ~0: none.</summary>
    public ulong ViewFunction(ulong leaf, ulong index)
    {
        Use(Altp2mStep.ViewFunction, leaf, index);
        return Box.Vector;
    }

    /// <summary>Has it go to a view by the call from 64 on: 0, or the error.</summary>
    public long SwitchView(ulong view) => (long)Use(Altp2mStep.SwitchView, view, 0);

    /// <summary>8 bytes of a page of lists.</summary>
    public void List(int offset, ulong value) => Memory.Write64(ListPlace + (ulong)offset, value);

    public void ListByte(int offset, byte value) => Memory.Write8(ListPlace + (ulong)offset, value);

    /// <summary>Where the caller has that byte of its page of lists: the builder sees the domain's.</summary>
    public ulong ListAt(int offset) => (IsInside ? GrantTable.AddressOf(Altp2mChild.Lists) : ListPlace) + (ulong)offset;

    /// <summary>Ends the domain, and destroys it.</summary>
    public void End()
    {
        Box.Step = Altp2mStep.End;
        _partner.Send(_tests);
        _partner.AwaitDeath(_tests, ShutdownReason.Poweroff);
        Forget();
    }

    /// <summary>Destroys it, dead or alive.</summary>
    public void Forget()
    {
        foreach (ulong place in new[] { Place, ListPlace })
        {
            var argument = new RemoveFromPhysmap { Domain = DomainIds.Self, Gpfn = place >> 12 };
            _tests.Success(Hypercalls.MemoryRemoveFromPhysmap(ref argument), "no longer seeing it");
        }

        _partner.Destroy(_tests);
    }

    /// <summary>Waits until the domain has ended by itself in the step under way, for that reason.</summary>
    public void AwaitDeath(ShutdownReason reason) => _partner.AwaitDeath(_tests, reason);

    private ulong Use(Altp2mStep step, ulong address, ulong value)
    {
        Box.Address = address;
        Box.Value = value;
        Do(step);
        return Box.Vector == ulong.MaxValue ? (ulong)Box.Result : ~Box.Vector;
    }

    private void Do(Altp2mStep step)
    {
        Begin(step);
        Finish();
    }

    private void Begin(Altp2mStep step)
    {
        Box.Step = step;
        _partner.Send(_tests);
    }

    private static long Foreign(ushort id, int page, ulong place)
    {
        ulong index = FrameOf(page), gfn = place >> 12;
        int error = 0;
        var argument = new AddToPhysmapBatch
        {
            Domain = DomainIds.Self, Space = (ushort)MapSpace.GmfnForeign, Size = 1, ForeignDomain = id,
            Indices = Xen.AddressOf(ref index), Gpfns = Xen.AddressOf(ref gfn), Errors = Xen.AddressOf(ref error),
        };
        long result = Hypercalls.MemoryAddToPhysmapBatch(ref argument);
        return result != 0 ? result : error;
    }
}
