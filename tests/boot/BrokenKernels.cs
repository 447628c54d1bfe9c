using System;
using System.Buffers.Binary;
using System.IO;
using Xenolith.Build.Host;

namespace Xenolith.Tests.Boot;

/// <summary>Kernels that no hypervisor can start, made of a good one by changing a field or two (ELF-64: System V gABI, chapters 4 and 5).</summary>
internal static class BrokenKernels
{
    private const int ProgramHeaderOffset = 32, ProgramHeaderSize = 54, ProgramHeaderCount = 56, Machine = 18, Class = 4;
    private const int SegmentPhysical = 24, SegmentMemorySize = 40;
    private const uint Load = 1, Note = 4;

    /// <summary>The last two thirds are missing.</summary>
    public static string Truncated() => Make("truncated", kernel => kernel.AsSpan(0, kernel.Length / 3).ToArray());

    /// <summary>The second segment lies over the first.</summary>
    public static string Overlapping() => Change("overlapping", kernel =>
    {
        Span<byte> first = Segment(kernel, Load, 0);
        ulong start = BinaryPrimitives.ReadUInt64LittleEndian(first[SegmentPhysical..]);
        BinaryPrimitives.WriteUInt64LittleEndian(Segment(kernel, Load, 1)[SegmentPhysical..], start);
    });

    /// <summary>The last segment wants 64 GiB.</summary>
    public static string Oversized() => Change("oversized", kernel =>
        BinaryPrimitives.WriteUInt64LittleEndian(Segment(kernel, Load, 2)[SegmentMemorySize..], 64UL << 30));

    /// <summary>Neither 32-bit nor 64-bit.</summary>
    public static string WrongClass() => Change("wrong-class", kernel => kernel[Class] = 3);

    /// <summary>For AArch64.</summary>
    public static string WrongMachine() => Change("wrong-machine", kernel =>
        BinaryPrimitives.WriteUInt16LittleEndian(kernel.AsSpan(Machine), 183));

    /// <summary>Without the note that names the PVH entry.</summary>
    public static string WithoutNote() => Change("without-note", kernel =>
        BinaryPrimitives.WriteUInt32LittleEndian(NoteOf(kernel)[8..], 99));

    /// <summary>The entry lies outside every segment.</summary>
    public static string WildEntry() => Change("wild-entry", kernel =>
        BinaryPrimitives.WriteUInt32LittleEndian(NoteOf(kernel)[16..], 0x0F00_0000));

    /// <summary>Not a program at all.</summary>
    public static string Text() => Make("text", _ => System.Text.Encoding.ASCII.GetBytes(new string('x', 8192)));

    /// <summary>A bzImage whose payload claims to be packed with LZO.</summary>
    public static string UnsupportedPacking(string linux) => Make("lzo", _ =>
    {
        byte[] image = File.ReadAllBytes(linux);
        const int setupSectors = 0x1F1, payloadOffset = 0x248, sector = 512;
        int start = ((image[setupSectors] + 1) * sector) + (int)BinaryPrimitives.ReadUInt32LittleEndian(image.AsSpan(payloadOffset));
        BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(start), 0x4F5A_4C89);
        return image;
    });

    /// <summary>A file of zeros, as an initrd of that size.</summary>
    public static string Zeros(int mebibytes)
    {
        string path = PathOf($"zeros-{mebibytes}");
        using FileStream file = File.Create(path);
        file.SetLength((long)mebibytes << 20);
        return path;
    }

    private static string Change(string name, Action<byte[]> change) => Make(name, kernel =>
    {
        change(kernel);
        return kernel;
    });

    private static string Make(string name, Func<byte[], byte[]> make)
    {
        string path = PathOf(name);
        File.WriteAllBytes(path, make(File.ReadAllBytes(Path.Combine(Tree.Guests, "hello"))));
        return path;
    }

    private static string PathOf(string name)
    {
        string folder = Path.Combine(Tree.Out, "tests", "broken");
        Directory.CreateDirectory(folder);
        return Path.Combine(folder, name);
    }

    /// <summary>The program header of the n-th segment of a type.</summary>
    private static Span<byte> Segment(byte[] kernel, uint type, int number)
    {
        int table = (int)BinaryPrimitives.ReadUInt64LittleEndian(kernel.AsSpan(ProgramHeaderOffset));
        int size = BinaryPrimitives.ReadUInt16LittleEndian(kernel.AsSpan(ProgramHeaderSize));
        int count = BinaryPrimitives.ReadUInt16LittleEndian(kernel.AsSpan(ProgramHeaderCount));
        for (int i = 0; i < count; i++)
        {
            Span<byte> header = kernel.AsSpan(table + (i * size), size);
            if (BinaryPrimitives.ReadUInt32LittleEndian(header) == type && number-- == 0)
            {
                return header;
            }
        }

        throw new InvalidOperationException($"the good kernel has no segment {number} of type {type}");
    }

    private static Span<byte> NoteOf(byte[] kernel)
    {
        const int fileOffset = 8;
        return kernel.AsSpan((int)BinaryPrimitives.ReadUInt64LittleEndian(Segment(kernel, Note, 0)[fileOffset..]));
    }
}
