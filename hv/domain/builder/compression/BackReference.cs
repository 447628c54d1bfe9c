using System;

namespace Xenolith.Domains;

/// <summary>The copy that LZ77 formats share.</summary>
internal static class BackReference
{
    /// <summary>
    /// Repeats <paramref name="length"/> bytes from <paramref name="distance"/> bytes before <paramref name="at"/>. Source and
    /// target may overlap: a run then repeats its first <paramref name="distance"/> bytes. The caller has checked the ranges.
    /// </summary>
    public static void Copy(Span<byte> output, int at, int distance, int length)
    {
        int from = at - distance;
        // Each round copies what is already there, so the copied period doubles.
        while (length > distance)
        {
            output.Slice(from, distance).CopyTo(output[at..]);
            at += distance;
            length -= distance;
            distance += distance;
        }

        output.Slice(from, length).CopyTo(output[at..]);
    }
}
