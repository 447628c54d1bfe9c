using System.Collections.Generic;
using System.Runtime.CompilerServices;

namespace Xenolith.Build.Stubs;

/// <summary>What one or more stubs emit: the contents of a relocatable object file.</summary>
public sealed class StubObject
{
    private readonly List<StubFragment> _fragments = [];

    /// <summary>Everything emitted, in order.</summary>
    public IReadOnlyList<StubFragment> Fragments => _fragments;

    /// <summary>Source file of the first fragment: it decides where the stub belongs.</summary>
    public string? SourceFile { get; private set; }

    /// <summary>Starts a function with a global symbol.</summary>
    /// <param name="name">The symbol.</param>
    /// <param name="section">The ELF section.</param>
    /// <param name="bitness">16, 32 or 64: the mode the instructions run in.</param>
    /// <param name="align">Alignment in bytes, a power of two.</param>
    /// <param name="sourceFile">Filled in by the compiler.</param>
    public StubFunction Function(string name, string section = ".text", int bitness = 64, int align = 16, [CallerFilePath] string sourceFile = "")
    {
        var function = new StubFunction(name, section, bitness, align);
        Add(function, sourceFile);
        return function;
    }

    /// <summary>Starts a data item with a global symbol. A section named <c>.note…</c> becomes an ELF note section.</summary>
    /// <param name="name">The symbol.</param>
    /// <param name="section">The ELF section.</param>
    /// <param name="align">Alignment in bytes, a power of two.</param>
    /// <param name="writable">Whether the image writes to it; decides the section's flags.</param>
    /// <param name="sourceFile">Filled in by the compiler.</param>
    public StubData Data(string name, string section = ".rodata", int align = 8, bool writable = false, [CallerFilePath] string sourceFile = "")
    {
        var data = new StubData(name, section, align, writable);
        Add(data, sourceFile);
        return data;
    }

    /// <summary>Reserves <paramref name="size"/> bytes of zeroed, writable space with a global symbol.</summary>
    /// <param name="name">The symbol.</param>
    /// <param name="section">The ELF section, one that holds nothing but such space.</param>
    /// <param name="size">Bytes.</param>
    /// <param name="align">Alignment in bytes, a power of two.</param>
    /// <param name="sourceFile">Filled in by the compiler.</param>
    public void Bss(string name, string section = ".bss", long size = 8, int align = 16, [CallerFilePath] string sourceFile = "") =>
        Add(new StubSpace(name, section, size, align), sourceFile);

    /// <summary>Takes over everything another object holds.</summary>
    public void Include(StubObject other) => _fragments.AddRange(other._fragments);

    private void Add(StubFragment fragment, string sourceFile)
    {
        SourceFile ??= sourceFile;
        _fragments.Add(fragment);
    }
}
