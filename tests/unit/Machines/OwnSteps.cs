using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.InteropServices;
using Xenolith.Abi;
using Xenolith.Abi.Contract;
using Xenolith.Abi.Contract.Table;
using Xenolith.Domains;
using Xenolith.Kernel;

namespace Xenolith.Tests.Unit.Machines;

/// <summary>Steps of what is ours alone: who is shown it, calls from 64 on, hypercall TLBs, lists of frames.</summary>
internal sealed class OwnSteps(DeedRunner runner)
{
    private const int ListLength = 6;

    private static readonly CallShape[] s_tableCalls = [.. CallGrammar.Shapes.Where(shape => shape.Row.Operation is VcpuOp and >= VcpuOp.HctlbQuery and <= VcpuOp.HctlbPolicy)];

    /// <summary>What a domain is shown of exposure groups 1 and 9: all, some, or nothing.</summary>
    public static IEnumerable<(ExposureGroup Group, ulong Bits)> Shown(Picker picker)
    {
        foreach (ExposureGroup group in (ExposureGroup[])[ExposureGroup.HighNumber, ExposureGroup.CallFeature])
            yield return (group, Dispatch.WholeExposure(group) & picker.Below(4) switch { 0 => 0UL, 1 => picker.Next, _ => ulong.MaxValue });
    }

    /// <summary>The control domain is shown more than it was.</summary>
    public IEnumerable<Deed> ShowControl(Picker picker)
    {
        Exposure exposure = runner.Machine.Control.Exposure;
        return Shown(picker).Select(shown => Deed.Of(DeedKind.Show, 0, 0, (ulong)shown.Group, exposure[shown.Group] | shown.Bits));
    }

    /// <summary>A list for a call from 64 on, at the place that the call names.</summary>
    public static Deed List(CallShape shape, Vcpu by, Picker picker) => shape.Group.Number == Hypercall.V2Hctlb
        ? new Deed(DeedKind.Write, by.Domain.Id, 0, [GuestLayout.ArgumentOf(by.Id)], Batch(by, picker))
        : new Deed(DeedKind.Write, by.Domain.Id, 0, [GuestLayout.ListOf(by.Id)], Frames(picker));

    /// <summary>A call that has paused goes on, on any vCPU; now and then it is another one.</summary>
    public IEnumerable<Deed> GoOn(Picker picker)
    {
        Domain[] paused = [.. runner.Machine.Domains.Where(domain => runner.Pauses.Of(domain).Count != 0)];
        if (paused.Length == 0)
            yield break;
        Domain domain = picker.Of(paused);
        Vcpu by = domain.Vcpus[picker.Below(domain.Vcpus.Length)];
        PausedModel call = picker.Of(runner.Pauses.Of(domain));
        ulong[] values = [call.Number, call.Operation, call.A1, call.A2, call.A3, call.Cookie];
        if (picker.OneIn(8))
            values[1 + picker.Below(5)]++;
        yield return new Deed(DeedKind.Call, by.Domain.Id, by.Id, values, Name: "goes on");
    }

    /// <summary>A call with a list, of which little is done at a time.</summary>
    public static IEnumerable<Deed> Pause(Vcpu by, Picker picker)
    {
        CallShape shape = picker.Of([.. CallGrammar.Shapes.Where(shape => shape.Group.IsV2 && shape.Row.Preemptible)]);
        yield return Deed.Of(DeedKind.Budget, 0, 0, 1 + (ulong)picker.Below(3));
        ulong count = 1 + (ulong)picker.Below(ListLength);
        bool isFlood = picker.OneIn(8);
        // Last, since it may take all numbers that there are.
        yield return List(shape, by, picker);
        ulong list = shape.Group.Number == Hypercall.V2Hctlb ? GuestLayout.ArgumentOf(by.Id) : GuestLayout.ListOf(by.Id);
        // More than may wait, now and then.
        for (int i = 0; i < (isFlood ? ListLength * 3 : 1); i++)
            yield return new Deed(DeedKind.Call, by.Domain.Id, by.Id, [(ulong)shape.Group.Number, shape.Words[0].Value!.Value, list, count], Name: shape.Row.Name);
    }

    /// <summary>A vCPU's buffers are told of: as they are, elsewhere, or for reading only; and perhaps nothing else is looked at.</summary>
    public static IEnumerable<Deed> Table(Vcpu by, Picker picker)
    {
        (ulong page, ulong gfn, ulong pages, HypercallTlbFlags flags) = picker.Below(4) switch
        {
            0 => (0UL, 0UL, 0x1000UL, HypercallTlbFlags.Writable | HypercallTlbFlags.Pinned),
            1 => (GuestLayout.ArgumentOf(by.Id) >> Page.Shift, GuestLayout.ListOf(picker.Below(4)) >> Page.Shift, 1UL, HypercallTlbFlags.Writable),
            2 => (GuestLayout.ListOf(by.Id) >> Page.Shift, picker.Of([picker.CommonFrame(), picker.Place(), GuestLayout.Frames, 0xFEE00UL]), 1UL, HypercallTlbFlags.None),
            _ => (GuestLayout.FirstArgument, GuestLayout.FirstArgument, 8UL, HypercallTlbFlags.Writable | HypercallTlbFlags.OfAddressSpace),
        };
        flags |= picker.OneIn(2) ? HypercallTlbFlags.Replace : HypercallTlbFlags.None;
        yield return Call(VcpuOp.HctlbInsert, page, gfn, pages << 8 | (ulong)flags);
        if (picker.OneIn(3))
            yield return Call(VcpuOp.HctlbPolicy, (ulong)picker.Below(2));
        if (picker.OneIn(3))
            yield return Call(VcpuOp.HctlbPurge, page, 1);
        if (picker.OneIn(2))
            yield return Call(VcpuOp.HctlbShare, (ulong)picker.Below(by.Domain.Vcpus.Length));

        Deed Call(VcpuOp operation, params ulong[] rest) =>
            new(DeedKind.Call, by.Domain.Id, by.Id, [(ulong)Hypercall.VcpuOp, (ulong)operation, (ulong)by.Id, .. rest], Name: Row.NameOf(operation));
    }

    /// <summary>A kernel leaves calls to user mode, or user mode makes one.</summary>
    public static IEnumerable<Deed> User(Vcpu by, Picker picker)
    {
        if (picker.OneIn(2))
        {
            ulong bits = picker.OneIn(2) ? (ulong)UserCalls.All : picker.Next & (ulong)UserCalls.All;
            yield return new Deed(DeedKind.Call, by.Domain.Id, by.Id, [(ulong)Hypercall.V2Query, (ulong)V2QueryOp.SetUserCalls, (ulong)by.Id, bits], Name: Row.NameOf(V2QueryOp.SetUserCalls));
        }
        CallShape shape = picker.OneIn(4) ? picker.Of(CallGrammar.Shapes) : picker.Of([.. CallGrammar.Shapes.Where(shape => shape.Group.IsV2)]);
        ulong[] values = [(ulong)shape.Group.Number, .. shape.Words.Select(word => word.Value ?? (word.Kind == ValueKind.Argument ? GuestLayout.ArgumentOf(by.Id) : picker.Value(word.Kind, by)))];
        yield return new Deed(DeedKind.UserCall, by.Domain.Id, by.Id, values, Name: shape.Row.Name);
    }

    /// <summary>A page of a list of frames, where addresses by such lists look.</summary>
    public static Deed BufferList(Vcpu by, Picker picker)
    {
        ulong[] head = [picker.Of<ulong>([0x4000, 0x3000, 0x1000, 0x800, ulong.MaxValue]), picker.Of<ulong>([4, 3, 1, 0, 509, 510]), picker.OneIn(6) ? GuestLayout.BufferListOf(by.Id) : 0];
        ulong[] frames = [.. Enumerable.Range(0, 4).Select(_ => picker.OneIn(5) ? picker.Value(ValueKind.Frame, by) : picker.OneIn(2) ? GuestLayout.ListOf(by.Id) >> Page.Shift : picker.CommonFrame())];
        return new Deed(DeedKind.Write, by.Domain.Id, 0, [GuestLayout.BufferListOf(by.Id)], MemoryMarshal.AsBytes<ulong>([.. head, .. frames]).ToArray());
    }

    private static byte[] Frames(Picker picker)
    {
        ulong[] frames = [.. Enumerable.Range(0, ListLength).Select(_ => picker.OneIn(8) ? picker.Of<ulong>([GuestLayout.FirstArgument, 1UL << 24, 1UL << 36, ulong.MaxValue])
            : picker.OneIn(3) ? picker.Place() : picker.OneIn(6) ? picker.FarFrame() : picker.CommonFrame())];
        return MemoryMarshal.AsBytes<ulong>(frames).ToArray();
    }

    private static byte[] Batch(Vcpu by, Picker picker)
    {
        var calls = new HypercallTlbCall[ListLength];
        foreach (ref HypercallTlbCall call in calls.AsSpan())
        {
            CallShape shape = picker.Of(s_tableCalls);
            ulong[] words = [.. shape.Words.Skip(2).Select(word => picker.Value(word.Kind, by)), 0, 0, 0];
            call = new HypercallTlbCall
            {
                Command = picker.OneIn(10) ? picker.Next : Convert.ToUInt32(shape.Row.Operation), Vcpu = (uint)picker.Below(by.Domain.Vcpus.Length + 1), A3 = words[0], A4 = words[1], A5 = words[2],
            };
        }
        return MemoryMarshal.AsBytes(calls.AsSpan()).ToArray();
    }
}
