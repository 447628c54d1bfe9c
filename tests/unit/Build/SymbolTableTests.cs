using System;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.InteropServices;
using System.Text;
using Xenolith.Build.Symbols;
using Xenolith.Kernel;
using Xunit;

namespace Xenolith.Tests.Unit.Build;

/// <summary>What the build writes about functions is what the kernel reads, and a stack is walked by it.</summary>
public class SymbolTableTests
{
    private const ulong Base = 0xFFFFFFFF80100000;

    private static readonly FunctionEntry[] s_functions =
    [
        new(Base + 0x100, 0x40, new FunctionName("Xenolith.Kernel.FrameAllocator", "Allocate"), new UnwindRule(false, 64, 16), "FrameAllocator.cs",
            [new LineRow(Base + 0x100, "FrameAllocator.cs", 120), new LineRow(Base + 0x110, "FrameAllocator.cs", 118), new LineRow(Base + 0x130, "FrameAllocator.cs", 400)]),
        new(Base, 0x80, new FunctionName("", "boot_entry"), new UnwindRule(false, 8, 0), "", []),
        new(Base + 0x200, 0x20, new FunctionName("Xenolith.Machine", "Start"), new UnwindRule(true, 16, 16), "Machine.cs",
            [new LineRow(Base + 0x200, "Machine.cs", 7)]),
    ];

    [Theory]
    [InlineData(0x100, "Allocate", 120)]
    [InlineData(0x10F, "Allocate", 120)]
    [InlineData(0x110, "Allocate", 118)]
    [InlineData(0x13F, "Allocate", 400)]
    [InlineData(0x200, "Start", 7)]
    [InlineData(0x7F, "boot_entry", 0)]
    public void AnAddressHasItsFunctionAndLine(ulong offset, string method, uint line)
    {
        var table = new SymbolTable(SymbolTableWriter.Write(s_functions));
        Assert.True(table.TryFind(Base + offset, out FunctionSymbol symbol));
        Assert.Equal(method, Encoding.UTF8.GetString(symbol.MethodName));
        Assert.Equal(line, symbol.Line);
    }

    [Theory]
    [InlineData(0x80)]
    [InlineData(0x140)]
    [InlineData(0x220)]
    [InlineData(0xFFFFFFFFFFFFFFFF)]
    public void AnAddressBetweenFunctionsHasNone(ulong offset)
    {
        var table = new SymbolTable(SymbolTableWriter.Write(s_functions));
        Assert.False(table.TryFind(unchecked(Base + offset), out _));
    }

    [Fact]
    public void TheUnwindRuleSurvives()
    {
        var table = new SymbolTable(SymbolTableWriter.Write(s_functions));
        Assert.True(table.TryFind(Base + 0x210, out FunctionSymbol symbol));
        Assert.Equal((true, 16, 16), (symbol.FrameFromRbp, symbol.FrameOffset, symbol.SavedRbpOffset));
    }

    [Fact]
    public void AnEmptyOrForeignTableFindsNothing()
    {
        Assert.False(new SymbolTable(SymbolTableWriter.Write([])).TryFind(Base, out _));
        Assert.False(new SymbolTable(new byte[64]).TryFind(0, out _));
        Assert.False(default(SymbolTable).TryFind(0, out _));
    }

    [Fact]
    public void AStackIsWalkedByEachFunctionsRule()
    {
        // Allocate (64 bytes, RBP saved) called by Start (frame from RBP), called by the boot stub.
        ulong[] stack = GC.AllocateArray<ulong>(32, pinned: true);
        ulong low = Address(stack);
        stack[6] = low + (14 * 8);
        stack[7] = Base + 0x205;
        stack[14] = 0;
        stack[15] = Base + 0x40;
        var trace = new Backtrace(new SymbolTable(SymbolTableWriter.Write(s_functions)), Base + 0x112, low, 0xDEAD, low, low + (32 * 8));
        List<string> lines = Lines(ref trace);
        Assert.Equal(
        [
            "#0 0xffffffff80100112 Xenolith.Kernel.FrameAllocator.Allocate +0x12 (FrameAllocator.cs:118)",
            "#1 0xffffffff80100205 Xenolith.Machine.Start +0x5 (Machine.cs:7)",
            "#2 0xffffffff80100040 boot_entry +0x40",
        ],
        lines);
    }

    [Fact]
    public void ACallThroughABadPointerStillShowsItsCaller()
    {
        ulong[] stack = GC.AllocateArray<ulong>(8, pinned: true);
        ulong low = Address(stack);
        stack[0] = Base + 0x41;
        var trace = new Backtrace(new SymbolTable(SymbolTableWriter.Write(s_functions)), 0x1234, low, 0, low, low + 64);
        Assert.Equal(["#0 0x0000000000001234 (no function)", "#1 0xffffffff80100041 boot_entry +0x41"], Lines(ref trace));
    }

    [Fact]
    public void ADamagedStackEndsTheWalk()
    {
        ulong[] stack = GC.AllocateArray<ulong>(8, pinned: true);
        ulong low = Address(stack);
        var trace = new Backtrace(new SymbolTable(SymbolTableWriter.Write(s_functions)), Base + 0x112, low + 1, 3, low, low + 64);
        Assert.Single(Lines(ref trace));
    }

    [Fact]
    public void ALineLongerThanItsBufferIsCut()
    {
        var trace = new Backtrace(new SymbolTable(SymbolTableWriter.Write(s_functions)), Base + 0x112, 0, 0, 0, 0);
        byte[] buffer = new byte[10];
        Assert.True(trace.TryFormatNext(buffer, out int length));
        Assert.Equal("#0 0xfffff", Encoding.ASCII.GetString(buffer, 0, length));
    }

    private static ulong Address(ulong[] pinned) => (ulong)Marshal.UnsafeAddrOfPinnedArrayElement(pinned, 0);

    private static List<string> Lines(ref Backtrace trace)
    {
        var lines = new List<string>();
        byte[] buffer = new byte[256];
        while (trace.TryFormatNext(buffer, out int length))
        {
            lines.Add(Encoding.UTF8.GetString(buffer, 0, length));
        }

        return lines;
    }
}
