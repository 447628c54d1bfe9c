using System.Runtime;
using System.Runtime.CompilerServices;

namespace Xenolith.Guests;

/// <summary>Addresses of what the stubs and the linker script set up; identity-mapped, so also guest-physical.</summary>
public static unsafe class Layout
{
    // unsafe: these are raw addresses of tables and stacks that no object owns.

    public const int PageSize = 4096;

    /// <summary>Pages in <see cref="Page"/>'s pool.</summary>
    public const int PagePool = 128;

    [RuntimeImport("*", "guest_address_gdt")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern ulong* DescriptorTable();

    [RuntimeImport("*", "guest_address_page_level4")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern ulong* PageLevel4();

    [RuntimeImport("*", "guest_address_page_level3")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern ulong* PageLevel3();

    /// <summary>The table of 4 KiB entries for the first 2 MiB.</summary>
    [RuntimeImport("*", "guest_address_page_level1")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern ulong* PageLevel1();

    [RuntimeImport("*", "guest_address_interrupt_stack")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    internal static extern byte* InterruptStack();

    [RuntimeImport("*", "guest_address_fault_stack")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    internal static extern byte* FaultStack();

    [RuntimeImport("*", "guest_address_user_stack")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    internal static extern byte* UserStack();

    [RuntimeImport("*", "guest_address_heap")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    internal static extern byte* Heap();

    [RuntimeImport("*", "guest_address_pages")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern byte* Pages();

    [RuntimeImport("*", "guest_address_image_end")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern byte* ImageEnd();

    [RuntimeImport("*", "guest_address_vector_table")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    internal static extern ulong* VectorTable();

    [RuntimeImport("*", "guest_address_recovery")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    internal static extern ulong* Recovery();

    [RuntimeImport("*", "guest_address_recover")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    internal static extern ulong RecoverEntry();

    [RuntimeImport("*", "guest_address_hypercall_page")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern byte* HypercallPage();

    /// <summary>One page of the guest's pool of zeroed, page-aligned RAM: 0 to <see cref="PagePool"/> - 1.</summary>
    public static byte* Page(int index) => Pages() + (index * PageSize);

    /// <summary>Guest frame number of a pool page.</summary>
    public static ulong FrameOf(int index) => (ulong)Page(index) / PageSize;
}

/// <summary>
/// Pages of the pool by use. A guest's own tests take from <see cref="FirstFree"/> on, up to <see cref="FifoControl"/>.
/// </summary>
public static class PoolPage
{
    public const int SharedInfo = 0;
    public const int InterruptTable = 1;
    public const int TaskState = 2;
    public const int Code = 3;
    public const int Console = 4;
    public const int VcpuInfo = 5;
    public const int FirstFree = 8;
    public const int FifoControl = 96;
    public const int FifoWords = 97;
}
