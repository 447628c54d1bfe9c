using System.Runtime.CompilerServices;
using System.Threading;
using Xenolith.Abi.Contract;
using Xenolith.Hal;

namespace Xenolith.Domains;

/// <summary>What to inject at the next entry.</summary>
public enum InjectionKind : byte
{
    None,
    /// <summary>Vector 2, whatever RFLAGS.IF says.</summary>
    Nmi,
    /// <summary>The event-channel callback vector: injected without the local APIC's knowledge, no EOI follows.</summary>
    Callback,
    /// <summary>An interrupt of the local APIC.</summary>
    LocalApic,
}

/// <summary>What to inject, and the vector.</summary>
public readonly record struct Injection(InjectionKind Kind, byte Vector);

/// <summary>Which interrupts wait for a vCPU, and in which order it takes them.</summary>
public sealed partial class Vcpu
{
    private const ulong InterruptFlag = 1UL << 9;
    private const byte NmiVector = 2;

    /// <summary>Whether an NMI waits.</summary>
    public bool NmiPending => Volatile.Read(ref _nmiPending);

    private bool _nmiPending;

    /// <summary>Whether events were marked since the callback vector was injected last; by another CPU, perhaps a moment after the mark.</summary>
    private bool _upcallIsNews;

    /// <summary>Whether the guest was seen to clear evtchn_upcall_pending in the handler of the callback vector, and never to leave it set since.</summary>
    private bool _clearsUpcalls;

    /// <summary>Whether the window that was asked for shows that.</summary>
    private bool _watchesUpcall;

    /// <summary>The vector of HVMOP_set_evtchn_upcall_vector; 0: none.</summary>
    public byte UpcallVector { get; private set; }

    /// <summary>Whether events wait that the callback vector of the domain would announce.</summary>
    public bool HasPendingUpcall
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Domain.CallbackVector != 0 && Info.UpcallPending;
    }

    /// <summary>Sends an NMI.</summary>
    public void RaiseNmi()
    {
        Volatile.Write(ref _nmiPending, true);
        Notify(Attention.Interrupts);
        Wake();
    }

    /// <summary>HVMOP_set_evtchn_upcall_vector: events are announced through the local APIC from now on.</summary>
    /// <param name="vector">16 to 255; the caller has refused others.</param>
    public void SetUpcallVector(byte vector)
    {
        UpcallVector = vector;
        AssertUpcall();
    }

    /// <summary>
    /// What waits to be injected, first NMI, then the callback vector, then the local APIC, where the CPU does not deliver that one's
    /// interrupts itself. Whether the vCPU can take it now
    /// (IF, shadows) is the control block's to say. Nothing changes before <see cref="AcceptInjection"/>.
    /// </summary>
    public Injection SelectInjection()
    {
        if (NmiPending)
            return new Injection(InjectionKind.Nmi, NmiVector);
        if (HasPendingUpcall)
            return new Injection(InjectionKind.Callback, Domain.CallbackVector);
        return Apic.IsInjected && Apic.TryGetInterrupt(out byte vector) ? new Injection(InjectionKind.LocalApic, vector) : default;
    }

    /// <summary>The run loop has handed the injection to the control block.</summary>
    public void AcceptInjection(Injection injection)
    {
        switch (injection.Kind)
        {
            case InjectionKind.Nmi:
                Volatile.Write(ref _nmiPending, false);
                break;
            case InjectionKind.Callback:
                _clearsUpcalls &= Volatile.Read(ref _upcallIsNews);
                Volatile.Write(ref _upcallIsNews, false);
                break;
            case InjectionKind.LocalApic:
                Apic.Accept(injection.Vector);
                break;
        }
    }

    /// <summary>
    /// Whether the run loop has to look again as soon as the guest can take another interrupt: something else waits, or the guest may
    /// leave the handler of the callback vector with its events still marked and is told again then. A guest that was seen to clear the
    /// mark is trusted to go on doing so, since looking costs as much as a hypercall; one that leaves it set after all is told at its
    /// next exit, and watched again.
    /// </summary>
    public bool NeedsWindowAfter(Injection injection)
    {
        if (injection.Kind != InjectionKind.Callback)
            return SelectInjection().Kind != InjectionKind.None;
        _watchesUpcall = !_clearsUpcalls;
        return _watchesUpcall || NmiPending || (Apic.IsInjected && Apic.TryGetInterrupt(out _));
    }

    /// <summary>The window that was asked for has come: the guest can take an interrupt.</summary>
    public void SeeWindow()
    {
        _clearsUpcalls |= _watchesUpcall && !Info.UpcallPending;
        _watchesUpcall = false;
        Notify(Attention.Interrupts);
    }

    /// <summary>Sets evtchn_upcall_pending; when it was clear, tells the vCPU.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void MarkEventsPending()
    {
        if (!Info.TestAndSetUpcallPending())
            AssertUpcall();
    }

    /// <summary>
    /// Announces waiting events: by the vCPU's own vector through its local APIC, or by waking it for the domain's callback
    /// vector. The other callback kinds (a GSI, a PCI line) need an interrupt controller that this kind of domain lacks.
    /// </summary>
    internal void AssertUpcall()
    {
        if (UpcallVector != 0)
            Apic.RaiseUpcall(UpcallVector);
        else if (Domain.CallbackVector != 0)
        {
            Volatile.Write(ref _upcallIsNews, true);
            Wake();
        }
    }

    /// <summary>
    /// The local APIC is switched on: INIT has made it forget what was announced before, and nobody announces a second time what
    /// is marked as pending.
    /// </summary>
    internal void RepeatUpcall()
    {
        if (UpcallVector != 0 && Info.UpcallPending)
            Apic.RaiseUpcall(UpcallVector);
    }

    /// <summary>Whether an interrupt waits for the vCPU that it would take now, or an NMI. On its own CPU.</summary>
    public bool HasInterrupt => NmiPending
        || ((Cpu.Rflags & InterruptFlag) != 0 && (HasPendingUpcall || Apic.TryGetInterrupt(out _)));

    /// <summary>Whether something would end a wait at once.</summary>
    private bool HasWakeReason => (Attention & Attention.ApicTimer) != 0 || HasInterrupt;
}
