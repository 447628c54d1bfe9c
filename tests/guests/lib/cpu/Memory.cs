using System.Runtime.CompilerServices;

namespace Xenolith.Guests;

/// <summary>
/// Memory by address, as hardware and hypervisor see it. Not inlined, so that a loop that waits for the hypervisor to
/// write reads every time.
/// </summary>
public static unsafe class Memory
{
    // unsafe: addresses are what these tests are about.

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static byte Read8(ulong address) => *(byte*)address;

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static ushort Read16(ulong address) => *(ushort*)address;

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static uint Read32(ulong address) => *(uint*)address;

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static ulong Read64(ulong address) => *(ulong*)address;

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Write8(ulong address, byte value) => *(byte*)address = value;

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Write16(ulong address, ushort value) => *(ushort*)address = value;

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Write32(ulong address, uint value) => *(uint*)address = value;

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Write64(ulong address, ulong value) => *(ulong*)address = value;

    /// <summary>A structure at an address.</summary>
    public static ref T At<T>(ulong address) where T : unmanaged => ref *(T*)address;

    public static void Fill(ulong address, int length, byte value)
    {
        for (int i = 0; i < length; i++)
        {
            ((byte*)address)[i] = value;
        }
    }

    /// <summary>Bytes before the terminating zero, at most <paramref name="limit"/>.</summary>
    public static int StringLength(ulong address, int limit)
    {
        int length = 0;
        while (length < limit && ((byte*)address)[length] != 0)
        {
            length++;
        }

        return length;
    }
}
