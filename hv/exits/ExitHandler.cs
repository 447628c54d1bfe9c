using System.Runtime.CompilerServices;
using Xenolith.Abi;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Emulate;
using Xenolith.Hal;
using Xenolith.Kernel;

namespace Xenolith;

/// <summary>
/// What the hypervisor does about each exit of a guest. One a CPU; it holds the decoder's scratch state. The domain's lock is taken for
/// what touches more than the vCPU's own.
/// </summary>
internal sealed partial class ExitHandler
{
    private readonly Machine _machine;
    private readonly HypercallDispatcher _hypercalls;
    private readonly InstructionDecoder _decoder = new();
    private readonly PortIoEmulator _ports;
    private readonly MmioEmulator _mmio;
    private readonly DescriptorTableEmulator _descriptorTables;
    private readonly GuestPorts _guestPorts = new();
    private readonly InducedFaults? _induced;
    private readonly ApicPage _apicPage = new();
    private readonly UnclaimedMmio _unclaimed = new();
    private readonly ReadOnlyFrame _readOnly = new();
    private readonly ForwardedPorts _forwardedPorts;
    private readonly ForwardedMemory _forwardedMemory;
    private readonly ForwardedRam _forwardedRam;
    private readonly PartlyAllowedFrame _partlyAllowed;
    private readonly ListenedFrame _listenedFrame;
    private readonly GuestOperands _operands;

    public ExitHandler(Machine machine)
    {
        _machine = machine;
        _hypercalls = machine.Hypercalls;
        _ports = new PortIoEmulator(_decoder);
        _mmio = new MmioEmulator(_decoder);
        _descriptorTables = new DescriptorTableEmulator(_decoder);
        _stepsLeft = machine.Kernel.Options.GetNumber("step", 0);
        _induced = machine.Kernel.Options.GetBoolean("induce", false) ? new InducedFaults(_guestPorts) : null;
        _forwardedPorts = new ForwardedPorts((PortDevice?)_induced ?? _guestPorts);
        _forwardedMemory = new ForwardedMemory(_unclaimed);
        _forwardedRam = new ForwardedRam(machine.Kernel.Memory);
        _partlyAllowed = new PartlyAllowedFrame(machine.Kernel.Memory);
        _listenedFrame = new ListenedFrame(machine.Kernel.Memory);
        _operands = new GuestOperands(machine.Kernel.Memory);
    }

    /// <summary>Handles the vCPU's last exit, which is not <see cref="ExitReason.Interrupt"/> or <see cref="ExitReason.Hypercall"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Handle(Vcpu vcpu)
    {
        // The frequent ones apart: they need none of the registers that the others do.
        switch (vcpu.Cpu.Exit.Reason)
        {
            case ExitReason.Cpuid:
                HandleCpuid(vcpu);
                break;
            case ExitReason.MsrRead:
                HandleMsrRead(vcpu);
                break;
            case ExitReason.MsrWrite:
                HandleMsrWrite(vcpu);
                break;
            default:
                HandleRest(vcpu);
                break;
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void HandleRest(Vcpu vcpu)
    {
        VirtualCpu cpu = vcpu.Cpu;
        switch (cpu.Exit.Reason)
        {
            case ExitReason.InterruptWindow:
            case ExitReason.Nmi:
            // The run loop has emptied it.
            case ExitReason.WriteLogFull:
                break;
            case ExitReason.Halt:
                if (TrySkip(vcpu))
                {
                    vcpu.Halt();
                }

                break;
            case ExitReason.PauseLoop:
                TrySkip(vcpu);
                break;
            case ExitReason.PortIo:
                HandlePortIo(vcpu);
                break;
            case ExitReason.NestedPageFault:
                HandleNestedPageFault(vcpu);
                break;
            case ExitReason.ApicAccess:
                HandleApicAccess(vcpu);
                break;
            case ExitReason.ApicWrite:
                HandleApicWrite(vcpu);
                break;
            case ExitReason.ControlRegister:
                HandleControlRegister(vcpu);
                break;
            case ExitReason.CacheInvalidate:
                // No device reads the guest's memory behind the caches' back.
                TrySkip(vcpu);
                break;
            // The CPU policy has no XSAVE, so CR4.OSXSAVE can't be set, so XSETBV does not exist.
            case ExitReason.Xsetbv:
            case ExitReason.UnavailableInstruction:
            case ExitReason.ViewFunction:
                cpu.InjectException(ExceptionVector.InvalidOpcode, false, 0);
                break;
            case ExitReason.TripleFault:
                HandleTripleFault(vcpu);
                break;
            case ExitReason.EntryFailed:
                vcpu.Domain.Crash("the CPU refused its state");
                break;
            case ExitReason.Exception:
                HandleException(vcpu);
                break;
            case ExitReason.SoftwareInterrupt:
                HandleSoftwareInterrupt(vcpu);
                break;
            case ExitReason.DescriptorTable:
                HandleDescriptorTable(vcpu);
                break;
            case ExitReason.SingleStep:
                HandleSingleStep(vcpu);
                break;
            case ExitReason.DebugTrapInstruction:
                CompleteInt1(vcpu);
                break;
            default:
                HandleUnexpected(vcpu);
                break;
        }
    }

    private void HandlePortIo(Vcpu vcpu)
    {
        VirtualCpu cpu = vcpu.Cpu;
        // A port that nobody answers is nothing that the domain's vCPUs share, and so no lock's: the access is between the exit and RAX.
        bool isForwarded = DeviceModels.Concern(vcpu);
        bool isShared = isForwarded || cpu.Exit.IsString || GuestPorts.IsAnswered(cpu.Exit.Port) || _induced is not null;
        if (!isShared)
        {
            _ports.ExecutePlain(cpu, vcpu.Access, _guestPorts);
            return;
        }

        vcpu.Domain.Acquire();
        _guestPorts.Select(vcpu.Domain.DebugOutput);
        _induced?.Select(vcpu);
        PortDevice device = (PortDevice?)_induced ?? _guestPorts;
        if (isForwarded)
        {
            _forwardedPorts.Select(vcpu);
            device = _forwardedPorts;
        }

        Finish(vcpu, _ports.Execute(cpu, vcpu.Access, device), _ports.Fault, _ports.IsStackFault, "port I/O");
        vcpu.Domain.Release();
    }

    /// <summary>Goes on with the instruction that waited for a device model's answer, which is there. It may have to wait for another.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public void Resume(Vcpu vcpu)
    {
        vcpu.BeginDevicePass();
        switch (vcpu.Cpu.Exit.Reason)
        {
            case ExitReason.PortIo:
                HandlePortIo(vcpu);
                break;
            case ExitReason.NestedPageFault:
                HandleNestedPageFault(vcpu);
                break;
        }

        vcpu.EndDevicePass();
    }

    // Not inlined: a line of log is a large frame to clear, at every exit.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void HandleUnexpected(Vcpu vcpu)
    {
        VirtualCpu cpu = vcpu.Cpu;
        string name = cpu.ExitName;
        _machine.Kernel.Log.Error($"exit {cpu.Exit.RawReason:x} ({cpu.Exit.RawInformation1:x}, {cpu.Exit.RawInformation2:x}) at rip {cpu.Rip:x}: {name}");
        vcpu.Domain.Crash(name);
    }

    /// <summary>The same for an <see cref="ExitReason.Hypercall"/>, the most frequent.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void HandleHypercall(Vcpu vcpu)
    {
        // Its length first: a call may change the very page that it stands on.
        if (_decoder.TryGetLength(vcpu.Cpu, vcpu.Access, out int length) && _hypercalls.Handle(vcpu) != HypercallOutcome.Restart)
        {
            vcpu.Cpu.SkipInstruction(length);
        }
    }

    /// <summary>A guest without a way on resets its machine; what that means for the domain is a parameter, as on Xen.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void HandleTripleFault(Vcpu vcpu)
    {
        Domain domain = vcpu.Domain;
        ulong reason = domain.Parameters[(int)HvmParameter.TripleFaultReason];
        _machine.Kernel.Log.Error($"domain {domain.Id} vCPU {vcpu.Id}: triple fault at rip {vcpu.Cpu.Rip:x}, shutdown reason {reason}");
        domain.Shutdown((ShutdownReason)reason);
    }

    /// <summary>False: the instruction can't be read any more, since the guest changed it; it runs again and exits as what it is now.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TrySkip(Vcpu vcpu)
    {
        if (!_decoder.TryGetLength(vcpu.Cpu, vcpu.Access, out int length))
        {
            return false;
        }

        vcpu.Cpu.SkipInstruction(length);
        return true;
    }
}
