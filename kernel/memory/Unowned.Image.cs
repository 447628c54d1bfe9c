using System.Runtime.CompilerServices;

namespace Xenolith.Kernel;

/// <summary>
/// A reference from a longer-lived place to an object of an arena that ends earlier, which the check of stores would refuse. Whoever
/// holds one drops it before that arena is released; docs/csharp.md lists the holders and how each does so.
/// </summary>
public readonly struct Unowned<T>
    where T : class
{
    private readonly nint _address;

    public Unowned(T? value) => _address = Unsafe.As<T?, nint>(ref value);

    /// <summary>The object; null when there is none.</summary>
    public T? Value
    {
        get
        {
            nint address = _address;
            return Unsafe.As<nint, T?>(ref address);
        }
    }
}
