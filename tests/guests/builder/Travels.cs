using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Builder;

/// <summary>
/// A domain with a hypercall TLB, in a view of its memory, is saved, destroyed, made anew and loaded: its memory by copies, all else by the HVM context alone. It goes on where it
/// was, with what it had.
/// </summary>
internal static class Travels
{
    private const int Frames = 2048, Part = 64;

    /// <summary>Where the builder sees memory of both: where it has none, and its page tables reach.</summary>
    private const ulong From = 0x6040_0000, To = 0x6080_0000, Box = 0x60C0_0000;

    private static readonly byte[] s_context = new byte[16384];
    private static readonly ulong[] s_indices = new ulong[Part], s_gfns = new ulong[Part];
    private static readonly int[] s_errors = new int[Part];

    private static ref TravelMailbox Mailbox => ref Memory.At<TravelMailbox>(Box);

    public static void Run(TestRun tests)
    {
        tests.Start("a domain with calls and views of its own is saved");
        Partner child = Partner.Build(tests, BootFiles.Own, "child travel", ShutdownReason.Poweroff);
        tests.Success(Expose(child.Id, ExposureGroup.CallFeature, 1UL << (int)CallFeature.Table | 1UL << (int)CallFeature.User), "ways to make calls are shown to it");
        tests.Success(Expose(child.Id, ExposureGroup.HighNumber, 1), "xenolith_query is shown to it");
        tests.Success(Altp2mPartner.SetMode(child.Id, (ulong)Altp2mMode.External), "its mode");
        child.Run(tests);
        tests.Success(Map(child.Id, Layout.FrameOf(TravelChild.Mailbox), 1, Box), "seeing what it says");
        MakeViews(tests, child.Id);
        Look(tests, child.Port);
        tests.Success(Control.Call(DomctlOp.Pausedomain, child.Id), "pausedomain");
        ulong rounds = Mailbox.Rounds;
        var argument = Context((uint)s_context.Length);
        tests.Success(Control.Call(DomctlOp.Gethvmcontext, child.Id, ref argument), "gethvmcontext");
        uint size = argument.HvmContext.Size;

        tests.Start("a domain with calls and views of its own is loaded");
        tests.Success(Control.Create(Control.Pvh(1), out ushort id), "createdomain");
        tests.Success(Control.MakeVcpus(id, 1), "its vCPU");
        tests.Success(Control.SetMaximumMemory(id, Frames * 4), "its limit");
        for (ulong gfn = 0; gfn < Frames; gfn += 512)
        {
            tests.Equal(Limits.Populate(id, gfn, 1, 9), 1, "its memory");
        }

        Copy(tests, child.Id, id);
        tests.Success(Unmap(1, Box), "no more is seen of it");
        tests.Success(Control.Call(DomctlOp.Destroydomain, child.Id), "destroydomain");
        tests.Error(Control.Call(DomctlOp.Pausedomain, child.Id), Errno.ESRCH, "it is gone");
        argument = Context(size);
        tests.Error(Control.Call(DomctlOp.Sethvmcontext, id, ref argument), Errno.EINVAL, "views, of a domain that may have none");
        tests.Success(Altp2mPartner.SetMode(id, (ulong)Altp2mMode.External), "its mode");
        argument = Context(size);
        tests.Success(Control.Call(DomctlOp.Sethvmcontext, id, ref argument), "sethvmcontext");
        tests.Success(Map(id, Layout.FrameOf(TravelChild.Mailbox), 1, Box), "seeing what it says");
        tests.Equal((long)Mailbox.Rounds, (long)rounds, "what it said is what it had said");
        tests.Success(Control.Call(DomctlOp.Unpausedomain, id), "unpausedomain");
        Look(tests, child.Port);
        tests.True(Mailbox.Rounds > rounds, "it goes on");
        var view = new HvmAltp2mOp { GetVcpuP2mIdx = new HvmAltp2mGetVcpuP2mIdx { Vcpu = 0 } };
        tests.Success(Altp2mCalls.Call(Altp2mOp.GetP2mIdx, id, ref view), "get_p2m_idx");
        tests.Equal(view.GetVcpuP2mIdx.View, 1, "its view");
        Mailbox.IsToEnd = 1;
        tests.Success(Unmap(1, Box), "no more is seen of it");
        var loaded = new Partner(id, child.Port);
        loaded.AwaitDeath(tests, ShutdownReason.Poweroff);
        loaded.Destroy(tests);
    }

    /// <summary>Its second view shows one page in the place of another; it is in there.</summary>
    private static void MakeViews(TestRun tests, ushort id)
    {
        var argument = new HvmAltp2mOp { DomainState = new HvmAltp2mDomainState { State = 1 } };
        tests.Success(Altp2mCalls.Call(Altp2mOp.SetDomainState, id, ref argument), "set_domain_state");
        argument = new HvmAltp2mOp { View = new HvmAltp2mView { DefaultAccess = (ushort)MemoryAccess.All } };
        tests.Success(Altp2mCalls.Call(Altp2mOp.CreateP2m, id, ref argument), "create_p2m");
        tests.Equal(argument.View.View, 1, "its number");
        argument = new HvmAltp2mOp
        {
            ChangeGfn = new HvmAltp2mChangeGfn { View = 1, OldGfn = Layout.FrameOf(TravelChild.First), NewGfn = Layout.FrameOf(TravelChild.Second) },
        };
        tests.Success(Altp2mCalls.Call(Altp2mOp.ChangeGfn, id, ref argument), "change_gfn");
        argument = new HvmAltp2mOp { View = new HvmAltp2mView { View = 1 } };
        tests.Success(Altp2mCalls.Call(Altp2mOp.SwitchP2m, id, ref argument), "switch_p2m");
    }

    /// <summary>It says in a new round that it has what it had.</summary>
    private static void Look(TestRun tests, uint port)
    {
        const ulong pause = 2_000_000;
        ulong before = Mailbox.Rounds;
        for (int i = 0; i < 1000 && Mailbox.Rounds < before + 2; i++)
        {
            Watch.Await(port, pause);
        }

        tests.True(Mailbox.Rounds >= before + 2, "it runs");
        tests.Equal((long)Mailbox.Text, (long)TravelChild.SecondText, "what its view shows");
        tests.Equal(Mailbox.Answer, 0, "a call through its hypercall TLB");
        tests.Equal(Mailbox.UserCalls, (long)UserCalls.EventSend, "what is left to its user mode");
    }

    private static long Expose(ushort domain, ExposureGroup group, ulong bits)
    {
        var argument = new Domctl { Exposure = new DomctlExposure { Command = ExposureOp.Set, Group = group, Bits = bits } };
        return Control.Call(DomctlOp.Exposure, domain, ref argument);
    }

    private static Domctl Context(uint size) => new() { HvmContext = new DomctlHvmContext { Size = size, Buffer = Xen.AddressOf(ref s_context[0]) } };

    /// <summary>All memory, but for pages that are the hypervisor's own.</summary>
    private static void Copy(TestRun tests, ushort from, ushort to)
    {
        for (ulong gfn = 0; gfn < Frames; gfn += Part)
        {
            Map(to, gfn, Part, To);
            Map(from, gfn, Part, From);
            for (ulong i = 0; i < Part; i++)
            {
                if (s_errors[i] != 0)
                {
                    continue;
                }

                for (ulong at = i * 4096; at < (i + 1) * 4096; at += 8)
                {
                    Memory.Write64(To + at, Memory.Read64(From + at));
                }
            }

            Unmap(Part, From);
            tests.Success(Unmap(Part, To), "what was mapped goes");
        }
    }

    /// <summary>0, or why a page can't be seen; each has its own answer beside.</summary>
    private static long Map(ushort id, ulong gfn, int count, ulong place)
    {
        for (int i = 0; i < count; i++)
        {
            s_indices[i] = gfn + (ulong)i;
            s_gfns[i] = (place >> 12) + (ulong)i;
            s_errors[i] = 0;
        }

        var argument = new AddToPhysmapBatch
        {
            Domain = DomainIds.Self, Space = (ushort)MapSpace.GmfnForeign, Size = (ushort)count, ForeignDomain = id,
            Indices = Xen.AddressOf(ref s_indices[0]), Gpfns = Xen.AddressOf(ref s_gfns[0]), Errors = Xen.AddressOf(ref s_errors[0]),
        };
        long result = Hypercalls.MemoryAddToPhysmapBatch(ref argument);
        for (int i = 0; result == 0 && i < count; i++)
        {
            result = s_errors[i];
        }

        return result;
    }

    private static long Unmap(int count, ulong place)
    {
        long result = 0;
        for (int i = 0; i < count; i++)
        {
            var argument = new RemoveFromPhysmap { Domain = DomainIds.Self, Gpfn = (place >> 12) + (ulong)i };
            long one = Hypercalls.MemoryRemoveFromPhysmap(ref argument);
            result = result == 0 ? one : result;
        }

        return result;
    }
}
