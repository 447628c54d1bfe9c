using Xenolith.Emulate;
using Xenolith.Kernel;

namespace Xenolith;

/// <summary>
/// A frame of which the guest may do what the CPU's table can't say, as writing it without reading it. What it may not do either is not
/// done, and noted.
/// </summary>
internal sealed class PartlyAllowedFrame(PhysicalMemory memory) : MmioDevice
{
    private Mfn _mfn;
    private Rights _allowed;

    /// <summary>The kind of access that was tried and is not allowed; none: nothing was.</summary>
    public Rights Violated { get; private set; }

    /// <summary>Which frame it is from now on, and what the guest may do there.</summary>
    public void Select(Mfn mfn, Rights allowed)
    {
        (_mfn, _allowed, Violated) = (mfn, allowed, Rights.None);
        MustWait = false;
    }

    public override ulong Read(uint offset, int size) => May(Rights.Read) ? FrameBytes.Read(memory, _mfn.Address + offset, size) : 0;

    public override void Write(uint offset, int size, ulong value)
    {
        if (May(Rights.Write))
        {
            FrameBytes.Write(memory, _mfn.Address + offset, size, value);
        }
    }

    public override bool TryExchange(uint offset, int size, ulong expected, ulong value) =>
        !May(Rights.Write) || FrameBytes.TryExchange(memory, _mfn.Address + offset, size, expected, value);

    // Whoever waits has not executed the instruction.
    private bool May(Rights kind)
    {
        if ((_allowed & kind) != 0)
        {
            return true;
        }

        Violated = kind;
        MustWait = true;
        return false;
    }
}
