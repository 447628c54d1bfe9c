namespace Xenolith.Guests.Debugging;

/// <summary>Notes each debug exception or breakpoint, and lets the code go on.</summary>
internal sealed class TraceHandler : InterruptHandler
{
    private const int Most = 16;
    private const ulong TrapFlag = 0x100, ResumeFlag = 0x1_0000;

    private readonly ulong[] _positions = new ulong[Most];
    private readonly ulong[] _states = new ulong[Most];

    /// <summary>How many have come since <see cref="Begin"/>; single steps end after 16.</summary>
    public int Count { get; private set; }

    /// <summary>After so many, stepping ends.</summary>
    public int Steps { get; set; }

    /// <summary>DR7 as the handler found it, the last time.</summary>
    public ulong Control { get; private set; }

    /// <summary>RFLAGS as they were pushed, the last time.</summary>
    public ulong Flags { get; private set; }

    public void Begin(int steps = Most)
    {
        Count = 0;
        Steps = steps;
        DebugRegisters.WriteStatus(DebugRegisters.StatusReset);
    }

    /// <summary>Distance of the pushed RIP from the code's start.</summary>
    public long Offset(int index) => (long)(_positions[index] - (Layout.FrameOf(PoolPage.Code) * Layout.PageSize));

    /// <summary>What DR6 showed.</summary>
    public ulong Status(int index) => _states[index];

    public override void Handle(ref InterruptFrame frame)
    {
        Control = DebugRegisters.ReadControl();
        Flags = frame.Rflags;
        if (Count < Most)
        {
            _positions[Count] = frame.Rip;
            _states[Count] = DebugRegisters.ReadStatus();
        }

        DebugRegisters.WriteStatus(DebugRegisters.StatusReset);
        Count++;
        frame.Rflags |= ResumeFlag;
        if (Count >= Steps)
        {
            frame.Rflags &= ~TrapFlag;
        }
    }
}
