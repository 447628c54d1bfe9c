using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Emulate;
using Xenolith.Kernel;

namespace Xenolith;

/// <summary>
/// The I/O ports of a domain with device models. Those that the hypervisor answers itself are no device model's, as on Xen; what none of
/// them answers for goes on to the ports beneath.
/// </summary>
/// <param name="ports">What is there without a device model.</param>
internal sealed class ForwardedPorts(PortDevice ports) : PortDevice
{
    // The way into PCI configuration space: the address, and the data of four bytes.
    private const ushort PciAddressPort = 0xCF8, PciDataPort = 0xCFC, WithinData = 3;
    private const uint PciEnabled = 1u << 31;
    private const uint PciRegister = 0xFC;
    private const int FunctionBits = 16, FunctionShift = 8, RequestFunctionShift = 32;

    private Unowned<Vcpu> _vcpu;

    /// <summary>Whose accesses these are from now on.</summary>
    public void Select(Vcpu vcpu)
    {
        _vcpu = new Unowned<Vcpu>(vcpu);
        MustWait = HasWaited = false;
    }

    public override uint Read(ushort port, int size)
    {
        if (GuestPorts.IsAnswered(port))
        {
            See(DeviceModels.Outcome.Unclaimed);
            return ports.Read(port, size);
        }

        DeviceModels.Outcome outcome = DeviceModels.Access(_vcpu.Value!, RequestFor(port, size, true, 0), out ulong data);
        See(outcome);
        return outcome == DeviceModels.Outcome.Unclaimed ? ports.Read(port, size) : (uint)data;
    }

    public override void Write(ushort port, int size, uint value)
    {
        if (GuestPorts.IsAnswered(port))
        {
            See(DeviceModels.Outcome.Unclaimed);
            ports.Write(port, size, value);
            return;
        }

        if (port == PciAddressPort && size == sizeof(uint))
        {
            _vcpu.Value!.Domain.IoServers.PciAddress = value;
        }

        DeviceModels.Outcome outcome = DeviceModels.Access(_vcpu.Value!, RequestFor(port, size, false, value), out _);
        See(outcome);
        if (outcome == DeviceModels.Outcome.Unclaimed)
        {
            ports.Write(port, size, value);
        }
    }

    private void See(DeviceModels.Outcome outcome)
    {
        MustWait = outcome == DeviceModels.Outcome.Asked;
        HasWaited |= outcome == DeviceModels.Outcome.Answered;
    }

    private IoRequest RequestFor(ushort port, int size, bool isRead, uint value)
    {
        uint address = _vcpu.Value!.Domain.IoServers.PciAddress;
        if ((port & ~WithinData) != PciDataPort || (address & PciEnabled) == 0)
        {
            return new IoRequest(IoRequestType.Port, port, size, isRead, value);
        }

        ulong function = address >> FunctionShift & ((1u << FunctionBits) - 1);
        return new IoRequest(IoRequestType.PciConfig, function << RequestFunctionShift | address & PciRegister | (uint)(port & WithinData), size, isRead, value);
    }
}
