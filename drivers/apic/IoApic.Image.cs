using System;
using System.Threading;
using Xenolith.Kernel;

namespace Xenolith.Drivers;

/// <summary>The I/O APICs (Intel 82093AA data sheet; ICH9 data sheet, 13.5): all inputs masked but those that are routed.</summary>
public sealed unsafe class IoApic
{
    private const uint VersionRegister = 1;
    private const uint FirstRedirection = 0x10;
    private const ulong Masked = 1 << 16;
    private const ulong ActiveLow = 1 << 13;
    private const ulong LevelTriggered = 1 << 15;
    private const int DestinationShift = 56;

    // unsafe: an index register at 0 and a data register at 16 bytes; each access is one 32-bit access.
    private readonly uint* _registers;
    private readonly uint _firstInput;
    private readonly uint _inputs;

    private IoApic(uint* registers, uint firstInput)
    {
        _registers = registers;
        _firstInput = firstInput;
        _inputs = (Read(VersionRegister) >> 16 & 0xFF) + 1;
        for (uint i = 0; i < _inputs; i++)
        {
            Redirect(i, Masked);
        }
    }

    /// <summary>Opens all I/O APICs of the machine and masks their inputs.</summary>
    public static IoApic[] Open(ReadOnlySpan<IoApicDescription> descriptions, AddressSpace space)
    {
        var all = new IoApic[descriptions.Length];
        for (int i = 0; i < all.Length; i++)
        {
            all[i] = new IoApic((uint*)space.MapPhysical(descriptions[i].Address, 32, Rights.ReadWrite, Caching.Uncached), descriptions[i].FirstInput);
        }

        return all;
    }

    /// <summary>Whether the global input is one of this APIC's.</summary>
    public bool Has(uint input) => input >= _firstInput && input - _firstInput < _inputs;

    /// <summary>Sends a global input to a vector of one CPU (APIC id below 256).</summary>
    public void Route(InterruptSource source, byte vector, uint apicId)
    {
        ulong entry = vector | ((ulong)apicId << DestinationShift);
        entry |= source.IsActiveLow ? ActiveLow : 0;
        entry |= source.IsLevel ? LevelTriggered : 0;
        Redirect(source.Input - _firstInput, entry);
    }

    private void Redirect(uint input, ulong entry)
    {
        // The half with the mask goes last when unmasking, first when masking; masked meanwhile either way.
        Write(FirstRedirection + (input * 2), (uint)Masked);
        Write(FirstRedirection + (input * 2) + 1, (uint)(entry >> 32));
        Write(FirstRedirection + (input * 2), (uint)entry);
    }

    private uint Read(uint index)
    {
        Volatile.Write(ref _registers[0], index);
        return Volatile.Read(ref _registers[4]);
    }

    private void Write(uint index, uint value)
    {
        Volatile.Write(ref _registers[0], index);
        Volatile.Write(ref _registers[4], value);
    }
}
