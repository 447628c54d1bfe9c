using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Builder;

/// <summary>
/// Builds a domain of a kernel file, as libxl does a PVH guest: memory, the kernel's segments and start_info through foreign mappings, the
/// first vCPU's registers by an HVM context.
/// </summary>
internal static class ChildImage
{
    /// <summary>MiB of a domain's memory unless told otherwise; what is loaded lies in them.</summary>
    public const uint Mebibytes = 8;

    private const ulong StartInfoAddress = 0x7F_0000;
    private const int StartInfoSize = 56, CommandLineOffset = 0x100, MapOffset = 0x80;

    // Where the builder has no memory, and its page tables reach.
    public const ulong Window = 0x6000_0000;
    private const int WindowFrames = 64;

    private static readonly ulong[] s_indices = new ulong[WindowFrames];
    private static readonly ulong[] s_gfns = new ulong[WindowFrames];
    private static readonly int[] s_errors = new int[WindowFrames];
    private static readonly byte[] s_context = new byte[16384];

    /// <summary>Builds a domain of a kernel of either width, held back as at its creation. 0, or why not.</summary>
    public static long Build(ushort id, string name, string words, uint port, uint reason, uint mebibytes = Mebibytes, uint vcpus = 1)
    {
        ulong size = (ulong)mebibytes << 20;
        long result = Control.MakeVcpus(id, vcpus);
        result = result != 0 ? result : Control.SetMaximumMemory(id, size >> 10);
        if (result != 0)
        {
            return result;
        }

        for (ulong gfn = 0; gfn < size >> 12; gfn += 512)
        {
            if (Limits.Populate(id, gfn, 1, 9) != 1)
            {
                return -(long)Errno.ENOMEM;
            }
        }

        if (!BootFiles.Find(name, out ulong file))
        {
            return -(long)Errno.ENOENT;
        }

        result = Load(id, file, out uint entry);
        result = result != 0 ? result : WriteStartInfo(id, words, port, reason, size);
        return result != 0 ? result : SetRegisters(id, entry);
    }

    private static long Load(ushort id, ulong file, out uint entry)
    {
        const uint loadable = 1, note = 4;
        const byte wide = 2;
        bool isWide = Memory.Read8(file + 4) == wide;
        entry = 0;
        ulong headers = file + (isWide ? Memory.Read64(file + 32) : Memory.Read32(file + 28));
        ulong each = Memory.Read16(file + (isWide ? 54UL : 42));
        for (int i = Memory.Read16(file + (isWide ? 56UL : 44)); i > 0; i--, headers += each)
        {
            ulong data = file + (isWide ? Memory.Read64(headers + 8) : Memory.Read32(headers + 4));
            ulong address = isWide ? Memory.Read64(headers + 24) : Memory.Read32(headers + 12);
            ulong length = isWide ? Memory.Read64(headers + 32) : Memory.Read32(headers + 16);
            switch (Memory.Read32(headers))
            {
                case loadable:
                    long result = Copy(id, address, data, length);
                    if (result != 0)
                    {
                        return result;
                    }

                    break;
                case note:
                    // One note: its head of 12 bytes, the name "Xen" in 4, the entry.
                    entry = Memory.Read32(data + 16);
                    break;
            }
        }

        return 0;
    }

    private static long Copy(ushort id, ulong address, ulong from, ulong length)
    {
        while (length != 0)
        {
            ulong within = address & 0xFFF;
            ulong room = WindowFrames * 4096UL - within;
            ulong part = length < room ? length : room;
            int frames = (int)((within + part + 0xFFF) >> 12);
            long result = Map(id, address >> 12, frames);
            if (result != 0)
            {
                return result;
            }

            for (ulong i = 0; i < part; i++)
            {
                Memory.Write8(Window + within + i, Memory.Read8(from + i));
            }

            result = Unmap(frames);
            if (result != 0)
            {
                return result;
            }

            address += part;
            from += part;
            length -= part;
        }

        return 0;
    }

    /// <summary>Writes 8 bytes of the domain's memory. 0, or why not.</summary>
    public static long WriteWord(ushort id, ulong address, ulong value)
    {
        long result = Map(id, address >> 12, 1);
        if (result != 0)
        {
            return result;
        }

        Memory.Write64(Window + (address & 0xFFF), value);
        return Unmap(1);
    }

    /// <summary>Maps pages of another domain in the window.</summary>
    public static long Map(ushort id, ulong gfn, int frames)
    {
        for (int i = 0; i < frames; i++)
        {
            s_indices[i] = gfn + (ulong)i;
            s_gfns[i] = (Window >> 12) + (ulong)i;
        }

        var argument = new AddToPhysmapBatch
        {
            Domain = DomainIds.Self, Space = (ushort)MapSpace.GmfnForeign, Size = (ushort)frames, ForeignDomain = id,
            Indices = Xen.AddressOf(ref s_indices[0]), Gpfns = Xen.AddressOf(ref s_gfns[0]), Errors = Xen.AddressOf(ref s_errors[0]),
        };
        long result = Hypercalls.MemoryAddToPhysmapBatch(ref argument);
        for (int i = 0; result == 0 && i < frames; i++)
        {
            result = s_errors[i];
        }

        return result;
    }

    /// <summary>Where the builder sees a byte of the child's memory until <see cref="Unsee"/>; what lies behind it in the same frame, too.</summary>
    public static ulong See(ushort id, ulong address)
    {
        Map(id, address >> 12, 1);
        return Window + (address & 0xFFF);
    }

    public static void Unsee() => Unmap(1);

    /// <summary>Takes the first pages of the window away.</summary>
    public static long Unmap(int frames)
    {
        for (int i = 0; i < frames; i++)
        {
            var argument = new RemoveFromPhysmap { Domain = DomainIds.Self, Gpfn = (Window >> 12) + (ulong)i };
            long result = Hypercalls.MemoryRemoveFromPhysmap(ref argument);
            if (result != 0)
            {
                return result;
            }
        }

        return 0;
    }

    private static long WriteStartInfo(ushort id, string words, uint port, uint reason, ulong size)
    {
        long result = Map(id, StartInfoAddress >> 12, 1);
        if (result != 0)
        {
            return result;
        }

        Memory.Fill(Window, 4096, 0);
        Memory.Write32(Window, StartInfoConstants.Magic);
        Memory.Write32(Window + 4, 1);
        Memory.Write64(Window + 24, StartInfoAddress + CommandLineOffset);
        Memory.Write64(Window + 40, StartInfoAddress + MapOffset);
        Memory.Write32(Window + 48, 1);
        Memory.Write64(Window + MapOffset + 8, size);
        Memory.Write32(Window + MapOffset + 16, 1);
        ulong at = Window + CommandLineOffset;
        at = Text(at, words);
        at = Text(at, NarrowCalls.IsOn ? " compat" : "");
        at = Number(Text(at, " port="), port);
        Number(Text(at, " reason="), reason);
        return Unmap(1);
    }

    private static ulong Text(ulong at, string text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            Memory.Write8(at++, (byte)text[i]);
        }

        return at;
    }

    private static ulong Number(ulong at, uint number)
    {
        if (number >= 10)
        {
            at = Number(at, number / 10);
        }

        Memory.Write8(at, (byte)('0' + number % 10));
        return at + 1;
    }

    /// <summary>Protected mode without paging at the entry, EBX at start_info (docs/misc/pvh.pandoc). The header is the one that a get answers.</summary>
    private static long SetRegisters(ushort id, uint entry)
    {
        var argument = new Domctl { HvmContext = new DomctlHvmContext { Size = (uint)s_context.Length, Buffer = Xen.AddressOf(ref s_context[0]) } };
        long result = Control.Call(DomctlOp.Gethvmcontext, id, ref argument);
        if (result != 0)
        {
            return result;
        }

        var cpu = new HvmHwCpu
        {
            Rbx = StartInfoAddress, Rip = entry, Rflags = 2, Cr0 = 0x11, Dr6 = 0xFFFF_0FF0, Dr7 = 0x400,
            CsLimit = uint.MaxValue, DsLimit = uint.MaxValue, EsLimit = uint.MaxValue, SsLimit = uint.MaxValue, TrLimit = 0x67,
            CsAttributes = 0xC9B, DsAttributes = 0xC93, EsAttributes = 0xC93, SsAttributes = 0xC93, TrAttributes = 0x8B,
        };
        ulong start = Xen.AddressOf(ref s_context[0]);
        ulong at = start + Memory.Read32(start + 4) + 8;
        at = Descriptor(at, HvmRecord.Cpu, HvmHwCpuSize);
        ulong image = Xen.AddressOf(ref cpu);
        for (uint i = 0; i < HvmHwCpuSize; i++)
        {
            Memory.Write8(at + i, Memory.Read8(image + i));
        }

        at = Descriptor(at + HvmHwCpuSize, HvmRecord.End, 0);
        argument = new Domctl { HvmContext = new DomctlHvmContext { Size = (uint)(at - start), Buffer = start } };
        return Control.Call(DomctlOp.Sethvmcontext, id, ref argument);
    }

    private static uint HvmHwCpuSize => (uint)System.Runtime.CompilerServices.Unsafe.SizeOf<HvmHwCpu>();

    private static ulong Descriptor(ulong at, HvmRecord type, uint length)
    {
        Memory.Write16(at, (ushort)type);
        Memory.Write16(at + 2, 0);
        Memory.Write32(at + 4, length);
        return at + 8;
    }
}
