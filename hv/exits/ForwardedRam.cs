using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Emulate;
using Xenolith.Kernel;
using Xenolith.Mm;

namespace Xenolith;

/// <summary>
/// A frame of memory whose writes a device model asked for (HVMMEM_ioreq_server): it decides what becomes of them. While none does they arrive.
/// </summary>
internal sealed class ForwardedRam(PhysicalMemory memory) : MmioDevice
{
    private Unowned<Vcpu> _vcpu;
    private ulong _page;
    private Mfn _mfn;

    /// <summary>Whose accesses these are from now on, and to which page of what frame.</summary>
    public void Select(Vcpu vcpu, ulong guestPhysical, Mfn mfn)
    {
        _vcpu = new Unowned<Vcpu>(vcpu);
        _page = guestPhysical & ~Page.OffsetMask;
        _mfn = mfn;
        MustWait = false;
    }

    public override ulong Read(uint offset, int size)
    {
        // The instruction goes on to write, and what it read counts, though the device model may have done the write by the next pass.
        var request = new IoRequest(IoRequestType.Copy, _page + offset, size, true, 0);
        if (_vcpu.Value!.NextAnswer(in request) is { } kept)
        {
            return kept;
        }

        ulong value = FrameBytes.Read(memory, _mfn.Address + offset, size);
        _vcpu.Value!.KeepRead(request with { Data = value });
        return value;
    }

    public override void Write(uint offset, int size, ulong value)
    {
        var request = new IoRequest(IoRequestType.Copy, _page + offset, size, false, value);
        DeviceModels.Outcome outcome = DeviceModels.AccessMemory(_vcpu.Value!, in request);
        MustWait = outcome == DeviceModels.Outcome.Asked;
        if (outcome != DeviceModels.Outcome.Unclaimed)
        {
            return;
        }

        FrameBytes.Write(memory, _mfn.Address + offset, size, value);
        _vcpu.Value!.Domain.P2m.MarkWritten(Gfn.Of(_page));
    }
}
