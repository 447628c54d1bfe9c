using System;
using System.Runtime.CompilerServices;
using Xenolith.Abi.Contract;
using Xenolith.Hal;
using Xenolith.Kernel;
using Xenolith.Mm;

namespace Xenolith.Domains;

/// <summary>
/// A virtual CPU of a domain: its control block, its way into guest memory, its local APIC, and what Xen's ABI adds to a CPU.
/// A waiting vCPU is state, not a stack; the run loop picks one that <see cref="IsRunnable"/>.
/// </summary>
public sealed partial class Vcpu
{
    /// <param name="apicRegisters">A frame for the local APIC's registers; the vCPU's from now on.</param>
    internal Vcpu(Domain domain, int id, VirtualCpu cpu, Mfn apicRegisters)
    {
        DomainServices services = domain.Services;
        Domain = domain;
        Id = id;
        Cpu = cpu;
        cpu.Label = ((uint)domain.Id << 16) + (uint)id + 1;
        cpu.SetNestedRoot(domain.P2m.Root);
        Access = new GuestAccess(cpu, domain.Memory);
        Info = new VcpuInfoArea(domain.SharedInfo, new SharedPage(domain.P2m, services.Memory), id);
        Apic = new VirtualApic(this, apicRegisters);
        _runStateArea = new RegisteredArea(domain.P2m, services.Memory);
        _timeArea = new RegisteredArea(domain.P2m, services.Memory);
        _physicalTimeArea = new RegisteredArea(domain.P2m, services.Memory);
        _physicalRunStateArea = new RegisteredArea(domain.P2m, services.Memory);
        _runState = new RunStateAccount(RunState.Offline, services.Clock.Nanoseconds);
        _singleShot = new VcpuTimer(this, VcpuTimerKind.SingleShot);
        _periodic = new VcpuTimer(this, VcpuTimerKind.Periodic);
        _pollTimeout = new VcpuTimer(this, VcpuTimerKind.PollTimeout);
    }

    /// <summary>0 to the domain's number of vCPUs - 1.</summary>
    public int Id { get; }

    public Domain Domain { get; }

    /// <summary>The control block and the registers.</summary>
    public VirtualCpu Cpu { get; }

    /// <summary>The vCPU's linear address space.</summary>
    public GuestAccess Access { get; }

    public VirtualApic Apic { get; }

    /// <summary>Where vcpu_info lies.</summary>
    public VcpuInfoArea Info { get; }

    /// <summary>Ports of the VIRQs bound on this vCPU, by <see cref="EventChannels.SlotOf"/>; 0: not bound.</summary>
    internal uint[] VirqPorts { get; } = new uint[EventChannels.VirqSlots];

    /// <summary>Whether a hypercall made now has 64-bit arguments and structures: the vCPU runs 64-bit code.</summary>
    public bool Is64BitCaller => Access.Is64Bit;

    // That domain can end before this one.
    private Unowned<Domain> _alsoLocked;

    /// <summary>
    /// Takes another domain's lock beside that of the vCPU's own, until <see cref="ReleaseOther"/> or until yet another's is taken. The
    /// own one may have been given back for a moment: what was looked up before is looked up again. The other one was looked up after
    /// <see cref="SettleForLook"/>.
    /// </summary>
    public void AlsoAcquire(Domain other)
    {
        if (other == Domain || _alsoLocked.Value == other)
            return;
        ReleaseOther();
        Domain.AcquireBeside(other);
        _alsoLocked = new Unowned<Domain>(other);
    }

    /// <summary>
    /// Gives back the other domain's lock, and does what <see cref="AlsoAcquire"/> would answer other CPUs for. A domain that is looked up
    /// from here on can't be taken apart before its lock is taken or waited for, unless something in between answers them.
    /// </summary>
    public void SettleForLook()
    {
        ReleaseOther();
        Domain.Settle();
    }

    /// <summary>
    /// Finds the domain with that id, for a decision about it and then <see cref="AlsoAcquire"/>, with nothing in between that answers
    /// other CPUs; null: there is none. Costs nothing for the vCPU's own domain or one whose lock it has.
    /// </summary>
    public Domain? FindDomain(ushort id)
    {
        if (id == Domain.Id)
            return Domain;
        if (_alsoLocked.Value is { } held && held.Id == id)
            return held;
        SettleForLook();
        return Domain.Services.Domains.Find(id);
    }

    /// <summary>
    /// Finds the domain with that id and takes its lock, as <see cref="AlsoAcquire"/> does; null: there is none. Between the look and the
    /// wait for the lock this CPU answers nobody, so the domain can't be taken apart meanwhile.
    /// </summary>
    public Domain? AcquireDomain(ushort id)
    {
        Domain? found = FindDomain(id);
        if (found is not null)
            AlsoAcquire(found);
        return found;
    }

    /// <summary>As <see cref="AcquireDomain(ushort)"/>, for one very domain.</summary>
    public Domain? AcquireDomain(DomainHandle handle) => AcquireDomain(handle.Id) is { } domain && domain.Identity == handle ? domain : null;

    /// <summary>Gives back the lock of <see cref="AlsoAcquire"/>, if there is one.</summary>
    public void ReleaseOther()
    {
        if (_alsoLocked.Value is not { } other)
            return;
        _alsoLocked = default;
        other.Release();
    }

    /// <summary>The value of <see cref="P2m.Generation"/> for which the CPU's cached translations are good.</summary>
    private ulong _nestedGeneration;

    /// <summary>
    /// Makes the CPU forget translations that changed since this vCPU ran last, and log writes or not, as the domain's leaves are by now. The run loop calls it
    /// before each entry.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void SynchroniseNested()
    {
        ulong generation = Domain.P2m.Generation;
        if (_nestedGeneration != generation)
        {
            _nestedGeneration = generation;
            Cpu.LogWrites(Domain.P2m.IsLoggedByCpus);
            Cpu.InvalidateNested();
        }
    }

    /// <summary>Marks what the CPU has noted as written since the entry. After each exit, before the CPU answers any other.</summary>
    public void TakeWrites() => Domain.P2m.MarkNoted(Cpu.TakeWrites());

    /// <summary>
    /// VCPUOP_register_vcpu_info. ENXIO: the offset leaves the page or is not aligned; EINVAL: registered before, the vCPU is
    /// neither the caller nor offline, or the frame is not the guest's own writable memory.
    /// </summary>
    /// <param name="offset">In bytes.</param>
    public Errno RegisterInfo(Gfn gfn, uint offset, Vcpu caller)
    {
        if (!Info.IsOffset(offset))
            return Errno.ENXIO;
        if (Info.IsRegistered || (this != caller && IsOnline))
            return Errno.EINVAL;
        Errno error = Info.TryRegister(gfn, offset);
        if (error == Errno.None)
        {
            AssertUpcall();
            PublishTime();
        }
        return error;
    }

    /// <summary>Which calls the guest's kernel leaves to its user mode on this vCPU.</summary>
    public UserCalls UserCalls { get; set; }

    /// <summary>The guest's memory has no places of the vCPU's any more: vcpu_info, runstate, a second time.</summary>
    internal void ForgetPlaces()
    {
        Info.Forget();
        _runStateArea.Release();
        _timeArea.Release();
        _physicalRunStateArea.Release();
        _physicalTimeArea.Release();
        UserCalls = UserCalls.None;
    }

    /// <summary>Gives back what the vCPU holds of the machine.</summary>
    internal void Release()
    {
        StopTimers();
        Apic.Release();
        Info.Release();
        _runStateArea.Release();
        _timeArea.Release();
        _physicalRunStateArea.Release();
        _physicalTimeArea.Release();
        UnpinNotification();
        Cpu.Release();
    }
}
