namespace Xenolith.Domains;

/// <summary>Where in the compressed data a decompression ended that was not done, and for want of what.</summary>
/// <param name="Offset">Bytes from the start of the compressed data to the frame, block or chunk at fault.</param>
/// <param name="Feature">With <see cref="DecompressionResult.Unsupported"/>: what the data uses, as people say it; else null.</param>
public readonly record struct DecompressionFault(int Offset, string? Feature);
