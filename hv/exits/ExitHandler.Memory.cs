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
        ref Exit exit = ref vcpu.Cpu.Exit;
        P2mEntry entry = vcpu.Domain.P2m.Lookup(Gfn.Of(exit.GuestPhysical));
        Rights wanted = exit.IsWrite ? Rights.Write : exit.IsFetch ? Rights.Execute : Rights.Read;
        // What a device model was asked about is finished so, whatever it has made of the memory since.
        if (entry.Type == P2mType.RamForwarded || (entry.IsRam && vcpu.HasDeviceAnswers))
        {
            vcpu.BeginDevicePass();
            _forwardedRam.Select(vcpu, exit.GuestPhysical, entry.Mfn);
            HandleUnclaimed(vcpu, _forwardedRam);
            vcpu.EndDevicePass();
            return;
        }

        if (entry.Type != P2mType.None && (entry.Access & wanted) != 0)
        {
            // The first write since somebody asked what is written, or the table has allowed it since the CPU looked.
            if (wanted != Rights.Write || !vcpu.Domain.P2m.TryOpen(Gfn.Of(exit.GuestPhysical)))
            {
                vcpu.Cpu.InvalidateNested();
            }

            return;
        }

        if ((entry.IsRam || entry.IsGrant) && (entry.Access & Rights.Read) != 0)
        {
            _readOnly.Select(_machine.Kernel.Memory, entry.Mfn);
            HandleUnclaimed(vcpu, _readOnly);
            return;
        }

        if (DeviceModels.Concern(vcpu))
        {
            _forwardedMemory.Select(vcpu, exit.GuestPhysical);
            HandleUnclaimed(vcpu, _forwardedMemory);
            return;
        }

        HandleUnclaimed(vcpu, _unclaimed);
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
