using System;
using System.Runtime;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Internal.Runtime;

namespace Xenolith.Runtime;

/// <summary>Makes static fields that hold references usable. Until then only constants, literals and static fields
/// without references may be used.</summary>
public static unsafe class Startup
{
    // Sections of the header that ilc writes (ReadyToRun), by their numbers.
    private const int StaticReferences = 201;
    private const int EagerConstructors = 205;
    private const int FrozenObjects = 206;
    private const int ModuleInitializers = 213;

    // Tags of a class's static references until its object is made.
    private const int NotMade = 1;
    private const int HasContents = 2;

    [StructLayout(LayoutKind.Sequential)]
    private struct ModuleHeader
    {
        internal uint Signature;
        internal ushort MajorVersion;
        internal ushort MinorVersion;
        internal uint Flags;
        internal ushort Sections;
        internal byte EntrySize;
        internal byte EntryKind;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct ModuleSection
    {
        internal int Number;
        internal int Flags;
        internal byte* Start;
        internal byte* End;
    }

    [RuntimeImport("*", "runtime_module_header")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern ModuleHeader* Module();

    // The size of the stub's runtime_first_chunk.
    private const int FirstChunkBytes = 32 * 1024;

    [RuntimeImport("*", "runtime_first_chunk_address")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern void* FirstChunk();

    /// <summary>Runs once, on the first CPU, before any static field that holds references is touched. Those are made in
    /// memory of the image: the kernel's <c>runtime_allocate_chunk</c> is first called later. The immortal arena stays
    /// open on this CPU for the rest of the boot; <see cref="EndBoot"/> closes it.</summary>
    public static void Initialize()
    {
        Arena.StartImmortal(FirstChunk(), FirstChunkBytes);
        Arena.OpenImmortal();
        const uint signature = 0x00525452;
        ModuleHeader* header = Module();
        if (header->Signature != signature || header->EntrySize != sizeof(ModuleSection))
            Fault.Panic("the image was made by another version of the compiler");
        Section(header, FrozenObjects, out byte* start, out byte* end);
        StoreCheck.SetImageObjects((nint)start, (nint)end);
        if (Section(header, StaticReferences, out start, out end))
            MakeStaticReferences((int*)start, (int*)end);
        if (Section(header, EagerConstructors, out start, out end))
            Run((int*)start, (int*)end);
        if (Section(header, ModuleInitializers, out start, out end))
            Run((int*)start, (int*)end);
    }

    /// <summary>Closes the immortal arena on this CPU: from now on <c>new</c> needs an open arena.</summary>
    public static void EndBoot() => CpuState.Current->Arena = null;

    private static bool Section(ModuleHeader* header, int number, out byte* start, out byte* end)
    {
        ModuleSection* section = (ModuleSection*)(header + 1);
        for (int i = 0; i < header->Sections; i++, section++)
        {
            if (section->Number != number)
                continue;
            start = section->Start;
            end = section->End;
            return true;
        }
        start = null;
        end = null;
        return false;
    }

    private static byte* Follow(int* relative) => (byte*)relative + *relative;

    // Each entry leads to a class's cell: a relative pointer to the type of the object that holds the class's static
    // references, tagged, and, if so tagged, another to the object's contents. The object takes the cell's place.
    private static void MakeStaticReferences(int* entry, int* end)
    {
        for (; entry < end; entry++)
        {
            int* cell = (int*)Follow(entry);
            nint tagged = (nint)Follow(cell);
            if ((tagged & NotMade) == 0)
                continue;
            MethodTable* type = (MethodTable*)(tagged & ~(nint)(NotMade | HasContents));
            object holder = Allocation.NewObject(type);
            if ((tagged & HasContents) != 0)
            {
                SpanHelpers.Memmove(ref Unsafe.As<RawData>(holder).Data, ref *Follow(cell + 1), type->BaseSize - 16);
            }
            *(object*)cell = holder;
        }
    }

    private static void Run(int* method, int* end)
    {
        for (; method < end; method++)
            ((delegate*<void>)Follow(method))();
    }
}
