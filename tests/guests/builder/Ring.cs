using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Builder;

/// <summary>
/// The back end of a ring that a child offers: its page is mapped by its grant, events go both ways, and the bytes of each request are
/// copied by theirs, there and back.
/// </summary>
internal static class Ring
{
    private const int Place = PoolPage.FirstFree + 1, Bytes = PoolPage.FirstFree + 2;

    /// <summary>Status of the copies for the first requests of a ring, by their ids.</summary>
    private static readonly long[] s_statuses = new long[8];

    private static uint s_served, s_events, s_different;

    public static void Run(TestRun tests)
    {
        // Where what is mapped goes, there may be no memory.
        GrantTable.GiveBack(Place);

        // What is made once, for the first, is no loss.
        Life(tests, BootFiles.Own, ShutdownReason.Poweroff, "a ring with a child");
        ulong before = Watch.SettledFrames();
        Life(tests, BootFiles.Own, ShutdownReason.Reboot, "a ring with a child that reboots");
        Life(tests, BootFiles.Own, ShutdownReason.Crash, "a ring with a child that crashes");
        Life(tests, BootFiles.Own, ShutdownReason.Suspend, "a ring with a child that suspends");
        Life(tests, BootFiles.Narrow, ShutdownReason.Poweroff, "a ring with a child of 32 bits");
        Liar(tests);
        tests.Start("no frame is lost by rings");
        tests.Equal((long)(before - Watch.SettledFrames()), 0, "free frames less");
    }

    private static void Life(TestRun tests, string file, ShutdownReason reason, string name)
    {
        tests.Start(name);
        if (!BootFiles.IsThere)
        {
            tests.Skip("no files were loaded to build a domain of");
            return;
        }

        Partner partner = Partner.Start(tests, file, "child ring", reason);
        GnttabMapGrantRef mapped = Map(tests, partner);
        RingState last = Serve(partner);
        tests.Equal(s_different, 0, "bytes that are not the child's");
        tests.Equal(s_served, RingChild.Requests, "requests");
        tests.Equal((long)last, (long)RingState.Empty, "the last request");
        tests.True(s_events <= s_served + 1, "no more events than there are requests");
        tests.Equal(GrantTable.Unmap(mapped.Handle, Place), 0, "unmapping the ring");
        partner.Send(tests);
        partner.AwaitDeath(tests, reason);
        partner.Destroy(tests);
    }

    private static void Liar(TestRun tests)
    {
        tests.Start("a ring with a child that lies");
        if (!BootFiles.IsThere)
        {
            tests.Skip("no files were loaded to build a domain of");
            return;
        }

        Partner partner = Partner.Start(tests, BootFiles.Own, "child lie", ShutdownReason.Poweroff);
        GnttabMapGrantRef mapped = Map(tests, partner);
        tests.Equal((long)Serve(partner), (long)RingState.Overflow, "more requests than there can be");
        tests.Equal(s_statuses[0], (long)GrantStatus.BadGntref, "a reference past the table");
        tests.Equal(s_statuses[1], (long)GrantStatus.GeneralError, "an empty entry");
        tests.Equal(s_statuses[2], (long)GrantStatus.GeneralError, "a grant to somebody else");
        tests.Equal(s_statuses[3], (long)GrantStatus.BadCopyArg, "bytes across the end of the page");
        tests.Equal(s_statuses[4], (long)GrantStatus.BadCopyArg, "bytes past the end of the page");
        tests.Equal(s_statuses[5], (long)GrantStatus.GeneralError, "a grant for reading only");
        tests.Equal(GrantTable.Unmap(mapped.Handle, Place), 0, "unmapping the ring");
        partner.Send(tests);
        partner.AwaitDeath(tests, ShutdownReason.Poweroff);
        partner.Destroy(tests);
    }

    private static GnttabMapGrantRef Map(TestRun tests, Partner partner)
    {
        GnttabMapGrantRef mapped = GrantTable.Map(partner.Id, RingChild.RingReference, Place);
        tests.Equal(mapped.Status, 0, "mapping the ring");
        return mapped;
    }

    /// <summary>Answers requests until the one of no bytes (empty), until the ring makes no sense (overflow), or until none comes (request).</summary>
    private static RingState Serve(Partner partner)
    {
        var ring = new BackRing(GrantTable.AddressOf(Place));
        s_served = s_events = s_different = 0;
        while (true)
        {
            RingState state = ring.Take(out NetifTxRequest request);
            if (state == RingState.Overflow || (state == RingState.Request && request.Size == 0))
            {
                return state == RingState.Overflow ? state : RingState.Empty;
            }

            if (state == RingState.Request)
            {
                ring.Put(new NetifTxResponse { Id = request.Id, Status = (short)Invert(partner.Id, in request) });
                s_served++;
                continue;
            }

            if (ring.Push())
            {
                Events.Send(partner.Port);
            }

            if (ring.HasMore())
            {
                continue;
            }

            if (!Watch.Await(partner.Port, Watch.Patience))
            {
                return RingState.Request;
            }

            s_events++;
        }
    }

    /// <summary>Inverts the bytes that a request names. 0, or the status of the copy that failed.</summary>
    private static long Invert(ushort id, in NetifTxRequest request)
    {
        ulong bytes = GrantTable.AddressOf(Bytes);
        var copy = new GnttabCopy
        {
            SourceReference = request.Reference, SourceDomain = id, SourceOffset = request.Offset,
            DestinationGmfn = Layout.FrameOf(Bytes), DestinationDomain = DomainIds.Self, Length = request.Size, Flags = GrantCopyFlags.SourceIsGrant,
        };
        long status = Copy(ref copy);
        if (status == 0)
        {
            for (uint i = 0; i < request.Size; i++)
            {
                byte value = Memory.Read8(bytes + i);
                s_different += value != RingChild.Pattern(request.Id, i) ? 1u : 0;
                Memory.Write8(bytes + i, (byte)~value);
            }

            copy = new GnttabCopy
            {
                SourceGmfn = Layout.FrameOf(Bytes), SourceDomain = DomainIds.Self,
                DestinationReference = request.Reference, DestinationDomain = id, DestinationOffset = request.Offset, Length = request.Size, Flags = GrantCopyFlags.DestinationIsGrant,
            };
            status = Copy(ref copy);
        }

        if (request.Id < s_statuses.Length)
        {
            s_statuses[request.Id] = status;
        }

        return status;
    }

    private static long Copy(ref GnttabCopy copy)
    {
        copy.Status = 99;
        long result = Xen.Call(Hypercall.GrantTableOp, (ulong)GrantTableOp.Copy, Xen.AddressOf(ref copy), 1);
        return result == 0 ? copy.Status : result;
    }
}
