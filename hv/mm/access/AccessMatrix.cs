using System;
using Xenolith.Abi.Contract;
using Xenolith.Kernel;

namespace Xenolith.Mm;

/// <summary>How a vendor's nested tables come up to an access right.</summary>
public enum AccessFit : byte
{
    /// <summary>The leaf says it.</summary>
    Exact,
    /// <summary>
    /// The leaf allows less. What it should allow faults, and the instruction is finished by the emulator; one that the emulator does not
    /// know, or that makes another access too which is not allowed, counts as a violation.
    /// </summary>
    Emulated,
    /// <summary>It can't be had without allowing more.</summary>
    Refused,
}

/// <summary>
/// Access rights (xenmem_access_t) against what a format of nested tables can say. Data accesses can be finished by the emulator
/// one by one, so a leaf may allow fewer of them; the fetching of code can't, so what fetches must be in the leaf.
/// </summary>
/// <param name="format">The vendor's.</param>
public sealed class AccessMatrix(PageTableFormat format)
{
    /// <summary>How the right is had.</summary>
    /// <param name="access">Any but <see cref="MemoryAccess.Default"/>.</param>
    public AccessFit FitOf(MemoryAccess access)
    {
        Rights wanted = RightsOf(access);
        if (wanted == Rights.None || format.CanExpress(wanted))
            return AccessFit.Exact;
        return (wanted & Rights.Execute) == 0 || format.CanExpress(Rights.Execute) ? AccessFit.Emulated : AccessFit.Refused;
    }

    /// <summary>Why the right is refused; null: it is not.</summary>
    public string? ReasonAgainst(MemoryAccess access) => FitOf(access) == AccessFit.Refused
        ? "what the processor may execute here it may read too, and no step could tell the two apart"
        : null;

    /// <summary>What the leaf of a page says: as much of what is wanted as the format can say, and no more.</summary>
    /// <param name="wanted">Of read, write and execute; what the page's type allows and its access right too.</param>
    /// <returns><see cref="Rights.Withheld"/> for nothing.</returns>
    public Rights LeafFor(Rights wanted)
    {
        if (wanted != Rights.None && format.CanExpress(wanted))
            return wanted;
        // Without read, of what is left after the write only execution by itself can be said.
        return (wanted & Rights.Execute) != 0 && format.CanExpress(Rights.Execute) ? Rights.Execute : Rights.Withheld;
    }

    /// <summary>What the right allows until it is violated.</summary>
    public static Rights RightsOf(MemoryAccess access) => access switch
    {
        <= MemoryAccess.All => (Rights)access,
        MemoryAccess.ReadExecuteToReadWrite => Rights.ReadExecute,
        MemoryAccess.NoneToAll => Rights.None,
        _ => throw new ArgumentOutOfRangeException(nameof(access)),
    };

    /// <summary>Whether the right, once violated so, becomes another by itself, as Xen has it.</summary>
    /// <param name="violated">The kind of access that it did not allow.</param>
    /// <param name="access">The right, and the one that it becomes.</param>
    public static bool TryConvert(Rights violated, ref MemoryAccess access)
    {
        switch (access)
        {
            case MemoryAccess.ReadExecuteToReadWrite when (violated & Rights.Write) != 0:
                access = MemoryAccess.ReadWrite;
                return true;
            case MemoryAccess.NoneToAll:
                access = MemoryAccess.All;
                return true;
            default:
                return false;
        }
    }
}
