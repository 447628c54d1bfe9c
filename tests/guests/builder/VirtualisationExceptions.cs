using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Builder;

/// <summary>#VE: when a domain is told of what a view forbids it, what it is told, and what becomes of what it can't be told of. Nobody else listens.</summary>
internal static class VirtualisationExceptions
{
    private const byte StoreLength = 3, NarrowStoreLength = 2;

    /// <summary>Of a qualification (Intel SDM vol. 3, table 29-7): the access in bits 0 to 2, what is allowed from bit 3 on, a linear address that is there, and that it is the access's.</summary>
    private const ulong Read = 1, Write = 2, Fetch = 4, Linear = 3 << 7;

    private static ulong First => GrantTable.AddressOf(Altp2mChild.First);

    private static ulong FirstFrame => Altp2mPartner.FrameOf(Altp2mChild.First);

    private static ulong Information => GrantTable.AddressOf(Altp2mChild.Information);

    public static void Run(TestRun tests, Altp2mPartner partner)
    {
        partner.Box.KeepsInformation = 0;
        Contents(tests, partner);
        View(tests, partner);
        Busy(tests, partner);
        Suppression(tests, partner);
        OwnRemap(tests, partner);
        Page(tests, partner);
        Changing(tests, partner);
        Switching(tests, partner);
    }

    /// <summary>The domain in a view of its own, with a page.</summary>
    private static ushort Begin(TestRun tests, Altp2mPartner partner)
    {
        Altp2mViews.Create(partner, (ushort)MemoryAccess.Default, out ushort view);
        tests.Success(Altp2mViews.Switch(partner, view), "to the view");
        tests.Success(Altp2mViews.Notify(partner, 0, Altp2mPartner.FrameOf(Altp2mChild.Information)), "where it is told");
        partner.Box.Exceptions = 0;
        partner.Box.Escape = ushort.MaxValue;
        partner.Box.Length = StoreLength;
        return view;
    }

    private static void End(TestRun tests, Altp2mPartner partner, ushort view)
    {
        tests.Success(Altp2mViews.StopNotify(partner, 0), "no more");
        tests.Success(Altp2mViews.Switch(partner, 0), "to view 0");
        tests.Success(Altp2mViews.Destroy(partner, view), "destroyed");
    }

    private static void Restrict(TestRun tests, Altp2mPartner partner, ushort view, MemoryAccess access, byte suppressed = 0)
    {
        tests.Success(Altp2mFrames.SetAccess(partner, view, FirstFrame, access), "rights");
        tests.Success(Altp2mFrames.SetSuppressed(partner, view, FirstFrame, suppressed), "whether it is told");
    }

    /// <summary>How many #VE a write brings.</summary>
    private static long Store(Altp2mPartner partner, ulong address)
    {
        partner.Box.Exceptions = 0;
        partner.Store(address, 0x77);
        return (long)partner.Box.Exceptions;
    }

    private static void Told(TestRun tests, Altp2mPartner partner, ulong address, ulong access, MemoryAccess allowed, string what)
    {
        tests.Equal((long)partner.Box.Exceptions, 1, what);
        tests.Equal(partner.Box.Reason, 48, "its reason");
        tests.Equal(partner.Box.Semaphore, uint.MaxValue, "its semaphore");
        // On AMD's processors a nested page fault has no linear address, and the qualification says that there is none.
        tests.Equal((long)(partner.Box.Qualification & (Linear | 0x3F)), (long)(access | (ulong)allowed << 3 | (Xen.UsesVmcall ? Linear : 0)), "its qualification");
        tests.Equal((long)partner.Box.LinearAddress, (long)(Xen.UsesVmcall ? address : 0), "its linear address");
        tests.Equal((long)partner.Box.PhysicalAddress, (long)address, "its physical address");
    }

    private static void Contents(TestRun tests, Altp2mPartner partner)
    {
        tests.Start("altp2m, a right that is missing, told by #VE");
        ushort view = Begin(tests, partner);
        Restrict(tests, partner, view, MemoryAccess.Read);
        Store(partner, First + 8);
        Told(tests, partner, First + 8, Write, MemoryAccess.Read, "exceptions at a write");
        tests.Equal((long)partner.Load(First + 8), 0, "nothing was written");
        Restrict(tests, partner, view, MemoryAccess.Read);
        partner.Box.Length = NarrowStoreLength;
        partner.Way = Altp2mWay.NarrowKernel;
        Store(partner, First + 24);
        partner.Way = Altp2mWay.Kernel;
        partner.Box.Length = StoreLength;
        Told(tests, partner, First + 24, Write, MemoryAccess.Read, "exceptions at a 32-bit write");
        Restrict(tests, partner, view, MemoryAccess.None);
        partner.Box.Exceptions = 0;
        partner.Load(First + 16);
        Told(tests, partner, First + 16, Read, MemoryAccess.None, "exceptions at a read");
        // The page from which the domain makes each step.
        ulong code = GrantTable.AddressOf(PoolPage.Code), codeFrame = Altp2mPartner.FrameOf(PoolPage.Code);
        tests.Success(Altp2mFrames.SetAccess(partner, view, codeFrame, MemoryAccess.ReadWrite), "rights");
        tests.Success(Altp2mFrames.SetSuppressed(partner, view, codeFrame, 0), "whether it is told");
        partner.Box.Exceptions = 0;
        partner.Box.Escape = 0;
        partner.Load(First + 16);
        Told(tests, partner, code, Fetch, MemoryAccess.ReadWrite, "exceptions at a fetch");
        tests.Equal(Altp2mViews.IndexOf(partner, 0), 0, "the view to which it went by VMFUNC, to go on");
        partner.Box.Escape = ushort.MaxValue;
        tests.Success(Altp2mFrames.SetAccess(partner, view, codeFrame, MemoryAccess.All), "rights");
        End(tests, partner, view);
    }

    private static void View(TestRun tests, Altp2mPartner partner)
    {
        tests.Start("altp2m, #VE names the view to which the domain has gone by VMFUNC");
        ushort view = Begin(tests, partner);
        Restrict(tests, partner, view, MemoryAccess.Read);
        tests.Equal((long)partner.ViewFunction(0, 0), -1, "to view 0 by VMFUNC");
        tests.Equal(Store(partner, First + 8), 0, "exceptions");
        tests.Equal((long)partner.ViewFunction(0, view), -1, "to the view by VMFUNC");
        tests.Equal(Store(partner, First + 8), 1, "exceptions");
        tests.Equal(partner.Box.View, view, "its view");
        End(tests, partner, view);
        partner.Store(First + 8, 0);
    }

    /// <summary>While the domain has not given the page back, a violation is the hypervisor's: it opens the right, as nobody listens.</summary>
    private static void Busy(TestRun tests, Altp2mPartner partner)
    {
        tests.Start("altp2m, no #VE before the last one's page is given back");
        ushort view = Begin(tests, partner);
        Restrict(tests, partner, view, MemoryAccess.Read);
        partner.Box.KeepsInformation = 1;
        tests.Equal(Store(partner, First + 8), 1, "exceptions");
        tests.Equal((long)partner.Load(First + 8), 0, "nothing was written");
        tests.Equal(Store(partner, First + 16), 0, "exceptions while the page is taken");
        tests.Equal((long)partner.Load(First + 16), 0x77, "it was written");
        tests.Equal(Altp2mFrames.AccessOf(partner, view, FirstFrame), (long)MemoryAccess.All, "its rights");
        tests.Equal((long)partner.Load(Information + 24), (long)First + 8, "the address that the page has");
        partner.Box.KeepsInformation = 0;
        partner.Store(Information + 4, 0);
        Restrict(tests, partner, view, MemoryAccess.Read);
        tests.Equal(Store(partner, First + 8), 1, "exceptions when it is given back");
        End(tests, partner, view);
        partner.Store(First + 16, 0);
    }

    private static void Suppression(TestRun tests, Altp2mPartner partner)
    {
        tests.Start("altp2m, no #VE unless asked for");
        ushort view = Begin(tests, partner);
        tests.Success(Altp2mFrames.SetAccess(partner, view, FirstFrame, MemoryAccess.Read), "rights, and no more");
        tests.Equal(Store(partner, First + 8), 0, "exceptions");
        tests.Equal((long)partner.Load(First + 8), 0x77, "it was written");
        partner.Store(First + 8, 0);
        tests.Equal(Altp2mFrames.AccessOf(partner, view, FirstFrame), (long)MemoryAccess.All, "its rights");
        Restrict(tests, partner, view, MemoryAccess.Read);
        tests.Equal(Store(partner, First + 8), 1, "exceptions when asked for");
        Restrict(tests, partner, view, MemoryAccess.Read, suppressed: 1);
        tests.Equal(Store(partner, First + 8), 0, "exceptions when not any more");
        tests.Equal((long)partner.Load(First + 8), 0x77, "it was written");
        partner.Store(First + 8, 0);
        End(tests, partner, view);
    }

    private static void OwnRemap(TestRun tests, Altp2mPartner partner)
    {
        tests.Start("altp2m, a remap is told by #VE to the domain that made it itself");
        ushort view = Begin(tests, partner);
        tests.Success(Altp2mFrames.Change(partner, view, FirstFrame, Altp2mPartner.FrameOf(Altp2mChild.Second)), "a remap");
        tests.Success(Altp2mFrames.SetAccess(partner, view, FirstFrame, MemoryAccess.Read), "rights");
        tests.Equal(Store(partner, First + 8), partner.IsInside ? 1 : 0, "exceptions");
        tests.Equal((long)partner.Load(First + 8), partner.IsInside ? 0 : 0x77, "what was written");
        tests.Success(Altp2mFrames.Change(partner, view, FirstFrame, ulong.MaxValue), "back");
        End(tests, partner, view);
        partner.Store(GrantTable.AddressOf(Altp2mChild.Second) + 8, 0);
    }

    private static void Page(TestRun tests, Altp2mPartner partner)
    {
        tests.Start("altp2m, no #VE without a page for it");
        ushort view = Begin(tests, partner);
        Restrict(tests, partner, view, MemoryAccess.Read);
        tests.Success(Altp2mViews.StopNotify(partner, 0), "vcpu_disable_notify");
        tests.Equal(Store(partner, First + 8), 0, "exceptions");
        tests.Equal((long)partner.Load(First + 8), 0x77, "it was written");
        partner.Store(First + 8, 0);
        Restrict(tests, partner, view, MemoryAccess.Read);
        tests.Success(Altp2mViews.Notify(partner, 0, Altp2mPartner.FrameOf(Altp2mChild.Information)), "vcpu_enable_notify");
        tests.Equal(Store(partner, First + 8), 1, "exceptions then");
        End(tests, partner, view);
    }

    /// <summary>Rights that change when they are violated do not where the domain is told: the processor tells it, and nobody else sees it.</summary>
    private static void Changing(TestRun tests, Altp2mPartner partner)
    {
        tests.Start("altp2m, #VE comes before rights change by themselves");
        ushort view = Begin(tests, partner);
        foreach (MemoryAccess access in new[] { MemoryAccess.ReadExecuteToReadWrite, MemoryAccess.NoneToAll })
        {
            Restrict(tests, partner, view, access);
            tests.Equal(Store(partner, First + 8), 1, "exceptions");
            tests.Equal(Altp2mFrames.AccessOf(partner, view, FirstFrame), (long)access, "its rights");
        }

        End(tests, partner, view);
        tests.Equal((long)partner.Load(First + 8), 0, "nothing was written");
    }

    /// <summary>A call takes the domain to another view, whether it is told of violations or not.</summary>
    private static void Switching(TestRun tests, Altp2mPartner partner)
    {
        tests.Start("altp2m, switch_p2m while #VE is on");
        Altp2mViews.Create(partner, (ushort)MemoryAccess.Default, out ushort view);
        tests.Success(Altp2mViews.Notify(partner, 0, Altp2mPartner.FrameOf(Altp2mChild.Information)), "where it is told");
        tests.Success(Altp2mViews.Switch(partner, view), "to the view");
        tests.Equal(Altp2mViews.IndexOf(partner, 0), view, "the view");
        tests.Success(Altp2mViews.Switch(partner, 0), "to view 0");
        tests.Equal(Altp2mViews.IndexOf(partner, 0), 0, "the view");
        tests.Success(Altp2mViews.StopNotify(partner, 0), "no more");
        tests.Success(Altp2mViews.Destroy(partner, view), "destroyed");
    }
}
