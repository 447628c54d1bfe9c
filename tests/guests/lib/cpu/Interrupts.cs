using System.Runtime;

namespace Xenolith.Guests;

/// <summary>What a guest does on an interrupt; runs with interrupts off and must not allocate.</summary>
public abstract class InterruptHandler
{
    public abstract void Handle(ref InterruptFrame frame);
}

/// <summary>The IDT, the TSS, and the way from a vector to its handler.</summary>
public static unsafe class Interrupts
{
    // unsafe: builds the descriptor tables that the processor reads, and edits the frame it returns through.

    private const ushort Code64 = 0x08, TaskState = 0x30;
    private const int LastException = 31;
    private const byte NonMaskable = 2;

    /// <summary>The vector by which user-mode code hands back control (see <see cref="Execute"/>).</summary>
    internal const byte UserReturn = 0x80;

    private static readonly InterruptHandler?[] Handlers = new InterruptHandler?[256];

    /// <summary>Interrupts that arrived on a vector without a handler, and the last such vector.</summary>
    public static int Unhandled;
    public static byte LastUnhandled;

    /// <summary>Sets up GDT's task state, IDT and stacks. Once, with interrupts off.</summary>
    internal static void Initialize()
    {
        // 64-bit TSS (Intel SDM vol. 3, 8.7): RSP0 at 4, IST1 at 36, I/O map base at 102.
        byte* task = Layout.Page(PoolPage.TaskState);
        *(ulong*)(task + 4) = (ulong)Layout.InterruptStack() + (32 * 1024);
        *(ulong*)(task + 36) = (ulong)Layout.FaultStack() + (16 * 1024);
        *(ushort*)(task + 102) = 104;
        ulong at = (ulong)task;
        ulong* descriptor = Layout.DescriptorTable() + (TaskState / 8);
        descriptor[0] = 103 | ((at & 0xFF_FFFF) << 16) | (0x89UL << 40) | ((at >> 24 & 0xFF) << 56);
        descriptor[1] = at >> 32;
        Instructions.LoadTaskRegister(TaskState);

        ulong* gates = (ulong*)Layout.Page(PoolPage.InterruptTable);
        ulong* entries = Layout.VectorTable();
        for (int vector = 0; vector < 256; vector++)
        {
            const ulong presentInterruptGate = 0x8E, fromUser = 0x60;
            const int doubleFault = 8;
            ulong entry = entries[vector];
            ulong type = presentInterruptGate | (vector == UserReturn ? fromUser : 0);
            ulong stack = vector == doubleFault ? 1UL : 0;
            gates[vector * 2] = (entry & 0xFFFF) | ((ulong)Code64 << 16) | (stack << 32) | (type << 40) | ((entry >> 16 & 0xFFFF) << 48);
            gates[(vector * 2) + 1] = entry >> 32;
        }

        LoadTable();
    }

    /// <summary>Has the calling processor use the IDT. Another one than the first has no task state, and so no stack of its own for #DF.</summary>
    public static void LoadTable()
    {
        byte* pointer = stackalloc byte[10];
        *(ushort*)pointer = 4095;
        *(ulong*)(pointer + 2) = (ulong)Layout.Page(PoolPage.InterruptTable);
        Instructions.LoadInterruptTable(pointer);
    }

    /// <summary>Gives a vector its handler; null takes it away. An exception with a handler does not end <see cref="Execute"/>'s code.</summary>
    public static void SetHandler(byte vector, InterruptHandler? handler) => Handlers[vector] = handler;

    [RuntimeExport("guest_interrupt")]
    private static void Dispatch(InterruptFrame* frame)
    {
        byte vector = (byte)frame->Vector;
        if ((vector is <= LastException and not NonMaskable && Handlers[vector] is null) || vector == UserReturn)
        {
            if (Execute.TryRecover(frame))
            {
                return;
            }

            if (vector != UserReturn)
            {
                GuestFailure.Stop(ref *frame);
            }
        }

        if (Handlers[vector] is { } handler)
        {
            handler.Handle(ref *frame);
        }
        else
        {
            Unhandled++;
            LastUnhandled = vector;
        }
    }
}
