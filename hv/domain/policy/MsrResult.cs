namespace Xenolith.Domains;

/// <summary>What RDMSR or WRMSR does.</summary>
public enum MsrResult
{
    /// <summary>Done; skip the instruction.</summary>
    Done,
    /// <summary>Inject #GP(0).</summary>
    GeneralProtection,
}
