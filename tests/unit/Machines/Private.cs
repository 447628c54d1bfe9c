using System;
using System.Runtime.CompilerServices;
using Xenolith.Domains;
using Xenolith.Kernel;
using Xenolith.Mm;

namespace Xenolith.Tests.Unit.Machines;

/// <summary>What the hypervisor's classes keep to themselves, for those who check that it fits together.</summary>
internal static class Private
{
    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "Infos")]
    public static extern Span<ulong> Infos(FrameAllocator frames, ulong mfn, ulong count);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_frames")]
    public static extern ref ulong FrameCount(FrameAllocator frames);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_table")]
    public static extern ref PageTable Table(P2m p2m);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_attributes")]
    public static extern ref PageTable Attributes(P2m p2m);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_uncleared")]
    public static extern ref PageTable Uncleared(P2m p2m);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_written")]
    public static extern ref DirtyBitmap Written(DirtyLog log);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_tracked")]
    public static extern ref DirtyBitmap Tracked(DirtyLog log);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_root")]
    public static extern ref Mfn Root(DirtyBitmap bitmap);

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "MayWrite")]
    public static extern bool MayWrite(DirtyLog log, Gfn gfn);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_firstShared")]
    public static extern ref SharedPage? FirstShared(P2m p2m);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "Next")]
    public static extern ref SharedPage? Next(SharedPage page);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "Copy")]
    public static extern ref Mfn Copy(SharedPage page);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_format")]
    public static extern ref PageTableFormat Format(PageTable table);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_releaseAt")]
    public static extern ref ulong ReleaseAt(P2m p2m);

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "get_HasFrames")]
    public static extern bool HasFrames(P2m p2m);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_left")]
    public static extern ref long Left(P2m p2m);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_unsettledCount")]
    public static extern ref int UnsettledCount(P2m p2m);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_unsettledReferenced")]
    public static extern ref int UnsettledReferenced(P2m p2m);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_sharedInfoFrame")]
    public static extern ref LentFrame SharedInfoFrame(Domain domain);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_broken")]
    public static extern ref Mfn[] Broken(Domain domain);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_brokenCount")]
    public static extern ref int BrokenCount(Domain domain);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_distances")]
    public static extern ref Mfn Distances(VirtualNodes nodes);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_ranges")]
    public static extern ref Mfn Ranges(VirtualNodes nodes);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_vcpus")]
    public static extern ref Mfn VcpuNodes(VirtualNodes nodes);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_channels")]
    public static extern ref FrameTable<EventChannel> Channels(EventChannels channels);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_frames")]
    public static extern ref Mfn[] Frames(FrameTable<EventChannel> table);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_consumers")]
    public static extern ref EventConsumer?[] Consumers(EventChannels channels);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_inUse")]
    public static extern ref uint InUse(EventChannels channels);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_firstFree")]
    public static extern ref uint FirstFree(EventChannels channels);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_fifo")]
    public static extern ref FifoEvents Fifo(EventChannels channels);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_pages")]
    public static extern ref SharedPage[] Pages(FifoEvents fifo);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_pageCount")]
    public static extern ref int PageCount(FifoEvents fifo);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_queues")]
    public static extern ref FifoQueues[] Queues(FifoEvents fifo);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_page")]
    public static extern ref SharedPage PageOf(FifoQueues queues);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_offset")]
    public static extern ref int OffsetOf(FifoQueues queues);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_frames")]
    public static extern ref LentFrame[] EntryFrames(GrantTable table);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_statusFrames")]
    public static extern ref LentFrame[] StatusFrames(GrantTable table);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_active")]
    public static extern ref FrameTable<GrantWords> Active(GrantTable table);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_servers")]
    public static extern ref IoRequestServer[] Servers(IoRequestServers servers);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_isOwn")]
    public static extern ref bool IsOwn(IoRequestPage page);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_isHidden")]
    public static extern ref bool IsHidden(IoRequestPage page);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_handlers")]
    public static extern ref ushort[] Handlers(GlobalVirqs virqs);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_firstFree")]
    public static extern ref uint FirstFree(GrantMappings mappings);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_lastFree")]
    public static extern ref uint LastFree(GrantMappings mappings);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_elements")]
    public static extern ref FrameTable<GrantWords> Elements(GrantMappings mappings);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_frames")]
    public static extern ref Mfn[] Frames(FrameTable<GrantWords> table);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_runStateArea")]
    public static extern ref RegisteredArea RunStateArea(Vcpu vcpu);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_timeArea")]
    public static extern ref RegisteredArea TimeArea(Vcpu vcpu);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_first")]
    public static extern ref SharedPage First(RegisteredArea area);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_second")]
    public static extern ref SharedPage Second(RegisteredArea area);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_own")]
    public static extern ref SharedPage Own(VcpuInfoArea info);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_page")]
    public static extern ref SharedPage? PageOf(VcpuInfoArea info);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_offset")]
    public static extern ref int OffsetOf(VcpuInfoArea info);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_page")]
    public static extern ref SharedPage PageOf(ConsoleRing ring);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_registers")]
    public static extern ref ApicRegisterFile Registers(VirtualApic apic);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_timer")]
    public static extern ref ApicTimer TimerOf(VirtualApic apic);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_singleShot")]
    public static extern ref VcpuTimer SingleShot(Vcpu vcpu);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_periodic")]
    public static extern ref VcpuTimer Periodic(Vcpu vcpu);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_pollTimeout")]
    public static extern ref VcpuTimer PollTimeout(Vcpu vcpu);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_timers")]
    public static extern ref WatchdogTimer[] Timers(DomainWatchdog watchdog);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_queues")]
    public static extern ref TimerQueue[] Queues(CpuTimers timers);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_cookies")]
    public static extern ref uint[] Cookies(PausedCalls paused);

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "get_Own")]
    public static extern HypercallTlb OwnTable(GuestBuffers buffers);

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "get_Sharers")]
    public static extern int Sharers(GuestBuffers buffers);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_heap")]
    public static extern ref Unowned<Timer>[] Heap(TimerQueue queue);
}
