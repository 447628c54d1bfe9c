namespace Xenolith.Kernel;

/// <summary>
/// The one order of locks: a CPU that holds a lock takes only locks of a higher rank, or of the same rank and a higher order within it
/// (two domains, by number).
/// </summary>
public enum LockRank : byte
{
    /// <summary>The list of domains.</summary>
    DomainList,

    /// <summary>One domain; a pair by number.</summary>
    Domain,

    /// <summary>What a domain's memory is mapped to.</summary>
    Memory,

    /// <summary>One alternative view of it.</summary>
    View,

    /// <summary>What a domain shares with others.</summary>
    Sharing,

    /// <summary>Event channels.</summary>
    Event,

    /// <summary>A CPU's run queue.</summary>
    RunQueue,

    /// <summary>A CPU's timers.</summary>
    Timer,

    /// <summary>The hypervisor's own page tables.</summary>
    AddressSpace,

    /// <summary>The frame allocator.</summary>
    FrameAllocator,

    /// <summary>Typed input.</summary>
    Input,

    /// <summary>The log and its devices.</summary>
    Log,
}
