using System;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Xenolith.Abi.Contract;
using Xenolith.Domains;

namespace Xenolith.Abi.Calls;

/// <summary>dm_op (public/hvm/dm_op.h): what is the same for every operation. A domain's device model, or the control domain, acts on it.</summary>
internal static class DmOps
{
    /// <summary>The argument, copied in once, and whom it is about; its lock is held.</summary>
    internal struct Frame
    {
        /// <summary>The head, and as much of the union as the operation has.</summary>
        public DmOpArgument Argument;

        public Domain Target;

        /// <summary>How many buffers there are: 1 or 2.</summary>
        public uint BufferCount;

        /// <summary>Where the argument lies.</summary>
        public DmOpBuffer First;

        /// <summary>What goes with it, of some operations.</summary>
        public DmOpBuffer Second;

        /// <summary>Whether the argument goes back to the caller, after success and before each restart.</summary>
        public bool CopiesBack;
    }

    /// <summary>One past the highest operation.</summary>
    private const uint Operations = (uint)DmOp.NrVcpus + 1;

    /// <summary>ENODATA, E2BIG and EFAULT for the buffers, EPERM for the caller itself, ESRCH, EPERM, then EFAULT, EOPNOTSUPP and EINVAL for the argument.</summary>
    public static bool TryOpen(ref HypercallCall call, out Frame frame, out long result)
    {
        frame = default;
        result = Open(ref call, ref frame);
        return result == 0;
    }

    /// <summary>Gives the operation's part of the argument back.</summary>
    public static long Close(ref HypercallCall call, ref Frame frame, long result)
    {
        if (result != 0 || !frame.CopiesBack)
            return result;
        Span<byte> argument = Union(ref frame.Argument, SizeOf((DmOp)call.Operation));
        if (call.Access.CopyOut(UnionAddress(in call, in frame), argument))
            return 0;
        call.ClearRestart();
        return call.Fault();
    }

    private static long Open(ref HypercallCall call, ref Frame frame)
    {
        frame.BufferCount = unchecked((uint)call.A1);
        if (frame.BufferCount == 0)
            return call.Fail(Errno.ENODATA, "no buffer");
        if (frame.BufferCount > DmOpLimits.Buffers)
            return call.Fail(Errno.E2BIG, "more than two buffers");
        if (!TryReadBuffer(in call, 0, out frame.First) || (frame.BufferCount > 1 && !TryReadBuffer(in call, 1, out frame.Second)))
            return call.Fault();
        ushort id = unchecked((ushort)call.A0);
        if (id == call.Domain.Id)
            return call.Fail(Errno.EPERM, "the caller is no device model of its own");
        if (call.Vcpu.FindDomain(id) is not { } target)
            return call.Fail(Errno.ESRCH, "no such domain");
        if (!call.Allows(Permission.DeviceModel, target))
            return call.Fail(Errno.EPERM, "not the caller's to be a device model of");
        call.Vcpu.AlsoAcquire(target);
        frame.Target = target;
        return ReadArgument(ref call, ref frame);
    }

    private static long ReadArgument(ref HypercallCall call, ref Frame frame)
    {
        Span<byte> bytes = MemoryMarshal.AsBytes(MemoryMarshal.CreateSpan(ref frame.Argument, 1));
        if (frame.First.Size < DmOpLimits.Head || !call.Access.CopyIn(frame.First.Address, bytes.Slice(0, DmOpLimits.Head)))
            return call.Fault();
        call.Operation = frame.Argument.Operation;
        // Number 0 is one that 4.17 knows the size of, and nothing else.
        if (call.Operation >= Operations || (call.Operation != 0 && !call.Domain.Exposure.Shows(ExposureGroup.DeviceModel, call.Operation)))
            return call.Fail(Errno.EOPNOTSUPP, "no such operation");
        int size = SizeOf((DmOp)call.Operation);
        if (frame.First.Size < (ulong)(DmOpLimits.Head + size))
            return call.Fail(Errno.EFAULT, "the buffer is shorter than the operation's argument");
        if (size != 0 && !call.Access.CopyIn(UnionAddress(in call, in frame), bytes.Slice(DmOpLimits.Head, size)))
            return call.Fault();
        if (frame.Argument.Pad != 0)
            return call.Fail(Errno.EINVAL, "something stands behind the operation's number");
        if (size == 0)
            return call.Fail(Errno.EOPNOTSUPP, "no such operation");
        // The administrator's rules name operations, which are known only now.
        return call.Allows(Dispatch.DmOpPermission(call.Operation), frame.Target) ? 0 : call.Fail(Errno.EPERM, "forbidden by a rule");
    }

    private static bool TryReadBuffer(in HypercallCall call, ulong index, out DmOpBuffer buffer)
    {
        if (call.Is64Bit)
            return call.Handle<DmOpBuffer>(call.A2).TryReadElement(call.Access, index, out buffer);
        bool read = call.Handle<DmOpBuffer32>(call.A2).TryReadElement(call.Access, index, out DmOpBuffer32 narrow);
        buffer = new DmOpBuffer { Address = narrow.Address, Size = narrow.Size };
        return read;
    }

    /// <summary>Where the operation's part lies; what begins at the end of the address space goes on at its start, where it is looked for as any other.</summary>
    private static ulong UnionAddress(in HypercallCall call, in Frame frame)
    {
        ulong address = unchecked(frame.First.Address + DmOpLimits.Head);
        return call.Is64Bit ? address : HypercallCall.Low(address);
    }

    private static Span<byte> Union(ref DmOpArgument argument, int size) =>
        MemoryMarshal.AsBytes(MemoryMarshal.CreateSpan(ref argument, 1)).Slice(DmOpLimits.Head, size);

    /// <summary>Bytes of the operation's part of the union; 0: x86 has no such operation.</summary>
    private static int SizeOf(DmOp operation) => operation switch
    {
        DmOp.CreateIoreqServer => Unsafe.SizeOf<DmOpCreateServer>(),
        DmOp.GetIoreqServerInfo => Unsafe.SizeOf<DmOpServerInformation>(),
        DmOp.MapIoRangeToIoreqServer or DmOp.UnmapIoRangeFromIoreqServer => Unsafe.SizeOf<DmOpRange>(),
        DmOp.SetIoreqServerState => Unsafe.SizeOf<DmOpServerState>(),
        DmOp.DestroyIoreqServer => Unsafe.SizeOf<DmOpDestroyServer>(),
        DmOp.TrackDirtyVram => Unsafe.SizeOf<DmOpTrackDirty>(),
        DmOp.SetPciIntxLevel => Unsafe.SizeOf<DmOpPciLevel>(),
        DmOp.SetIsaIrqLevel => Unsafe.SizeOf<DmOpIsaLevel>(),
        DmOp.SetPciLinkRoute => Unsafe.SizeOf<DmOpLinkRoute>(),
        DmOp.ModifiedMemory => Unsafe.SizeOf<DmOpModifiedMemory>(),
        DmOp.SetMemType => Unsafe.SizeOf<DmOpMemoryType>(),
        DmOp.InjectEvent => Unsafe.SizeOf<DmOpInjectEvent>(),
        DmOp.InjectMsi => Unsafe.SizeOf<DmOpInjectMsi>(),
        DmOp.MapMemTypeToIoreqServer => Unsafe.SizeOf<DmOpMapMemoryType>(),
        DmOp.RemoteShutdown => Unsafe.SizeOf<DmOpRemoteShutdown>(),
        DmOp.RelocateMemory => Unsafe.SizeOf<DmOpRelocate>(),
        DmOp.PinMemoryCacheattr => Unsafe.SizeOf<DmOpPinCaching>(),
        DmOp.NrVcpus => Unsafe.SizeOf<DmOpVcpuCount>(),
        _ => 0,
    };
}
