using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Builder;

/// <summary>What a domain sees of its views: other frames, missing rights, #VE, VMFUNC.</summary>
internal static class Altp2mEffects
{
    private const byte StoreLength = 3;

    private static ulong First => GrantTable.AddressOf(Altp2mChild.First);

    private static ulong FirstFrame => Altp2mPartner.FrameOf(Altp2mChild.First);

    private static ulong SecondFrame => Altp2mPartner.FrameOf(Altp2mChild.Second);

    public static void Run(TestRun tests, Altp2mPartner partner)
    {
        Remaps(tests, partner);
        Chains(tests, partner);
        FirstView(tests, partner);
        Opens(tests, partner);
        Exceptions(tests, partner);
        Functions(tests, partner);
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

    private static void Exceptions(TestRun tests, Altp2mPartner partner)
    {
        tests.Start("altp2m, a right that is missing, told by #VE");
        if (Altp2m.IsWithoutFunctions(tests))
        {
            return;
        }

        Altp2mViews.Create(partner, (ushort)MemoryAccess.Default, out ushort view);
        tests.Success(Altp2mViews.Notify(partner, 0, Altp2mPartner.FrameOf(Altp2mChild.Information)), "where it is told");
        tests.Success(Altp2mFrames.SetAccess(partner, view, FirstFrame, MemoryAccess.Read), "read-only in the view");
        tests.Success(Altp2mFrames.SetSuppressed(partner, view, FirstFrame, 0), "to be told");
        tests.Success(Altp2mViews.Switch(partner, view), "to the view");
        partner.Box.Exceptions = 0;
        partner.Box.Escape = ushort.MaxValue;
        partner.Box.Length = StoreLength;
        partner.Store(First + 8, 0x77);
        tests.Equal((long)partner.Box.Exceptions, 1, "exceptions");
        tests.Equal(partner.Box.Reason, 48, "its reason");
        tests.Equal(partner.Box.Semaphore, uint.MaxValue, "its semaphore");
        tests.Equal((long)partner.Box.Qualification & 0x3F, 0x0A, "its qualification: a write where one reads");
        tests.Equal((long)partner.Box.LinearAddress, (long)First + 8, "its linear address");
        tests.Equal((long)partner.Box.PhysicalAddress, (long)First + 8, "its physical address");
        tests.Equal((long)partner.Load(First + 8), 0, "nothing was written");
        partner.Box.Escape = 0;
        partner.Store(First + 8, 0x77);
        tests.Equal((long)partner.Box.Exceptions, 2, "exceptions, when it goes to view 0 by VMFUNC");
        tests.Equal((long)partner.Load(First + 8), 0x77, "it was written");
        tests.Equal(Altp2mViews.IndexOf(partner, 0), 0, "the view then");
        partner.Store(First + 8, 0);
        tests.Success(Altp2mViews.StopNotify(partner, 0), "no more");
        tests.Success(Altp2mViews.Switch(partner, 0), "to view 0");
        tests.Success(Altp2mViews.Destroy(partner, view), "destroyed");
    }

    private static void Functions(TestRun tests, Altp2mPartner partner)
    {
        const byte invalidOpcode = 6;
        tests.Start("altp2m, VMFUNC");
        if (Altp2m.IsWithoutFunctions(tests))
        {
            return;
        }

        Altp2mViews.Create(partner, (ushort)MemoryAccess.Default, out ushort view);
        tests.Success(Altp2mFrames.Change(partner, view, FirstFrame, SecondFrame), "a remap");
        tests.Success(Altp2mViews.Notify(partner, 0, Altp2mPartner.FrameOf(Altp2mChild.Information)), "vcpu_enable_notify");
        tests.Equal((long)partner.ViewFunction(0, view), -1, "to the view");
        tests.Equal((long)partner.Load(First), (long)Altp2mChild.SecondText, "what is read there");
        tests.Equal(Altp2mViews.IndexOf(partner, 0), view, "the view");
        tests.Equal((long)partner.ViewFunction(0, view), -1, "to where it is");
        tests.Equal((long)partner.ViewFunction(0, 0), -1, "to view 0");
        tests.Equal((long)partner.Load(First), (long)Altp2mChild.FirstText, "what is read there");
        tests.Equal((long)partner.ViewFunction(1, 0), invalidOpcode, "leaf 1");
        tests.Equal((long)partner.ViewFunction(63, 0), invalidOpcode, "leaf 63");
        tests.Equal((long)partner.ViewFunction(64, 0), invalidOpcode, "leaf 64");
        tests.Equal((long)partner.ViewFunction(0, 5), invalidOpcode, "to one that there is not");
        tests.Equal((long)partner.ViewFunction(0, 511), invalidOpcode, "to the last there can be");
        tests.Equal((long)partner.ViewFunction(0, 512), invalidOpcode, "past that");
        tests.Equal((long)partner.ViewFunction(0, uint.MaxValue), invalidOpcode, "far past that");
        tests.Success(Altp2mViews.Show(partner, view, 0), "hidden");
        tests.Equal((long)partner.ViewFunction(0, view), invalidOpcode, "to one that is hidden");
        tests.Success(Altp2mViews.Show(partner, view, 1), "shown");
        tests.Equal((long)partner.ViewFunction(0, view), -1, "to it");
        tests.Equal((long)partner.Load(First), (long)Altp2mChild.SecondText, "what is read there");
        tests.Success(Altp2mViews.Switch(partner, 0), "back by a call");
        tests.Equal((long)partner.Load(First), (long)Altp2mChild.FirstText, "what is read there");
        tests.Success(Altp2mViews.StopNotify(partner, 0), "vcpu_disable_notify");
        tests.Success(Altp2mViews.Destroy(partner, view), "destroyed");
    }
}
