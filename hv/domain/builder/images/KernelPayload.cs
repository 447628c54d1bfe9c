namespace Xenolith.Domains;

/// <summary>How the kernel inside a bzImage is packed.</summary>
public enum PayloadFormat { Elf, Gzip, Lz4, Zstd, Xz, Lzma, Lzo, Bzip2, Unknown }

/// <summary>Where the packed kernel lies in a bzImage.</summary>
/// <param name="Offset">In the file, bytes.</param>
/// <param name="Length">Bytes, without the size that the kernel's build appends to all but gzip.</param>
/// <param name="UnpackedSize">Bytes of the ELF file inside.</param>
public readonly record struct KernelPayload(PayloadFormat Format, int Offset, int Length, uint UnpackedSize);
