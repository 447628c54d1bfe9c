using System;
using System.Buffers.Binary;

namespace Xenolith.Domains;

/// <summary>The fields of the ELF header that a loader needs, the same for both classes (System V gABI, chapter 4).</summary>
internal readonly struct ElfHeader
{
    private const int IdentSize = 16;
    private const int Machine386 = 3;
    private const int MachineX64 = 62;
    private const int TypeExecutable = 2;
    private const int TypeShared = 3;

    private ElfHeader(bool is64, ulong programHeaders, int programHeaderSize, int programHeaderCount,
        ulong sectionHeaders, int sectionHeaderSize, int sectionHeaderCount)
    {
        Is64 = is64;
        ProgramHeaders = programHeaders;
        ProgramHeaderSize = programHeaderSize;
        ProgramHeaderCount = programHeaderCount;
        SectionHeaders = sectionHeaders;
        SectionHeaderSize = sectionHeaderSize;
        SectionHeaderCount = sectionHeaderCount;
    }

    public bool Is64 { get; }

    /// <summary>File offset of the program header table, and the size and number of its entries.</summary>
    public ulong ProgramHeaders { get; }
    public int ProgramHeaderSize { get; }
    public int ProgramHeaderCount { get; }

    /// <summary>File offset of the section header table (0: none), and the size and number of its entries.</summary>
    public ulong SectionHeaders { get; }
    public int SectionHeaderSize { get; }
    public int SectionHeaderCount { get; }

    public static bool HasMagic(ReadOnlySpan<byte> file) =>
        file.Length >= 4 && file[0] == 0x7F && file[1] == (byte)'E' && file[2] == (byte)'L' && file[3] == (byte)'F';

    public static BuildError? TryRead(ReadOnlySpan<byte> file, out ElfHeader header)
    {
        header = default;
        if (file.Length < IdentSize)
        {
            return new BuildMessage().Add("kernel: the file ends inside the ELF identification; boot the whole file").ToError(BuildErrorKind.Truncated);
        }

        int fileClass = file[4];
        if (fileClass is not (1 or 2) || file[5] != 1)
        {
            return new BuildMessage().Add("kernel: ELF class ").Add((ulong)fileClass).Add(", data encoding ").Add(file[5])
                .Add("; a PVH kernel is a little-endian ELF file of 32 or 64 bits").ToError(BuildErrorKind.WrongClass);
        }

        bool is64 = fileClass == 2;
        if (file.Length < (is64 ? 64 : 52))
        {
            return new BuildMessage().Add("kernel: the file ends inside the ELF header; boot the whole file").ToError(BuildErrorKind.Truncated);
        }

        int type = BinaryPrimitives.ReadUInt16LittleEndian(file[16..]);
        int machine = BinaryPrimitives.ReadUInt16LittleEndian(file[18..]);
        if (machine != (is64 ? MachineX64 : Machine386) && !(machine == MachineX64 && !is64))
        {
            return new BuildMessage().Add("kernel: built for ELF machine ").Add((ulong)machine)
                .Add("; this hypervisor runs x86 kernels (62 = x86-64, 3 = i386)").ToError(BuildErrorKind.WrongMachine);
        }

        if (type is not (TypeExecutable or TypeShared))
        {
            return new BuildMessage().Add("kernel: ELF type ").Add((ulong)type)
                .Add("; link it to an executable (type 2), an object file can't be booted").ToError(BuildErrorKind.MalformedHeader);
        }

        header = is64
            ? new ElfHeader(true, BinaryPrimitives.ReadUInt64LittleEndian(file[32..]), Read16(file, 54), Read16(file, 56),
                BinaryPrimitives.ReadUInt64LittleEndian(file[40..]), Read16(file, 58), Read16(file, 60))
            : new ElfHeader(false, BinaryPrimitives.ReadUInt32LittleEndian(file[28..]), Read16(file, 42), Read16(file, 44),
                BinaryPrimitives.ReadUInt32LittleEndian(file[32..]), Read16(file, 46), Read16(file, 48));
        if (header.ProgramHeaderCount != 0 && header.ProgramHeaderSize < (is64 ? 56 : 32))
        {
            return new BuildMessage().Add("kernel: ELF program headers of ").Add((ulong)header.ProgramHeaderSize)
                .Add(" bytes each are too small; the file is damaged").ToError(BuildErrorKind.MalformedHeader);
        }

        return Fits(file, header.ProgramHeaders, (ulong)header.ProgramHeaderSize * (ulong)header.ProgramHeaderCount)
            ? null
            : new BuildMessage().Add("kernel: the program header table at file offset ").AddHex(header.ProgramHeaders)
                .Add(" lies past the file's end; boot the whole file").ToError(BuildErrorKind.Truncated);
    }

    /// <summary>Whether [offset, offset + length) lies inside the file.</summary>
    public static bool Fits(ReadOnlySpan<byte> file, ulong offset, ulong length) =>
        offset <= (ulong)file.Length && length <= (ulong)file.Length - offset;

    private static int Read16(ReadOnlySpan<byte> file, int offset) => BinaryPrimitives.ReadUInt16LittleEndian(file[offset..]);
}
