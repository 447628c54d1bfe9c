using System;
using System.Linq;
using FsCheck;
using FsCheck.Fluent;
using Xenolith.Abi.Contract;
using Xenolith.Abi.Contract.Table;
using Xunit;

namespace Xenolith.Tests.Unit.Abi;

/// <summary>
/// Calls that make no sense: any number, any operation, any arguments, in both widths. Whatever comes, a call ends, answers with a
/// number that is a result or a known error, and loses no frame.
/// </summary>
public sealed class RandomCallTests
{
    private static readonly ulong[] Interesting =
    [
        0, 1, 2, 3, 4, 5, 63, 64, 65, 0xFFF, 0x1000, 0x7FF0, CallFixture.Argument, CallFixture.Argument + 0xFFC, CallFixture.List, CallFixture.Results,
        0x3F_FFFC, 0x40_0000, CallFixture.Unmapped, CallFixture.NotCanonical, CallFixture.NotCanonical - 4, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF,
        0x1_0000_0000, 1UL << 36, 1UL << 47, 1UL << 62, 1UL << 63, ulong.MaxValue - 7, ulong.MaxValue,
    ];

    private static readonly (ulong Number, ulong Operation)[] Known = HypercallTable.Groups
        .SelectMany(g => g.Rows.Length == 0
            ? [((ulong)g.Number, 0UL)]
            : g.Rows.Select(r => ((ulong)g.Number, r.Operation is null ? 0 : Convert.ToUInt64(r.Operation))))
        // These end the guest's run, as they should.
        .Where(c => c is not ((ulong)Hypercall.SchedOp, <= (ulong)SchedOp.RemoteShutdown) and not ((ulong)Hypercall.VcpuOp, (ulong)VcpuOp.Down))
        .ToArray();

    private static Gen<ulong> Word =>
        Gen.OneOf(Gen.Elements(Interesting), Gen.Choose(0, int.MaxValue).Select(v => (ulong)v), Gen.Choose(0, 300).Select(v => (ulong)v));

    private static Gen<RandomCall> Calls(bool sensible)
    {
        Gen<(ulong Number, ulong Operation)> which = sensible
            ? Gen.Elements(Known)
            : from number in Word from operation in Word select (number, operation);
        return from call in which
               from arguments in Word.ArrayOf(5)
               from content in Word.ArrayOf(16)
               select new RandomCall(call.Number, call.Operation, arguments, content);
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public void Whatever_is_called_is_answered(bool is64Bit, bool sensible)
    {
        Prop.ForAll(Calls(sensible).ArrayOf(24).ToArbitrary(), calls => Survives(calls, is64Bit))
            .Check(Config.QuickThrowOnFailure.WithMaxTest(120).WithQuietOnSuccess(true));
    }

    private static bool Survives(RandomCall[] calls, bool is64Bit)
    {
        using var guest = new CallFixture(is64Bit: is64Bit);
        foreach (RandomCall call in calls)
        {
            // The guest may have given its own memory away; then it can't state arguments there.
            for (int i = 0; i < call.Content.Length; i++)
                TryWrite(guest, CallFixture.Argument + (ulong)i * (is64Bit ? 8UL : 4UL), call.Content[i]);
            long result = guest.Call(call.Number, call.Operation, call.Arguments[0], call.Arguments[1], call.Arguments[2], call.Arguments[3], call.Arguments[4]);
            if (result < 0 && !Enum.IsDefined((Errno)(-result)))
                return false;
            if (guest.Domain.IsShutDown)
                break;
        }
        ulong free = guest.Machine.Frames.FreeFrames;
        guest.Domain.Dispose();
        return guest.Machine.Frames.FreeFrames > free && guest.Machine.Frames.CountOwnedBy(0) == 0;
    }

    private static void TryWrite(CallFixture guest, ulong address, ulong value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BitConverter.TryWriteBytes(bytes, value);
        guest.Domain.Memory.TryWrite(address, bytes);
    }

    private sealed record RandomCall(ulong Number, ulong Operation, ulong[] Arguments, ulong[] Content)
    {
        public override string ToString() => $"{Number}.{Operation:x}({string.Join(',', Arguments.Select(a => a.ToString("x")))}) {string.Join(' ', Content.Select(c => c.ToString("x")))}";
    }
}
