// Assertions are compiled in here, since one of them is to fail.
#define DEBUG

using System;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using Xenolith.Kernel;

namespace Xenolith.Tests.Features;

/// <summary>
/// Bugs on demand: the option <c>induce=NAME</c> commits one, so that what the kernel then says can be judged from outside. The line
/// that goes wrong ends with a comment <c>induce: NAME</c>; the boot tests find its number by that.
/// </summary>
// unsafe: wild pointers are what is tested.
internal static unsafe class InducedFaults
{
    private const string Option = "induce";

    // Nothing is mapped between the direct map and the image.
    private const ulong Nowhere = 0xFFFF_F000_0000_0000;
    private const ulong NotCanonical = 0x8000_0000_0000_0000;

    private const uint ApicBaseMsr = 0x1B;
    private const ulong ApicBaseX2 = 1 << 10;
    private const ulong ApicBaseAddress = 0x000F_FFFF_FFFF_F000;
    private const uint X2IdMsr = 0x802;
    private const uint X2CommandMsr = 0x830;
    private const int CommandRegister = 0x300 / 4, CommandTarget = 0x310 / 4, IdRegister = 0x20 / 4;

    // Physical destination, edge, assert, delivery mode NMI (Intel SDM vol. 3, 11.6.1). The shorthand "self" takes no NMI.
    private const uint SendNmi = (4 << 8) | (1 << 14);

    private static readonly byte[] s_data = [0xC3];

    private static ReadOnlySpan<byte> Constant => "a constant of the image"u8;

    /// <summary>What the kernel's table of options gets.</summary>
    public static OptionRow[] Options() =>
    [
        new(Option, OptionKind.Text, "", "Commits a bug, to see what becomes of it.")
        {
            Accepted = "null-read null-write wild-jump stack-overflow divide general-protection write-constant write-code execute-data index "
                + "overflow throw assertion non-maskable" + InducedProcessorFaults.Names,
        },
    ];

    /// <summary>Commits the fault that the command line asks for; returns when it asks for none.</summary>
    public static void RunIfAsked(CommandLine options)
    {
        if (!options.TryGetText(Option, out ReadOnlySpan<char> fault))
        {
            return;
        }

        // No switch: on strings it takes a hash of them that the runtime stub need not have.
        RunIf(fault, "null-read", &ReadNull);
        RunIf(fault, "null-write", &WriteNull);
        RunIf(fault, "wild-jump", &JumpNowhere);
        RunIf(fault, "stack-overflow", &OverflowStack);
        RunIf(fault, "divide", &Divide);
        RunIf(fault, "general-protection", &ReadNonCanonical);
        RunIf(fault, "write-constant", &WriteConstant);
        RunIf(fault, "write-code", &WriteCode);
        RunIf(fault, "execute-data", &ExecuteData);
        RunIf(fault, "index", &IndexOutside);
        RunIf(fault, "overflow", &Overflow);
        RunIf(fault, "throw", &Throw);
        RunIf(fault, "assertion", &FailAssertion);
        RunIf(fault, "non-maskable", &InterruptSelf);
        InducedProcessorFaults.Run(fault);
        FeatureHost.Write("the fault had no effect\n");
        FeatureHost.Finish(false);
    }

    internal static void RunIf(ReadOnlySpan<char> asked, string name, delegate*<void> fault)
    {
        if (asked.SequenceEqual(name.AsSpan()))
        {
            FeatureHost.Write("inducing ");
            FeatureHost.Write(name);
            FeatureHost.Write("\n");
            fault();
        }
    }

    private sealed class Node
    {
        public int Value;
    }

    // One statement each where it can be: the compiler knows an address's line no better than by statements that it has not merged.
    private static void ReadNull() => FeatureHost.Write(Opaque.Of<Node?>(null)!.Value == 0 ? "zero\n" : "other\n"); // induce: null-read

    private static void WriteNull() => Opaque.Of<Node?>(null)!.Value = 1; // induce: null-write

    private static void JumpNowhere()
    {
        var target = (delegate*<void>)Opaque.Of(Nowhere);
        target(); // induce: wild-jump
        FeatureHost.Write("came back\n");
    }

    private static void OverflowStack() => FeatureHost.Write(Descend(Opaque.Of(1)) == 0 ? "zero\n" : "other\n");

    // Not the last thing it does, so that it stays a call.
    private static int Descend(int depth) => depth < 0 ? 0 : Descend(depth + 1) + Opaque.Of(1); // induce: stack-overflow

    private static void Divide()
    {
        int zero = Opaque.Of(0);
        FeatureHost.Write(100 / zero == 0 ? "zero\n" : "other\n"); // induce: divide
    }

    private static void ReadNonCanonical()
    {
        byte* address = (byte*)Opaque.Of(NotCanonical);
        FeatureHost.Write(*address == 0 ? "zero\n" : "other\n"); // induce: general-protection
    }

    private static void WriteConstant() => Unsafe.AsRef(in Constant[Opaque.Of(0)]) = 1; // induce: write-constant

    private static void WriteCode() => *(byte*)Opaque.Of((nint)(delegate*<void>)&Divide) = 1; // induce: write-code

    private static void ExecuteData()
    {
        fixed (byte* data = s_data)
        {
            var code = (delegate*<void>)data;
            code(); // induce: execute-data
            FeatureHost.Write("came back\n");
        }
    }

    private static void IndexOutside() => FeatureHost.Write(Opaque.Of(new int[3])[Opaque.Of(3)] == 0 ? "zero\n" : "other\n"); // induce: index

    private static void Overflow() => FeatureHost.Write(checked(Opaque.Of(int.MaxValue) + 1) == 0 ? "zero\n" : "other\n"); // induce: overflow

    private static void Throw()
    {
        if (Opaque.Of(true))
        {
            throw new InvalidOperationException("thrown on purpose"); // induce: throw
        }
    }

    private static void FailAssertion() => Debug.Assert(Opaque.Of(2) + Opaque.Of(2) == 5, "two and two are five"); // induce: assertion

    private static void InterruptSelf()
    {
        SendInterrupt();
        while (Opaque.Of(true))
        {
            Cpu.Pause(); // induce: non-maskable
        }
    }

    private static void SendInterrupt()
    {
        ulong apic = Cpu.ReadMsr(ApicBaseMsr);
        if ((apic & ApicBaseX2) != 0)
        {
            Cpu.WriteMsr(X2CommandMsr, (Cpu.ReadMsr(X2IdMsr) << 32) | SendNmi);
            return;
        }

        uint* registers = (uint*)Boot.AddressSpace.MapPhysical(apic & ApicBaseAddress, Page.Size, Rights.ReadWrite, Caching.Uncached);
        System.Threading.Volatile.Write(ref registers[CommandTarget], System.Threading.Volatile.Read(ref registers[IdRegister]));
        System.Threading.Volatile.Write(ref registers[CommandRegister], SendNmi);
    }
}
