namespace Xenolith.Mm;

/// <summary>How a change of a domain's views, or of one of them, ended. Anything but <see cref="Done"/>: nothing has changed.</summary>
public enum ViewResult
{
    Done,
    /// <summary>There is no view of that index, or it is not one that can be meant.</summary>
    NoSuchView,
    /// <summary>The host p2m has no memory at the guest frame.</summary>
    Absent,
    /// <summary>The machine has no frame for a table.</summary>
    NoMemory,
    /// <summary>As many views, or frames of their tables, as the domain may have.</summary>
    Full,
    /// <summary>A vCPU is in the view.</summary>
    InUse,
    /// <summary>The processor's tables can't say it: <see cref="AccessMatrix.ReasonAgainst"/>.</summary>
    Unsupported,
}
