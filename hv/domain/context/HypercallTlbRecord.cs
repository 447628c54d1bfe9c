using System;
using System.Runtime.CompilerServices;
using Xenolith.Abi.Contract;
using Xenolith.Kernel;
using Xenolith.Mm;

namespace Xenolith.Domains;

/// <summary>
/// The record of how a vCPU makes its calls, when that is not as a fresh one does: its own hypercall TLB, whose it looks into, whether strictly, and what is left to
/// user mode. Of what the domain is not shown there can't be any, so that a hypervisor that lacks it refuses.
/// </summary>
internal static class HypercallTlbRecord
{
    private static uint StateSize => (uint)Unsafe.SizeOf<HypercallTlbState>();

    private static uint EntrySize => (uint)Unsafe.SizeOf<HypercallTlbSaved>();

    public static void Save(Vcpu vcpu, ref ContextWriter writer)
    {
        HypercallTlbs tables = vcpu.Domain.HypercallTlbs;
        var state = new HypercallTlbState
        {
            Table = OwnerOf(vcpu), Strict = vcpu.Access.Buffers.IsStrict ? 1u : 0, UserCalls = vcpu.UserCalls, Count = (uint)tables.CountOwn(vcpu.Access),
        };
        bool isFresh = state.Table == (uint)vcpu.Id && state.Strict == 0 && state.UserCalls == UserCalls.None && state.Count == 0;
        if (isFresh || !writer.TryBegin(HvmRecord.HypercallTlb, vcpu.Id, StateSize + state.Count * EntrySize))
            return;
        writer.Append(in state);
        for (int i = 0; i < (int)state.Count; i++)
        {
            HypercallTlbEntry entry = tables.OwnEntry(vcpu.Access, i);
            writer.Append(new HypercallTlbSaved
            {
                Page = entry.First, Pages = entry.Last - entry.First + 1, Gfn = entry.Gfn.Value, Root = entry.Root, Flags = (uint)entry.Flags,
            });
        }
    }

    /// <summary>Takes the record over; why it can't be, or null.</summary>
    public static string? TryLoad(Vcpu vcpu, ref ContextReader reader)
    {
        if (reader.Descriptor.Length < StateSize || !reader.TryTakePart(out HypercallTlbState state)
            || state.Count > HypercallTlb.Capacity || reader.Descriptor.Length != StateSize + state.Count * EntrySize)
        {
            return HvmContext.CutShort;
        }
        Span<HypercallTlbEntry> entries = stackalloc HypercallTlbEntry[HypercallTlb.Capacity];
        entries = entries.Slice(0, (int)state.Count);
        for (int i = 0; i < entries.Length; i++)
        {
            if (!reader.TryTakePart(out HypercallTlbSaved saved))
                return HvmContext.CutShort;
            if (!TryCheck(vcpu, in saved, out entries[i]))
                return "an entry of a hypercall TLB that names no pages, or no frames";
        }
        return Problem(vcpu, in state) ?? Load(vcpu, in state, entries);
    }

    private static string? Problem(Vcpu vcpu, in HypercallTlbState state)
    {
        Exposure shown = vcpu.Domain.Exposure;
        if (state.Strict > 1 || (state.UserCalls & ~UserCalls.All) != 0 || state.Table >= (uint)vcpu.Domain.MadeVcpus.Length)
            return "a hypercall TLB of a vCPU that is not there, a policy, or calls of user mode that there are not";
        if ((state.Count != 0 || state.Table != (uint)vcpu.Id) && !shown.Shows(ExposureGroup.CallFeature, (ulong)CallFeature.Table))
            return "a hypercall TLB, which the domain is not shown";
        if (state.Strict != 0 && !shown.Shows(ExposureGroup.CallFeature, (ulong)CallFeature.Strict))
            return "a strict policy for calls, which the domain is not shown";
        return state.UserCalls != 0 && !shown.Shows(ExposureGroup.CallFeature, (ulong)CallFeature.User) ? "calls of user mode, which the domain is not shown" : null;
    }

    private static string? Load(Vcpu vcpu, in HypercallTlbState state, ReadOnlySpan<HypercallTlbEntry> entries)
    {
        HypercallTlbs tables = vcpu.Domain.HypercallTlbs;
        if (!tables.Replace(vcpu.Access, entries))
            return "entries of a hypercall TLB that overlap";
        if (tables.Share(vcpu.Access, vcpu.Domain.Vcpus[state.Table].Access) != HypercallTlbResult.Done)
            return "a hypercall TLB that is shared and shares another";
        tables.SetStrict(vcpu.Access, state.Strict != 0);
        vcpu.UserCalls = state.UserCalls;
        return null;
    }

    private static bool TryCheck(Vcpu vcpu, in HypercallTlbSaved saved, out HypercallTlbEntry entry)
    {
        entry = default;
        ulong frames = 1UL << (vcpu.Access.Features.PhysicalAddressBits - Page.Shift);
        var flags = (HypercallTlbFlags)saved.Flags;
        const HypercallTlbFlags mostFlags = HypercallTlbFlags.All & ~HypercallTlbFlags.Replace;
        if (!HypercallTlb.IsRange(saved.Page, saved.Pages, is64Bit: true) || saved.Gfn >= frames || saved.Pages > frames - saved.Gfn || saved.Reserved != 0
            || saved.Flags > (uint)mostFlags || (flags & ~mostFlags) != 0 || !HypercallTlb.IsRoot(saved.Root)
            || (flags & HypercallTlbFlags.OfAddressSpace) != 0 == (saved.Root == HypercallTlb.AnyRoot))
        {
            return false;
        }
        entry = new HypercallTlbEntry(saved.Page, saved.Page + saved.Pages - 1, new Gfn(saved.Gfn), saved.Root, flags);
        return true;
    }

    private static uint OwnerOf(Vcpu vcpu)
    {
        foreach (Vcpu other in vcpu.Domain.MadeVcpus)
        {
            if (other.Access.Buffers == vcpu.Access.Buffers.Source)
                return (uint)other.Id;
        }
        return (uint)vcpu.Id;
    }
}
