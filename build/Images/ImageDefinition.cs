using System.Collections.Generic;

namespace Xenolith.Build.Images;

/// <summary>What one freestanding image is made of.</summary>
/// <param name="Name">For messages and intermediate files.</param>
/// <param name="Project">The project of the top assembly, relative to the root.</param>
/// <param name="Assembly">The top assembly's name.</param>
/// <param name="StubFolders">Folders whose stubs are linked in, relative to the root.</param>
/// <param name="LinkerScript">Relative to the root.</param>
/// <param name="Output">The stripped image.</param>
/// <param name="DebugOutput">The image with symbols and DWARF.</param>
/// <param name="WithSymbolTable">Whether the image carries a table for its own backtraces.</param>
/// <param name="Scanned">Whether the rules of the image scan apply to it.</param>
/// <param name="Edition">Of the hypercall table, as in "4.17"; null: the newest.</param>
public sealed record ImageDefinition(
    string Name,
    string Project,
    string Assembly,
    IReadOnlyList<string> StubFolders,
    string LinkerScript,
    string Output,
    string DebugOutput,
    bool WithSymbolTable,
    bool Scanned,
    string? Edition = null);
