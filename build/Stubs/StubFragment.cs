using System;
namespace Xenolith.Build.Stubs;

/// <summary>One named, contiguous part of a section: a function, a data item, or zeroed space.</summary>
public abstract class StubFragment
{
    private protected StubFragment(string name, string section, int align)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentException.ThrowIfNullOrEmpty(section);
        if (align <= 0 || !int.IsPow2(align))
        {
            throw new ArgumentOutOfRangeException(nameof(align), align, $"{name}: the alignment is not a power of two");
        }

        Name = name;
        Section = section;
        Align = align;
    }

    /// <summary>The global symbol at the fragment's first byte.</summary>
    public string Name { get; }

    /// <summary>The ELF section it lies in.</summary>
    public string Section { get; }

    /// <summary>Alignment in bytes, a power of two.</summary>
    public int Align { get; }

    /// <summary>Whether it holds instructions.</summary>
    public abstract bool Executable { get; }

    /// <summary>Whether the image writes to it.</summary>
    public abstract bool Writable { get; }

    /// <summary>Bytes of zeroed space that take no room in the file; 0 for code and data.</summary>
    public virtual long ZeroSize => 0;

    /// <summary>Encodes the fragment; labels and branches are settled here.</summary>
    public abstract StubContents Encode();
}
