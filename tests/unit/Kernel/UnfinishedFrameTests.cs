using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using System.Text;
using Xenolith.Build.Symbols;
using Xenolith.Kernel;
using Xunit;

namespace Xenolith.Tests.Unit.Kernel;

/// <summary>Stack walks from where the unwind rule does not hold yet, and along recursions.</summary>
public sealed class UnfinishedFrameTests
{
    private const ulong Base = 0xFFFFFFFF80100000;

    // A leaf that saves four registers, a caller, and a function that calls itself.
    private static readonly FunctionEntry[] s_functions =
    [
        new(Base, 0x80, new FunctionName("T", "Leaf"), new UnwindRule(false, 48, 16), "T.cs", [new LineRow(Base, "T.cs", 10)]),
        new(Base + 0x100, 0x80, new FunctionName("T", "Caller"), new UnwindRule(false, 16, 0), "T.cs", [new LineRow(Base + 0x100, "T.cs", 20)]),
        new(Base + 0x200, 0x80, new FunctionName("T", "Itself"), new UnwindRule(false, 16, 0), "T.cs", [new LineRow(Base + 0x200, "T.cs", 30), new LineRow(Base + 0x240, "T.cs", 31)]),
    ];

    /// <param name="offset">Where in the leaf execution stands.</param>
    /// <param name="pushed">Registers saved by then; the first holds a function's address, as callee-saved registers do.</param>
    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 1)]
    [InlineData(3, 2)]
    [InlineData(5, 3)]
    [InlineData(7, 4)]
    public void APrologueIsLeftByTheReturnAddressAboveTheSavedRegisters(ulong offset, int pushed)
    {
        ulong[] stack = GC.AllocateArray<ulong>(16, pinned: true);
        for (int i = 0; i < pushed; i++)
        {
            stack[i] = i == 0 ? Base + 0x100 : 0x1234;
        }

        stack[pushed] = Base + 0x110;
        Assert.Equal([$"T.Leaf +0x{offset:x} (T.cs:10)", "T.Caller +0x10 (T.cs:20)"], Walk(stack, Base + offset, false));
    }

    [Fact]
    public void BehindThePrologueTheRuleDecides()
    {
        // A return address left over from an earlier call lies below the real one.
        ulong[] stack = GC.AllocateArray<ulong>(16, pinned: true);
        stack[0] = Base + 0x240;
        stack[5] = Base + 0x110;
        Assert.Equal(["T.Leaf +0x40 (T.cs:10)", "T.Caller +0x10 (T.cs:20)"], Walk(stack, Base + 0x40, false));
    }

    [Fact]
    public void ARecursionIsOneLine()
    {
        ulong[] stack = GC.AllocateArray<ulong>(64, pinned: true);
        for (int i = 0; i < 20; i++)
        {
            stack[(i * 2) + 1] = Base + 0x210;
        }

        stack[41] = Base + 0x110;
        Assert.Equal(["T.Itself +0x0 (T.cs:30)", "T.Itself +0x10 (T.cs:30), and 19 times more", "T.Caller +0x10 (T.cs:20)"], Walk(stack[1..], Base + 0x200, false));
    }

    [Fact]
    public void AReturnAddressBelongsToTheLineOfItsCall()
    {
        ulong[] stack = GC.AllocateArray<ulong>(4, pinned: true);
        Assert.Equal(["T.Itself +0x40 (T.cs:30)"], Walk(stack, Base + 0x240, true));
        Assert.Equal(["T.Itself +0x40 (T.cs:31)"], Walk(stack, Base + 0x240, false));
    }

    private static List<string> Walk(ulong[] words, ulong rip, bool ripIsReturn)
    {
        ulong[] stack = GC.AllocateArray<ulong>(words.Length, pinned: true);
        words.CopyTo(stack, 0);
        ulong low = (ulong)Marshal.UnsafeAddrOfPinnedArrayElement(stack, 0);
        var trace = new Backtrace(new SymbolTable(SymbolTableWriter.Write(s_functions)), rip, low, 0, low, low + ((ulong)words.Length * 8), ripIsReturn);
        var lines = new List<string>();
        byte[] buffer = new byte[256];
        while (trace.TryFormatNext(buffer, out int length))
        {
            lines.Add(Encoding.UTF8.GetString(buffer, 0, length).Split(' ', 3)[2]);
        }

        return lines;
    }
}
