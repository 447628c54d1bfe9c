using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Builder;

/// <summary>How a domain whose views are tested is built, beyond what Xen knows of.</summary>
internal readonly struct ViewSettings
{
    /// <summary>Views of a domain of which nobody says how many.</summary>
    public const uint Unasked = 10;

    /// <summary>As on Xen.</summary>
    public static ViewSettings None => new() { Mebibytes = ChildImage.Mebibytes };

    /// <summary>With our subops shown, to itself and to others.</summary>
    public static ViewSettings Shown => None with { Inside = ulong.MaxValue, Outside = ulong.MaxValue, Numbers = ulong.MaxValue };

    /// <summary>Of its memory.</summary>
    public uint Mebibytes { get; init; }

    /// <summary>Views; 0: as many as it has unasked.</summary>
    public uint Limit { get; init; }

    /// <summary>Of XENOLITH_DOMCTL_altp2m.</summary>
    public Altp2mOptions Options { get; init; }

    /// <summary>Subops that it is shown for itself, and others on it: all of these that there are; 0: those of Xen.</summary>
    public ulong Inside { get; init; }

    /// <inheritdoc cref="Inside"/>
    public ulong Outside { get; init; }

    /// <summary>Of the numbers from 64 on.</summary>
    public ulong Numbers { get; init; }

    /// <summary>The pool for its tables, in bytes; 0: as it is made.</summary>
    public ulong Pool { get; init; }

    /// <summary>Before the domain runs.</summary>
    public void Apply(TestRun tests, ushort id)
    {
        if (Limit != 0 || Options != 0)
        {
            tests.Success(Set(id, Limit == 0 ? Unasked : Limit, Options), "how its views are to be");
        }

        Show(tests, id, ExposureGroup.Altp2mInside, Inside);
        Show(tests, id, ExposureGroup.Altp2mOutside, Outside);
        Show(tests, id, ExposureGroup.HighNumber, Numbers);
        if (Pool != 0)
        {
            var argument = new Domctl { PagingPool = new DomctlPagingPool { Bytes = Pool } };
            tests.Success(Control.Call(DomctlOp.SetPagingMempoolSize, id, ref argument), "its pool for tables");
        }
    }

    public static long Set(ushort id, uint limit, Altp2mOptions options)
    {
        var argument = new Domctl { Altp2m = new DomctlAltp2m { Command = Altp2mSettingOp.Set, Views = limit, Options = options } };
        return Control.Call(DomctlOp.Altp2m, id, ref argument);
    }

    public static long Get(ushort id, out uint limit, out Altp2mOptions options)
    {
        var argument = new Domctl { Altp2m = new DomctlAltp2m { Command = Altp2mSettingOp.Get, Views = 77, Options = (Altp2mOptions)77 } };
        long result = Control.Call(DomctlOp.Altp2m, id, ref argument);
        (limit, options) = (argument.Altp2m.Views, argument.Altp2m.Options);
        return result;
    }

    private static void Show(TestRun tests, ushort id, ExposureGroup group, ulong bits)
    {
        if (bits == 0)
        {
            return;
        }

        var argument = new Domctl { Exposure = new DomctlExposure { Command = ExposureOp.GetMaximum, Group = group } };
        tests.Success(Control.Call(DomctlOp.Exposure, id, ref argument), "what it can be shown");
        argument.Exposure.Command = ExposureOp.Set;
        argument.Exposure.Bits &= bits;
        tests.Success(Control.Call(DomctlOp.Exposure, id, ref argument), "what it is shown");
    }
}
