using System;
using System.Collections.Generic;
using System.Linq;
using System.Reflection;
using Xenolith.Abi.Contract;
using Xenolith.Abi.Contract.Table;
using Xenolith.Tests.Unit.Domains;
using Xenolith.Tests.Unit.Kernel;
using Xenolith.Tests.Unit.Mm;
using Xunit;

namespace Xenolith.Tests.Unit.Abi;

/// <summary>Everything that a guest can make the hypervisor hold: what bounds it, and the test that goes to that bound.</summary>
public sealed class HeldResourceTests
{
    /// <summary>A thing that is held.</summary>
    /// <param name="What">The thing.</param>
    /// <param name="Limit">Where it ends.</param>
    /// <param name="Class">Where the test is.</param>
    /// <param name="Test">The test that reaches the limit.</param>
    /// <param name="Makers">Operations that make the hypervisor hold more of it.</param>
    private sealed record Held(string What, string Limit, Type Class, string Test, params Enum[] Makers);

    private static readonly Held[] s_audit =
    [
        new("event channels on two levels", "4096 ports, 1024 of a 32-bit domain", typeof(EventCallTests), nameof(EventCallTests.Ports_run_out_at_the_layouts_limit),
            EventChannelOp.BindInterdomain, EventChannelOp.BindVirq, EventChannelOp.BindIpi, EventChannelOp.AllocUnbound,
            V2EventOp.BindInterdomain, V2EventOp.BindVirq, V2EventOp.BindIpi, V2EventOp.AllocUnbound),
        new("event channels by FIFO", "createdomain's max_evtchn_port", typeof(FifoEventTests), nameof(FifoEventTests.TheTableGrowsBy64AndEndsAtTheDomainsLimit)),
        new("pages of event words", "as many as 131072 ports take", typeof(FifoEventTests), nameof(FifoEventTests.TheEndOfADomainGivesEverythingBack),
            EventChannelOp.InitControl, EventChannelOp.ExpandArray),
        new("frames of the grant table", "createdomain's max_grant_frames", typeof(PhysmapCallTests), nameof(PhysmapCallTests.Grant_frames_grow_the_table_to_its_limit),
            GrantTableOp.SetupTable, GrantTableOp.SetVersion, MemoryOp.AddToPhysmap, MemoryOp.AddToPhysmapBatch, MemoryOp.AcquireResource),
        new("handles of grant mappings", "createdomain's max_maptrack_frames, 256 a frame", typeof(GrantMapCallTests), nameof(GrantMapCallTests.HandlesEndWithTheFramesForThem),
            GrantTableOp.MapGrantRef),
        new("uses of one grant", "128 to read and 128 to write", typeof(GrantMapCallTests), nameof(GrantMapCallTests.AnEntryHas128UsesOfAKind), GrantTableOp.MapGrantRef, GrantTableOp.Copy),
        new("frames of memory", "max_mem", typeof(MemoryCallTests), nameof(MemoryCallTests.The_domains_limit_ends_populating), MemoryOp.PopulatePhysmap, V2MemoryOp.Populate),
        new("calls that have paused", "16 a domain", typeof(V2ListTests), nameof(V2ListTests.Calls_that_nobody_goes_on_with_make_room_the_oldest_first),
            V2HctlbOp.Batch, V2MemoryOp.Populate, V2MemoryOp.Decrease),
        new("nested page tables", "the pool that set_paging_mempool_size makes", typeof(HostileCallTests), nameof(HostileCallTests.Tables_for_far_mappings_are_limited), MemoryOp.AccessOp),
        new("frames that were let go of and are still referred to", "count as the domain's memory", typeof(P2mTests), nameof(P2mTests.SmallPagesGoInRunsAndOnlyTheDomainsOwn)),
        new("the pool's size", "what is in use, below", typeof(DomctlSettingTests), nameof(DomctlSettingTests.The_pool_for_tables_is_a_limit_that_does_not_fall_below_what_is_in_use),
            DomctlOp.SetPagingMempoolSize, DomctlOp.ShadowOp),
        new("claimed frames", "max_mem, and what is free", typeof(DomctlSettingTests), nameof(DomctlSettingTests.Claims_keep_memory_for_who_made_them), MemoryOp.ClaimPages),
        new("entries of a memory map", "128", typeof(DomctlSettingTests), nameof(DomctlSettingTests.A_memory_map_is_set_whole_or_not_at_all), MemoryOp.SetMemoryMap),
        new("domains, their vCPUs and timers", "the table of domains, and 512 vCPUs in all", typeof(DomctlLifeTests), nameof(DomctlLifeTests.Domains_and_vcpus_have_a_limit),
            DomctlOp.Createdomain, DomctlOp.MaxVcpus),
        new("domains that have ended, of which others map frames", "the table of domains", typeof(DomctlLifeTests),
            nameof(DomctlLifeTests.Domains_that_have_ended_with_frames_that_others_map_take_room_up_to_the_limit), GrantTableOp.MapGrantRef, MemoryOp.AddToPhysmapBatch, DomctlOp.Createdomain),
        new("pauses of a domain", "255", typeof(DomctlLifeTests), nameof(DomctlLifeTests.A_toolstack_holds_a_domain_back_up_to_255_times), DomctlOp.Pausedomain),
        new("watchdogs", "2", typeof(SchedCallTests), nameof(SchedCallTests.Two_watchdogs), SchedOp.Watchdog),
        new("polled ports", "128 a call", typeof(SchedCallTests), nameof(SchedCallTests.Poll_has_its_errors_in_order), SchedOp.Poll),
        new("lines of the log", "a number a period, the rest counted", typeof(LogTests), nameof(LogTests.AGuestsLinesAreLimitedAndTheRestIsCounted)),
        new("lines of a console", "2000 in 5 s, the rest counted", typeof(GuestLinesTests), nameof(GuestLinesTests.AFloodOfOneIsCutAndTheOtherIsNot), ConsoleIoOp.Write),
        new("an HVM context while it is read", "8 KiB, and 8 KiB more a vCPU", typeof(DomctlContextTests), nameof(DomctlContextTests.A_context_is_asked_for_its_size_taken_and_put_back),
            DomctlOp.Sethvmcontext),
        new("a CPU policy while it is read", "512 leaves and as many MSRs as are known", typeof(DomctlContextTests), nameof(DomctlContextTests.Policies_have_a_size_and_a_time), DomctlOp.SetCpuPolicy),
        new("servers of I/O requests", "8 a domain", typeof(DmOpServerTests), nameof(DmOpServerTests.Eight_servers_and_no_more), DmOp.CreateIoreqServer),
        new("ranges of a server", "256 of a kind", typeof(DmOpServerTests), nameof(DmOpServerTests.A_server_has_256_ranges_of_a_kind),
            DmOp.MapIoRangeToIoreqServer, DmOp.UnmapIoRangeFromIoreqServer),
        new("ranges of pinned cacheability", "64", typeof(DmOpCallTests), nameof(DmOpCallTests.Sixty_four_ranges_are_pinned_and_none_over_another), DmOp.PinMemoryCacheattr),
        new("objects of views", "512 views", typeof(DomctlAltp2mTests), nameof(DomctlAltp2mTests.A_domain_has_as_many_views_as_it_was_given), DomctlOp.Altp2m),
        new("ordered events", "1 a vCPU", typeof(DmOpCallTests), nameof(DmOpCallTests.One_event_at_a_time_is_ordered_for_a_vCPU), DmOp.InjectEvent),
    ];

    public static TheoryData<string> Things => [.. s_audit.Select(held => held.What)];

    [Theory]
    [MemberData(nameof(Things))]
    public void Everything_held_has_a_limit_and_a_test_that_reaches_it(string what)
    {
        Held held = s_audit.Single(entry => entry.What == what);
        MethodInfo? test = held.Class.GetMethod(held.Test, BindingFlags.Public | BindingFlags.Instance);
        Assert.NotNull(test);
        Assert.True(test.GetCustomAttributes<FactAttribute>(inherit: true).Any(fact => fact.Skip is null), $"{held.Test} is no test that runs");
        Assert.False(string.IsNullOrEmpty(held.Limit));
    }

    /// <summary>The table says which operations take frames; each of them has to be in the audit.</summary>
    [Fact]
    public void Every_row_that_allocates_is_in_the_audit()
    {
        var audited = s_audit.SelectMany(held => held.Makers).ToHashSet();
        Assert.Empty(HypercallTable.Rows.Where(row => row.Allocates && !audited.Contains(row.Operation!)).Select(row => row.Name));
    }

    public static TheoryData<string, bool> Rows => RowCall.Names(call => call.HasPointer || call.PointerIndex < 0);

    /// <summary>
    /// A row that is not in the audit leaves nothing with the hypervisor, as far as a call with a plain structure shows: so a new one that does is
    /// seen here.
    /// </summary>
    [Theory]
    [MemberData(nameof(Rows))]
    public void What_is_not_in_the_audit_holds_nothing(string name, bool is64Bit)
    {
        RowCall call = RowCall.Find(name, is64Bit);
        bool isAudited = call.Row.Operation is { } operation && s_audit.Any(held => held.Makers.Contains(operation));
        using var guest = new CallFixture(is64Bit: is64Bit);
        call.WriteStructure(guest, CallFixture.Argument, DomainIds.Self);
        ulong free = guest.Machine.Frames.FreeFrames;
        int timers = guest.Machine.Services.Timers.Count;
        call.Call(guest, CallFixture.Argument);
        if (isAudited)
            return;
        Assert.True(guest.Machine.Frames.FreeFrames >= free, $"{call} took {free - guest.Machine.Frames.FreeFrames} frames");
        Assert.True(guest.Machine.Services.Timers.Count <= timers + guest.Domain.Vcpus.Length * 2, $"{call} set {guest.Machine.Services.Timers.Count - timers} timers");
    }
}
