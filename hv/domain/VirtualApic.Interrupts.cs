using System;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Threading;

namespace Xenolith.Domains;

/// <summary>From a request to its end: the request and in-service registers, and priorities (SDM vol. 3, 11.8).</summary>
public sealed partial class VirtualApic
{
    /// <summary>
    /// Requests that are not in the request register yet, a bit a vector: that one is for the vCPU's own CPU to touch, which may be
    /// in the guest, where the processor uses it.
    /// </summary>
    private readonly uint[] _posted = new uint[8];

    /// <summary>
    /// What <see cref="Synchronise"/> has to do, as one word that costs nearly nothing to look at: a bit for each word of
    /// <see cref="_posted"/> there is something in, <see cref="KeepingChange"/> and <see cref="RequestChange"/>.
    /// </summary>
    private int _news;

    private const int PostedWords = 0xFF;
    private const int KeepingChange = 0x100;
    private const int RequestChange = 0x200;

    /// <summary>Makes an edge-triggered interrupt of the vector pending and wakes the vCPU. Dropped while the APIC is off.</summary>
    public void Raise(byte vector)
    {
        if (!IsEnabled || !_isSoftwareEnabled)
            return;
        if (vector < FirstLegalVector)
        {
            ReportError(ReceiveIllegalVector);
            return;
        }
        Request(vector);
    }

    /// <summary>
    /// Makes the vector of the upcall pending, as Xen does: also while software has the APIC switched off, when it waits for
    /// the day it is switched on. Events are announced once, and a guest sets its vector before it sets its APIC up.
    /// </summary>
    public void RaiseUpcall(byte vector) => Request(vector);

    /// <summary>The pending interrupt of the highest priority, if that is above what the vCPU now serves.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryGetInterrupt(out byte vector)
    {
        if (HasNews)
            LookAtPosted();
        vector = 0;
        return IsEnabled && _isSoftwareEnabled && TryFindInterrupt(out vector);
    }

    private bool TryFindInterrupt(out byte vector)
    {
        int highest = _registers.Highest(ApicRegister.Request);
        vector = (byte)Math.Max(highest, 0);
        return highest >= 0 && (highest & 0xF0) > (ProcessorPriority & 0xF0);
    }

    /// <summary>The vCPU takes the interrupt that <see cref="TryGetInterrupt"/> named.</summary>
    public void Accept(byte vector)
    {
        _registers.ClearVector(ApicRegister.Request, vector);
        _registers.SetVector(ApicRegister.InService, vector);
    }

    /// <summary>Ends the interrupt in service of the highest priority.</summary>
    public void Eoi()
    {
        int vector = _registers.Highest(ApicRegister.InService);
        if (vector >= 0)
            _registers.ClearVector(ApicRegister.InService, (byte)vector);
        KeepingChanged();
        _vcpu.Notify(Attention.Interrupts);
    }

    /// <summary>The higher of the task's priority and that of the interrupt in service (SDM vol. 3, 11.8.3.1).</summary>
    private uint ProcessorPriority
    {
        get
        {
            uint task = this[ApicRegister.TaskPriority];
            int inService = _registers.Highest(ApicRegister.InService);
            uint service = inService < 0 ? 0 : (uint)inService & 0xF0;
            return (task & 0xF0) >= service ? task : service;
        }
    }

    private void Request(byte vector)
    {
        int word = vector >> 5;
        Interlocked.Or(ref _posted[word], 1u << (vector & 31));
        Interlocked.Or(ref _news, 1 << word);
        _vcpu.Notify(Attention.Interrupts);
        _vcpu.Wake();
    }

    /// <summary>Brings what was requested into the request register. On the vCPU's own CPU.</summary>
    private void TakePosted()
    {
        for (int words = Interlocked.And(ref _news, ~PostedWords) & PostedWords; words != 0; words &= words - 1)
        {
            int word = BitOperations.TrailingZeroCount(words);
            _registers.SetVectors(ApicRegister.Request, word, Interlocked.Exchange(ref _posted[word], 0));
        }
    }

    /// <summary>The same between two entries, for a look: a CPU that delivers by itself is still to be told.</summary>
    private void LookAtPosted()
    {
        if (!IsInjected && (Volatile.Read(ref _news) & PostedWords) != 0)
        {
            Interlocked.Or(ref _news, RequestChange);
            _vcpu.Notify(Attention.Interrupts);
        }
        TakePosted();
    }

    private void ForgetPosted()
    {
        Interlocked.And(ref _news, ~PostedWords);
        for (int word = 0; word < _posted.Length; word++)
            Interlocked.Exchange(ref _posted[word], 0);
    }
}
