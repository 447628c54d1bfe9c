namespace Xenolith.Guests;

/// <summary>Runs an operation many times and keeps the times in order. One buffer, reused.</summary>
public sealed class Sampler
{
    /// <summary>How often a short operation is measured.</summary>
    public const int MostSamples = 201;

    private const int MostWarmUps = 5;

    private readonly uint[] _times = new uint[MostSamples];
    private int _count;
    private uint _frame;

    /// <summary>The ticks of the measurement itself, which <see cref="Median"/> and its kind leave out.</summary>
    public uint Frame => _frame;

    public uint Median => Net(_count / 2);

    public uint Least => Net(0);

    public uint Most => Net(_count - 1);

    /// <summary>Learns what a measurement takes by itself.</summary>
    public void Calibrate()
    {
        _frame = 0;
        var nothing = new Operation("nothing", TimedInstruction.Nothing);
        Run(nothing);
        _frame = _times[_count / 2];
    }

    /// <summary>Runs it; false as soon as it gives another answer than its row is about.</summary>
    public bool Run(Operation operation)
    {
        _count = operation.Samples;
        for (int i = _count < MostSamples ? -1 : -MostWarmUps; i < _count; i++)
        {
            operation.Prepare();
            uint time = operation.Run();
            if (!operation.Answered)
            {
                return false;
            }

            if (i >= 0)
            {
                Insert(time, i);
            }
        }

        return true;
    }

    // Samples differ little, so insertion is quick.
    private void Insert(uint time, int count)
    {
        int at = count;
        while (at > 0 && _times[at - 1] > time)
        {
            _times[at] = _times[at - 1];
            at--;
        }

        _times[at] = time;
    }

    private uint Net(int index) => _times[index] > _frame ? _times[index] - _frame : 0;
}
