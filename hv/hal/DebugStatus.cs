namespace Xenolith.Hal;

/// <summary>Bits of the debug registers and what a debug exception does to them (Intel SDM vol. 3, 18.2).</summary>
public static class DebugStatus
{
    /// <summary>DR7.GD: an access to a debug register is a debug exception. Clear in its handler.</summary>
    public const ulong GeneralDetect = 1 << 13;

    /// <summary>DEBUGCTL's LBR and BTF, which a debug exception clears (18.4.1).</summary>
    public const ulong ClearedControl = 3;

    /// <summary>DR6.BS: the end of a single step.</summary>
    public const ulong Step = 1 << 14;

    // B0-3, which belong to the last exception; BD and BS, which stay until software clears them.
    private const ulong Breakpoints = 0xF;
    private const ulong Sticky = (1 << 13) | Step;

    // Clear when it happened inside a transaction, set otherwise; an exit qualification has it the other way round.
    private const ulong Transaction = 1 << 16;

    /// <summary>DR6 as a handler sees it after an exception that exited before it was written.</summary>
    /// <param name="old">DR6 before.</param>
    /// <param name="qualification">The exit qualification of a debug exception (SDM vol. 3, table 28-1).</param>
    public static ulong Merge(ulong old, ulong qualification) =>
        (((old & ~Breakpoints) | (qualification & (Breakpoints | Sticky)) | Transaction) & ~(qualification & Transaction));
}
