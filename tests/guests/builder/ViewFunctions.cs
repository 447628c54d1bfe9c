using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Builder;

/// <summary>VMFUNC leaf 0, by which a domain goes from view to view itself, from each kind of code.</summary>
internal static class ViewFunctions
{
    private const byte InvalidOpcode = 6;

    private static readonly Altp2mWay[] s_ways = [Altp2mWay.Kernel, Altp2mWay.NarrowKernel, Altp2mWay.User, Altp2mWay.NarrowUser];

    private static ulong First => GrantTable.AddressOf(Altp2mChild.First);

    public static void Run(TestRun tests, Altp2mPartner partner)
    {
        Altp2mViews.Create(partner, (ushort)MemoryAccess.Default, out ushort view);
        Altp2mFrames.Change(partner, view, Altp2mPartner.FrameOf(Altp2mChild.First), Altp2mPartner.FrameOf(Altp2mChild.Second));
        Altp2mViews.Notify(partner, 0, Altp2mPartner.FrameOf(Altp2mChild.Information));
        Switches(tests, partner, view);
        Refusals(tests, partner, view);
        Hidden(tests, partner, view);
        InUse(tests, partner, view);
        Altp2mViews.StopNotify(partner, 0);
        Altp2mViews.Destroy(partner, view);
    }

    private static void Is(TestRun tests, Altp2mPartner partner, ushort view)
    {
        tests.Equal((long)partner.Load(First), (long)(view == 0 ? Altp2mChild.FirstText : Altp2mChild.SecondText), "what is read there");
        tests.Equal(Altp2mViews.IndexOf(partner, 0), view, "the view");
    }

    private static void Switches(TestRun tests, Altp2mPartner partner, ushort view)
    {
        tests.Start("altp2m, VMFUNC");
        foreach (Altp2mWay way in s_ways)
        {
            Go(tests, partner, way, 0, view, -1);
            Is(tests, partner, view);
            Go(tests, partner, way, 0, view, -1);
            Is(tests, partner, view);
            Go(tests, partner, way, 0, 0, -1);
            Is(tests, partner, 0);
        }

        Go(tests, partner, Altp2mWay.Kernel, 0x5_0000_0000, 0x7_0000_0000 | (ulong)view, -1);
        Is(tests, partner, view);
        tests.Success(Altp2mViews.Switch(partner, 0), "back by a call");
        Is(tests, partner, 0);
    }

    private static void Go(TestRun tests, Altp2mPartner partner, Altp2mWay way, ulong leaf, ulong index, long vector)
    {
        partner.Way = way;
        tests.Equal((long)partner.ViewFunction(leaf, index), vector, "what comes of it");
        partner.Way = Altp2mWay.Kernel;
    }

    /// <summary>Some exit and some are refused by the processor itself; to the domain it is the same.</summary>
    private static void Refusals(TestRun tests, Altp2mPartner partner, ushort view)
    {
        tests.Start("altp2m, VMFUNC of what there is not");
        foreach (Altp2mWay way in s_ways)
        {
            foreach (uint leaf in new uint[] { 1, 2, 63, 64, 0x8000_0000, uint.MaxValue })
            {
                Go(tests, partner, way, leaf, view, InvalidOpcode);
            }

            foreach (uint index in new uint[] { 5, Altp2mViews.Limit, 511, 512, 0x1_0000, 0x8000_0000, uint.MaxValue })
            {
                Go(tests, partner, way, 0, index, InvalidOpcode);
            }
        }

        Is(tests, partner, 0);
    }

    private static void Hidden(TestRun tests, Altp2mPartner partner, ushort view)
    {
        tests.Start("altp2m, VMFUNC to a hidden view");
        tests.Success(Altp2mViews.Show(partner, view, 0), "hidden");
        Go(tests, partner, Altp2mWay.Kernel, 0, view, InvalidOpcode);
        Is(tests, partner, 0);
        tests.Success(Altp2mViews.Show(partner, view, 1), "shown");
        Go(tests, partner, Altp2mWay.Kernel, 0, view, -1);
        tests.Success(Altp2mViews.Show(partner, view, 0), "hidden while the domain is in it");
        Is(tests, partner, view);
        Go(tests, partner, Altp2mWay.Kernel, 0, view, InvalidOpcode);
        Is(tests, partner, view);
        Go(tests, partner, Altp2mWay.Kernel, 0, 0, -1);
        Go(tests, partner, Altp2mWay.Kernel, 0, view, InvalidOpcode);
        tests.Success(Altp2mViews.Show(partner, view, 1), "shown");
    }

    /// <summary>Nobody is told of where a domain goes by itself, and it counts all the same.</summary>
    private static void InUse(TestRun tests, Altp2mPartner partner, ushort view)
    {
        tests.Start("altp2m, a view that a domain has gone to by itself is in use");
        Go(tests, partner, Altp2mWay.Kernel, 0, view, -1);
        tests.Error(Altp2mViews.Destroy(partner, view), Errno.EBUSY, "destroyed");
        Is(tests, partner, view);
        Go(tests, partner, Altp2mWay.Kernel, 0, 0, -1);
        Altp2mViews.Create(partner, (ushort)MemoryAccess.Default, out ushort another);
        Go(tests, partner, Altp2mWay.Kernel, 0, another, -1);
        Go(tests, partner, Altp2mWay.Kernel, 0, 0, -1);
        tests.Success(Altp2mViews.Destroy(partner, another), "destroyed, after it has left");
        Go(tests, partner, Altp2mWay.Kernel, 0, another, InvalidOpcode);
    }
}
