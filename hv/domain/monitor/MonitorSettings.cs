using Xenolith.Abi.Contract;

namespace Xenolith.Domains;

/// <summary>What the listener of a domain asked to be told of (XEN_DOMCTL_monitor_op). Written with the domain's lock held.</summary>
public struct MonitorSettings
{
    /// <summary>Control registers that can be watched.</summary>
    public const int ControlRegisters = 4;

    /// <summary>A bit for each <see cref="MonitorEvent"/>; that of control registers and of MSRs while any is watched.</summary>
    public uint Events;

    /// <summary>Whether the vCPU waits for the answer; a debug exception is then the listener's alone to deliver, and so is what an exit asks for.</summary>
    public bool RequestSync, DebugSync, ExitSync;

    /// <summary>Whether user mode may make the request.</summary>
    public bool RequestFromUser;

    /// <summary>Whether a write that was told of is made after the answer, which may deny it; else it is made at once.</summary>
    public bool DefersWrites;

    /// <summary>Whether each repetition of an instruction is emulated by itself.</summary>
    public bool EmulatesEachRepeat;

    /// <summary>Ours: whether events are numbered.</summary>
    public bool NumbersEvents;

    /// <summary>Ours: whether remaps that are lost are told of.</summary>
    public bool TellsLostRemaps;

    /// <summary>A bit for each <see cref="VmEventControl"/>: watched, waits for the answer, of changes only.</summary>
    public byte Controls, ControlSync, ControlOnChange;

    /// <summary>Bits of a control register whose change is of no interest.</summary>
    public ControlMasks Masks;

    /// <summary>MSRs that are watched.</summary>
    public int MsrCount;

    /// <summary>A mask for each control register.</summary>
    [System.Runtime.CompilerServices.InlineArray(ControlRegisters)]
    public struct ControlMasks
    {
        private ulong _first;
    }

    public readonly bool Asks(MonitorEvent what) => (Events & (1u << (int)what)) != 0;

    public void Set(MonitorEvent what, bool on) => Events = on ? Events | 1u << (int)what : Events & ~(1u << (int)what);

    /// <summary>Whether a write of a control register is to be told of.</summary>
    public readonly bool AsksControl(VmEventControl control, ulong old, ulong value)
    {
        int bit = 1 << (int)control;
        return (Controls & bit) != 0 && ((ControlOnChange & bit) == 0 || value != old) && ((value ^ old) & ~Masks[(int)control]) != 0;
    }

    public readonly bool WaitsForControl(VmEventControl control) => (ControlSync & 1 << (int)control) != 0;
}
