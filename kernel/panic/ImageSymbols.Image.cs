using System;
using System.Runtime;
using System.Runtime.CompilerServices;

namespace Xenolith.Kernel;

/// <summary>The symbol table linked into this image.</summary>
public static unsafe class ImageSymbols
{
    /// <summary>Opens it.</summary>
    public static SymbolTable Open()
    {
        // unsafe: the table is a section of the image, reachable by address only; its second word is its size in bytes.
        byte* table = Address();
        return new SymbolTable(new ReadOnlySpan<byte>(table, *(int*)(table + 4)));
    }

    [RuntimeImport("*", "symbol_table_address")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern byte* Address();
}
