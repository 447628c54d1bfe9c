using System;
using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Builder;

/// <summary>What the first write to a page costs a domain while it is logged, in ticks of its time-stamp counter: it measures each, and its builder prints the figures.</summary>
internal static class FirstWrites
{
    private const int FiguresPage = PoolPage.FirstFree + 1, Count = DirtyChild.Count, Passes = 3;

    /// <summary>In each pass a figure for each page, and for two exits that follow.</summary>
    private const int Figures = Count + 2;

    /// <summary>Frames behind all else, more than a CPU notes at once.</summary>
    private const ulong Many = 0x800, ManyCount = 1024;

    private static readonly uint[] s_figures = new uint[Passes * Figures];

    /// <summary>The child: writes to each page, then leaves the guest, as often as it is asked to.</summary>
    public static void Measure()
    {
        ulong at = GrantTable.AddressOf(FiguresPage);
        for (int pass = 0; pass < Passes; pass++)
        {
            Child.Send();
            Child.Wait();
            for (int i = 0; i < Figures; i++, at += sizeof(uint))
            {
                ulong start = Instructions.ReadTsc();
                if (i < Count)
                {
                    Memory.Write64((DirtyChild.First + (uint)i) << 12, start);
                }
                else
                {
                    Instructions.Cpuid(0);
                }

                Memory.Write32(at, (uint)(Instructions.ReadTsc() - start));
            }
        }

        for (int pass = 0; pass < 2; pass++)
        {
            Child.Send();
            Child.Wait();
            for (ulong i = 0; i < ManyCount; i++)
            {
                Memory.Write64((Many + i) << 12, i);
            }
        }

        Child.Send();
        Child.Wait();
    }

    public static void Run(TestRun tests)
    {
        if (!BootFiles.IsThere)
        {
            return;
        }

        tests.Start("what a first write costs while writes are logged");
        Partner partner = Partner.Build(tests, BootFiles.Own, "child firsts", ShutdownReason.Poweroff, mebibytes: 12);
        partner.Run(tests);
        // Before the log, under it from the first of a large page on, and once more after a look.
        for (int pass = 0; pass < Passes; pass++)
        {
            if (pass != 0)
            {
                tests.Success(DirtyLog.Call(partner.Id, pass == 1 ? ShadowOp.EnableLogDirty : ShadowOp.Clean), "the log");
            }

            partner.Send(tests);
            partner.Await(tests, "a pass");
        }

        tests.Success(DirtyLog.Call(partner.Id, ShadowOp.Peek), "peek");
        tests.Equal((long)DirtyLog.Word(DirtyChild.First), -1, "all are written");
        ulong from = ChildImage.See(partner.Id, Layout.FrameOf(FiguresPage) << 12);
        for (int i = 0; i < s_figures.Length; i++)
        {
            s_figures[i] = Memory.Read32(from + ((uint)i * sizeof(uint)));
        }

        ChildImage.Unsee();
        Print("before the log", 0);
        Print("of a page that was large", 1);
        Print("after a look", 2);
        // Where the processor notes writes, they cost nothing until the guest is left.
        tests.True(Median(0) < Median(2) || Pass(0)[Count] < Pass(2)[Count], "first writes under the log cost more than others");
        WriteMany(tests, partner);
        tests.Success(DirtyLog.Call(partner.Id, ShadowOp.Off), "off");
        partner.Send(tests);
        partner.AwaitDeath(tests, ShutdownReason.Poweroff);
        partner.Destroy(tests);
    }

    /// <summary>First of large pages, then of small ones.</summary>
    private static void WriteMany(TestRun tests, Partner partner)
    {
        tests.Start("more first writes are logged than a processor notes at once");
        for (int pass = 0; pass < 2; pass++)
        {
            tests.Success(DirtyLog.Look(partner.Id, ShadowOp.Clean, Many + ManyCount), "clean");
            partner.Send(tests);
            partner.Await(tests, "a pass");
            tests.Success(DirtyLog.Look(partner.Id, ShadowOp.Peek, Many + ManyCount), "peek");
            for (ulong i = 0; i < ManyCount; i += 64)
            {
                tests.Equal((long)DirtyLog.Word(Many + i), -1, "all of them");
            }
        }
    }

    private static ReadOnlySpan<uint> Pass(int pass) => s_figures.AsSpan(pass * Figures, Figures);

    private static uint Median(int pass)
    {
        Span<uint> sorted = stackalloc uint[Count];
        Pass(pass).Slice(0, Count).CopyTo(sorted);
        for (int i = 1; i < Count; i++)
        {
            for (int j = i; j > 0 && sorted[j - 1] > sorted[j]; j--)
            {
                (sorted[j - 1], sorted[j]) = (sorted[j], sorted[j - 1]);
            }
        }

        return sorted[Count / 2];
    }

    private static void Print(ReadOnlySpan<char> what, int pass)
    {
        GuestConsole.Write("first writes ");
        GuestConsole.Write(what);
        GuestConsole.Write(": median ");
        GuestConsole.WriteDecimal(Median(pass));
        GuestConsole.Write(" ticks, the first ");
        GuestConsole.WriteDecimal(Pass(pass)[0]);
        GuestConsole.Write(", an exit after ");
        GuestConsole.WriteDecimal(Count);
        GuestConsole.Write(" of them ");
        GuestConsole.WriteDecimal(Pass(pass)[Count]);
        GuestConsole.Write(", another ");
        GuestConsole.WriteDecimal(Pass(pass)[Count + 1]);
        GuestConsole.EndLine();
    }
}
