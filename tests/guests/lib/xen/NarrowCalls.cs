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
        Xen.UsesVmcall ? Vmcall(number, a1, a2, a3, a4, a5) : Vmmcall(number, a1, a2, a3, a4, a5);

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
            _ => (a2, 1UL),
        };
        ulong size = (ulong)NarrowArguments.WideSize(argument);
        if (argument == NarrowArgument.None || count > MemoryEnd / size || !IsMemory(wide, count * size))
        {
            return CallAsIs(number, a1, a2, a3, a4, a5);
        }

        byte* scratch = stackalloc byte[ScratchBytes];
        if (count > ScratchBytes / size)
        {
            GuestFailure.Stop("more arguments than can be translated", 0);
        }

        Narrow(argument, (byte*)wide, scratch, (int)count);
        long result = (Hypercall)number switch
        {
            Hypercall.Multicall => CallAsIs(number, (ulong)scratch, a2),
            Hypercall.VcpuOp => CallAsIs(number, a1, a2, (ulong)scratch),
            _ => CallAsIs(number, a1, (ulong)scratch, a3, a4, a5),
        };
        Widen(argument, scratch, (byte*)wide, (int)count);
        return result;
    }

    private static void Narrow(NarrowArgument argument, byte* wide, byte* narrow, int count)
    {
        for (int i = 0; i < count; i++)
        {
            byte* element = wide + (i * NarrowArguments.WideSize(argument));
            NarrowArguments.Narrow(argument, element, narrow + (i * NarrowArguments.NarrowSize(argument)));
            ChangeLists(argument, element, isNarrow: false);
        }
    }

    private static void Widen(NarrowArgument argument, byte* narrow, byte* wide, int count)
    {
        for (int i = 0; i < count; i++)
        {
            byte* element = wide + (i * NarrowArguments.WideSize(argument));
            // By the argument as it was: Xen may have moved its own pointers on.
            ChangeLists(argument, element, isNarrow: true);
            NarrowArguments.Widen(argument, narrow + (i * NarrowArguments.NarrowSize(argument)), element);
        }
    }

    /// <summary>The lists of frame numbers and indices that an argument points at: a word each in the 32-bit ABI.</summary>
    private static void ChangeLists(NarrowArgument argument, byte* wide, bool isNarrow)
    {
        switch (argument)
        {
            case NarrowArgument.MemoryReservation:
                ChangeList(((MemoryReservation*)wide)->ExtentStart, ((MemoryReservation*)wide)->ExtentCount, isNarrow);
                break;
            case NarrowArgument.MemoryExchange:
                ChangeList(((MemoryExchange*)wide)->In.ExtentStart, ((MemoryExchange*)wide)->In.ExtentCount, isNarrow);
                ChangeList(((MemoryExchange*)wide)->Out.ExtentStart, ((MemoryExchange*)wide)->Out.ExtentCount, isNarrow);
                break;
            case NarrowArgument.AddToPhysmapBatch:
                ChangeList(((AddToPhysmapBatch*)wide)->Indices, ((AddToPhysmapBatch*)wide)->Size, isNarrow);
                ChangeList(((AddToPhysmapBatch*)wide)->Gpfns, ((AddToPhysmapBatch*)wide)->Size, isNarrow);
                break;
            case NarrowArgument.GnttabSetupTable:
                ChangeList(((GnttabSetupTable*)wide)->FrameList, ((GnttabSetupTable*)wide)->FrameCount, isNarrow);
                break;
            case NarrowArgument.MemAcquireResource:
                ChangeList(((MemAcquireResource*)wide)->FrameList, ((MemAcquireResource*)wide)->FrameCount, isNarrow);
                break;
        }
    }

    /// <summary>Packs a list where it is, or spreads it again.</summary>
    private static void ChangeList(ulong address, ulong count, bool isNarrow)
    {
        if (count > MemoryEnd / sizeof(ulong) || !IsMemory(address, count * sizeof(ulong)))
        {
            return;
        }

        for (ulong i = 0; i < count; i++)
        {
            ulong at = isNarrow ? count - 1 - i : i;
            if (isNarrow)
            {
                ((ulong*)address)[at] = ((uint*)address)[at];
            }
            else
            {
                ((uint*)address)[at] = unchecked((uint)((ulong*)address)[at]);
            }
        }
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
    private static bool IsMemory(ulong address, ulong length)
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
