using System;
using System.Runtime.CompilerServices;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Hal;
using Xenolith.Mm;

namespace Xenolith.Abi;

/// <summary>
/// One hypercall on its way through the table: who calls, with what, and what came of it. Lives on the stack of
/// <see cref="HypercallDispatcher.Handle"/>; handlers take it by reference and return what goes into RAX.
/// </summary>
internal struct HypercallCall
{
    [Flags]
    private enum State : byte { None = 0, InMulticall = 1, Restart = 2, Physical = 4, Paused = 8 }

    // One field, since each call sets it.
    private State _state;

    /// <summary>A call as the registers have it: RDI, RSI, RDX, R10, R8, R9 and RAX, or EBX, ECX, EDX, ESI, EDI, EBP and EAX.</summary>
    // Inlined, with every field set once: a call on the stack is filled in place.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public HypercallCall(HypercallDispatcher dispatcher, Vcpu vcpu, bool is64Bit, ref GuestRegisters registers)
    {
        Dispatcher = dispatcher;
        Vcpu = vcpu;
        Is64Bit = is64Bit;
        _state = State.None;
        Operation = 0;
        Reason = null;
        if (is64Bit)
        {
            Number = registers.Rax;
            A0 = registers.Rdi;
            A1 = registers.Rsi;
            A2 = registers.Rdx;
        }
        else
        {
            Number = Low(registers.Rax);
            A0 = Low(registers.Rbx);
            A1 = Low(registers.Rcx);
            A2 = Low(registers.Rdx);
        }
    }

    /// <summary>One of the calls of a multicall; number and arguments follow, the last three by <see cref="SetRest"/>.</summary>
    public HypercallCall(in HypercallCall multicall)
    {
        Dispatcher = multicall.Dispatcher;
        Vcpu = multicall.Vcpu;
        Is64Bit = multicall.Is64Bit;
        _state = State.InMulticall;
    }

    public HypercallDispatcher Dispatcher { get; }

    /// <summary>The caller.</summary>
    public Vcpu Vcpu { get; }

    public readonly Domain Domain => Vcpu.Domain;

    public readonly DomainServices Services => Vcpu.Domain.Services;

    /// <summary>The caller's linear address space.</summary>
    public readonly GuestAccess Access => Vcpu.Access;

    /// <summary>Whether arguments and structures are the 64-bit ones.</summary>
    public bool Is64Bit { get; }

    /// <summary>Whether this is one of the calls of a multicall.</summary>
    public readonly bool InMulticall => (_state & State.InMulticall) != 0;

    /// <summary>The number in RAX or EAX; without the flags that were taken off it.</summary>
    public ulong Number;

    /// <summary>
    /// The first three arguments: RDI, RSI, RDX, or EBX, ECX, EDX widened with zeroes. A handler that asks for a restart leaves its
    /// progress here.
    /// </summary>
    public ulong A0, A1, A2;

    // Set in an entry of a multicall only.
    private ulong _a3, _a4, _a5;

    /// <summary>The fourth: R10 or ESI. This and the next two are read where they are when asked for, as few calls have so many.</summary>
    public readonly ulong A3 => InMulticall ? _a3 : Is64Bit ? Vcpu.Cpu.Registers.R10 : Low(Vcpu.Cpu.Registers.Rsi);

    /// <summary>The fifth: R8 or EDI.</summary>
    public readonly ulong A4 => InMulticall ? _a4 : Is64Bit ? Vcpu.Cpu.Registers.R8 : Low(Vcpu.Cpu.Registers.Rdi);

    /// <summary>The sixth: R9 or EBP.</summary>
    public readonly ulong A5 => InMulticall ? _a5 : Is64Bit ? Vcpu.Cpu.Registers.R9 : Low(Vcpu.Cpu.Registers.Rbp);

    /// <summary>Whether the call's pointers are guest-physical: its number had <see cref="CallFlags.Physical"/>, or is one from 64 on.</summary>
    public readonly bool IsPhysical => (_state & State.Physical) != 0;

    /// <summary>Which operation of a group; set by the table.</summary>
    public uint Operation;

    /// <summary>Why the call fails, for the log. A literal.</summary>
    public string? Reason;

    /// <summary>Whether the call is to be issued again.</summary>
    public readonly bool IsRestart => (_state & State.Restart) != 0;

    /// <summary>The low half: what C's conversion to unsigned int keeps of an argument.</summary>
    public static uint Low(ulong value) => unchecked((uint)value);

    /// <summary>Fails with an error number; returns what goes into RAX.</summary>
    public long Fail(Errno error, string reason)
    {
        Reason = reason;
        return -(long)error;
    }

    /// <summary>The result of something below that returns an error number: 0, or the failure with its reason.</summary>
    public long Result(Errno error, string reason) => error == Errno.None ? 0 : Fail(error, reason);

    /// <summary>The number with its flags, as the guest issued it.</summary>
    public readonly ulong IssuedNumber => IsPhysical && Number < V2Calls.First ? Number | CallFlags.Physical : Number;

    /// <summary>Has pointers mean what the flags say.</summary>
    public readonly void ApplyFlags()
    {
        if (IsPhysical)
            Access.BeginPhysical(Domain.Exposure.Shows(ExposureGroup.CallFeature, (ulong)CallFeature.Lists));
        else
            Access.EndPhysical();
    }

    /// <summary>Of a call from 64 on all pointers are guest-physical, without a flag.</summary>
    public void BeginV2()
    {
        _state |= State.Physical;
        ApplyFlags();
    }

    /// <summary>Takes a flag off the number. False: it has none that the domain is shown, or is no number then that it is shown; it is as it was.</summary>
    public bool TryTakeFlags()
    {
        ulong number = Number ^ CallFlags.Physical;
        if (!Domain.Exposure.Shows(ExposureGroup.CallFeature, (ulong)CallFeature.Physical) || !Domain.Exposure.Shows(ExposureGroup.Number, number))
            return false;
        Number = number;
        _state |= State.Physical;
        return true;
    }

    /// <summary>The fourth to sixth argument of one of the calls of a multicall.</summary>
    public void SetRest(ulong a3, ulong a4, ulong a5) => (_a3, _a4, _a5) = (a3, a4, a5);

    /// <summary>Success for now: the guest issues the call again with the arguments as they stand.</summary>
    public long Restart()
    {
        _state |= State.Restart;
        return 0;
    }

    /// <summary>The same, but the call that goes on has another number.</summary>
    public long RestartAs(Hypercall number)
    {
        Number = (ulong)number;
        return Restart();
    }

    /// <summary>Whether the call is to be issued again, or has paused as those from 64 on do, which is no error.</summary>
    public readonly bool IsUnfinished => (_state & (State.Restart | State.Paused)) != 0;

    /// <summary>
    /// Pauses a call from 64 on: -EAGAIN, and in the fifth argument's register a cookie, with which the caller makes the same call again.
    /// </summary>
    /// <param name="progress">What <see cref="TryGoOn"/> gives back then.</param>
    public long Pause(ulong progress)
    {
        _state |= State.Paused;
        uint cookie = Domain.PausedCalls.Keep(new PausedCall(Number, Operation, A1, A2, A3, progress));
        if (Is64Bit)
            Vcpu.Cpu.Registers.R8 = cookie;
        else
            Vcpu.Cpu.Registers.Rdi = cookie;
        return -(long)Errno.EAGAIN;
    }

    /// <summary>Looks for a call from 64 on that the cookie in the fifth argument says has paused. 0, or EBADF, or EINVAL: it was another call.</summary>
    /// <param name="progress">How far it had come; 0 with no cookie.</param>
    public long TryGoOn(out ulong progress)
    {
        progress = 0;
        if (A4 == 0)
            return 0;
        if (!Domain.PausedCalls.TryFind(A4, out PausedCall paused))
            return Fail(Errno.EBADF, "no call has paused with that cookie, or it was dropped or gone on with since");
        if (!paused.IsOf(Number, Operation, A1, A2, A3))
            return Fail(Errno.EINVAL, "another call has paused with that cookie");
        Domain.PausedCalls.Drop(A4);
        progress = paused.Progress;
        return 0;
    }

    /// <summary>Forgets a restart that the caller of the handler has dealt with.</summary>
    public void ClearRestart() => _state &= ~State.Restart;

    /// <summary>A number or an operation that 4.17 does not have, or not for this kind of guest.</summary>
    public long Unknown() => Fail(Errno.ENOSYS, "no such call");

    /// <summary>An operation that 4.17 has and refuses to a guest without a paravirtual interface.</summary>
    public long Absent() => Fail(Errno.ENOSYS, "not for this kind of guest");

    /// <summary>An operation of 4.17 that is not written yet.</summary>
    public long NotYet(Errno error) => Fail(error, "not implemented yet");

    /// <summary>An operation that exists and is not shown to this domain.</summary>
    public long Hidden() => Fail(Errno.ENOSYS, "not exposed to this domain");

    /// <summary>A pointer argument.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly GuestHandle<T> Handle<T>(ulong address) where T : unmanaged => new(Is64Bit ? address : Narrow(address));

    // Not inlined, so that the other is. A guest-physical pointer has as many bits as the place that it was in.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private readonly ulong Narrow(ulong address) => IsPhysical ? address : Low(address);

    public long Fault() => Fail(Errno.EFAULT, "an argument is not in readable and writable memory");

    /// <summary>Copies a structure of the same layout in both widths in.</summary>
    public readonly bool TryRead<T>(ulong address, out T value) where T : unmanaged => Handle<T>(address).TryRead(Access, out value);

    /// <summary>Copies a structure of the same layout in both widths out.</summary>
    public readonly bool TryWrite<T>(ulong address, in T value) where T : unmanaged => Handle<T>(address).TryWrite(Access, in value);

    /// <summary>Copies element <paramref name="index"/> of an array of xen_pfn_t or xen_ulong_t in.</summary>
    public readonly bool TryReadLong(ulong address, ulong index, out ulong value)
    {
        if (Is64Bit)
            return Handle<ulong>(address).TryReadElement(Access, index, out value);
        bool read = Handle<uint>(address).TryReadElement(Access, index, out uint narrow);
        value = narrow;
        return read;
    }

    /// <summary>Copies an xen_pfn_t or xen_ulong_t out to element <paramref name="index"/>; a 32-bit caller gets the low half.</summary>
    public readonly bool TryWriteLong(ulong address, ulong index, ulong value) => Is64Bit
        ? Handle<ulong>(address).TryWriteElement(Access, index, in value)
        : Handle<uint>(address).TryWriteElement(Access, index, Low(value));

    /// <summary>Whether the administrator's policy lets the caller act on the domain by a row of that permission.</summary>
    public readonly bool Allows(Permission permission, Domain? target) => Dispatcher.Policy.Allows(permission, Domain, target, Number, Operation);

    /// <summary>
    /// The domain that an argument names, DOMID_SELF included, if the caller may act on it. ESRCH before EPERM, as on Xen.
    /// </summary>
    public Errno TryResolve(ushort id, out Domain target)
    {
        target = Domain;
        Domain? found = id == DomainIds.Self ? Domain : Vcpu.FindDomain(id);
        if (found == null)
        {
            Reason = "no such domain";
            return Errno.ESRCH;
        }
        if (!Allows(Permission.Target, found))
        {
            Reason = "the domain is not the caller's to control";
            return Errno.EPERM;
        }
        Vcpu.AlsoAcquire(found);
        target = found;
        return Errno.None;
    }

    /// <summary>Writes number and the first three arguments back to the registers that they came from, for a restart.</summary>
    public readonly void StoreArguments(ref GuestRegisters registers)
    {
        registers.Rax = IssuedNumber;
        if (Is64Bit)
        {
            registers.Rdi = A0;
            registers.Rsi = A1;
            registers.Rdx = A2;
        }
        else
        {
            registers.Rbx = Low(A0);
            registers.Rcx = Low(A1);
            registers.Rdx = Low(A2);
        }
    }
}
