using System;
using Xenolith.Drivers;
using Xenolith.Kernel;
using Xunit;

namespace Xenolith.Tests.Unit.Kernel;

public sealed class TimeTests
{
    [Theory]
    [InlineData(1_000UL)]
    [InlineData(200_000_000UL)]
    [InlineData(1_000_000_000UL)]
    [InlineData(1_000_000_001UL)]
    [InlineData(2_000_000_000UL)]
    [InlineData(2_893_201_777UL)]
    [InlineData(20_000_000_000UL)]
    public void ScalesConvertBothWays(ulong hertz)
    {
        TscScale scale = TscScaling.ForFrequency(hertz, 1000, 77);
        Assert.Equal(77UL, scale.ToNanoseconds(1000));
        Assert.Equal(77UL, scale.ToNanoseconds(5));
        Assert.True(scale.Multiplier >> 31 == 1);
        foreach (ulong seconds in (ulong[])[1, 60, 86_400, 31_536_000])
        {
            ulong expected = seconds * 1_000_000_000;
            ulong found = scale.ToNanoseconds(1000 + (hertz * seconds)) - 77;
            ulong error = found > expected ? found - expected : expected - found;

            // A 31-bit multiplier is good to 1 in 2^31; below 1 GHz ticks are whole, above one bit of them is lost.
            Assert.True(error <= (expected >> 30) + 2, $"{hertz}: {error} ns after {seconds} s");
            ulong ticks = scale.ToTicks(expected);
            Assert.True(scale.ToNanoseconds(1000 + ticks) - 77 >= expected);
            Assert.True(scale.ToNanoseconds(1000 + ticks) - 77 <= expected + 16 + (4_000_000_000 / hertz));
        }
    }

    [Fact]
    public void FarAlarmsSaturate()
    {
        TscScale scale = TscScaling.ForFrequency(3_000_000_000, 0, 0);
        Assert.Equal(ulong.MaxValue, scale.ToTicks(ulong.MaxValue));
        Assert.Equal(ulong.MaxValue, scale.ToTicks(1UL << 63));
    }

    [Fact]
    public void ThePublishedRuleGivesTheSameNanoseconds()
    {
        // The form that guests compute: ((delta << shift) * multiplier) >> 32.
        TscScale scale = TscScaling.ForFrequency(2_500_000_000, 123, 0);
        ulong delta = 987_654_321;
        ulong shifted = scale.Shift < 0 ? delta >> -scale.Shift : delta << scale.Shift;
        Assert.Equal((ulong)(((UInt128)shifted * scale.Multiplier) >> 32), scale.ToNanoseconds(123 + delta));
    }

    [Fact]
    public void TheVirtualClockDoesWhatItIsTold()
    {
        var clock = new VirtualClock(3_000_000_000);
        clock.SetAlarm(500);
        clock.Advance(499);
        Assert.False(clock.AlarmIsDue);
        clock.Advance(1);
        Assert.True(clock.AlarmIsDue);
        Assert.Equal(1500UL, clock.Tsc);
        Assert.Throws<ArgumentOutOfRangeException>(() => clock.Set(1));
    }

    [Theory]
    [InlineData(100UL, 100UL, 100UL, 0UL)]
    [InlineData(2_000_000_000UL, 2_001_000_000UL, 1_999_000_000UL, 2_000_000_000UL)]
    [InlineData(2_000_000_000UL, 5_000_000_000UL, 2_001_000_000UL, 2_001_000_000UL)]
    [InlineData(1_000_000_000UL, 2_000_000_000UL, 3_000_000_000UL, 0UL)]
    public void ThreeMeasurementsHaveToAgree(ulong a, ulong b, ulong c, ulong expected) => Assert.Equal(expected, Calibration.Agree(a, b, c));

    [Fact]
    public void FrequenciesAreRatios()
    {
        Assert.Equal(2_000_000_000UL, Calibration.FrequencyOf(20_000_000, 35_795, 3_579_500));
        Assert.Equal(0UL, Calibration.FrequencyOf(1, 0, 1));
        Assert.Equal(0UL, Calibration.FrequencyOf(ulong.MaxValue, 1, 1_000_000));
    }

    [Theory]
    [InlineData(2026, 11, 20, 11, 5, 9)]
    [InlineData(1970, 1, 1, 0, 0, 0)]
    [InlineData(2000, 2, 29, 23, 59, 59)]
    [InlineData(2100, 3, 1, 12, 0, 0)]
    public void CalendarAgreesWithDotNet(int year, int month, int day, int hour, int minute, int second)
    {
        ulong expected = (ulong)new DateTimeOffset(year, month, day, hour, minute, second, TimeSpan.Zero).ToUnixTimeSeconds();
        Assert.Equal(expected, new CalendarTime(year, month, day, hour, minute, second).ToUnixSeconds());
        byte Bcd(int value) => (byte)((value / 10 * 16) + (value % 10));
        byte century = (byte)(year / 100);
        Assert.Equal(expected, new CmosTime(Bcd(second), Bcd(minute), Bcd(hour), Bcd(day), Bcd(month), Bcd(year % 100), Bcd(century), 2).ToCalendar().ToUnixSeconds());
        Assert.Equal(expected, new CmosTime((byte)second, (byte)minute, (byte)hour, (byte)day, (byte)month, (byte)(year % 100), century, 6).ToCalendar().ToUnixSeconds());
        int twelve = hour % 12 == 0 ? 12 : hour % 12;
        byte afternoon = hour >= 12 ? (byte)0x80 : (byte)0;
        Assert.Equal(expected, new CmosTime(Bcd(second), Bcd(minute), (byte)(Bcd(twelve) | afternoon), Bcd(day), Bcd(month), Bcd(year % 100), Bcd(century), 0).ToCalendar().ToUnixSeconds());
    }

    [Fact]
    public void NonsenseInTheClockIsNoTime()
    {
        Assert.Equal(0UL, new CmosTime(0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 2).ToCalendar().ToUnixSeconds());
        Assert.Equal(0UL, new CmosTime(0, 0, 0, 0x31, 0x02, 0x26, 0x20, 2).ToCalendar().ToUnixSeconds());
        Assert.Equal(0UL, new CmosTime(0, 0, 0, 1, 1, 0x26, 0x20, 0).ToCalendar().ToUnixSeconds());
    }
}
