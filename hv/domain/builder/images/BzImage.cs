using System;
using System.Buffers.Binary;

namespace Xenolith.Domains;

/// <summary>
/// Linux's bzImage: finds the packed vmlinux through the setup header (Linux, Documentation/arch/x86/boot.rst). The file's
/// own CRC is not checked: signing a kernel for secure boot changes the PE header, and distributions do so without mending it.
/// </summary>
public static class BzImage
{
    /// <summary>A kernel unpacks to less than this.</summary>
    public const uint MaximumUnpackedSize = 1u << 30;

    private const string UnpackFirst = "unpack it first: scripts/extract-vmlinux of the Linux sources, extract-vmlinux vmlinuz > vmlinux, and boot vmlinux";

    private const int BootFlag = 0x1FE;
    private const int HeaderMagic = 0x202;
    private const int Version = 0x206;
    private const int SetupSectors = 0x1F1;
    private const int PayloadOffset = 0x248;
    private const int PayloadLength = 0x24C;
    private const int HeaderEnd = 0x250;

    /// <summary>Whether the file has the boot flag and "HdrS".</summary>
    public static bool IsBzImage(ReadOnlySpan<byte> file) =>
        file.Length >= HeaderMagic + 4 && BinaryPrimitives.ReadUInt16LittleEndian(file[BootFlag..]) == 0xAA55
        && BinaryPrimitives.ReadUInt32LittleEndian(file[HeaderMagic..]) == 0x53726448;

    /// <summary>Finds the payload. Null: <paramref name="payload"/> is set and has a format that can be unpacked.</summary>
    public static BuildError? TryFindPayload(ReadOnlySpan<byte> file, out KernelPayload payload)
    {
        payload = default;
        if (file.Length < HeaderEnd)
        {
            return new BuildMessage().Add("kernel: the bzImage ends inside its setup header; boot the whole file").ToError(BuildErrorKind.Truncated);
        }

        int version = BinaryPrimitives.ReadUInt16LittleEndian(file[Version..]);
        if (version < 0x208)
        {
            return new BuildMessage().Add("kernel: bzImage of boot protocol ").AddHex((ulong)version)
                .Add("; 0x208 (Linux 2.6.26) is the first that says where its payload lies").ToError(BuildErrorKind.MalformedHeader);
        }

        int sectors = file[SetupSectors] == 0 ? 4 : file[SetupSectors];
        ulong start = (ulong)(sectors + 1) * 512 + BinaryPrimitives.ReadUInt32LittleEndian(file[PayloadOffset..]);
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(file[PayloadLength..]);
        if (!ElfHeader.Fits(file, start, length))
        {
            return new BuildMessage().Add("kernel: the bzImage's payload of ").AddSize(length).Add(" at ").AddHex(start)
                .Add(" runs past the end of the file (").AddSize((ulong)file.Length).Add("); it was cut short, boot the whole file").ToError(BuildErrorKind.Truncated);
        }

        ReadOnlySpan<byte> bytes = file.Slice((int)start, (int)length);
        PayloadFormat format = FormatOf(bytes);
        if (format == PayloadFormat.Elf)
        {
            payload = new KernelPayload(format, (int)start, (int)length, length);
            return null;
        }

        if (format is not (PayloadFormat.Gzip or PayloadFormat.Lz4 or PayloadFormat.Zstd or PayloadFormat.Xz))
        {
            return new BuildMessage().Add("kernel: its payload is packed with ").Add(NameOf(format))
                .Add(", which is not unpacked here (gzip, LZ4, zstd and xz are); ").Add(UnpackFirst).ToError(BuildErrorKind.UnsupportedCompression);
        }

        // Every payload ends with its unpacked size in 32 bits: gzip by nature, the others by the kernel's makefile.
        if (length < 32)
        {
            return new BuildMessage().Add("kernel: the bzImage's payload of ").AddSize(length).Add(" is too short; boot the whole file").ToError(BuildErrorKind.Truncated);
        }

        uint unpacked = BinaryPrimitives.ReadUInt32LittleEndian(bytes[^4..]);
        if (unpacked == 0 || unpacked > MaximumUnpackedSize)
        {
            return new BuildMessage().Add("kernel: it says it unpacks to ").AddSize(unpacked).Add("; at most ").AddSize(MaximumUnpackedSize)
                .Add(" is taken. The file is damaged, or cut short").ToError(BuildErrorKind.PayloadTooBig);
        }

        payload = new KernelPayload(format, (int)start, (int)length - (format == PayloadFormat.Gzip ? 0 : 4), unpacked);
        return null;
    }

    /// <summary>Unpacks the payload into a buffer of exactly <see cref="KernelPayload.UnpackedSize"/> bytes.</summary>
    public static BuildError? Unpack(ReadOnlySpan<byte> file, in KernelPayload payload, Span<byte> output)
    {
        ReadOnlySpan<byte> packed = file.Slice(payload.Offset, payload.Length);
        DecompressionFault fault = default;
        DecompressionResult result = payload.Format switch
        {
            PayloadFormat.Gzip => Gzip.Decompress(packed, output),
            PayloadFormat.Zstd => Zstd.Decompress(packed, output, out fault),
            PayloadFormat.Xz => Xz.Decompress(packed, output, out fault),
            _ => Lz4Legacy.Decompress(packed, output),
        };
        if (result == DecompressionResult.Done)
        {
            return null;
        }

        BuildMessage message = new BuildMessage().Add("kernel: its ").Add(NameOf(payload.Format)).Add(" payload ");
        if (result == DecompressionResult.Unsupported)
        {
            return message.Add("uses ").Add(fault.Feature!).Add(", which is not unpacked here; ").Add(UnpackFirst)
                .ToError(BuildErrorKind.UnsupportedCompression);
        }

        message.Add(result switch
        {
            DecompressionResult.InputTruncated => "ends early",
            DecompressionResult.OutputOverrun => "unpacks to more than it says",
            DecompressionResult.OutputShort => "unpacks to less than it says",
            DecompressionResult.ChecksumMismatch => "has a wrong checksum",
            _ => "is damaged",
        });
        if (fault.Offset != 0)
        {
            message.Add(" (at file offset ").AddHex((ulong)payload.Offset + (ulong)fault.Offset).Add(")");
        }

        return message.Add("; fetch the kernel again").ToError(BuildErrorKind.CorruptPayload);
    }

    /// <summary>The packing that the first bytes show.</summary>
    public static PayloadFormat FormatOf(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < 6)
        {
            return PayloadFormat.Unknown;
        }

        if (ElfHeader.HasMagic(bytes))
        {
            return PayloadFormat.Elf;
        }

        uint first = BinaryPrimitives.ReadUInt32BigEndian(bytes);
        return first switch
        {
            0x0221_4C18 => PayloadFormat.Lz4,
            0x28B5_2FFD => PayloadFormat.Zstd,
            0xFD37_7A58 => PayloadFormat.Xz,
            0x894C_5A4F => PayloadFormat.Lzo,
            _ => (first >> 16) == 0x1F8B ? PayloadFormat.Gzip
                : (first >> 8) == 0x425A68 ? PayloadFormat.Bzip2
                : (first >> 8) == 0x5D0000 ? PayloadFormat.Lzma
                : PayloadFormat.Unknown,
        };
    }

    /// <summary>The packing's name, as people say it.</summary>
    public static string NameOf(PayloadFormat format) => format switch
    {
        PayloadFormat.Elf => "nothing (ELF)",
        PayloadFormat.Gzip => "gzip",
        PayloadFormat.Lz4 => "LZ4",
        PayloadFormat.Zstd => "zstd",
        PayloadFormat.Xz => "xz",
        PayloadFormat.Lzma => "lzma",
        PayloadFormat.Lzo => "lzo",
        PayloadFormat.Bzip2 => "bzip2",
        _ => "something unknown",
    };
}
