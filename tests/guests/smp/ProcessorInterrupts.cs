using System.Threading;

namespace Xenolith.Guests.Smp;

/// <summary>Counts, by processor, interrupts of the local APIC and upcalls of event channels.</summary>
internal sealed class ProcessorInterrupts : InterruptHandler
{
    private const ulong VcpuInfoSize = 64;

    private readonly int[] _vectors = new int[Processors.Most];
    private readonly int[] _upcalls = new int[Processors.Most];

    public int Vectors(int processor) => Volatile.Read(ref _vectors[processor]);

    public int Upcalls(int processor) => Volatile.Read(ref _upcalls[processor]);

    public override void Handle(ref InterruptFrame frame)
    {
        int processor = (int)(LocalApic.Read(LocalApic.Id) >> 25);
        if (frame.Vector != Events.Vector)
        {
            LocalApic.End();
            _vectors[processor]++;
            return;
        }

        ulong info = SharedState.Address + ((ulong)processor * VcpuInfoSize);
        Memory.Write8(info, 0);
        SharedState.TakeSelector(info);
        if (FifoState.IsActive)
        {
            while (FifoState.Take(processor) != 0)
            {
            }
        }
        else
        {
            for (uint port = 1; port < 64; port++)
            {
                SharedState.ClearPending(port);
            }
        }

        _upcalls[processor]++;
    }
}
