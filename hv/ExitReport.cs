using Xenolith.Hal;
using Xenolith.Kernel;

namespace Xenolith;

/// <summary>The last exits of the CPU that panics, the newest last.</summary>
public sealed class ExitReport : PanicReport
{
    /// <summary>Exits that are shown.</summary>
    public const int Shown = 20;

    private readonly Virtualisation _virtualisation;
    private readonly ulong _tscKilohertz;
    private readonly int[] _ages = new int[Shown];
    private readonly uint[] _labels = new uint[Shown];
    private ExitTrace? _trace;
    private int _count;

    /// <param name="virtualisation">Keeps the exits.</param>
    /// <param name="tscKilohertz">How fast the times in them run; 0: not known, and they are shown in ticks.</param>
    public ExitReport(Virtualisation virtualisation, ulong tscKilohertz)
    {
        _virtualisation = virtualisation;
        _tscKilohertz = tscKilohertz;
    }

    public override bool TryWriteLine(int number, ref LineText line)
    {
        if (number == 0)
        {
            Select();
            line.Append(_count == 0 ? "no exits on this CPU yet" : "the last exits on this CPU, the newest last:");
            return true;
        }

        if (_trace is not { } trace || number > _count)
        {
            return false;
        }

        int index = _count - number;
        ExitRecord record = trace.Last(_ages[index]);
        line.Append("  ");
        AppendTime(ref line, trace.Last(_ages[0]).Time - record.Time);
        line.Append(" d");
        line.Append((_labels[index] - 1) >> 16, null);
        line.Append("v");
        line.Append((_labels[index] - 1) & 0xFFFF, null);
        line.Append(" rip ");
        line.Append(record.Rip, "x16");
        line.Append(" ");
        line.Append(_virtualisation.NameOfExit(record.Reason));
        line.Append(" (0x");
        line.Append(record.Reason, "x");
        if (record.Information != 0)
        {
            line.Append(", 0x");
            line.Append(record.Information, "x");
        }

        line.Append(")");
        return true;
    }

    private void AppendTime(ref LineText line, ulong ticks)
    {
        if (_tscKilohertz == 0)
        {
            line.Append("-");
            line.Append(ticks, null);
            line.Append(" ticks");
            return;
        }

        line.Append("-");
        line.Append(ticks * 1000 / _tscKilohertz, null);
        line.Append(" us");
    }

    // Back from the newest, past records that are no exits.
    private void Select()
    {
        _count = 0;
        _trace = _virtualisation.TakeTrace();
        if (_trace is not { } trace)
        {
            return;
        }

        uint label = trace.Label;
        for (int age = 0; age < ExitTrace.Capacity && _count < Shown; age++)
        {
            ExitRecord record = trace.Last(age);
            if (record.Reason == ExitRecord.SwitchReason && record.Time == 0)
            {
                label = (uint)record.Information;
            }
            else if (record.Time != 0)
            {
                _ages[_count] = age;
                _labels[_count++] = label;
            }
        }
    }
}
