using System.Diagnostics;

namespace Xenolith.Hal;

/// <summary>Whether this build checks what it could also trust.</summary>
public static class Checks
{
    /// <summary>
    /// The initial value of <see cref="Virtualisation.ChecksEntries"/>: true in debug builds and in images built with the symbol CHECKED.
    /// </summary>
    public static bool Enabled
    {
        get
        {
            bool enabled = false;
            Enable(ref enabled);
            return enabled;
        }
    }

    [Conditional("DEBUG")]
    [Conditional("CHECKED")]
    private static void Enable(ref bool enabled) => enabled = true;
}
