namespace Xenolith.Domains;

/// <summary>How a decompression ended.</summary>
public enum DecompressionResult
{
    /// <summary>The output is exactly full and every check held.</summary>
    Done,
    /// <summary>The compressed data ended early.</summary>
    InputTruncated,
    /// <summary>The compressed data says more than the output holds.</summary>
    OutputOverrun,
    /// <summary>The compressed data ended before the output was full.</summary>
    OutputShort,
    /// <summary>A code, length or distance that the format does not have.</summary>
    Corrupt,
    /// <summary>The checksum is not that of the data.</summary>
    ChecksumMismatch,
    /// <summary>Something that the format has and this decoder has not; <see cref="DecompressionFault.Feature"/> names it.</summary>
    Unsupported,
}
