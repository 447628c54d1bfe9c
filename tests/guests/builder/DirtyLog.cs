using System;
using System.Runtime.InteropServices;
using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Builder;

/// <summary>XEN_DOMCTL_shadow_op's log of what is written to a domain's memory, of one that does not run.</summary>
internal static class DirtyLog
{
    /// <summary>Guest frames that are asked for: 8 MiB.</summary>
    public const ulong Frames = 2048;

    private const ulong NotCanonical = 0x8000_0000_0000;
    private const ulong Beyond = 1UL << 20;

    private static readonly ulong[] s_bitmap = new ulong[1024];
    private static readonly DmOpExtent[] s_extents = new DmOpExtent[4];

    /// <summary>The argument as the last call left it.</summary>
    public static DomctlShadow Last { get; private set; }

    public static void Run(TestRun tests)
    {
        Control.Create(Control.Pvh(1), out ushort id);
        tests.Start("shadow_op, the log before there are vCPUs");
        tests.Error(Call(id, ShadowOp.EnableLogDirty), Errno.EINVAL, "on");
        tests.Error(Call(id, ShadowOp.Peek), Errno.EINVAL, "peek");
        Control.MakeVcpus(id, 1);
        Control.SetMaximumMemory(id, 8 << 10);
        Limits.Populate(id, 0, 64, 0);
        Limits.Populate(id, 512, 1, 9);
        Switching(tests, id);
        Looks(tests, id);
        Clipped(tests, id);
        Changes(tests, id);
        Populated(tests, id);
        Modifications(tests, id);
        Screens(tests, id);
        Forwarded(tests, id);
        Control.Call(DomctlOp.Destroydomain, id);
    }

    public static long Call(ushort id, ShadowOp operation, ShadowModes mode = 0) =>
        Call(id, operation, mode, Bitmap, Frames);

    /// <summary>A look at the first frames, at most 65,536.</summary>
    public static long Look(ushort id, ShadowOp operation, ulong frames) => Call(id, operation, 0, Bitmap, frames);

    public static long Call(ushort id, ShadowOp operation, ShadowModes mode, ulong bitmap, ulong pages)
    {
        // What stands there before must not matter.
        Array.Fill(s_bitmap, ulong.MaxValue);
        var argument = new Domctl
        {
            Shadow = new DomctlShadow { Operation = (uint)operation, Mode = (uint)mode, Bitmap = bitmap, Pages = pages, FaultCount = 77, DirtyCount = 77 },
        };
        long result = Control.Call(DomctlOp.ShadowOp, id, ref argument);
        Last = argument.Shadow;
        return result;
    }

    /// <summary>The marks of 64 frames, as the last call answered.</summary>
    public static ulong Word(ulong gfn) => s_bitmap[gfn / 64];

    public static bool IsMarked(ulong gfn) => (Word(gfn) >> (int)(gfn & 63) & 1) != 0;

    private static void Switching(TestRun tests, ushort id)
    {
        tests.Start("shadow_op, the log is switched");
        tests.Error(Call(0, ShadowOp.EnableLogDirty), Errno.EINVAL, "the caller's own");
        tests.Error(Call(0, ShadowOp.Peek), Errno.EINVAL, "the caller's own");
        tests.Success(Call(id, ShadowOp.Peek), "peek while it is off");
        tests.Equal((long)Word(0), 0, "nothing");
        tests.Success(Call(id, ShadowOp.Off), "off while it is off");
        tests.Error(Call(id, ShadowOp.Enable), Errno.EINVAL, "on, without the mode");
        tests.Error(Call(id, ShadowOp.Enable, (ShadowModes)3), Errno.EINVAL, "on, with other modes");
        tests.Success(Call(id, ShadowOp.Enable, (ShadowModes)0x15), "on, with more modes");
        tests.Error(Call(id, ShadowOp.Enable, ShadowModes.LogDirty), Errno.EINVAL, "on twice");
        tests.Error(Call(id, ShadowOp.EnableLogDirty), Errno.EINVAL, "on twice");
        tests.Success(Call(id, ShadowOp.Off, (ShadowModes)99), "off");
        tests.Success(Call(id, ShadowOp.EnableLogDirty, (ShadowModes)99), "on");
        tests.Error(Call(id, ShadowOp.Peek, (ShadowModes)2), Errno.EINVAL, "no such mode");
        tests.Error(Call(id, ShadowOp.Clean, (ShadowModes)4), Errno.EINVAL, "no such mode");
        tests.Success(Call(id, ShadowOp.Peek, ShadowModes.Final), "the last look");
        tests.Equal(Last.DirtyCount, 0, "nothing was written");
        var argument = new Domctl { Domain = id, Command = (uint)DomctlOp.ShadowOp, InterfaceVersion = InterfaceVersions.Domctl };
        argument.Shadow.Operation = (uint)ShadowOp.Peek;
        tests.Error(Xen.Call(Hypercall.Arch1, Xen.AddressOf(ref argument)), Errno.EBUSY, "going on with nothing");
    }

    private static void Looks(TestRun tests, ushort id)
    {
        tests.Start("shadow_op, looks at the log");
        tests.Success(Modified(id, 3, 2), "two frames are modified");
        tests.Success(Modified(id, 600, 1), "and one in a large page");
        tests.Success(Call(id, ShadowOp.Peek), "peek");
        tests.Equal((long)Word(0), 0x18, "the first two");
        tests.Equal((long)Word(600), 1L << (600 % 64), "the third");
        tests.Equal((long)Last.Pages, (long)Frames, "frames");
        tests.Equal(Last.DirtyCount, 3, "how many");
        tests.Success(Call(id, ShadowOp.Peek, 0, 0, 0), "only how many");
        tests.Equal(Last.DirtyCount, 3, "how many");
        tests.Success(Call(id, ShadowOp.Peek, 0, NotCanonical, 0), "of no frame, nowhere");
        tests.Error(Call(id, ShadowOp.Peek, 0, NotCanonical, 1), Errno.EFAULT, "nowhere");
        tests.Equal(Last.DirtyCount, 3, "how many, all the same");
        tests.Error(Call(id, ShadowOp.Peek, (ShadowModes)2), Errno.EINVAL, "no such mode");
        tests.Equal(Last.DirtyCount, 77, "nothing about it");
        tests.Error(Call(id, ShadowOp.Clean, 0, NotCanonical, Frames), Errno.EFAULT, "nowhere");
        tests.Success(Call(id, ShadowOp.Peek, 0, Bitmap, 4), "of four frames");
        tests.Equal((long)Word(0), unchecked((long)0xFFFF_FFFF_FFFF_FF18), "whole bytes");
        tests.Equal((long)Last.Pages, 4, "frames");
        tests.Success(Call(id, ShadowOp.Peek, 0, Bitmap, 601), "of 601 frames");
        tests.Equal((long)Word(600), (1L << (600 % 64)) | ~0xFFFFFFFFL, "whole bytes");
        tests.Success(Call(id, ShadowOp.Peek, 0, Bitmap, 65536), "beyond its memory");
        tests.Equal((long)Word(65535), 0, "nothing");
        tests.Success(Call(id, ShadowOp.Peek, 0, 0, 1UL << 50), "of more frames than can be, nowhere");
        tests.Equal((long)Last.Pages, 1L << 40, "frames");
        tests.Success(Call(id, ShadowOp.Clean, 0, Bitmap, 0), "clean, of none");
        tests.Equal(Last.DirtyCount, 3, "how many until then");
        tests.Success(Call(id, ShadowOp.Peek), "peek");
        tests.Equal((long)Word(0), 0x18, "the first two are still there");
        tests.Equal(Last.DirtyCount, 0, "and not counted");
        tests.Success(Call(id, ShadowOp.Clean, 0, 0, Frames), "clean, nowhere");
        tests.Success(Call(id, ShadowOp.Peek), "peek");
        tests.Equal((long)(Word(0) | Word(600)), 0, "nothing");
    }

    /// <summary>What Xen forgets: it clears 32,768 frames at a time, whatever was asked for.</summary>
    private static void Clipped(TestRun tests, ushort id)
    {
        tests.Start("shadow_op, a look that clears leaves what it did not report");
        Modified(id, 0, 1);
        Modified(id, 40, 1);
        tests.Success(Call(id, ShadowOp.Clean, 0, Bitmap, 8), "of eight frames");
        tests.Equal((long)Word(0), unchecked((long)0xFFFF_FFFF_FFFF_FF01), "the first");
        tests.Success(Call(id, ShadowOp.Clean), "of all");
        tests.Equal((long)Word(0), 1L << 40, "the other");
    }

    /// <summary>What becomes of a frame that the toolstack itself changes.</summary>
    private static void Changes(TestRun tests, ushort id)
    {
        tests.Start("shadow_op, frames that change");
        ulong at = ChildImage.See(id, 5 << 12);
        Memory.Write64(at, 1);
        ChildImage.Unsee();
        tests.Success(Call(id, ShadowOp.Clean), "clean");
        tests.Equal(IsMarked(5) ? 1 : 0, 0, "written through a foreign mapping");
        ulong gone = 20;
        var less = new MemoryReservation { ExtentStart = Xen.AddressOf(ref gone), ExtentCount = 1, Domain = id };
        tests.Equal(Xen.Call(Hypercall.MemoryOp, (ulong)MemoryOp.DecreaseReservation, ref less), 1, "a frame goes");
        tests.Success(SetType(id, 10, HvmMemoryType.RamRo), "one is for reading only");
        tests.Success(SetType(id, 10, HvmMemoryType.RamRw), "and for writing again");
        tests.Success(Call(id, ShadowOp.Clean), "clean");
        tests.Equal((long)Word(0), 0, "neither is written");
    }

    /// <summary>Who moves the domain has to give the frame to its copy, be it written or not.</summary>
    private static void Populated(TestRun tests, ushort id)
    {
        tests.Start("shadow_op, memory that is new counts as written");
        tests.Equal(Limits.Populate(id, 20, 1, 0), 1, "a new frame");
        tests.Equal(Limits.Populate(id, 1024, 1, 9), 1, "a new large page");
        tests.Success(Call(id, ShadowOp.Clean), "clean");
        tests.Equal((long)Word(0), 1 << 20, "the new frame");
        tests.Equal((long)Word(1024), -1, "the large page's first");
        tests.Equal((long)Word(1535), -1, "its last");
    }

    private static void Modifications(TestRun tests, ushort id)
    {
        tests.Start("modified_memory, while writes are logged");
        tests.Error(Modified(id, Beyond, 1), Errno.EINVAL, "beyond its memory");
        tests.Error(Modified(id, 1535, 1), Errno.EINVAL, "its last frame");
        tests.Error(Modified(id, 0, 0), Errno.EINVAL, "no frames");
        tests.Error(Modified(id, ulong.MaxValue, 2), Errno.EINVAL, "around the end");
        tests.Error(Modified(id, 0, 1, pad: 1), Errno.EINVAL, "something in the gap");
        tests.Error(Modified(id, 4, 1, progress: 1), Errno.EINVAL, "more done than there is");
        tests.Error(Modified(id, 0, 1, size: 8), Errno.EINVAL, "a short buffer");
        tests.Success(Call(id, ShadowOp.Clean), "clean");
        tests.Success(Modified(id, 4, 4, progress: 1), "the first is done");
        tests.Success(Call(id, ShadowOp.Clean), "clean");
        tests.Equal((long)Word(0), 0xE0, "the rest");
        tests.Success(SetType(id, 10, HvmMemoryType.RamRo), "one for reading only");
        tests.Success(Modified(id, 0, 600), "six hundred, not all there");
        tests.Success(SetType(id, 10, HvmMemoryType.RamRw), "as before");
        tests.Success(Call(id, ShadowOp.Clean), "clean");
        tests.Equal((long)Word(0), -1, "the first");
        tests.Equal((long)Word(64), 0, "nothing is there");
        tests.Equal((long)Word(512), -1, "in a large page");
        tests.Equal(Last.DirtyCount, 64 + 88, "how many");
    }

    /// <summary>A range of the domain's memory is looked after apart from all of it.</summary>
    private static void Screens(TestRun tests, ushort id)
    {
        tests.Start("track_dirty_vram beside the log");
        tests.Success(Track(id, 8, 16), "a range, while all is logged");
        tests.Equal((long)Word(0), 0x5555_5555_5555_FFFF, "all of it at first");
        tests.Success(Track(id, 8, 16), "again");
        tests.Equal((long)Word(0), 0x5555_5555_5555_0000, "nothing was written");
        tests.Success(Modified(id, 9, 1), "what a device model says");
        tests.Success(Track(id, 8, 16), "again");
        tests.Equal((long)Word(0), 0x5555_5555_5555_0000, "is not in it");
        tests.Success(Call(id, ShadowOp.Off), "the log ends");
        tests.Success(Call(id, ShadowOp.Clean), "clean");
        tests.Equal((long)Word(0), 0, "nothing is left of it");
        tests.Success(Track(id, 8, 16), "again");
        tests.Equal((long)Word(0), 0x5555_5555_5555_0000, "that of the range goes on");
        tests.Success(Call(id, ShadowOp.EnableLogDirty), "all, while a range is logged");
        tests.Success(Track(id, 190, 9), "where nothing is");
        tests.Equal((long)Word(0), 0x5555_5555_5555_FFFF, "all of it at first");
        tests.Success(Track(id, 190, 9), "again");
        tests.Equal((long)Word(0), 0x5555_5555_5555_0000, "nothing");
        tests.Success(Track(id, Beyond, 16), "beyond its memory");
        tests.Success(Track(id, ulong.MaxValue, 16), "around the end");
        tests.Success(Track(id, 0, 0), "no more");
        tests.Error(Call(id, ShadowOp.EnableLogDirty), Errno.EINVAL, "all, again");
        tests.Success(Call(id, ShadowOp.Off), "off");
    }

    /// <summary>Writes to memory that a device model asked for are its own, and not logged.</summary>
    private static void Forwarded(TestRun tests, ushort id)
    {
        tests.Start("shadow_op, and memory whose writes a device model gets");
        var create = default(DmOpArgument);
        tests.Success(DeviceModelCalls.Call(DmOp.CreateIoreqServer, id, ref create), "a server");
        var map = new DmOpArgument { MapMemoryType = new DmOpMapMemoryType { Id = create.CreateServer.Id, Type = (ushort)HvmMemoryType.IoreqServer, Flags = 2 } };
        tests.Success(DeviceModelCalls.Call(DmOp.MapMemTypeToIoreqServer, id, ref map), "such memory is its");
        tests.Success(SetType(id, 11, HvmMemoryType.IoreqServer), "a frame of it");
        tests.Error(Call(id, ShadowOp.EnableLogDirty), Errno.EBUSY, "on");
        tests.Success(SetType(id, 11, HvmMemoryType.RamRw), "a frame as others again");
        tests.Success(Call(id, ShadowOp.EnableLogDirty), "on");
        tests.Error(SetType(id, 11, HvmMemoryType.IoreqServer), Errno.EINVAL, "a frame of it, while writes are logged");
        tests.Success(Call(id, ShadowOp.Off), "off");
    }

    private static ulong Bitmap => Xen.AddressOf(ref s_bitmap[0]);

    private static long Track(ushort id, ulong first, uint count)
    {
        Array.Fill(s_bitmap, ulong.MaxValue);
        s_bitmap[0] = 0x5555_5555_5555_5555;
        var argument = new DmOpArgument { TrackDirty = new DmOpTrackDirty { First = first, Count = count } };
        return DeviceModelCalls.Call(DmOp.TrackDirtyVram, id, ref argument, Xen.AddressOf(ref s_bitmap[0]), 1024);
    }

    private static long Modified(ushort id, ulong first, uint count, uint pad = 0, uint progress = 0, ulong size = 64)
    {
        s_extents[0] = new DmOpExtent { First = first, Count = count, Pad = pad };
        var argument = new DmOpArgument { ModifiedMemory = new DmOpModifiedMemory { ExtentCount = 1, Progress = progress } };
        return DeviceModelCalls.Call(DmOp.ModifiedMemory, id, ref argument, Xen.AddressOf(ref s_extents[0]), size);
    }

    public static long SetType(ushort id, ulong gfn, HvmMemoryType type)
    {
        var argument = new DmOpArgument { MemoryType = new DmOpMemoryType { First = gfn, Count = 1, Type = (ushort)type } };
        return DeviceModelCalls.Call(DmOp.SetMemType, id, ref argument);
    }
}
