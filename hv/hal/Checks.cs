namespace Xenolith.Hal;

/// <summary>Whether this build checks what it could also trust.</summary>
public static class Checks
{
    /// <summary>
    /// The initial value of <see cref="Virtualisation.ChecksEntries"/>: true in debug builds and in images built with the symbol CHECKED.
    /// </summary>
#if DEBUG || CHECKED
    public static bool Enabled => true;
#else
    public static bool Enabled => false;
#endif
}
