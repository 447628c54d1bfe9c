namespace Xenolith.Drivers;

/// <summary>A date and time of day in UTC, in the Gregorian calendar.</summary>
public readonly record struct CalendarTime(int Year, int Month, int Day, int Hour, int Minute, int Second)
{
    /// <summary>Whether it exists and lies between 1970 and 2199.</summary>
    public bool IsValid => Year is >= 1970 and < 2200 && Month is >= 1 and <= 12 && Day >= 1 && Day <= DaysIn(Year, Month)
        && Hour is >= 0 and < 24 && Minute is >= 0 and < 60 && Second is >= 0 and < 60;

    /// <summary>Seconds since 1970-01-01 00:00; 0 when it is not valid.</summary>
    public ulong ToUnixSeconds()
    {
        if (!IsValid)
        {
            return 0;
        }

        ulong days = 0;
        for (int year = 1970; year < Year; year++)
        {
            days += IsLeap(year) ? 366UL : 365UL;
        }

        for (int month = 1; month < Month; month++)
        {
            days += (uint)DaysIn(Year, month);
        }

        days += (uint)Day - 1;
        return (((days * 24) + (uint)Hour) * 3600) + ((uint)Minute * 60) + (uint)Second;
    }

    private static bool IsLeap(int year) => (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    private static int DaysIn(int year, int month) => month switch
    {
        2 => IsLeap(year) ? 29 : 28,
        4 or 6 or 9 or 11 => 30,
        _ => 31,
    };
}
