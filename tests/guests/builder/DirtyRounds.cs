using System;
using System.Numerics;
using System.Runtime.InteropServices;
using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Builder;

/// <summary>What a domain writes is logged while it runs, as one is moved elsewhere that goes on working.</summary>
internal static class DirtyRounds
{
    private const int PageSize = 4096, Found = 8, MostLooks = 2000;

    /// <summary>Of the domain: where nothing of it is written once it runs.</summary>
    private const ulong Untouched = 0x680, UntouchedEnd = 0x7F0;

    private static readonly byte[] s_copy = new byte[DirtyChild.Count * PageSize];

    public static void Run(TestRun tests)
    {
        tests.Start("what a domain writes is logged exactly");
        if (!BootFiles.IsThere)
        {
            tests.Skip("no files were loaded to build a domain of");
            return;
        }

        Partner partner = Partner.Start(tests, BootFiles.Own, "child dirty", ShutdownReason.Poweroff);
        tests.Success(DirtyLog.Call(partner.Id, ShadowOp.EnableLogDirty), "on");
        for (uint round = 0; round < DirtyChild.Rounds; round++)
        {
            Round(tests, partner, round);
        }

        Grants(tests, partner);
        Move(tests, partner);
        tests.Success(DirtyLog.Call(partner.Id, ShadowOp.Off), "off");
        partner.Send(tests);
        partner.AwaitDeath(tests, ShutdownReason.Poweroff);
        partner.Destroy(tests);
    }

    private static void Round(TestRun tests, Partner partner, uint round)
    {
        partner.Send(tests);
        partner.Await(tests, "a round");
        if (round % 3 == 1)
        {
            tests.Success(DirtyLog.Call(partner.Id, ShadowOp.Peek), "peek");
            tests.Equal((long)DirtyLog.Word(DirtyChild.First), (long)DirtyChild.Written(round), "its pages, by a look that leaves them");
        }

        tests.Success(DirtyLog.Call(partner.Id, ShadowOp.Clean), "clean");
        tests.Equal((long)DirtyLog.Word(DirtyChild.First), (long)DirtyChild.Written(round), "its pages");
        int marked = 0;
        for (ulong gfn = 0; gfn < DirtyLog.Frames; gfn += 64)
        {
            marked += BitOperations.PopCount(DirtyLog.Word(gfn));
            if (gfn is >= Untouched and < (UntouchedEnd & ~63UL))
            {
                tests.Equal((long)DirtyLog.Word(gfn), 0, "pages that nobody writes");
            }
        }

        tests.Equal(DirtyLog.Last.DirtyCount, marked, "how many there are");
        tests.Equal(DirtyLog.Last.FaultCount, 0, "faults of shadow tables");
    }

    /// <summary>Writes of another domain through a grant count as its granter's once the mapping is gone.</summary>
    private static void Grants(TestRun tests, Partner partner)
    {
        tests.Start("what another writes through a grant is logged");
        ulong gfn = Layout.FrameOf(DirtyChild.GrantedPage);
        GnttabMapGrantRef mapped = GrantTable.Map(partner.Id, DirtyChild.Reference, Place);
        tests.Equal(mapped.Status, 0, "mapping");
        tests.Success(DirtyLog.Call(partner.Id, ShadowOp.Clean), "clean");
        Memory.Write64(GrantTable.AddressOf(Place), 1);
        tests.Success(DirtyLog.Call(partner.Id, ShadowOp.Peek), "peek");
        tests.Equal(DirtyLog.IsMarked(gfn) ? 1 : 0, 0, "while it is mapped");
        tests.Equal(GrantTable.Unmap(mapped.Handle, Place), 0, "unmapping");
        tests.Success(DirtyLog.Call(partner.Id, ShadowOp.Clean), "clean");
        tests.Equal(DirtyLog.IsMarked(gfn) ? 1 : 0, 1, "once it is unmapped");
        mapped = GrantTable.Map(partner.Id, DirtyChild.Reference, Place, GrantMapFlags.Host | GrantMapFlags.ReadOnly);
        tests.Equal(GrantTable.Unmap(mapped.Handle, Place), 0, "unmapping what was for reading");
        tests.Equal(GrantTable.Copy(Layout.FrameOf(Source), DomainIds.Self, DirtyChild.Reference, partner.Id, GrantCopyFlags.DestinationIsGrant), 0, "a copy to it");
        tests.Success(DirtyLog.Call(partner.Id, ShadowOp.Clean), "clean");
        tests.Equal(DirtyLog.IsMarked(gfn) ? 1 : 0, 1, "after a copy");
        mapped = GrantTable.Map(partner.Id, DirtyChild.Reference, Place, GrantMapFlags.Host | GrantMapFlags.ReadOnly);
        tests.Equal(GrantTable.Unmap(mapped.Handle, Place), 0, "unmapping what was for reading");
        tests.Success(DirtyLog.Call(partner.Id, ShadowOp.Clean), "clean");
        tests.Equal(DirtyLog.IsMarked(gfn) ? 1 : 0, 0, "after a mapping for reading");
    }

    // The first is where the ring's page goes, so that it has no memory.
    private const int Place = PoolPage.FirstFree + 1, Source = PoolPage.FirstFree + 2;

    /// <summary>Copies what is marked while the domain writes on, then once more: the copy is what it has.</summary>
    private static void Move(TestRun tests, Partner partner)
    {
        tests.Start("a domain that writes on is copied exactly");
        tests.Success(DirtyLog.Call(partner.Id, ShadowOp.Clean), "clean");
        int copied = Copy(partner, ulong.MaxValue);
        partner.Send(tests);
        int found = 0;
        for (int looks = 0; found < Found && looks < MostLooks; looks++)
        {
            Watch.Await(partner.Port, 1_000_000);
            found += Look(tests, partner, 0, ref copied) ? 1 : 0;
        }

        tests.Equal(found, Found, "looks that found something");
        partner.Send(tests);
        partner.Await(tests, "it stops");
        Look(tests, partner, ShadowModes.Final, ref copied);
        tests.True(copied > DirtyChild.Count, "pages were copied more than once");
        tests.Equal(Different(partner), 0, "bytes that differ");
        tests.Success(DirtyLog.Call(partner.Id, ShadowOp.Peek), "peek");
        tests.Equal((long)DirtyLog.Word(DirtyChild.First), 0, "nothing is written any more");
    }

    public static bool Look(TestRun tests, Partner partner, ShadowModes mode, ref int copied)
    {
        tests.Success(DirtyLog.Call(partner.Id, ShadowOp.Clean, mode), "clean");
        ulong marked = DirtyLog.Word(DirtyChild.First);
        copied += Copy(partner, marked);
        return marked != 0;
    }

    public static int Copy(Partner partner, ulong pages)
    {
        int copied = BitOperations.PopCount(pages);
        Span<ulong> words = MemoryMarshal.Cast<byte, ulong>(s_copy.AsSpan());
        for (; pages != 0; pages &= pages - 1)
        {
            int page = BitOperations.TrailingZeroCount(pages);
            ulong from = ChildImage.See(partner.Id, (DirtyChild.First + (uint)page) << 12);
            for (int i = 0; i < PageSize; i += sizeof(ulong))
            {
                words[((page * PageSize) + i) / sizeof(ulong)] = Memory.Read64(from + (uint)i);
            }

            ChildImage.Unsee();
        }

        return copied;
    }

    public static int Different(Partner partner)
    {
        int different = 0;
        for (int page = 0; page < DirtyChild.Count; page++)
        {
            ulong from = ChildImage.See(partner.Id, (DirtyChild.First + (uint)page) << 12);
            for (int i = 0; i < PageSize; i++)
            {
                different += s_copy[(page * PageSize) + i] != Memory.Read8(from + (uint)i) ? 1 : 0;
            }

            ChildImage.Unsee();
        }

        return different;
    }
}
