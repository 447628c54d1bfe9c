using System;
using System.Buffers.Binary;
using Xenolith.Abi.Contract;

namespace Xenolith.Domains;

/// <summary>How long a vCPU has been in each state, in nanoseconds; the sum of all four equals the time since its creation.</summary>
public struct RunStateAccount
{
    /// <summary>sizeof(vcpu_runstate_info) of a 64-bit guest.</summary>
    internal const int Size = 48;

    /// <summary>sizeof(vcpu_runstate_info) of a 32-bit guest.</summary>
    internal const int Size32 = 44;

    private ulong _running, _runnable, _blocked, _offline;

    internal RunStateAccount(RunState state, ulong now)
    {
        State = state;
        EntryTime = now;
    }

    public RunState State { get; private set; }

    /// <summary>When the state was entered: nanoseconds of system time.</summary>
    public ulong EntryTime { get; private set; }

    /// <summary>Nanoseconds spent in the state, up to the last change.</summary>
    public readonly ulong TimeIn(RunState state) => state switch
    {
        RunState.Running => _running,
        RunState.Runnable => _runnable,
        RunState.Blocked => _blocked,
        _ => _offline,
    };

    internal void Enter(RunState state, ulong now)
    {
        if (now > EntryTime)
        {
            Add(now - EntryTime);
            EntryTime = now;
        }
        State = state;
    }

    /// <summary>The account as it would be if the state were entered anew now.</summary>
    internal readonly RunStateAccount At(ulong now)
    {
        RunStateAccount copy = this;
        copy.Enter(State, now);
        copy.EntryTime = EntryTime;
        return copy;
    }

    /// <summary>Lays out vcpu_runstate_info.</summary>
    /// <param name="target">At least <see cref="Size"/> bytes.</param>
    /// <returns>Its length.</returns>
    internal readonly int Write(Span<byte> target, bool is64Bit, ulong entryFlag)
    {
        target.Slice(0, Size).Clear();
        int entry = EntryOffset(is64Bit);
        BinaryPrimitives.WriteUInt32LittleEndian(target, (uint)State);
        BinaryPrimitives.WriteUInt64LittleEndian(target.Slice(entry), EntryTime | entryFlag);
        BinaryPrimitives.WriteUInt64LittleEndian(target.Slice(entry + 8), _running);
        BinaryPrimitives.WriteUInt64LittleEndian(target.Slice(entry + 16), _runnable);
        BinaryPrimitives.WriteUInt64LittleEndian(target.Slice(entry + 24), _blocked);
        BinaryPrimitives.WriteUInt64LittleEndian(target.Slice(entry + 32), _offline);
        return is64Bit ? Size : Size32;
    }

    /// <summary>Offset of state_entry_time: an i386 compiler aligns 64 bits to 4 bytes.</summary>
    internal static int EntryOffset(bool is64Bit) => is64Bit ? 8 : 4;

    private void Add(ulong elapsed)
    {
        switch (State)
        {
            case RunState.Running: _running += elapsed; break;
            case RunState.Runnable: _runnable += elapsed; break;
            case RunState.Blocked: _blocked += elapsed; break;
            default: _offline += elapsed; break;
        }
    }
}
