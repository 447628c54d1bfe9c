using System;
using Xenolith.Domains;
using Xenolith.Emulate;
using Xenolith.Hal;
using Xenolith.Kernel;

namespace Xenolith;

/// <summary>
/// Bugs of the hypervisor on demand, for those who want to see what becomes of one: with the option <c>induce</c>, a byte that a guest
/// writes to port 0xEB commits one on its behalf. Everything else goes on to the ports beneath.
/// </summary>
internal sealed class InducedFaults(GuestPorts ports) : PortDevice
{
    public const ushort Port = 0xEB;

    private const byte ThrowException = 1, IndexOutside = 2, BadGuestState = 3;

    private readonly int[] _three = new int[3];
    private Unowned<Vcpu> _vcpu;

    /// <summary>On whose behalf the next fault is committed.</summary>
    public void Select(Vcpu vcpu) => _vcpu = new Unowned<Vcpu>(vcpu);

    public override uint Read(ushort port, int size) => ports.Read(port, size);

    public override void Write(ushort port, int size, uint value)
    {
        if (port != Port || _vcpu.Value is not { } vcpu)
        {
            ports.Write(port, size, value);
            return;
        }

        switch ((byte)value)
        {
            case ThrowException:
                throw new InvalidOperationException("a bug that was asked for");
            case IndexOutside:
                vcpu.Cpu.Registers.Rax = (ulong)_three[(int)value + _three.Length];
                break;
            case BadGuestState:
                // The upper half of DR7 must be 0 (SDM vol. 3, 27.3.1.1; APM vol. 2, 15.5.1).
                vcpu.Cpu.Dr7 = 1UL << 40;
                break;
        }
    }
}
