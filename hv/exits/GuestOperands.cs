using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Emulate;
using Xenolith.Hal;
using Xenolith.Kernel;
using Xenolith.Mm;

namespace Xenolith;

/// <summary>
/// The operands of an instruction that a listener has executed by software: in the view that the vCPU sees, whatever their rights say, or with who listens told of what they forbid. Used with the
/// domain's lock held.
/// </summary>
internal sealed class GuestOperands(PhysicalMemory memory) : OperandMemory
{
    private readonly ListenedFrame _read = new(memory), _written = new(memory);
    private Unowned<Vcpu> _vcpu;
    private VmEventFlags _flags;
    private bool _checksRights;

    /// <summary>Whose they are from now on.</summary>
    /// <param name="flags">How the listener has answered.</param>
    /// <param name="checksRights">Whether what the rights forbid is told of, and not done.</param>
    public void Select(Vcpu vcpu, VmEventFlags flags, bool checksRights) => (_vcpu, _flags, _checksRights) = (new Unowned<Vcpu>(vcpu), flags, checksRights);

    public override OperandResult Find(ulong linear, bool isWrite, out MmioDevice? frame)
    {
        Vcpu vcpu = _vcpu.Value!;
        frame = null;
        AccessKind kind = (isWrite ? AccessKind.Write : AccessKind.Read) | (vcpu.Cpu.PrivilegeLevel == 3 ? AccessKind.User : AccessKind.Read);
        if (!vcpu.Access.TryTranslate(linear, kind, out ulong physical, out PageFaultError error))
        {
            Fault = new PageFault(linear, error, 0);
            return OperandResult.Fault;
        }

        P2m p2m = vcpu.Domain.P2m;
        Gfn gfn = Gfn.Of(physical);
        P2mView? view = vcpu.View;
        ViewOverride own = view?.OverrideOf(gfn) ?? ViewOverride.None;
        Gfn host = own.IsRemap ? own.Target : gfn;
        P2mEntry entry = p2m.Lookup(host);
        if (!entry.IsReadable || entry.Type == P2mType.RamForwarded)
        {
            return OperandResult.NoMemory;
        }

        Rights wanted = isWrite ? Rights.Write : Rights.Read;
        if (_checksRights && (AccessMatrix.RightsOf(view?.AccessOf(gfn, in own) ?? p2m.AccessOf(gfn)) & wanted) == 0)
        {
            // As if the CPU had come to it.
            ref Exit exit = ref vcpu.Cpu.Exit;
            (exit.GuestPhysical, exit.GuestLinear, exit.HasGuestLinear) = (physical, linear, true);
            (exit.IsWrite, exit.IsFetch, exit.DuringWalk) = (isWrite, false, false);
            AccessViolations.Answer(vcpu, wanted);
            return OperandResult.Forbidden;
        }

        if (isWrite && entry.IsWritable)
        {
            p2m.MarkWritten(host);
        }

        ListenedFrame found = isWrite ? _written : _read;
        found.Select(vcpu, in entry, _flags);
        frame = found;
        return OperandResult.Found;
    }
}
