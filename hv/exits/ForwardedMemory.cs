using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Emulate;
using Xenolith.Kernel;

namespace Xenolith;

/// <summary>A page where the domain has no memory, and a device model may have registers.</summary>
/// <param name="beneath">What is there without a device model.</param>
internal sealed class ForwardedMemory(MmioDevice beneath) : MmioDevice
{
    private Unowned<Vcpu> _vcpu;
    private ulong _page;

    /// <summary>Whose accesses these are from now on, and to which page.</summary>
    public void Select(Vcpu vcpu, ulong guestPhysical)
    {
        _vcpu = new Unowned<Vcpu>(vcpu);
        _page = guestPhysical & ~Page.OffsetMask;
        MustWait = false;
    }

    public override ulong Read(uint offset, int size)
    {
        DeviceModels.Outcome outcome = DeviceModels.Access(_vcpu.Value!, new IoRequest(IoRequestType.Copy, _page + offset, size, true, 0), out ulong data);
        MustWait = outcome == DeviceModels.Outcome.Asked;
        return outcome == DeviceModels.Outcome.Unclaimed ? beneath.Read(offset, size) : data;
    }

    public override void Write(uint offset, int size, ulong value)
    {
        DeviceModels.Outcome outcome = DeviceModels.Access(_vcpu.Value!, new IoRequest(IoRequestType.Copy, _page + offset, size, false, value), out _);
        MustWait = outcome == DeviceModels.Outcome.Asked;
        if (outcome == DeviceModels.Outcome.Unclaimed)
        {
            beneath.Write(offset, size, value);
        }
    }
}
