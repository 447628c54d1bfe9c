using System.Runtime.CompilerServices;
using Xenolith.Domains;
using Xenolith.Emulate;
using Xenolith.Hal;
using Xenolith.Kernel;
using Xenolith.Mm;

namespace Xenolith;

/// <summary>Accesses that the nested page table does not allow.</summary>
internal sealed partial class ExitHandler
{
    // Present, write, user, reserved bit, fetch: what a #PF can say. Whatever else went wrong is no #PF.
    private const PageFaultError ArchitecturalError = (PageFaultError)0x1F;

    /// <summary>Leaves that are looked at for one exit, where the CPUs' part of a log ends.</summary>
    private const int LeavesPerExit = 4096;

    private void HandleNestedPageFault(Vcpu vcpu)
    {
        ref Exit exit = ref vcpu.Cpu.Exit;
        if (vcpu.Apic.HasPage && (exit.GuestPhysical & ~Page.OffsetMask) == VirtualApic.PageAddress)
        {
            if (exit.DuringDelivery)
            {
                FailDelivery(vcpu);
                return;
            }

            _apicPage.Select(vcpu);
            Finish(vcpu, _mmio.Execute(vcpu.Cpu, vcpu.Access, _apicPage), _mmio.Fault, false, _mmio.Reason);
            return;
        }

        vcpu.Domain.Acquire();
        HandleMissingMemory(vcpu);
        vcpu.Domain.Release();
    }

    /// <summary>What the CPU leaves of accesses to the local APIC that it keeps. One that is switched off is not there.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void HandleApicAccess(Vcpu vcpu)
    {
        ref Exit exit = ref vcpu.Cpu.Exit;
        exit.GuestPhysical |= VirtualApic.PageAddress;
        if (vcpu.Apic.HasPage && !exit.DuringDelivery)
        {
            _apicPage.Select(vcpu);
            Finish(vcpu, _mmio.Execute(vcpu.Cpu, vcpu.Access, _apicPage), _mmio.Fault, false, _mmio.Reason);
            return;
        }

        HandleUnclaimed(vcpu, _unclaimed);
    }

    private void HandleMissingMemory(Vcpu vcpu)
    {
        P2m p2m = vcpu.Domain.P2m;
        ulong guestPhysical = vcpu.Cpu.Exit.GuestPhysical;
        if (p2m.ChecksAccess && !IsHosts(vcpu, ref guestPhysical))
        {
            return;
        }

        P2mEntry entry = p2m.Lookup(Gfn.Of(guestPhysical));
        if (entry.Type != P2mType.None && TryHandleMapped(vcpu, guestPhysical, in entry))
        {
            return;
        }

        if (DeviceModels.Concern(vcpu))
        {
            _forwardedMemory.Select(vcpu, guestPhysical);
            HandleUnclaimed(vcpu, _forwardedMemory);
            return;
        }

        HandleUnclaimed(vcpu, _unclaimed);
    }

    /// <summary>A fault where something is mapped that is not for every access. False: nobody knows anything of this one.</summary>
    private bool TryHandleMapped(Vcpu vcpu, ulong guestPhysical, in P2mEntry entry)
    {
        // The CPU's walk of page tables that the guest can't write: with flags in the nested tables it counts as a write, and is none.
        if (vcpu.Cpu.Exit.DuringWalk && (entry.Access & Rights.Write) == 0 && vcpu.Domain.P2m.IsLoggedByCpus)
        {
            vcpu.Domain.P2m.TryEndCpuLog(LeavesPerExit);
            return true;
        }

        // What a device model was asked about is finished so, whatever it has made of the memory since.
        if (entry.Type == P2mType.RamForwarded || (entry.IsRam && vcpu.HasDeviceAnswers))
        {
            vcpu.BeginDevicePass();
            _forwardedRam.Select(vcpu, guestPhysical, entry.Mfn);
            HandleUnclaimed(vcpu, _forwardedRam);
            vcpu.EndDevicePass();
            return true;
        }

        Rights wanted = AccessViolations.WantedBy(in vcpu.Cpu.Exit);
        if ((entry.Access & wanted) != 0)
        {
            // The first write since somebody asked what is written, or the table has allowed it since the CPU looked.
            bool isOpened = wanted == Rights.Write && vcpu.Domain.P2m.TryOpen(Gfn.Of(guestPhysical));
            if (vcpu.View is { } view)
            {
                view.Refresh(Gfn.Of(vcpu.Cpu.Exit.GuestPhysical));
            }
            else if (!isOpened)
            {
                // Or this look has cleared the last of 1 GiB.
                vcpu.Domain.P2m.Merge(Gfn.Of(guestPhysical));
                vcpu.Cpu.InvalidateNested();
            }

            return true;
        }

        if (!entry.IsRam && !entry.IsGrant)
        {
            return false;
        }

        _readOnly.Select(_machine.Kernel.Memory, entry.Mfn);
        HandleUnclaimed(vcpu, _readOnly);
        return true;
    }

    /// <summary>Whether the fault is neither about the vCPU's view nor about an access right; otherwise it is dealt with.</summary>
    /// <param name="guestPhysical">The address that it is about, made that of the host p2m.</param>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool IsHosts(Vcpu vcpu, ref ulong guestPhysical)
    {
        AccessVerdict verdict = AccessViolations.Judge(vcpu, out Gfn host, out Rights allowed);
        guestPhysical = host.Address | (guestPhysical & Page.OffsetMask);
        if (verdict is AccessVerdict.Host or AccessVerdict.Done)
        {
            return verdict == AccessVerdict.Host;
        }

        Rights wanted = AccessViolations.WantedBy(in vcpu.Cpu.Exit);
        if (verdict == AccessVerdict.Allowed && TryFinishAllowed(vcpu, host, allowed, ref wanted))
        {
            return false;
        }

        if (verdict != AccessVerdict.Violation || !TryFinishWalk(vcpu))
        {
            AccessViolations.Answer(vcpu, wanted);
        }

        return false;
    }

    /// <summary>Does by software what the right allows and the table can't say. False: that can't be done without doing more.</summary>
    /// <param name="wanted">The kind of access that was more.</param>
    private bool TryFinishAllowed(Vcpu vcpu, Gfn host, Rights allowed, ref Rights wanted)
    {
        if (vcpu.Cpu.Exit.DuringDelivery)
        {
            return false;
        }

        P2mEntry entry = vcpu.Domain.P2m.Lookup(host);
        _partlyAllowed.Select(entry.Mfn, allowed & entry.Access);
        EmulationResult result = _mmio.Execute(vcpu.Cpu, vcpu.Access, _partlyAllowed);
        if (_partlyAllowed.Violated != Rights.None)
        {
            wanted = _partlyAllowed.Violated;
            return false;
        }

        if (result == EmulationResult.Refused)
        {
            return false;
        }

        if (wanted == Rights.Write)
        {
            vcpu.Domain.P2m.MarkWritten(host);
        }

        Finish(vcpu, result, _mmio.Fault, false, _mmio.Reason);
        return true;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void HandleApicWrite(Vcpu vcpu) => vcpu.Apic.CompleteWrite((uint)vcpu.Cpu.Exit.GuestPhysical);

    /// <summary>An access to where nothing is, or nothing for this kind of access; the device says what it does.</summary>
    private void HandleUnclaimed(Vcpu vcpu, MmioDevice device)
    {
        ref Exit exit = ref vcpu.Cpu.Exit;
        if (exit.DuringDelivery && !exit.DuringWalk)
        {
            FailDelivery(vcpu);
            return;
        }

        if (exit.DuringWalk || exit.IsFetch)
        {
            // Nothing can be emulated where page tables or code are missing.
            vcpu.Cpu.InjectException(ExceptionVector.GeneralProtection, true, 0);
            Explain(vcpu, exit.IsFetch ? "code fetched from no memory" : "page tables in no memory");
            return;
        }

        Finish(vcpu, _mmio.Execute(vcpu.Cpu, vcpu.Access, device), _mmio.Fault, false, _mmio.Reason);
    }

    /// <summary>
    /// The CPU wanted a gate, a descriptor, the task state or the stack of an event's handler where no memory is. No instruction made
    /// that access, so there is none to emulate, and the event can't be delivered by software.
    /// </summary>
    private void FailDelivery(Vcpu vcpu)
    {
        _machine.Kernel.Log.Error(
            $"domain {vcpu.Domain.Id} vCPU {vcpu.Id}: the delivery of an event at rip {vcpu.Cpu.Rip:x} used guest-physical {vcpu.Cpu.Exit.GuestPhysical:x}, where no memory is (interrupt table, descriptors, task state or stack)");
        vcpu.Domain.Crash("an event can't be delivered");
    }

    /// <summary>Turns the end of an emulated instruction into what the guest sees of it.</summary>
    private void Finish(Vcpu vcpu, EmulationResult result, PageFault fault, bool isStackFault, string reason)
    {
        VirtualCpu cpu = vcpu.Cpu;
        switch (result)
        {
            case EmulationResult.Done:
            case EmulationResult.Again:
            case EmulationResult.Waits:
                break;
            case EmulationResult.Undefined:
                cpu.InjectException(ExceptionVector.InvalidOpcode, false, 0);
                break;
            case EmulationResult.Protection:
                cpu.InjectException(isStackFault ? ExceptionVector.StackFault : ExceptionVector.GeneralProtection, true, 0);
                break;
            case EmulationResult.Fault when (fault.Error & ~ArchitecturalError) == 0:
                cpu.InjectPageFault(fault.Linear, (uint)fault.Error);
                break;
            default:
                cpu.InjectException(ExceptionVector.GeneralProtection, true, 0);
                Explain(vcpu, reason);
                break;
        }
    }

    // Not inlined: a line of log is a large frame to clear.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Explain(Vcpu vcpu, string reason) =>
        _machine.Kernel.Log.Guest(ref vcpu.Domain.LogLimit,
            $"domain {vcpu.Domain.Id} vCPU {vcpu.Id}: #GP for an access to guest-physical {vcpu.Cpu.Exit.GuestPhysical:x} at rip {vcpu.Cpu.Rip:x}: {reason}");
}
