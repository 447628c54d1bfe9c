namespace Xenolith.Guests.Faulty;

/// <summary>IST2 of the TSS (SDM vol. 3, 8.7), for a vector's gate.</summary>
internal static class InterruptStack
{
    public static void Use(byte vector, ulong stack)
    {
        const ulong secondStackInTask = 44, stackIndexInGate = 4, gateSize = 16;
        Memory.Write64((Layout.FrameOf(PoolPage.TaskState) * Layout.PageSize) + secondStackInTask, stack);
        Memory.Write8((Layout.FrameOf(PoolPage.InterruptTable) * Layout.PageSize) + (gateSize * vector) + stackIndexInGate, 2);
    }
}
