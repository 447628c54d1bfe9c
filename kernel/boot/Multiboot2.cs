using System;
using System.Buffers.Binary;

namespace Xenolith.Kernel;

/// <summary>
/// Reads what a multiboot 2 loader left in memory (Multiboot2 Specification 2.0, 3.6): one block of tags. Nothing of it is trusted: every
/// size, address and count is checked, strings are copied.
/// </summary>
public static class Multiboot2
{
    /// <summary>EAX at entry.</summary>
    public const uint LoaderMagic = 0x36D76289;

    private const uint MostBytes = 1 << 20;
    private const int HeaderBytes = 8;
    private const int RangeBytes = 24;
    private const int DescriptorBytes = 40;
    private const int RsdpBytes = 20;

    private enum Tag : uint
    {
        End, CommandLine, LoaderName, Module, MemoryMap = 6, Framebuffer = 8, Efi32 = 11, Efi64, OldRsdp = 14, NewRsdp, EfiMap = 17, EfiBootServices,
    }

    /// <summary>Reads the information block.</summary>
    /// <param name="memory">The first 4 GiB, as far as they can be read.</param>
    /// <param name="address">Physical address of the block (EBX at entry).</param>
    /// <param name="imageStart">Physical address of the image's first byte, which no module may overlap.</param>
    /// <param name="imageEnd">One past the image's last byte.</param>
    /// <param name="information">What it says.</param>
    /// <param name="error">When false: one sentence that names what is wrong.</param>
    public static bool TryRead(PhysicalMemory memory, uint address, ulong imageStart, ulong imageEnd, out BootInformation? information, out string error)
    {
        information = null;
        error = "the multiboot 2 information does not lie in memory";
        if ((address & 7) != 0 || !memory.IsRam(address, 2 * HeaderBytes))
        {
            return false;
        }

        uint size = memory.Word32(address);
        if (size is < 2 * HeaderBytes or > MostBytes || !memory.IsRam(address, size))
        {
            return false;
        }

        ReadOnlySpan<byte> block = memory.Bytes(address, (int)size);
        if (!TryCount(block, out int moduleCount, out error))
        {
            return false;
        }

        var reader = new Reader(moduleCount);
        for (int at = HeaderBytes; TypeAt(block, at) != Tag.End; at = Next(block, at))
        {
            if (!reader.TryTake(TypeAt(block, at), block.Slice(at, SizeAt(block, at)), address + (uint)at, out error))
            {
                return false;
            }
        }

        return reader.TryFinish(imageStart, imageEnd, out information, out error);
    }

    private static Tag TypeAt(ReadOnlySpan<byte> block, int at) => (Tag)BinaryPrimitives.ReadUInt32LittleEndian(block.Slice(at));

    private static int SizeAt(ReadOnlySpan<byte> block, int at) => (int)BinaryPrimitives.ReadUInt32LittleEndian(block.Slice(at + 4));

    private static int Next(ReadOnlySpan<byte> block, int at) => at + ((SizeAt(block, at) + 7) & ~7);

    // Walks the tags once, so that all later walks may rely on their sizes, and counts the modules.
    private static bool TryCount(ReadOnlySpan<byte> block, out int modules, out string error)
    {
        modules = 0;
        error = "the multiboot 2 information has a malformed tag";
        for (int at = HeaderBytes; block.Length - at >= HeaderBytes; at = Next(block, at))
        {
            uint size = BinaryPrimitives.ReadUInt32LittleEndian(block.Slice(at + 4));
            if (size < HeaderBytes || size > (uint)(block.Length - at))
            {
                return false;
            }

            switch (TypeAt(block, at))
            {
                case Tag.End:
                    error = modules > LoaderData.MostModules ? LoaderData.TooManyModules : "";
                    return modules <= LoaderData.MostModules;
                case Tag.Module:
                    modules++;
                    break;
            }
        }

        error = "the multiboot 2 information has no end";
        return false;
    }

    // What has been gathered of the tags so far. When a tag that should be there once is there twice, the first one counts.
    private sealed class Reader(int moduleCount)
    {
        private readonly BootModule[] _modules = new BootModule[moduleCount];
        private int _moduleCount;
        private string _commandLine = "";
        private string _loader = "";
        private MemoryRange[]? _map;
        private MemoryRange[]? _efiMap;
        private bool _isEfi;
        private ulong _rsdp;
        private uint _rsdpBytes;
        private byte[]? _screen;

        public bool TryTake(Tag type, ReadOnlySpan<byte> tag, ulong address, out string error)
        {
            ReadOnlySpan<byte> content = tag.Slice(HeaderBytes);
            error = "";
            switch (type)
            {
                case Tag.CommandLine:
                    error = LoaderData.TryReadString(content, out _commandLine) ? "" : LoaderData.BadCommandLine;
                    break;
                case Tag.LoaderName:
                    error = LoaderData.TryReadString(content, out _loader) ? "" : LoaderData.BadName;
                    break;
                case Tag.Module:
                    error = TryTakeModule(content) ? "" : LoaderData.BadModules;
                    break;
                case Tag.MemoryMap when _map is null:
                    error = TryTakeMap(content) ? "" : LoaderData.BadMap;
                    break;
                case Tag.EfiMap when _efiMap is null:
                    _isEfi = true;
                    error = TryTakeEfiMap(content) ? "" : "the EFI memory map is malformed";
                    break;
                case Tag.Framebuffer when _screen is null:
                    _screen = content.ToArray();
                    break;
                case Tag.Efi32 or Tag.Efi64:
                    _isEfi = true;
                    break;

                // Both RSDPs may be there; the newer, longer one names the XSDT too.
                case Tag.OldRsdp or Tag.NewRsdp when content.Length >= RsdpBytes && (_rsdp == 0 || type == Tag.NewRsdp):
                    _rsdp = address + HeaderBytes;
                    _rsdpBytes = (uint)content.Length;
                    break;
                case Tag.EfiBootServices:
                    error = "the boot loader left EFI boot services running; they have to be ended before the start";
                    break;
            }

            return error.Length == 0;
        }

        public bool TryFinish(ulong imageStart, ulong imageEnd, out BootInformation? information, out string error)
        {
            information = null;
            MemoryRange[]? map = _map ?? _efiMap;
            if (map is null)
            {
                error = LoaderData.NoMap;
                return false;
            }

            if (!LoaderData.TryFinishMap(map, out error) || !LoaderData.AreWellPlaced(_modules, map, imageStart, imageEnd, out error))
            {
                return false;
            }

            string screenError = "";
            Framebuffer? screen = _screen is null ? null : ReadScreen(_screen, map, out screenError);
            information = new BootInformation
            {
                Protocol = "multiboot 2",
                CommandLine = _commandLine,
                LoaderName = _loader,
                MemoryMap = map,
                Modules = _modules,
                RsdpAddress = _rsdp,
                KeptData = new MemoryRange(_rsdp, _rsdpBytes, MemoryKind.Reserved),
                Framebuffer = screen,
                FramebufferError = screenError,
                IsEfi = _isEfi,
            };
            return true;
        }

        private static Framebuffer? ReadScreen(ReadOnlySpan<byte> content, MemoryRange[] map, out string error)
        {
            // Two bytes lie between the description and its colours, which text has none of.
            const int colours = Framebuffer.DescriptionBytes + 2;
            if (content.Length < Framebuffer.DescriptionBytes)
            {
                error = "the framebuffer's description is too short";
                return null;
            }

            Span<byte> fields = stackalloc byte[Framebuffer.ColourBytes];
            fields.Clear();
            if (content.Length >= colours + Framebuffer.ColourBytes)
            {
                content.Slice(colours, Framebuffer.ColourBytes).CopyTo(fields);
            }

            return Framebuffer.TryRead(content, fields, map, out error);
        }

        private bool TryTakeModule(ReadOnlySpan<byte> content)
        {
            if (content.Length < 9)
            {
                return false;
            }

            uint start = BinaryPrimitives.ReadUInt32LittleEndian(content);
            uint end = BinaryPrimitives.ReadUInt32LittleEndian(content.Slice(4));
            if (end < start || !LoaderData.TryReadString(content.Slice(8), out string commandLine))
            {
                return false;
            }

            _modules[_moduleCount++] = new BootModule(start, end - start, commandLine);
            return true;
        }

        private bool TryTakeMap(ReadOnlySpan<byte> content)
        {
            if (!TryOpenList(content, RangeBytes, out int entryBytes, out ReadOnlySpan<byte> entries))
            {
                return false;
            }

            _map = new MemoryRange[entries.Length / entryBytes];
            for (int i = 0; i < _map.Length; i++)
            {
                ReadOnlySpan<byte> entry = entries.Slice(i * entryBytes);
                _map[i] = LoaderData.Range(
                    BinaryPrimitives.ReadUInt64LittleEndian(entry),
                    BinaryPrimitives.ReadUInt64LittleEndian(entry.Slice(8)),
                    (MemoryKind)BinaryPrimitives.ReadUInt32LittleEndian(entry.Slice(16)));
            }

            return true;
        }

        private bool TryTakeEfiMap(ReadOnlySpan<byte> content)
        {
            if (!TryOpenList(content, DescriptorBytes, out int entryBytes, out ReadOnlySpan<byte> entries))
            {
                return false;
            }

            _efiMap = new MemoryRange[entries.Length / entryBytes];
            for (int i = 0; i < _efiMap.Length; i++)
            {
                // Type, 4 bytes unused, physical, virtual address, number of 4-KiB pages (UEFI Specification 2.10, 7.2.3).
                ReadOnlySpan<byte> entry = entries.Slice(i * entryBytes);
                ulong pages = BinaryPrimitives.ReadUInt64LittleEndian(entry.Slice(24));
                _efiMap[i] = LoaderData.Range(
                    BinaryPrimitives.ReadUInt64LittleEndian(entry.Slice(8)),
                    pages >> (64 - Page.Shift) == 0 ? pages << Page.Shift : ulong.MaxValue,
                    KindOf(BinaryPrimitives.ReadUInt32LittleEndian(entry)));
            }

            return true;
        }

        // Memory types of UEFI (7.2.1): those of the loader and of boot services are free once these have ended.
        private static MemoryKind KindOf(uint type) => type switch
        {
            1 or 2 or 3 or 4 or 7 => MemoryKind.Ram,
            8 => MemoryKind.Unusable,
            9 => MemoryKind.AcpiReclaimable,
            10 => MemoryKind.AcpiNvs,
            _ => MemoryKind.Reserved,
        };

        // Both maps begin with the size of an entry, which may grow in later versions, and a version.
        private static bool TryOpenList(ReadOnlySpan<byte> content, int leastBytes, out int entryBytes, out ReadOnlySpan<byte> entries)
        {
            entryBytes = 0;
            entries = default;
            if (content.Length < 8)
            {
                return false;
            }

            uint size = BinaryPrimitives.ReadUInt32LittleEndian(content);
            if (size < (uint)leastBytes || size > MostBytes || (size & 7) != 0)
            {
                return false;
            }

            entryBytes = (int)size;
            entries = content.Slice(8);
            return entries.Length % entryBytes == 0 && (uint)(entries.Length / entryBytes) <= LoaderData.MostRanges;
        }
    }
}
