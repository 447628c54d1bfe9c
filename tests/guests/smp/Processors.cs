using System;
using System.Runtime;
using System.Runtime.CompilerServices;
using System.Threading;
using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Smp;

/// <summary>What a processor after the first does: it waits for orders, carries one out, and waits again.</summary>
internal enum Order
{
    None,
    /// <summary>Compute in x87 and vector registers, and look whether the debug registers stay.</summary>
    Compute,
    /// <summary>Halt with interrupts on until an interrupt comes.</summary>
    Halt,
    /// <summary>VCPUOP_down on itself.</summary>
    Down,
    /// <summary>Yield, over and over, until told otherwise.</summary>
    Yield,
    /// <summary>Take interrupts, without halting, until told otherwise.</summary>
    Listen,
    /// <summary>Wait for the event port of <see cref="Processors.PolledPort"/>, with interrupts off.</summary>
    Poll,
    /// <summary>Change what all share, over and over, until told otherwise.</summary>
    Race,
    /// <summary>Take part in what <see cref="Contests"/> has on, over and over, until told otherwise.</summary>
    Contend,
}

/// <summary>The processors after the first: starting them, giving orders, and what came of those.</summary>
internal static unsafe class Processors
{
    // unsafe: the trampoline is written to low memory, and words are shared by address.

    public const int Most = 8;
    private const ulong TrampolineAddress = 0x8000;

    private static readonly int[] s_orders = new int[Most];
    private static readonly int[] s_done = new int[Most];
    private static readonly int[] s_idle = new int[Most];
    private static readonly ulong[] s_results = new ulong[Most];
    private static readonly int[] s_debugRegistersHeld = new int[Most];

    [RuntimeImport("*", "address_of_secondary_entry")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern ulong Entry64();

    [RuntimeImport("*", "address_of_secondary_entry32")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern ulong Entry32();

    [RuntimeImport("*", "smp_compute")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern ulong Compute(ulong seed, ulong steps);

    [RuntimeImport("*", "smp_write_debug")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void WriteDebugRegisters(ulong first);

    [RuntimeImport("*", "smp_sum_debug")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern ulong SumDebugRegisters();

    /// <summary>What <see cref="Order.Poll"/> waits for.</summary>
    public static uint PolledPort;

    /// <summary>How many steps of the computation each is to do.</summary>
    public static ulong Steps;

    public static bool IsDone(int processor) => Volatile.Read(ref s_done[processor]) != 0;

    public static ulong Result(int processor) => s_results[processor];

    public static bool HeldDebugRegisters(int processor) => s_debugRegistersHeld[processor] != 0;

    public static void Give(int processor, Order order)
    {
        Volatile.Write(ref s_done[processor], 0);
        Volatile.Write(ref s_orders[processor], (int)order);
    }

    /// <summary>Ends an order that goes on until told otherwise; returns when the processor has left it.</summary>
    public static bool Stop(int processor, ulong nanoseconds)
    {
        Give(processor, Order.None);
        Volatile.Write(ref s_idle[processor], 0);
        ulong end = Clock.Now + nanoseconds;
        while (Volatile.Read(ref s_idle[processor]) == 0 && Clock.Now < end)
        {
            Instructions.Pause();
        }

        return Volatile.Read(ref s_idle[processor]) != 0;
    }

    public static bool WaitFor(int processor, ulong nanoseconds)
    {
        ulong end = Clock.Now + nanoseconds;
        while (!IsDone(processor) && Clock.Now < end)
        {
            Instructions.Pause();
        }

        return IsDone(processor);
    }

    /// <summary>Where a start-up interrupt sends: real mode, and from there into 64-bit mode in one step.</summary>
    public static void WriteTrampoline()
    {
        byte* at = (byte*)TrampolineAddress;
        ReadOnlySpan<byte> prologue = [0xFA, 0x31, 0xC0, 0x8E, 0xD8, 0x66, 0xB8, 0x20, 0x06, 0, 0, 0x0F, 0x22, 0xE0, 0x66, 0xB8];
        Put(ref at, prologue);
        Put32(ref at, (uint)(ulong)Layout.PageLevel4());
        ReadOnlySpan<byte> middle = [0x0F, 0x22, 0xD8, 0x66, 0xB9, 0x80, 0, 0, 0xC0, 0x0F, 0x32, 0x66, 0x0D, 0x01, 0x01, 0, 0, 0x0F, 0x30, 0x66, 0x0F, 0x01, 0x16, 0x80, 0x80, 0x66, 0xB8, 0x33, 0, 0x01, 0x80, 0x0F, 0x22, 0xC0, 0x66, 0xEA];
        Put(ref at, middle);
        Put32(ref at, (uint)Entry64());
        ReadOnlySpan<byte> selector = [0x08, 0x00];
        Put(ref at, selector);
        byte* pointer = (byte*)(TrampolineAddress + 0x80);
        *(ushort*)pointer = 63;
        *(uint*)(pointer + 2) = (uint)(ulong)Layout.DescriptorTable();
    }

    /// <summary>INIT, then a start-up interrupt (SDM vol. 3, 9.4.4.1), to the processor's APIC id, twice its number.</summary>
    public static void StartByInterrupt(int processor)
    {
        const uint init = 0x4500, startUp = 0x4600;
        LocalApic.Write(LocalApic.CommandHigh, (uint)processor << 25);
        LocalApic.Write(LocalApic.CommandLow, init);
        LocalApic.Write(LocalApic.CommandHigh, (uint)processor << 25);
        LocalApic.Write(LocalApic.CommandLow, startUp | (uint)(TrampolineAddress >> 12));
    }

    [RuntimeExport("guest_secondary")]
    private static void Secondary(int processor)
    {
        Interrupts.LoadTable();
        LocalApic.Enable(0xFF);
        HypercallTlb.Join((uint)processor);
        Volatile.Write(ref s_done[processor], 1);
        while (true)
        {
            var order = (Order)Volatile.Read(ref s_orders[processor]);
            if (order == Order.None)
            {
                Volatile.Write(ref s_idle[processor], 1);
                Instructions.Pause();
                continue;
            }

            if (order is not (Order.Yield or Order.Listen or Order.Race or Order.Contend))
            {
                Volatile.Write(ref s_orders[processor], (int)Order.None);
            }

            Carry(processor, order);
        }
    }

    private static void Carry(int processor, Order order)
    {
        switch (order)
        {
            case Order.Compute:
                ulong first = 0x1000UL * (ulong)processor;
                WriteDebugRegisters(first);
                s_results[processor] = Compute((ulong)processor + 2, Steps);
                s_debugRegistersHeld[processor] = SumDebugRegisters() == 4 * first ? 1 : 0;
                break;
            case Order.Halt:
                Instructions.EnableInterruptsAndHalt();
                Instructions.DisableInterrupts();
                break;
            case Order.Down:
                Volatile.Write(ref s_done[processor], 1);
                Xen.Call(Hypercall.VcpuOp, (ulong)VcpuOp.Down, (ulong)processor);
                return;
            case Order.Yield:
                Xen.Call(Hypercall.SchedOp, (ulong)SchedOp.Yield);
                return;
            case Order.Listen:
                LocalApic.Write(LocalApic.LogicalDestination, 1u << (24 + processor));
                Volatile.Write(ref s_done[processor], 1);
                Instructions.EnableInterrupts();
                Instructions.Pause();
                Instructions.DisableInterrupts();
                return;
            case Order.Poll:
                s_results[processor] = (ulong)Events.Poll(PolledPort, 0);
                break;
            case Order.Race:
                Volatile.Write(ref s_done[processor], 1);
                Races.Step(processor);
                return;
            case Order.Contend:
                Volatile.Write(ref s_done[processor], 1);
                // Preempted anywhere in between, on Bochs too, where the host's timer does not interrupt a guest that has interrupts off.
                Instructions.EnableInterrupts();
                Contests.Step(processor);
                Instructions.DisableInterrupts();
                return;
        }

        Volatile.Write(ref s_done[processor], 1);
    }

    private static void Put(ref byte* at, ReadOnlySpan<byte> bytes)
    {
        for (int i = 0; i < bytes.Length; i++)
        {
            *at++ = bytes[i];
        }
    }

    private static void Put32(ref byte* at, uint value)
    {
        *(uint*)at = value;
        at += 4;
    }
}
