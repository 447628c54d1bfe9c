namespace Xenolith.Mm;

/// <summary>What a fault in a view found, when the view's own table was looked at first.</summary>
public enum FillResult
{
    /// <summary>The table lacked the translation and has it now: the guest tries again.</summary>
    Filled,
    /// <summary>The table has it: the fault has another reason.</summary>
    Present,
    /// <summary>The host p2m has nothing there.</summary>
    Absent,
    /// <summary>The machine has no frame for a table, even after what views had cached was given up.</summary>
    NoMemory,
}
