using System;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Xenolith.Abi.Contract;

namespace Xenolith.Domains;

/// <summary>
/// hvm_start_info and everything it points at, as one block (public/arch-x86/hvm/start_info.h): the structure, the module
/// list, the memory map, the command line. The block is RAM of the guest: Linux uses it as scratch space.
/// </summary>
internal static class StartInfoBlock
{
    private const int ModuleListOffset = 64;
    private const int MemoryMapOffset = 96;

    /// <summary>Bytes of the block.</summary>
    public static int SizeFor(int memoryMapEntries, int commandLineLength) =>
        MemoryMapOffset + memoryMapEntries * Unsafe.SizeOf<HvmMemmapTableEntry>() + commandLineLength + 1;

    /// <summary>Fills the block for the guest-physical address at which it will lie.</summary>
    /// <param name="output">Zeroed, <see cref="SizeFor"/> bytes.</param>
    /// <param name="flags">Of <see cref="StartInfoFlags"/> (public/xen.h).</param>
    /// <param name="commandLine">Characters above 0xFF become '?'.</param>
    /// <param name="initrdSize">0: no module.</param>
    public static void Write(Span<byte> output, ulong address, uint flags, string commandLine, ReadOnlySpan<HvmMemmapTableEntry> memoryMap,
        ulong rsdp, ulong initrd, ulong initrdSize)
    {
        int commandLineOffset = MemoryMapOffset + memoryMap.Length * Unsafe.SizeOf<HvmMemmapTableEntry>();
        var info = new HvmStartInfo
        {
            Magic = StartInfoConstants.Magic,
            Version = 1,
            Flags = flags,
            ModuleCount = initrdSize != 0 ? 1u : 0u,
            ModuleList = initrdSize != 0 ? address + ModuleListOffset : 0,
            CommandLine = address + (ulong)commandLineOffset,
            Rsdp = rsdp,
            MemoryMap = address + MemoryMapOffset,
            MemoryMapEntries = (uint)memoryMap.Length,
        };
        MemoryMarshal.Write(output, in info);
        if (initrdSize != 0)
        {
            var module = new HvmModlistEntry { Address = initrd, Size = initrdSize };
            MemoryMarshal.Write(output[ModuleListOffset..], in module);
        }

        MemoryMarshal.AsBytes(memoryMap).CopyTo(output[MemoryMapOffset..]);
        for (int i = 0; i < commandLine.Length; i++)
        {
            output[commandLineOffset + i] = commandLine[i] <= 0xFF ? (byte)commandLine[i] : (byte)'?';
        }
    }
}
