using System;
using System.Collections.Generic;
using System.Linq;
using FsCheck;
using FsCheck.Fluent;
using Xenolith.Domains;
using Xenolith.Hal;
using Xenolith.Kernel;
using Xenolith.Mm;
using Xenolith.Tests.Unit.Harness;
using Xunit;
using static Xenolith.Tests.Unit.Harness.GuestTables;

namespace Xenolith.Tests.Unit.Mm;

/// <summary>
/// Kept walks against walking anew. The same steps are done on two machines alike: one vCPU copies through an accessor that
/// remembers, the other through a fresh one each time. No guest can tell them apart, whatever it does to its tables.
/// </summary>
public sealed class TranslationCacheTests
{
    private const ulong FirstTable = 0x100, FirstData = 0x200;
    private const int Frames = 8;

    private enum StepKind { Copy, WriteEntry, Flip, Controls, Take, Give, Restrict, Features }

    private readonly record struct Step(StepKind Kind, int A, int B, ulong Value);

    /// <summary>What a copy gave.</summary>
    private sealed record Outcome(bool Done, PageFault Fault, string Bytes);

    private sealed class Side : IDisposable
    {
        private readonly TestMachine _machine = new(mebibytes: 8);
        private readonly bool _isFresh;
        private readonly Domain _domain;
        private readonly Vcpu _vcpu;
        private PagingFeatures _features = new(48, true);

        public Side(bool isFresh)
        {
            _isFresh = isFresh;
            _domain = _machine.CreateDomain();
            _vcpu = _domain.Vcpus[0];
            for (ulong frame = FirstTable; frame < FirstTable + Frames; frame++)
                WriteEntries(frame, Present | Writable | GuestTables.User);
            _vcpu.Cpu.Cr3 = FirstTable << 12;
        }

        public void Dispose() => _machine.Dispose();

        public Outcome? Do(Step step)
        {
            ulong table = FirstTable + (ulong)(step.A % Frames);
            Gfn any = new((step.A / 64 % 2 == 0 ? FirstTable : FirstData) + (ulong)(step.A % Frames));
            ulong slot = (table << 12) + (ulong)(step.B % 3) * 8;
            switch (step.Kind)
            {
                case StepKind.Copy:
                    return Copy((AccessKind)(step.A % 16), step.Value, 1 + step.B % 12);
                case StepKind.WriteEntry:
                    WriteEntry(slot, Entry(step.Value));
                    return null;
                case StepKind.Flip:
                    Span<byte> old = stackalloc byte[8];
                    if (_domain.Memory.TryRead(slot, old))
                        WriteEntry(slot, BitConverter.ToUInt64(old) ^ 1UL << new[] { 0, 1, 2, 5, 6, 7, 63, 12 }[step.Value % 8]);
                    return null;
                case StepKind.Controls:
                    SetControls(step);
                    return null;
                case StepKind.Take:
                    _domain.P2m.TryDepopulate(any);
                    return null;
                case StepKind.Give:
                    if (_domain.P2m.Lookup(any).Type == P2mType.None)
                        _domain.TryPopulate(any, 1);
                    return null;
                case StepKind.Restrict:
                    P2mEntry entry = _domain.P2m.Lookup(any);
                    if (entry.IsRam)
                        _domain.P2m.TrySet(any, entry.Mfn, 0, step.B % 2 == 0 ? P2mType.Ram : P2mType.RamReadOnly);
                    return null;
                default:
                    _vcpu.Access.Features = _features = new PagingFeatures(step.A % 2 == 0 ? 48 : 36, step.B % 2 == 0);
                    return null;
            }
        }

        /// <summary>All frames that steps work on.</summary>
        public string Memory()
        {
            var text = new List<string>();
            byte[] frame = new byte[Page.Size];
            foreach (ulong first in new[] { FirstTable, FirstData })
            {
                for (ulong gfn = first; gfn < first + Frames; gfn++)
                    text.Add(_domain.Memory.TryRead(gfn << 12, frame) ? Convert.ToHexString(frame.AsSpan(0, 64)) + Convert.ToHexString(frame.AsSpan(4000)) : "none");
            }
            return string.Join('\n', text);
        }

        private Outcome Copy(AccessKind access, ulong linear, int length)
        {
            GuestAccess accessor = _isFresh ? new GuestAccess(_vcpu.Cpu, _domain.Memory) { Features = _features } : _vcpu.Access;
            byte[] bytes = [.. Enumerable.Range(0, length).Select(i => (byte)(linear + (ulong)i))];
            PageFault fault;
            bool done;
            if ((access & AccessKind.Write) != 0)
            {
                done = length == 8 ? accessor.TryWriteValue(linear, access, BitConverter.ToUInt64(bytes), out fault) : accessor.TryWrite(linear, bytes, access, out fault);
            }
            else if (length == 8)
            {
                done = accessor.TryReadValue(linear, access, out ulong value, out fault);
                bytes = BitConverter.GetBytes(value);
            }
            else
            {
                done = accessor.TryRead(linear, bytes, access, out fault);
            }
            return new Outcome(done, fault, Convert.ToHexString(bytes));
        }

        private void SetControls(Step step)
        {
            VirtualCpu cpu = _vcpu.Cpu;
            ulong value = step.Value;
            switch (step.A % 6)
            {
                case 0: cpu.Cr0 = 0x8001_0011 ^ (value & 1) << 16 ^ (step.B % 5 == 0 ? 1UL << 31 : 0); break;
                case 1: cpu.Cr4 = 0x20 ^ (value & 3) << 4; break;
                case 2: cpu.Cr4 ^= 1UL << (20 + (int)(value & 1)); break;
                case 3: cpu.Efer = 0xD00 ^ (value & 3) << 10; break;
                case 4: cpu.Rflags = 0x202 | (value & 1) << 18; break;
                default: cpu.Cr3 = (FirstTable + (value & 3)) << 12 | (value & 0x20); break;
            }
        }

        private void WriteEntries(ulong frame, ulong flags)
        {
            for (ulong i = 0; i < 3; i++)
                WriteEntry((frame << 12) + i * 8, ((frame + i + 1 < FirstTable + Frames ? frame + i + 1 : FirstData + i) << 12) | flags);
        }

        private void WriteEntry(ulong slot, ulong value) => _domain.Memory.TryWrite(slot, BitConverter.GetBytes(value));
    }

    private static ulong Entry(ulong value)
    {
        ulong[] frames = [FirstTable, FirstTable + 1, FirstTable + 2, FirstTable + 5, FirstData, FirstData + 1, FirstData + 2, 0xFEE00];
        ulong flags = (value >> 8 & 0xFF) == 0 ? value >> 16 & 0xFFF | value & NoExecute : value >> 16 & 0x67;
        return frames[value & 7] << 12 | flags | ((value >> 32 & 7) == 0 ? 0 : Present);
    }

    // Addresses whose index at each level is 0, 1 or 2, at a page's start and at its end.
    private static readonly Gen<ulong> s_linear =
        from indices in Gen.ArrayOf(Gen.Choose(0, 2), 4)
        from offset in Gen.Elements(0, 0x10, 0xFF8, 0xFFC)
        select ((ulong)indices[0] << 39) | ((ulong)indices[1] << 30) | ((ulong)indices[2] << 21) | ((ulong)indices[3] << 12) | (uint)offset;

    private static readonly Gen<Step> s_step = Gen.Frequency(
        (12, from linear in s_linear from a in Gen.Choose(0, 15) from b in Gen.Choose(0, 11) select new Step(StepKind.Copy, a, b, linear)),
        (6, from linear in Gen.Elements(0x1000UL, 0x2010UL) from a in Gen.Elements(0, 1, 4, 5) select new Step(StepKind.Copy, a, 7, linear)),
        (6, from kind in Gen.Elements(StepKind.WriteEntry, StepKind.Flip, StepKind.Flip, StepKind.Controls)
            from a in Gen.Choose(0, 255)
            from b in Gen.Choose(0, 255)
            from value in ArbMap.Default.GeneratorFor<ulong>()
            select new Step(kind, a, b, value)),
        (2, from kind in Gen.Elements(StepKind.Take, StepKind.Give, StepKind.Give, StepKind.Restrict, StepKind.Features)
            from a in Gen.Choose(0, 255)
            from b in Gen.Choose(0, 255)
            select new Step(kind, a, b, 0)));

    [Fact]
    public void KeptWalksGiveWhatWalkingGives()
    {
        int compared = 0, done = 0;
        Prop.ForAll(Gen.ArrayOf(s_step, 60).ToArbitrary(), steps =>
        {
            using Side remembering = new(false), fresh = new(true);
            foreach (Step step in steps)
            {
                Outcome? kept = remembering.Do(step), walked = fresh.Do(step);
                Assert.Equal(walked, kept);
                compared += kept is null ? 0 : 1;
                done += kept is { Done: true } ? 1 : 0;
            }
            Assert.Equal(fresh.Memory(), remembering.Memory());
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(300));

        // Not all of them copies that fail, or the property would say little.
        Assert.True(done > compared / 4, $"{done} of {compared} copies went through");
    }

    [Fact]
    public void AFrameTakenAwayIsNoLongerReached()
    {
        using var side = new Side(false);
        var copy = new Step(StepKind.Copy, (int)AccessKind.Read, 7, 0x1000);
        Assert.True(side.Do(copy)!.Done);
        Assert.True(side.Do(copy)!.Done);
        for (int i = 0; i < Frames; i++)
            side.Do(new Step(StepKind.Take, 64 + i, 0, 0));
        for (int i = 5; i < Frames; i++)
            side.Do(new Step(StepKind.Take, i, 0, 0));
        Assert.False(side.Do(copy)!.Done);
    }

    [Fact]
    public void RightsAreThoseOfTheMoment()
    {
        using var side = new Side(false);
        var copy = new Step(StepKind.Copy, (int)AccessKind.Read, 7, 0x1000);
        const int supervisorAccessPrevention = 2, alignmentCheck = 4;
        Assert.True(side.Do(copy)!.Done);
        side.Do(new Step(StepKind.Controls, supervisorAccessPrevention, 0, 1));
        Assert.False(side.Do(copy)!.Done);
        side.Do(new Step(StepKind.Controls, alignmentCheck, 0, 1));
        Assert.True(side.Do(copy)!.Done);
        side.Do(new Step(StepKind.Controls, alignmentCheck, 0, 0));
        Assert.False(side.Do(copy)!.Done);
    }
}
