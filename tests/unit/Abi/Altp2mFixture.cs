using System;
using System.Collections.Generic;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Kernel;

namespace Xenolith.Tests.Unit.Abi;

/// <summary>Who makes HVMOP_altp2m's subops: the control domain on another, or that one on itself.</summary>
internal sealed class Altp2mFixture : IDisposable
{
    private readonly Domain _other;

    /// <param name="isInside">Whether the domain whose views they are makes the calls.</param>
    /// <param name="mode">Its mode.</param>
    public Altp2mFixture(bool isInside = false, Altp2mMode mode = Altp2mMode.Mixed, bool is64Bit = true, int budget = 64, bool isOn = false)
    {
        Guest = new CallFixture(is64Bit: is64Bit, isPrivileged: !isInside, id: isInside ? (ushort)7 : (ushort)0, budget: budget);
        _other = Guest.Machine.CreateDomain(4, 2, isInside ? (ushort)0 : (ushort)7, isPrivileged: isInside);
        IsInside = isInside;
        Target.Parameters[(int)HvmParameter.Altp2m] = (ulong)mode;
        if (isOn && SetState(1) != 0)
            throw new InvalidOperationException("views that should go on did not");
    }

    public CallFixture Guest { get; }

    public bool IsInside { get; }

    /// <summary>Whose views they are.</summary>
    public Domain Target => IsInside ? Guest.Domain : _other;

    public long Call(Altp2mOp operation, ref HvmAltp2mOp argument)
    {
        argument.Version = InterfaceVersions.Altp2m;
        argument.Command = (uint)operation;
        argument.Domain = Target.Id;
        return AsIs(ref argument);
    }

    /// <summary>The argument as it is; a 32-bit caller's lists stand where it has them.</summary>
    public long AsIs(ref HvmAltp2mOp argument)
    {
        if (!Guest.Is64Bit && argument.Command == (uint)Altp2mOp.SetMemAccessMulti)
        {
            ref HvmAltp2mSetMemAccessMulti list = ref argument.SetMemAccessMulti;
            list.Pfns |= list.Accesses << 32;
            list.Accesses = ulong.MaxValue;
        }
        return Guest.Call(Hypercall.HvmOp, (ulong)HvmOp.Altp2m, ref argument);
    }

    public long State()
    {
        var argument = new HvmAltp2mOp { DomainState = new HvmAltp2mDomainState { State = 0x5A } };
        long result = Call(Altp2mOp.GetDomainState, ref argument);
        return result != 0 ? result : argument.DomainState.State;
    }

    public long SetState(byte state)
    {
        var argument = new HvmAltp2mOp { DomainState = new HvmAltp2mDomainState { State = state } };
        return Call(Altp2mOp.SetDomainState, ref argument);
    }

    public long Create(MemoryAccess access, out ushort view) => CreateBy((ushort)access, out view);

    public long CreateBy(ushort access, out ushort view)
    {
        var argument = new HvmAltp2mOp { View = new HvmAltp2mView { View = 0x5A5A, DefaultAccess = access } };
        long result = Call(Altp2mOp.CreateP2m, ref argument);
        view = argument.View.View;
        return result;
    }

    public long Destroy(ushort view) => View(Altp2mOp.DestroyP2m, view);

    public long Switch(ushort view) => View(Altp2mOp.SwitchP2m, view);

    /// <summary>The view of a vCPU, or the error.</summary>
    public long IndexOf(uint vcpu)
    {
        var argument = new HvmAltp2mOp { GetVcpuP2mIdx = new HvmAltp2mGetVcpuP2mIdx { Vcpu = vcpu, View = 0x5A5A } };
        long result = Call(Altp2mOp.GetP2mIdx, ref argument);
        return result != 0 ? result : argument.GetVcpuP2mIdx.View;
    }

    public long Show(ushort view, byte visible, byte pad = 0)
    {
        var argument = new HvmAltp2mOp { SetVisibility = new HvmAltp2mSetVisibility { View = view, Visible = visible, Pad = pad } };
        return Call(Altp2mOp.SetVisibility, ref argument);
    }

    public long Notify(uint vcpu, ulong gfn, uint pad = 0)
    {
        var argument = new HvmAltp2mOp { EnableNotify = new HvmAltp2mVcpuEnableNotify { Vcpu = vcpu, Pad = pad, Gfn = gfn } };
        return Call(Altp2mOp.VcpuEnableNotify, ref argument);
    }

    public long StopNotify(uint vcpu)
    {
        var argument = new HvmAltp2mOp { DisableNotify = new HvmAltp2mVcpuDisableNotify { Vcpu = vcpu } };
        return Call(Altp2mOp.VcpuDisableNotify, ref argument);
    }

    public long SetAccess(ushort view, ulong gfn, MemoryAccess access, uint pad = 0) => SetAccessBy(view, gfn, (ushort)access, pad);

    public long SetAccessBy(ushort view, ulong gfn, ushort access, uint pad = 0)
    {
        var argument = new HvmAltp2mOp { MemAccess = new HvmAltp2mMemAccess { View = view, Access = access, Pad = pad, Gfn = gfn } };
        return Call(Altp2mOp.SetMemAccess, ref argument);
    }

    /// <summary>The rights, or the error.</summary>
    public long AccessOf(ushort view, ulong gfn, uint pad = 0)
    {
        var argument = new HvmAltp2mOp { MemAccess = new HvmAltp2mMemAccess { View = view, Access = 0x5A5A, Pad = pad, Gfn = gfn } };
        long result = Call(Altp2mOp.GetMemAccess, ref argument);
        return result != 0 ? result : argument.MemAccess.Access;
    }

    public long Change(ushort view, ulong from, ulong to, ushort pad1 = 0, uint pad2 = 0)
    {
        var argument = new HvmAltp2mOp { ChangeGfn = new HvmAltp2mChangeGfn { View = view, Pad1 = pad1, Pad2 = pad2, OldGfn = from, NewGfn = to } };
        return Call(Altp2mOp.ChangeGfn, ref argument);
    }

    public long SetSuppressed(ushort view, ulong gfn, byte suppressed, byte pad1 = 0, uint pad2 = 0)
    {
        var argument = new HvmAltp2mOp { SuppressVe = new HvmAltp2mSuppressVe { View = view, SuppressVe = suppressed, Pad1 = pad1, Pad2 = pad2, Gfn = gfn } };
        return Call(Altp2mOp.SetSuppressVe, ref argument);
    }

    /// <summary>Whether #VE is suppressed, or the error.</summary>
    public long Suppressed(ushort view, ulong gfn, byte pad1 = 0, uint pad2 = 0)
    {
        var argument = new HvmAltp2mOp { SuppressVe = new HvmAltp2mSuppressVe { View = view, SuppressVe = 0x5A, Pad1 = pad1, Pad2 = pad2, Gfn = gfn } };
        long result = Call(Altp2mOp.GetSuppressVe, ref argument);
        return result != 0 ? result : argument.SuppressVe.SuppressVe;
    }

    /// <summary>Takes all frames that are free.</summary>
    public List<Mfn> TakeAllFrames()
    {
        var taken = new List<Mfn>();
        while (Guest.Machine.Frames.TryAllocate(0, FrameAllocator.HypervisorOwner, FrameType.Control, out Mfn frame))
            taken.Add(frame);
        return taken;
    }

    public void GiveBack(List<Mfn> frames)
    {
        foreach (Mfn frame in frames)
            Guest.Machine.Frames.Free(frame, 0);
    }

    private long View(Altp2mOp operation, ushort view)
    {
        var argument = new HvmAltp2mOp { View = new HvmAltp2mView { View = view, DefaultAccess = 0xFFFF } };
        return Call(operation, ref argument);
    }

    public void Dispose() => Guest.Dispose();
}
