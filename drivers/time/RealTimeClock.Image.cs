using Xenolith.Kernel;

namespace Xenolith.Drivers;

/// <summary>Reads the CMOS clock. It is taken to run in UTC.</summary>
internal static class RealTimeClock
{
    private const ushort Index = 0x70;
    private const ushort Data = 0x71;
    private const byte StatusA = 10;
    private const byte StatusB = 11;
    private const byte UpdateInProgress = 0x80;

    // An update takes up to 2 ms.
    private const int Patience = 1_000_000;

    /// <summary>Seconds since 1970 now; 0: the clock holds nonsense or is not there.</summary>
    public static ulong ReadUnixSeconds(byte centuryRegister)
    {
        CmosTime before = ReadOnce(centuryRegister);
        for (int i = 0; i < 4; i++)
        {
            CmosTime after = ReadOnce(centuryRegister);
            if (after == before)
            {
                return after.ToCalendar().ToUnixSeconds();
            }

            before = after;
        }

        return 0;
    }

    private static CmosTime ReadOnce(byte centuryRegister)
    {
        for (int i = 0; i < Patience && (Read(StatusA) & UpdateInProgress) != 0; i++)
        {
            Cpu.Pause();
        }

        byte century = centuryRegister is > 13 and < 128 ? Read(centuryRegister) : (byte)0;
        return new CmosTime(Read(0), Read(2), Read(4), Read(7), Read(8), Read(9), century, Read(StatusB));
    }

    private static byte Read(byte register)
    {
        // Bit 7 keeps NMIs as they are after reset: on.
        Cpu.Out8(Index, register);
        return Cpu.In8(Data);
    }
}
