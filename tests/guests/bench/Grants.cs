using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Bench;

/// <summary>Grants of another domain, which never runs: its table is written through a foreign mapping.</summary>
internal sealed class Granter
{
    /// <summary>What is granted, for reading and writing.</summary>
    public const uint Reference = 9;

    // Guest frames of the granter, and where the bench has no memory.
    private const ulong Granted = 0, Table = 16, Pages = 32, Window = 0x6000_0000;

    private Granter(ushort id) => Id = id;

    public ushort Id { get; }

    /// <summary>Makes the domain. Null: the hypervisor did not let it.</summary>
    public static Granter? Make()
    {
        if (Control.Create(Control.Pvh(1), out ushort id) != 0
            || Control.MakeVcpus(id, 1) != 0
            || Control.SetMaximumMemory(id, Pages * 4) != 0
            || !DomainMemory.Fill(id, 1, 0))
        {
            return null;
        }

        var place = new AddToPhysmap { Domain = id, Space = (uint)MapSpace.GrantTable, Gpfn = Table };
        ulong index = Table, gfn = Window / Layout.PageSize;
        int error = 0;
        var map = new AddToPhysmapBatch
        {
            Domain = DomainIds.Self, Space = (ushort)MapSpace.GmfnForeign, Size = 1, ForeignDomain = id,
            Indices = Xen.AddressOf(ref index), Gpfns = Xen.AddressOf(ref gfn), Errors = Xen.AddressOf(ref error),
        };
        if (Hypercalls.MemoryAddToPhysmap(ref place) != 0 || Hypercalls.MemoryAddToPhysmapBatch(ref map) != 0 || error != 0)
        {
            return null;
        }

        // Domain 0 may use it.
        Memory.Write64(Window + (Reference * 8), GrantEntryFlags.PermitAccess | (Granted << 32));
        return new Granter(id);
    }

    /// <summary>Takes the domain apart.</summary>
    public void End()
    {
        var argument = new RemoveFromPhysmap { Domain = DomainIds.Self, Gpfn = Window / Layout.PageSize };
        Hypercalls.MemoryRemoveFromPhysmap(ref argument);
        Control.Call(DomctlOp.Destroydomain, Id);
    }
}

/// <summary>A grant_table_op with one element, whose own status says how it went.</summary>
/// <param name="element">Its address.</param>
/// <param name="status">Where in it the status lies.</param>
/// <param name="undo">Undoes it before the next run; null: it can be repeated.</param>
internal class GrantCall(string name, ulong element, ulong status, Operation? undo) : Operation(name, TimedInstruction.Hypercall)
{
    private const ushort Unanswered = 99;

    protected ulong Element => element;

    public override void Prepare() => undo?.Run();

    public override uint Run()
    {
        Memory.Write16(element + status, Unanswered);
        uint ticks = base.Run();
        Registers.Result |= Memory.Read16(element + status);
        return ticks;
    }

    /// <summary>The row of an operation on the element.</summary>
    public Operation Of(GrantTableOp operation) => With((ulong)Hypercall.GrantTableOp, (ulong)operation, element, 1).Giving(0, ulong.MaxValue);
}

/// <summary>An unmapping of what was mapped last.</summary>
/// <param name="handle">Address of the handle that the mapping gave.</param>
/// <param name="element">Address of the argument.</param>
internal sealed class UnmapCall(string name, ulong handle, ulong element, Operation? undo) : GrantCall(name, element, StatusOffset, undo)
{
    private const ulong HandleOffset = 16, StatusOffset = 20;

    public override uint Run()
    {
        Memory.Write32(Element + HandleOffset, Memory.Read32(handle));
        return base.Run();
    }
}
