using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Builder;

/// <summary>
/// An interrupt whose frame is the first thing that is written to a page that may not be written just then: the delivery is broken off, the page is
/// opened, and the same interrupt is delivered, once.
/// </summary>
/// <remarks>Not in Bochs with APIC virtualisation: docs/testing.md says why.</remarks>
internal static class Deliveries
{
    private const ulong Vector = 0x50, InService = 1UL << ((int)Vector & 31), KernelData = 0x10;

    private static ulong Frame => MonitorChild.DataAddress >> 12;

    /// <summary>
    /// On a stack of its own, which ends at RDI, sends itself an interrupt and lets it come. RSI is the local APIC's page. EAX: the word of the vectors in
    /// service; RDX: the last word of the stack, where the delivery leaves SS.
    /// </summary>
    private static readonly byte[] s_code =
    [
        0x48, 0x89, 0xE3, // MOV RBX, RSP
        0x48, 0x89, 0xFC, // MOV RSP, RDI
        0xC7, 0x86, 0xF0, 0, 0, 0, 0xFF, 0x01, 0, 0, // MOV [RSI + spurious vector], 1FFh
        0xC7, 0x86, 0, 0x03, 0, 0, (byte)Vector, 0x40, 0x04, 0, // MOV [RSI + command], to itself
        0xFB, 0x90, 0x90, 0xFA, // STI; NOP; NOP; CLI
        0x48, 0x89, 0xDC, // MOV RSP, RBX
        0x8B, 0x86, 0x20, 0x01, 0, 0, // MOV EAX, [RSI + in service, vectors from 40h]
        0xC7, 0x86, 0xB0, 0, 0, 0, 0, 0, 0, 0, // MOV [RSI + end of interrupt], 0
        0x48, 0x8B, 0x57, 0xF8, // MOV RDX, [RDI - 8]
    ];

    public static void Run(TestRun tests)
    {
        tests.Start("an interrupt is delivered to a page that is not written yet");
        if (!BootFiles.IsThere)
        {
            tests.Skip("no files were loaded to build a domain of");
            return;
        }

        Partner child = Partner.Start(tests, BootFiles.Own, "child obey", ShutdownReason.Poweroff);
        Take(tests, child);
        tests.Start("an interrupt is delivered to a page that the dirty log watches");
        tests.Success(DirtyLog.Call(child.Id, ShadowOp.EnableLogDirty), "the log is on");
        for (int i = 0; i < 3; i++)
        {
            Take(tests, child);
            tests.Success(DirtyLog.Call(child.Id, ShadowOp.Clean), "clean");
            tests.True(DirtyLog.IsMarked(Frame), "its page is written");
        }

        tests.Success(DirtyLog.Call(child.Id, ShadowOp.Off), "the log is off");
        tests.Start("an interrupt is delivered to a page that becomes writable by that");
        var ring = new HvmParam { Domain = child.Id, Index = (uint)HvmParameter.MonitorRingPfn, Value = Listener.RingFrame };
        tests.Success(Hypercalls.HvmSetParam(ref ring), "where a ring is");
        tests.Success(Listener.MapRing(child.Id), "the ring's page");
        tests.Success(Listener.Enable(), "the ring is on");
        tests.Success(MonitorErrors.Set(child.Id, Frame, 1, MemoryAccess.ReadExecuteToReadWrite), "its right");
        Take(tests, child);
        tests.Success(MonitorErrors.Get(child.Id, Frame, out MemoryAccess access), "its right after that");
        tests.Equal((long)access, (long)MemoryAccess.ReadWrite, "its right after that");
        tests.Equal(Listener.Waiting, 0, "events");
        tests.Success(Listener.Disable(), "the ring is off");
        Listener.UnmapRing();
        Listener.End(child);
        child.AwaitDeath(tests, ShutdownReason.Poweroff);
        child.Destroy(tests);
    }

    private static void Take(TestRun tests, Partner child)
    {
        var registers = new Registers { Rdi = MonitorChild.DataAddress + 4096, Rsi = LocalApic.Address };
        Listener.Begin(child, s_code, in registers);
        tests.True(Listener.Finish(child, out registers, out uint vector), "the code's end");
        tests.Equal(vector, MonitorChild.NoVector, "an exception");
        tests.Equal((long)registers.Rax, (long)InService, "what is in service");
        tests.Equal((long)registers.Rdx, (long)KernelData, "what the delivery leaves on the stack");
    }
}
