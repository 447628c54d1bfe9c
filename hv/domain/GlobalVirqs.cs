using System.Threading;
using Xenolith.Abi.Contract;
using Xenolith.Kernel;

namespace Xenolith.Domains;

/// <summary>
/// VIRQs of the machine, which one domain gets: the initial one unless a toolstack chose another. They are raised in the middle of anything,
/// whatever locks are held, so they are only written down there; the CPU's next timers deliver them.
/// </summary>
public sealed class GlobalVirqs
{
    private readonly DomainServices _services;
    private readonly Delivery[] _deliveries = new Delivery[CurrentCpu.MaximumCpus];
    private readonly ushort[] _handlers = new ushort[Limits.Virqs];
    private uint _raised;

    internal GlobalVirqs(DomainServices services)
    {
        _services = services;
        for (int i = 0; i < _deliveries.Length; i++)
            _deliveries[i] = new Delivery(this);
    }

    /// <summary>XEN_DOMCTL_set_virq_handler: the domain that gets a VIRQ from now on. When it ends, the initial domain does again.</summary>
    public void SetHandler(Virq virq, Domain domain) => _handlers[(int)virq] = domain.Id;

    /// <summary>Raises a VIRQ of the machine.</summary>
    public void Raise(Virq virq)
    {
        Interlocked.Or(ref _raised, 1u << (int)virq);
        _services.Timers.Set(_deliveries[CurrentCpu.Number], _services.Clock.Nanoseconds);
    }

    /// <summary>A domain ends: nothing is delivered to it any more, nor to the next of its number.</summary>
    public void Forget(Domain domain)
    {
        for (int i = 0; i < _handlers.Length; i++)
        {
            if (_handlers[i] == domain.Id)
                _handlers[i] = 0;
        }
    }

    private void Deliver()
    {
        uint raised = Interlocked.Exchange(ref _raised, 0);
        for (int virq = 0; raised != 0; virq++, raised >>= 1)
        {
            if ((raised & 1) == 0 || _services.Domains.Find(_handlers[virq]) is not { } domain)
                continue;
            domain.Acquire();
            domain.EventChannels.RaiseGlobalVirq((Virq)virq);
            domain.Release();
        }
    }

    private sealed class Delivery(GlobalVirqs virqs) : Timer
    {
        protected internal override void Fire(ulong now) => virqs.Deliver();
    }
}
