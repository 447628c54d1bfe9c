namespace Xenolith.Drivers;

/// <summary>The MC146818's time registers as read, and what they mean (Motorola MC146818A data sheet).</summary>
/// <param name="Second">Register 0.</param>
/// <param name="Minute">Register 2.</param>
/// <param name="Hour">Register 4; bit 7: afternoon, in 12-hour mode.</param>
/// <param name="Day">Register 7.</param>
/// <param name="Month">Register 8.</param>
/// <param name="Year">Register 9: within the century.</param>
/// <param name="Century">The century register; 0: there is none.</param>
/// <param name="StatusB">Register 11: bit 1 24-hour mode, bit 2 binary.</param>
public readonly record struct CmosTime(byte Second, byte Minute, byte Hour, byte Day, byte Month, byte Year, byte Century, byte StatusB)
{
    /// <summary>The date and time; not valid when the registers hold nonsense.</summary>
    public CalendarTime ToCalendar()
    {
        bool afternoon = (StatusB & 2) == 0 && (Hour & 0x80) != 0;
        int hour = Value((StatusB & 2) == 0 ? (byte)(Hour & 0x7F) : Hour);
        if ((StatusB & 2) == 0)
        {
            // 12 is midnight or noon.
            hour = hour is >= 1 and <= 12 ? (hour % 12) + (afternoon ? 12 : 0) : -1;
        }

        int year = Value(Year);
        int century = Century == 0 ? (year >= 70 ? 19 : 20) : Value(Century);
        return new CalendarTime(century < 0 || year is < 0 or > 99 ? -1 : (century * 100) + year, Value(Month), Value(Day), hour, Value(Minute), Value(Second));
    }

    private int Value(byte register)
    {
        if ((StatusB & 4) != 0)
        {
            return register;
        }

        return (register & 0xF) > 9 || register >> 4 > 9 ? -1 : ((register >> 4) * 10) + (register & 0xF);
    }
}
