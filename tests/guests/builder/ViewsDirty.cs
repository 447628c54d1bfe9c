using System;
using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Builder;

/// <summary>
/// What a domain writes is logged by the frame of the host p2m, whatever view it wrote through: random writes, by instructions and by hypercalls, through random views with random
/// remaps that change meanwhile.
/// </summary>
internal static class ViewsDirty
{
    private const int ViewCount = 8, Pages = DirtyChild.Count, Found = 12, MostLooks = 3000;

    /// <summary>For each view, which of the pages is seen at each of them.</summary>
    private static readonly byte[] s_shown = new byte[ViewCount * Pages];

    private static uint s_state = 2015;

    public static void Run(TestRun tests)
    {
        tests.Start("altp2m, what a domain writes through random views is logged exactly");
        Partner partner = Partner.Build(tests, BootFiles.Own, "child dirty", ShutdownReason.Poweroff);
        tests.Success(Altp2mPartner.SetMode(partner.Id, (ulong)Altp2mMode.External), "its mode");
        partner.Run(tests);
        MakeViews(tests, partner.Id);
        tests.Success(DirtyLog.Call(partner.Id, ShadowOp.EnableLogDirty), "on");
        for (uint round = 0; round < DirtyChild.Rounds; round++)
        {
            Round(tests, partner, round);
        }

        Move(tests, partner);
        tests.Success(DirtyLog.Call(partner.Id, ShadowOp.Off), "off");
        partner.Send(tests);
        partner.AwaitDeath(tests, ShutdownReason.Poweroff);
        partner.Destroy(tests);
    }

    private static uint Draw(uint below)
    {
        s_state = unchecked((s_state * 1664525) + 1013904223);
        return (s_state >> 8) % below;
    }

    private static long Call(ushort id, Altp2mOp operation, HvmAltp2mOp argument) => Altp2mCalls.Call(operation, id, ref argument);

    private static void MakeViews(TestRun tests, ushort id)
    {
        tests.Success(Call(id, Altp2mOp.SetDomainState, new HvmAltp2mOp { DomainState = new HvmAltp2mDomainState { State = 1 } }), "views");
        for (int i = 0; i < s_shown.Length; i++)
        {
            s_shown[i] = (byte)(i % Pages);
        }

        for (int view = 1; view < ViewCount; view++)
        {
            tests.Success(Call(id, Altp2mOp.CreateP2m, new HvmAltp2mOp { View = new HvmAltp2mView { DefaultAccess = (ushort)MemoryAccess.Default } }), "each");
            Remap(tests, id, view, 24);
        }
    }

    /// <summary>Some of the pages show what others show in that view, or themselves again. Others may keep what they show.</summary>
    private static void Remap(TestRun tests, ushort id, int view, int changes)
    {
        for (; changes != 0; changes--)
        {
            uint page = Draw(Pages), target = Draw(Pages);
            bool isBack = Draw(4) == 0;
            var change = new HvmAltp2mChangeGfn { View = (ushort)view, OldGfn = DirtyChild.First + page, NewGfn = isBack ? ulong.MaxValue : DirtyChild.First + target };
            tests.Success(Call(id, Altp2mOp.ChangeGfn, new HvmAltp2mOp { ChangeGfn = change }), "a remap");
            s_shown[(view * Pages) + (int)page] = isBack ? (byte)page : s_shown[(view * Pages) + (int)target];
        }
    }

    private static int Switch(TestRun tests, ushort id)
    {
        int view = (int)Draw(ViewCount);
        tests.Success(Call(id, Altp2mOp.SwitchP2m, new HvmAltp2mOp { View = new HvmAltp2mView { View = (ushort)view } }), "to a view");
        return view;
    }

    private static void Round(TestRun tests, Partner partner, uint round)
    {
        int view = Switch(tests, partner.Id);
        if (view != 0)
        {
            Remap(tests, partner.Id, view, 4);
        }

        partner.Send(tests);
        partner.Await(tests, "a round");
        long written = (long)DirtyChild.Written(round, s_shown.AsSpan(view * Pages, Pages));
        if (round % 3 == 1)
        {
            tests.Success(DirtyLog.Call(partner.Id, ShadowOp.Peek), "peek");
            tests.Equal((long)DirtyLog.Word(DirtyChild.First), written, "what it has written, by a look that leaves it");
        }

        tests.Success(DirtyLog.Call(partner.Id, ShadowOp.Clean), "clean");
        tests.Equal((long)DirtyLog.Word(DirtyChild.First), written, "what it has written");
        tests.Equal((long)DirtyLog.Word(DirtyChild.First + 128), 0, "pages that nobody writes");
    }

    /// <summary>As <see cref="DirtyRounds"/> copies a domain that writes on; meanwhile it is put from one view into another, and what they show changes.</summary>
    private static void Move(TestRun tests, Partner partner)
    {
        tests.Start("altp2m, a domain that writes on through random views is copied exactly");
        tests.Success(DirtyLog.Call(partner.Id, ShadowOp.Clean), "clean");
        int copied = DirtyRounds.Copy(partner, ulong.MaxValue);
        partner.Send(tests);
        int found = 0;
        for (int looks = 0; found < Found && looks < MostLooks; looks++)
        {
            Watch.Await(partner.Port, 1_000_000);
            int view = Switch(tests, partner.Id);
            if (view != 0 && looks % 4 == 0)
            {
                Remap(tests, partner.Id, view, 2);
            }

            found += DirtyRounds.Look(tests, partner, 0, ref copied) ? 1 : 0;
        }

        tests.Equal(found, Found, "looks that found something");
        partner.Send(tests);
        partner.Await(tests, "it stops");
        DirtyRounds.Look(tests, partner, ShadowModes.Final, ref copied);
        tests.Equal(DirtyRounds.Different(partner), 0, "bytes that differ");
        tests.Success(DirtyLog.Call(partner.Id, ShadowOp.Peek), "peek");
        tests.Equal((long)DirtyLog.Word(DirtyChild.First), 0, "nothing is written any more");
    }
}
