using System;
using System.Collections.Generic;
using Xenolith.Hal;
using Xenolith.Kernel;

namespace Xenolith.Tests.Unit.Harness;

/// <summary>
/// A vCPU without a CPU: its state is plain fields, and each <see cref="Run"/> performs the next step of a script, which sets
/// <see cref="VirtualCpu.Exit"/> as an exit would. What was injected is kept for the test to look at.
/// </summary>
public sealed class ScriptedCpu(PhysicalMemory? memory = null) : VirtualCpu
{
    protected override PhysicalMemory? Memory => memory;

    private readonly Segment[] _segments = new Segment[8];
    private readonly Dictionary<uint, ulong> _msrs = [];

    /// <summary>What <see cref="Run"/> does, step by step. Running past the end is a test's mistake.</summary>
    public Queue<Action<ScriptedCpu>> Script { get; } = new();

    /// <summary>External interrupts injected, in order.</summary>
    public List<byte> InjectedInterrupts { get; } = [];

    /// <summary>Exceptions injected, in order; the error code is null where there is none.</summary>
    public List<(byte Vector, uint? ErrorCode)> InjectedExceptions { get; } = [];

    /// <summary>The frames of <see cref="AttachApic"/>.</summary>
    public Mfn ApicRegisters { get; private set; } = Mfn.Invalid;

    public Mfn ApicPage { get; private set; } = Mfn.Invalid;

    /// <summary>How its APIC is kept, with what was announced since.</summary>
    public ApicKeeping Keeping { get; private set; }

    /// <summary>NMIs injected.</summary>
    public int InjectedNmis { get; private set; }

    /// <summary>Set while the guest is in the handler of an NMI.</summary>
    public bool NmiBlocked { get; set; }

    public int NestedInvalidations { get; private set; }

    public int Entries { get; private set; }

    public Mfn NestedRoot { get; private set; } = Mfn.Invalid;

    public bool WindowRequested { get; private set; }

    public bool IsReleased { get; private set; }

    /// <summary>Set while an STI or MOV SS shadows interrupts.</summary>
    public bool InterruptShadow { get; set; }

    public override ulong Rip { get; set; }
    public override ulong Rflags { get; set; } = 2;
    public override ulong Cr0 { get; set; } = 0x11;
    public override ulong Cr2 { get; set; }
    public override ulong Cr3 { get; set; }
    public override ulong Cr4 { get; set; }
    public override ulong Efer { get; set; }
    public override ulong Dr7 { get; set; } = 0x400;
    public override DescriptorTable Gdtr { get; set; }
    public override DescriptorTable Idtr { get; set; }
    public override ulong TscOffset { get; set; }

    public override PendingEvent WaitingEvent { get; set; }

    public override int PrivilegeLevel => _segments[(int)SegmentName.Ss].PrivilegeLevel;

    public override bool CanTakeInterrupt => (Rflags & 0x200) != 0 && !InterruptShadow;

    public override Segment GetSegment(SegmentName name) => _segments[(int)name];

    public override void SetSegment(SegmentName name, Segment segment) => _segments[(int)name] = segment;

    public override bool TryReadMsr(uint index, out ulong value) => _msrs.TryGetValue(index, out value);

    public override bool TryWriteMsr(uint index, ulong value)
    {
        if (!_msrs.ContainsKey(index))
            return false;
        _msrs[index] = value;
        return true;
    }

    /// <summary>Makes this vCPU hold an MSR.</summary>
    public void HoldMsr(uint index, ulong value) => _msrs[index] = value;

    public override void SetNestedRoot(Mfn root)
    {
        NestedRoot = root;
        _chosenRoot = Mfn.Invalid;
    }

    private Mfn _chosenRoot = Mfn.Invalid;
    private ushort _chosenView;

    /// <summary>The guest's VMFUNC, of which nobody hears before the next exit.</summary>
    /// <param name="view">As the CPU notes it; <see cref="VirtualCpu.NoView"/>: it does not.</param>
    public void Choose(Mfn root, ushort view) => (_chosenRoot, _chosenView) = (root, view);

    public override void AttachViews(Mfn eptPointerList)
    {
        base.AttachViews(eptPointerList);
        Check(ExitChecks.ViewSwitch, HasViews);
    }

    public override bool TryTakeViewSwitch(out Mfn root)
    {
        root = _chosenRoot;
        if (root == Mfn.Invalid || root == NestedRoot)
            return false;
        SetNestedRoot(root);
        if (_chosenView != NoView)
            ViewIndex = _chosenView;
        return true;
    }

    public override void RequestInterruptWindow(bool wanted) => WindowRequested = wanted;

    public override bool TryInjectInterrupt(byte vector)
    {
        if (!CanTakeInterrupt)
            return false;
        InjectedInterrupts.Add(vector);
        return true;
    }

    public override bool TryInjectNmi()
    {
        if (NmiBlocked)
            return false;
        InjectedNmis++;
        return true;
    }

    public override void InjectException(byte vector, bool hasErrorCode, uint errorCode) =>
        InjectedExceptions.Add((vector, hasErrorCode ? errorCode : null));

    /// <summary>What instructions were said to raise.</summary>
    public List<(EventKind Kind, byte Vector, int Length)> InjectedSoftware { get; } = [];

    public override void InjectSoftware(EventKind kind, byte vector, int length) => InjectedSoftware.Add((kind, vector, length));

    public override void ReturnException() => InjectException(Exit.Vector, Exit.HasErrorCode, Exit.ErrorCode);

    public override void SkipInstruction(int length)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(length, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, 15);
        Rip += (ulong)length;
        InterruptShadow = false;
    }

    public override void ReceiveInit()
    {
        NmiBlocked = false;
        InterruptShadow = false;
    }

    public override void AttachApic(Mfn registers, Mfn page) => (ApicRegisters, ApicPage) = (registers, page);

    public override void KeepApic(ApicKeeping keeping) => Keeping = keeping;

    public override void AnnounceApicRequest(byte highest) => Keeping = Keeping with { Requested = highest };

    /// <summary>Whether there is a frame for the log of what is written.</summary>
    public bool HasRoomForLog { get; set; } = true;

    /// <summary>Guest-physical addresses that the CPU notes, to be taken at the next exit.</summary>
    public List<ulong> Noted { get; } = [];

    public override bool TryPrepareWriteLog() => HasRoomForLog;

    public override ReadOnlySpan<ulong> TakeWrites()
    {
        ulong[] taken = [.. Noted];
        Noted.Clear();
        return taken;
    }

    public override void InvalidateNested() => NestedInvalidations++;

    public override void Run()
    {
        Entries++;
        Script.Dequeue()(this);
    }

    public override void Release() => IsReleased = true;
}
