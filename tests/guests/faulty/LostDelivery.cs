namespace Xenolith.Guests.Faulty;

/// <summary>
/// Events whose delivery needs what lies in no memory: the interrupt table, or the handler's stack. The instruction that is interrupted
/// must not be taken for what made the access.
/// </summary>
internal static unsafe class LostDelivery
{
    // unsafe: makes the pointer that LIDT takes.

    private const ulong Hole = 0xE000_0000;

    /// <summary>#UD by a table in a hole, or in the page of the local APIC.</summary>
    private static void RunTable(ulong address)
    {
        byte* pointer = stackalloc byte[10];
        *(ushort*)pointer = 4095;
        *(ulong*)(pointer + 2) = address;
        Instructions.DisableInterrupts();
        Instructions.LoadInterruptTable(pointer);
        Instructions.UndefinedInstruction();
    }

    public static void RunTable() => RunTable(Hole);

    public static void RunApicTable() => RunTable(LocalApic.Address);

    /// <summary>A page fault by a stack in a hole.</summary>
    public static void RunStack()
    {
        const byte pageFault = 14;
        InterruptStack.Use(pageFault, Hole + 0x800);
        var registers = new Registers { Rdi = 0 };
        Execute.AtKernel(Execute.Store, ref registers);
    }
}
