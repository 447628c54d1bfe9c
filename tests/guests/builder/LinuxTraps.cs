using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Builder;

/// <summary>What is answered to a write that the view of a watched Linux forbids.</summary>
internal sealed class LinuxTraps(ushort id, ushort view)
{
    /// <summary>How long a write that is neither emulated nor stepped over has another view.</summary>
    private const ulong Moment = 1_000_000;

    private ulong _rip, _address;

    /// <summary>Whether the processor stops after one instruction where it is asked to; the command line knows of one that only says so.</summary>
    public static bool HasSteps => Listener.Can(MonitorEvent.SingleStep) && !BootRecord.HasWord("no-steps");

    /// <summary>The view that forbids.</summary>
    public ushort View => view;

    /// <summary>Writes that were told of.</summary>
    public long Told { get; private set; }

    /// <summary>Those among them that the emulator does not know.</summary>
    public long Stepped { get; private set; }

    /// <summary>The view that the first vCPU is in, or the error.</summary>
    public long ViewNow
    {
        get
        {
            var argument = new HvmAltp2mOp { GetVcpuP2mIdx = new HvmAltp2mGetVcpuP2mIdx { Vcpu = 0 } };
            long result = Altp2mCalls.Call(Altp2mOp.GetP2mIdx, id, ref argument);
            return result != 0 ? result : argument.GetVcpuP2mIdx.View;
        }
    }

    /// <summary>Takes the right to write a frame away, in the view alone.</summary>
    public long Restrict(ulong frame) => SetAccess(frame, MemoryAccess.ReadExecute);

    /// <summary>Gives it back.</summary>
    public long Open(ulong frame) => SetAccess(frame, MemoryAccess.All);

    private long SetAccess(ulong frame, MemoryAccess access)
    {
        var argument = new HvmAltp2mOp { MemAccess = new HvmAltp2mMemAccess { View = view, Access = (ushort)access, Gfn = frame } };
        return Altp2mCalls.Call(Altp2mOp.SetMemAccess, id, ref argument);
    }

    public long SwitchAll(ushort index)
    {
        var argument = new HvmAltp2mOp { View = new HvmAltp2mView { View = index } };
        return Altp2mCalls.Call(Altp2mOp.SwitchP2m, id, ref argument);
    }

    /// <summary>Has the write made though the view forbids it: emulated, or where that was tried in vain by <see cref="Step"/>.</summary>
    public void Emulate(VmEventRequest request)
    {
        ulong address = (request.MemoryAccess.Gfn << 12) + request.MemoryAccess.Offset;
        bool isAgain = request.Registers.Rip == _rip && address == _address;
        (_rip, _address) = isAgain ? (0, 0) : (request.Registers.Rip, address);
        if (isAgain)
        {
            Stepped++;
            Step(request);
            return;
        }

        Told++;
        Answer(request, VmEventFlags.Emulate);
    }

    /// <summary>The vCPU goes on in view 0, for one instruction where it can be stopped behind it.</summary>
    public void LeaveView(VmEventRequest request)
    {
        request.View = 0;
        request.FastSingleStep.View = view;
        Answer(request, VmEventFlags.AlternateP2m | (HasSteps ? VmEventFlags.FastSingleStep : 0));
    }

    /// <summary>Has the instruction executed in view 0, alone where the processor can stop behind it.</summary>
    private void Step(VmEventRequest request)
    {
        LeaveView(request);
        if (HasSteps)
        {
            return;
        }

        Events.Poll(Listener.Port, Clock.Now + Moment);
        SwitchAll(view);
    }

    public static void Answer(VmEventRequest request, VmEventFlags flags)
    {
        request.Flags = VmEventFlags.VcpuPaused | flags;
        Listener.Answer(in request);
    }
}
