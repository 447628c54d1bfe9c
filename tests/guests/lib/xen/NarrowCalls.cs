using System.Runtime;
using System.Runtime.CompilerServices;
using Xenolith.Abi.Contract;

namespace Xenolith.Guests;

/// <summary>
/// With the word <c>compat</c> on the command line every call is made from 32-bit code, in the 32-bit ABI: arguments that are laid out otherwise
/// there are translated, and their results back, with the lists of frame numbers that they point at.
/// </summary>
public static unsafe class NarrowCalls
{
    // unsafe: translates structures and lists that are known by address.

    /// <summary>A structure starts below this address when it is memory of the guest; above are devices and nothing.</summary>
    private const ulong MemoryEnd = 0xC000_0000;

    private const int ScratchBytes = 2048;

    /// <summary>Whether calls are 32-bit ones.</summary>
    public static bool IsOn { get; private set; }

    [RuntimeImport("*", "guest_narrow_vmcall")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern long Vmcall(ulong number, ulong a1, ulong a2, ulong a3, ulong a4, ulong a5);

    [RuntimeImport("*", "guest_narrow_vmmcall")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern long Vmmcall(ulong number, ulong a1, ulong a2, ulong a3, ulong a4, ulong a5);

    /// <summary>A call through the hypercall page from 32-bit code, with the arguments as they are.</summary>
    [RuntimeImport("*", "guest_narrow_page_call")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    internal static extern long PageCall(ulong number, ulong a1, ulong a2, ulong a3, ulong a4, ulong a5);

    /// <summary>WRMSR in 32-bit code.</summary>
    [RuntimeImport("*", "guest_narrow_wrmsr")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    internal static extern void WriteMsr(uint index, ulong value);

    /// <summary>
    /// From here on, calls are 32-bit ones. The hypercall page is asked for first: that is where Xen looks whether shared_info has the 32-bit layout.
    /// </summary>
    internal static void Start()
    {
        IsOn = true;
        Xen.InstallHypercallPage();
    }

    /// <summary>A call with the arguments as they are, cut to 32 bits.</summary>
    public static long CallAsIs(ulong number, ulong a1 = 0, ulong a2 = 0, ulong a3 = 0, ulong a4 = 0, ulong a5 = 0) =>
        Xen.UsesVmcall ? Vmcall(number | HypercallTlb.Flags, a1, a2, a3, a4, a5) : Vmmcall(number | HypercallTlb.Flags, a1, a2, a3, a4, a5);

    /// <summary>A call with the arguments as 64-bit code passes them. What a multicall's own calls point at is not translated.</summary>
    internal static long Call(ulong number, ulong a1, ulong a2, ulong a3, ulong a4, ulong a5)
    {
        if (number == (ulong)Hypercall.SetTimerOp)
        {
            return CallAsIs(number, a1, a1 >> 32);
        }

        if (number == (ulong)Hypercall.Sysctl && IsMemory(a1, (ulong)sizeof(Sysctl)) && *(uint*)a1 == (uint)SysctlOp.PageOfflineOp)
        {
            return PageOffline(number, a1);
        }

        NarrowArgument argument = NarrowArguments.Of((Hypercall)number, a1);
        (ulong wide, ulong count) = (Hypercall)number switch
        {
            Hypercall.Multicall => (a1, a2),
            Hypercall.GrantTableOp => (a2, a3),
            Hypercall.VcpuOp => (a3, 1UL),
            Hypercall.DmOp => (a3, (uint)a2),
            _ => (a2, 1UL),
        };
        ulong size = (ulong)NarrowArguments.WideSize(argument);
        if (argument == NarrowArgument.None || count > MemoryEnd / size || !IsMemory(wide, count * size))
        {
            return CallAsIs(number, a1, a2, a3, a4, a5);
        }

        if (count > ScratchBytes / size)
        {
            GuestFailure.Stop("more arguments than can be translated", 0);
        }

        byte* narrow = stackalloc byte[ScratchBytes];
        for (ulong i = 0; i < count; i++)
        {
            NarrowArguments.Narrow(argument, (byte*)wide + (i * size), narrow + ((int)i * NarrowArguments.NarrowSize(argument)));
        }

        NarrowLists lists = count == 1 ? NarrowLists.Of(argument, (byte*)wide, narrow) : default;
        uint* words = stackalloc uint[lists.Words];
        lists.Place(words);
        long result = (Hypercall)number switch
        {
            Hypercall.Multicall => CallAsIs(number, (ulong)narrow, a2),
            Hypercall.VcpuOp or Hypercall.DmOp => CallAsIs(number, a1, a2, (ulong)narrow),
            _ => CallAsIs(number, a1, (ulong)narrow, a3, a4, a5),
        };
        for (ulong i = 0; i < count; i++)
        {
            NarrowArguments.Widen(argument, narrow + ((int)i * NarrowArguments.NarrowSize(argument)), (byte*)wide + (i * size));
        }

        lists.TakeBack();
        return result;
    }

    /// <summary>XEN_SYSCTL_page_offline_op, the one sysctl with a pointer of the caller's width.</summary>
    private static long PageOffline(ulong number, ulong wide)
    {
        const int head = 8;
        Sysctl argument = *(Sysctl*)wide;
        SysctlPageOffline from = *(SysctlPageOffline*)(wide + head);
        *(SysctlPageOffline32*)((byte*)&argument + head) =
            new SysctlPageOffline32 { Command = from.Command, Start = from.Start, End = from.End, Status = unchecked((uint)from.Status) };
        return CallAsIs(number, (ulong)&argument);
    }

    /// <summary>Whether the guest can read there: memory, none of it in a page that its tables lack.</summary>
    internal static bool IsMemory(ulong address, ulong length)
    {
        if (address >= MemoryEnd || length > MemoryEnd - address)
        {
            return false;
        }

        const ulong smallPagesEnd = 0x20_0000;
        for (ulong page = address / Layout.PageSize; page * Layout.PageSize < address + length && page < smallPagesEnd / Layout.PageSize; page++)
        {
            if ((Layout.PageLevel1()[page] & PageTables.Present) == 0)
            {
                return false;
            }
        }

        return true;
    }
}
