using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Builder;

/// <summary>What a domain sees of its views: other frames, missing rights.</summary>
internal static class Altp2mEffects
{
    private static ulong First => GrantTable.AddressOf(Altp2mChild.First);

    private static ulong FirstFrame => Altp2mPartner.FrameOf(Altp2mChild.First);

    private static ulong SecondFrame => Altp2mPartner.FrameOf(Altp2mChild.Second);

    public static void Run(TestRun tests, Altp2mPartner partner)
    {
        Remaps(tests, partner);
        Chains(tests, partner);
        FirstView(tests, partner);
        Opens(tests, partner);
    }

    private static void Remaps(TestRun tests, Altp2mPartner partner)
    {
        tests.Start("altp2m, what is read through a remap");
        Altp2mViews.Create(partner, (ushort)MemoryAccess.Default, out ushort view);
        tests.Equal((long)partner.Load(First), (long)Altp2mChild.FirstText, "before");
        tests.Success(Altp2mFrames.Change(partner, view, FirstFrame, SecondFrame), "a remap");
        tests.Equal((long)partner.Load(First), (long)Altp2mChild.FirstText, "in view 0");
        tests.Success(Altp2mViews.Switch(partner, view), "to the view");
        tests.Equal((long)partner.Load(First), (long)Altp2mChild.SecondText, "in the view");
        tests.Success(Altp2mFrames.Change(partner, view, FirstFrame, ulong.MaxValue), "back");
        tests.Equal((long)partner.Load(First), (long)Altp2mChild.FirstText, "in the view, then");
        tests.Success(Altp2mFrames.Change(partner, view, FirstFrame, SecondFrame), "a remap of what is in use");
        tests.Equal((long)partner.Load(First), (long)Altp2mChild.SecondText, "in the view");
        tests.Success(Altp2mViews.Switch(partner, 0), "to view 0");
        tests.Equal((long)partner.Load(First), (long)Altp2mChild.FirstText, "in view 0");
        tests.Success(Altp2mViews.Destroy(partner, view), "destroyed");
    }

    private static void Chains(TestRun tests, Altp2mPartner partner)
    {
        tests.Start("altp2m, remaps of what is remapped, and rights");
        ulong thirdFrame = Altp2mPartner.FrameOf(Altp2mChild.Third), third = GrantTable.AddressOf(Altp2mChild.Third);
        Altp2mViews.Create(partner, (ushort)MemoryAccess.Default, out ushort view);
        tests.Success(Altp2mFrames.SetAccess(partner, view, SecondFrame, MemoryAccess.ReadWrite), "rights of the second");
        tests.Success(Altp2mFrames.SetAccess(partner, view, FirstFrame, MemoryAccess.Read), "rights of the first");
        tests.Success(Altp2mFrames.Change(partner, view, FirstFrame, SecondFrame), "the first shows the second");
        tests.Equal(Altp2mFrames.AccessOf(partner, view, FirstFrame), (long)MemoryAccess.ReadWrite, "rights of the first: the second's");
        tests.Success(Altp2mFrames.Change(partner, view, thirdFrame, FirstFrame), "the third shows the first");
        tests.Success(Altp2mViews.Switch(partner, view), "to the view");
        tests.Equal((long)partner.Load(third), (long)Altp2mChild.SecondText, "what the first shows");
        tests.Success(Altp2mFrames.Change(partner, view, FirstFrame, ulong.MaxValue), "the first back");
        tests.Equal((long)partner.Load(First), (long)Altp2mChild.FirstText, "the first");
        tests.Equal((long)partner.Load(third), (long)Altp2mChild.SecondText, "the third as before");
        tests.Equal(Altp2mFrames.AccessOf(partner, view, FirstFrame), (long)MemoryAccess.All, "rights of the first: as at first");
        tests.Equal(Altp2mFrames.Suppressed(partner, view, FirstFrame), 1, "suppression of #VE: as at first");
        tests.Success(Altp2mFrames.SetAccess(partner, view, FirstFrame, MemoryAccess.Read), "rights of the first");
        tests.Success(Altp2mFrames.Change(partner, view, FirstFrame, ulong.MaxValue), "back, though it shows itself");
        tests.Equal((long)partner.Load(First), (long)Altp2mChild.FirstText, "the first");
        tests.Equal(Altp2mFrames.AccessOf(partner, view, FirstFrame), (long)MemoryAccess.All, "its rights: as at first");
        tests.Success(Altp2mViews.Switch(partner, 0), "to view 0");
        tests.Success(Altp2mViews.Destroy(partner, view), "destroyed");
    }

    private static void FirstView(TestRun tests, Altp2mPartner partner)
    {
        tests.Start("altp2m, a right that is missing in view 0, and nobody listens");
        tests.Success(Altp2mFrames.SetAccess(partner, 0, FirstFrame, MemoryAccess.Read), "read-only");
        tests.Equal((long)partner.Load(First), (long)Altp2mChild.FirstText, "it is read");
        tests.Equal(Altp2mFrames.AccessOf(partner, 0, FirstFrame), (long)MemoryAccess.Read, "its rights");
        tests.Success((long)partner.Store(First, Altp2mChild.FirstText), "it is written");
        tests.Equal(Altp2mFrames.AccessOf(partner, 0, FirstFrame), (long)MemoryAccess.Read, "its rights in the host p2m");
        tests.Success(Altp2mFrames.Change(partner, 0, FirstFrame, SecondFrame), "a remap in view 0");
        tests.Equal((long)partner.Load(First), (long)Altp2mChild.SecondText, "what is read");
        tests.Success(Altp2mFrames.Change(partner, 0, FirstFrame, ulong.MaxValue), "back");
        tests.Equal((long)partner.Load(First), (long)Altp2mChild.FirstText, "what is read");
        tests.Success(Altp2mFrames.SetAccess(partner, 0, FirstFrame, MemoryAccess.All), "all");
    }

    private static void Opens(TestRun tests, Altp2mPartner partner)
    {
        tests.Start("altp2m, a right that is missing, and nobody listens");
        Altp2mViews.Create(partner, (ushort)MemoryAccess.Default, out ushort view);
        tests.Success(Altp2mFrames.SetAccess(partner, view, FirstFrame, MemoryAccess.Read), "read-only in the view");
        tests.Success(Altp2mViews.Switch(partner, view), "to the view");
        tests.Equal((long)partner.Load(First), (long)Altp2mChild.FirstText, "it is read");
        tests.Equal(Altp2mFrames.AccessOf(partner, view, FirstFrame), (long)MemoryAccess.Read, "its rights");
        tests.Success((long)partner.Store(First, Altp2mChild.FirstText), "it is written");
        tests.Equal(Altp2mFrames.AccessOf(partner, view, FirstFrame), (long)MemoryAccess.All, "its rights");
        tests.Success(Altp2mFrames.SetAccess(partner, view, FirstFrame, MemoryAccess.ReadExecuteToReadWrite), "to be written once");
        tests.Success((long)partner.Store(First, Altp2mChild.FirstText), "it is written");
        tests.Equal(Altp2mFrames.AccessOf(partner, view, FirstFrame), (long)MemoryAccess.ReadWrite, "its rights");
        tests.Success(Altp2mFrames.SetAccess(partner, view, FirstFrame, MemoryAccess.NoneToAll), "to be used once");
        tests.Equal((long)partner.Load(First), (long)Altp2mChild.FirstText, "it is read");
        tests.Equal(Altp2mFrames.AccessOf(partner, view, FirstFrame), (long)MemoryAccess.All, "its rights");
        tests.Success(Altp2mViews.Switch(partner, 0), "to view 0");
        tests.Success(Altp2mViews.Destroy(partner, view), "destroyed");
    }
}
