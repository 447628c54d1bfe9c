using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Builder;

/// <summary>
/// The log of what a domain writes is switched on, looked at and switched off while two of its vCPUs write: whenever the domain is held, what was copied by the log is what the
/// domain has.
/// </summary>
internal static class Writers
{
    private const int Rounds = 6, Looks = 4;
    private const ulong Moment = 2_000_000, MostMoments = 200;

    /// <summary>Copies made of marks, and looks that found one.</summary>
    private static int s_copied, s_found;

    public static void Run(TestRun tests)
    {
        if (!BootFiles.IsThere)
        {
            return;
        }

        tests.Start("the log is switched while two vCPUs write");
        Partner partner = Start(tests);
        for (int round = 0; round < Rounds; round++)
        {
            Begin(tests, partner);
            for (int look = 0; look < Looks; look++)
            {
                Look(tests, partner);
            }

            Hold(tests, partner);
            tests.Success(DirtyLog.Call(partner.Id, ShadowOp.Off), "off");
        }

        // Marks that were there go with the end of the log, and those of a moment without one are nobody's.
        tests.Success(DirtyLog.Call(partner.Id, ShadowOp.Peek), "peek while it is off");
        tests.Equal((long)DirtyLog.Word(DirtyChild.First), 0, "no marks");
        Begin(tests, partner);
        End(tests, partner);
    }

    /// <summary>Views come while the log is on, and go.</summary>
    public static void WithViews(TestRun tests)
    {
        if (!BootFiles.IsThere)
        {
            return;
        }

        tests.Start("altp2m, views come and go while two vCPUs write and are logged");
        Partner partner = Start(tests);
        Begin(tests, partner);
        for (int state = 1; state >= 0; state--)
        {
            Look(tests, partner);
            tests.Success(SwitchViews(partner.Id, (byte)state), "views are switched");
            for (int look = 0; look < Looks; look++)
            {
                Look(tests, partner);
            }

            Hold(tests, partner);
        }

        tests.Success(DirtyLog.Call(partner.Id, ShadowOp.Off), "off");
        Begin(tests, partner);
        End(tests, partner);
    }

    /// <summary>
    /// The domain's page tables become read-only while the log is on, as they may: what is walked is not written, whatever the processor's own part in the log is. Not where
    /// nested paging takes each walk for a write (AMD's manual, vol. 2, 15.25.5).
    /// </summary>
    public static void WithReadOnlyTables(TestRun tests)
    {
        if (!BootFiles.IsThere)
        {
            return;
        }

        tests.Start("read-only page tables are walked while two vCPUs write and are logged");
        if (!Xen.UsesVmcall)
        {
            tests.Skip("this processor takes walks for writes always");
            return;
        }

        Partner partner = Start(tests);
        // The same image at the same place.
        ulong top;
        unsafe
        {
            // unsafe: the address of a table is a pointer.
            top = (ulong)Layout.PageLevel4() >> 12;
        }

        for (int round = 0; round < 2; round++)
        {
            Begin(tests, partner);
            Look(tests, partner);
            tests.Success(DirtyLog.SetType(partner.Id, top, HvmMemoryType.RamRo), "the top table");
            for (int look = 0; look < Looks; look++)
            {
                Look(tests, partner);
            }

            Hold(tests, partner);
            tests.Success(DirtyLog.SetType(partner.Id, top, HvmMemoryType.RamRw), "as before");
            Hold(tests, partner);
            tests.Success(DirtyLog.Call(partner.Id, ShadowOp.Off), "off");
        }

        Begin(tests, partner);
        End(tests, partner);
    }

    private static Partner Start(TestRun tests)
    {
        s_copied = s_found = 0;
        Partner partner = Partner.Build(tests, BootFiles.Own, "child writers", ShutdownReason.Poweroff, vcpus: 2);
        Altp2mPartner.SetMode(partner.Id, (ulong)Altp2mMode.External);
        partner.Run(tests);
        partner.Send(tests);
        return partner;
    }

    /// <summary>What is written from here on is marked, and all until then copied.</summary>
    private static void Begin(TestRun tests, Partner partner)
    {
        Watch.Await(partner.Port, Moment);
        tests.Success(DirtyLog.Call(partner.Id, ShadowOp.EnableLogDirty), "on");
        DirtyRounds.Copy(partner, ulong.MaxValue);
        int before = s_found;
        for (ulong i = 0; s_found == before && i < MostMoments; i++)
        {
            Look(tests, partner);
        }

        tests.True(s_found != before, "something is written");
    }

    private static void Look(TestRun tests, Partner partner)
    {
        Watch.Await(partner.Port, Moment);
        s_found += DirtyRounds.Look(tests, partner, 0, ref s_copied) ? 1 : 0;
    }

    /// <summary>The domain is held in the middle of it.</summary>
    private static void Hold(TestRun tests, Partner partner)
    {
        Watch.Await(partner.Port, Moment);
        tests.Success(Control.Call(DomctlOp.Pausedomain, partner.Id), "pausedomain");
        DirtyRounds.Look(tests, partner, 0, ref s_copied);
        tests.Equal(DirtyRounds.Different(partner), 0, "bytes that differ");
        tests.Success(DirtyLog.Call(partner.Id, ShadowOp.Peek), "peek");
        tests.Equal((long)DirtyLog.Word(DirtyChild.First), 0, "nothing is written meanwhile");
        tests.Success(Control.Call(DomctlOp.Unpausedomain, partner.Id), "unpausedomain");
    }

    private static void End(TestRun tests, Partner partner)
    {
        partner.Send(tests);
        partner.Await(tests, "they stop");
        DirtyRounds.Look(tests, partner, ShadowModes.Final, ref s_copied);
        tests.Equal(DirtyRounds.Different(partner), 0, "bytes that differ");
        ulong counts = ChildImage.See(partner.Id, Layout.FrameOf(WritersChild.CountsPage) << 12);
        tests.True(WritersChild.Least(counts) > DirtyChild.Count, "both have written");
        ChildImage.Unsee();
        tests.Success(DirtyLog.Call(partner.Id, ShadowOp.Off), "off");
        partner.Send(tests);
        partner.AwaitDeath(tests, ShutdownReason.Poweroff);
        partner.Destroy(tests);
    }

    private static long SwitchViews(ushort id, byte state)
    {
        var argument = new HvmAltp2mOp { DomainState = new HvmAltp2mDomainState { State = state } };
        return Altp2mCalls.Call(Altp2mOp.SetDomainState, id, ref argument);
    }
}
