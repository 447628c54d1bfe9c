using System;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.InteropServices;
using Xenolith.Abi;
using Xenolith.Abi.Contract;
using Xenolith.Abi.Contract.Table;
using Xenolith.Domains;
using Xunit;

namespace Xenolith.Tests.Unit.Abi;

/// <summary>
/// A row of the table called with the values of its <see cref="CallExample"/>, by the initial domain of a machine that has a child and a server of
/// requests for it; any byte of the structure can be changed before.
/// </summary>
internal sealed class RowExample : IDisposable
{
    private const ushort Child = 7;
    private const ulong Buffers = CallFixture.Results + 0x1000, Zeroes = CallFixture.Results + 0x2000, Hole = 0x9000;

    private readonly CallShape _shape;
    private readonly Domain _child;
    private readonly ulong _server;
    private readonly bool _countsAsGiven;

    /// <param name="countsAsGiven">A count in a register is what the call is told, whatever the operation wants.</param>
    public RowExample(CallShape shape, bool is64Bit, bool countsAsGiven = false)
    {
        _shape = shape;
        _countsAsGiven = countsAsGiven;
        Guest = new CallFixture(is64Bit: is64Bit);
        _child = Guest.Machine.CreateDomain(1, 1, Child, isPrivileged: false);
        if (shape.Group.Exposure is { } exposed)
            Guest.Domain.Exposure.Set(exposed, Dispatch.WholeExposure(exposed));
        if (shape.Group.IsV2)
            Guest.Domain.Exposure.Set(ExposureGroup.HighNumber, Dispatch.WholeExposure(ExposureGroup.HighNumber));
        if (shape.Row.Feature is not null)
            Guest.Domain.Exposure.Set(ExposureGroup.CallFeature, Dispatch.WholeExposure(ExposureGroup.CallFeature));
        if (is64Bit)
            Guest.WriteArray(CallFixture.List, Hole);
        else
            Guest.WriteArray(CallFixture.List, (uint)Hole);
        if (shape.Group.Number == Hypercall.DmOp)
            _server = MakeServer();
        Structure = shape.StructureFor(is64Bit) is { } structure ? new byte[structure.Size] : [];
        foreach (CallField field in shape.StructureFor(is64Bit)?.Fields ?? [])
        {
            // Of a union's members, zeroes of one would wipe out another's values.
            if (Resolve(CallExample.Of(shape, field)) is not 0 and var value)
                Put(field.Offset, field.Size, value);
        }
    }

    public CallFixture Guest { get; }

    /// <summary>The structure, as the call will find it or as it was left.</summary>
    public byte[] Structure { get; private set; }

    /// <summary>All rows that are written and point at a structure, by name, for both widths.</summary>
    public static TheoryData<string, bool> Names(Func<CallShape, bool, bool> which)
    {
        var data = new TheoryData<string, bool>();
        foreach (bool is64Bit in (bool[])[true, false])
        {
            foreach (CallShape shape in CallGrammar.Shapes.Where(shape => IsWritten(shape) && which(shape, is64Bit)))
                data.Add(shape.Row.Name, is64Bit);
        }
        return data;
    }

    public static CallShape Find(string name) => CallGrammar.Shapes.Single(shape => shape.Row.Name == name);

    /// <summary>Sets bits of the structure.</summary>
    public void Set(int offset, int size, ulong bits)
    {
        for (int i = 0; i < size; i++)
            Structure[offset + i] |= (byte)(bits >> (i * 8));
    }

    /// <summary>Writes a number into the structure.</summary>
    public void Put(int offset, int size, ulong value)
    {
        for (int i = 0; i < size; i++)
            Structure[offset + i] = i < sizeof(ulong) ? (byte)(value >> (i * 8)) : (byte)0;
    }

    public long Call(ulong count = 1)
    {
        ulong[] words = Prepare(count);
        long result = Guest.Call((ulong)_shape.Group.Number, words[0], words[1], words[2], words[3], words[4]);
        Structure = Guest.ReadArray<byte>(CallFixture.Argument, Structure.Length);
        return result;
    }

    /// <summary>Makes the call for a few passes; null: it would go on.</summary>
    public long? Begin(ulong count)
    {
        const int passes = 8;
        ulong[] words = Prepare(count);
        return Guest.Begin(passes, (ulong)_shape.Group.Number, words[0], words[1], words[2], words[3], words[4]);
    }

    private ulong[] Prepare(ulong count)
    {
        Guest.WriteArray<byte>(CallFixture.Argument, Structure);
        ulong[] words = new ulong[5];
        for (int i = 0; i < _shape.Words.Count; i++)
            words[i] = WordOf(_shape.Words[i], count);
        return words;
    }

    public Holdings Holdings() => Abi.Holdings.Of(Guest.Machine, Guest.Domain, _child);

    public void Dispose() => Guest.Dispose();

    private static bool IsWritten(CallShape shape) => shape.Row.State == RowState.Done || (shape.Group.Rows.Length == 0 && shape.Row.Handler is not null);

    private ulong WordOf(CallField word, ulong count)
    {
        switch (word.Kind)
        {
            case ValueKind.Operation:
                return word.Value ?? 0;
            case ValueKind.Argument:
                return CallFixture.Argument;
            case ValueKind.BufferList:
                WriteBuffers();
                return Buffers;
            case ValueKind.Count:
                return _shape.Group.Number == Hypercall.DmOp && !_countsAsGiven ? DmOpLimits.Buffers : count;
            case ValueKind.Domain:
                return _shape.Group.Number == Hypercall.DmOp ? Child : DomainIds.Self;
            case ValueKind.Vcpu:
                // VCPUOP_initialise wants one that is not up.
                return VcpuOp.Initialise.Equals(_shape.Row.Operation) ? 1UL : 0;
            case ValueKind.Buffer:
                return Zeroes;
            default:
                return 0;
        }
    }

    private ulong Resolve(ExampleValue value) => value.Thing switch
    {
        CallThing.Child => Child,
        CallThing.Server => _server,
        CallThing.Frame => CallFixture.SpareGfn,
        CallThing.OtherFrame => CallFixture.SpareGfn + 1,
        CallThing.Hole => Hole,
        CallThing.List => CallFixture.List,
        CallThing.Buffer => Zeroes,
        _ => value.Number,
    };

    private void WriteBuffers()
    {
        int size = Marshal.SizeOf<DmOpArgument>();
        if (Guest.Is64Bit)
            Guest.WriteArray<DmOpBuffer>(Buffers, new() { Address = CallFixture.Argument, Size = (ulong)size }, new() { Address = Zeroes, Size = 4096 });
        else
            Guest.WriteArray<DmOpBuffer32>(Buffers, new() { Address = (uint)CallFixture.Argument, Size = (uint)size }, new() { Address = (uint)Zeroes, Size = 4096 });
    }

    private ulong MakeServer()
    {
        Guest.Write(CallFixture.Argument, new DmOpArgument { Operation = (uint)DmOp.CreateIoreqServer });
        WriteBuffers();
        if (Guest.Call(Hypercall.DmOp, Child, 1, Buffers) != 0)
            throw new InvalidOperationException("no server of requests");
        return Guest.Read<DmOpArgument>(CallFixture.Argument).CreateServer.Id;
    }
}
