using System.Collections.Generic;

namespace System.Runtime.InteropServices;

/// <summary>The memory behind collections.</summary>
public static class CollectionsMarshal
{
    /// <summary>A list's elements; valid until it grows.</summary>
    public static Span<T> AsSpan<T>(List<T>? list) => list is null ? default : list.Items;
    /// <summary>Sets how many elements a list has; new ones are zero.</summary>
    public static void SetCount<T>(List<T> list, int count) => list.SetCount(count);
}
