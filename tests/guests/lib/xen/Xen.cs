using System.Runtime;
using System.Runtime.CompilerServices;
using Xenolith.Abi.Contract;

namespace Xenolith.Guests;

/// <summary>Calls to the hypervisor, by the instruction that the processor's vendor gives.</summary>
public static unsafe class Xen
{
    // unsafe: hypercall arguments are addresses.

    /// <summary>Whether the processor calls by VMCALL (Intel) or VMMCALL (AMD).</summary>
    public static bool UsesVmcall { get; private set; }

    /// <summary>The first of Xen's CPUID leaves, 0 when there are none.</summary>
    public static uint CpuidBase { get; private set; }

    [RuntimeImport("*", "guest_vmcall")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern long Vmcall(ulong number, ulong a1, ulong a2, ulong a3, ulong a4, ulong a5);

    [RuntimeImport("*", "guest_vmmcall")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern long Vmmcall(ulong number, ulong a1, ulong a2, ulong a3, ulong a4, ulong a5);

    [RuntimeImport("*", "guest_page_call")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern long PageCall(ulong number, ulong a1, ulong a2, ulong a3, ulong a4, ulong a5);

    /// <summary>Looks for the vendor and for Xen's leaves.</summary>
    internal static void Initialize()
    {
        const uint genuineIntelEbx = 0x756E6547;
        UsesVmcall = Instructions.Cpuid(0).Ebx == genuineIntelEbx;
        for (uint leaf = XenCpuid.FirstLeaf; leaf < XenCpuid.FirstLeaf + 0x10000; leaf += 0x100)
        {
            CpuidResult signature = Instructions.Cpuid(leaf);
            if (signature.Ebx == XenCpuid.SignatureEbx && signature.Ecx == XenCpuid.SignatureEcx && signature.Edx == XenCpuid.SignatureEdx)
            {
                CpuidBase = leaf;
                return;
            }
        }
    }

    /// <summary>One hypercall; the result is 0 or more, or a negated <see cref="Errno"/>.</summary>
    public static long Call(Hypercall number, ulong a1 = 0, ulong a2 = 0, ulong a3 = 0, ulong a4 = 0, ulong a5 = 0) =>
        CallNumber((ulong)number, a1, a2, a3, a4, a5);

    /// <summary>A call with an operation number and its argument structure, which may be written back.</summary>
    public static long Call<T>(Hypercall number, ulong operation, ref T argument) where T : unmanaged =>
        Call(number, operation, (ulong)Unsafe.AsPointer(ref argument));

    /// <summary>Address of a variable. Objects never move in a guest, and the variable must outlive the call.</summary>
    public static ulong AddressOf<T>(ref T variable) where T : unmanaged => (ulong)Unsafe.AsPointer(ref variable);

    /// <summary>The same by bare number, for numbers that are not calls.</summary>
    public static long CallNumber(ulong number, ulong a1 = 0, ulong a2 = 0, ulong a3 = 0, ulong a4 = 0, ulong a5 = 0) =>
        NarrowCalls.IsOn ? NarrowCalls.Call(number, a1, a2, a3, a4, a5) : WideCall(number, a1, a2, a3, a4, a5);

    /// <summary>The same with the arguments as they are: for a 32-bit call, cut to 32 bits, with nothing that they point at translated.</summary>
    public static long CallAsIs(ulong number, ulong a1, ulong a2, ulong a3 = 0, ulong a4 = 0, ulong a5 = 0) =>
        NarrowCalls.IsOn ? NarrowCalls.CallAsIs(number, a1, a2, a3, a4, a5) : WideCall(number, a1, a2, a3, a4, a5);

    /// <summary>A 64-bit call, whatever the others are.</summary>
    public static long WideCall(ulong number, ulong a1 = 0, ulong a2 = 0, ulong a3 = 0, ulong a4 = 0, ulong a5 = 0) =>
        UsesVmcall ? Vmcall(number | HypercallTlb.Flags, a1, a2, a3, a4, a5) : Vmmcall(number | HypercallTlb.Flags, a1, a2, a3, a4, a5);

    /// <summary>The same through the hypercall page; <see cref="InstallHypercallPage"/> first.</summary>
    public static long CallByPage(Hypercall number, ulong a1 = 0, ulong a2 = 0, ulong a3 = 0, ulong a4 = 0, ulong a5 = 0) =>
        NarrowCalls.IsOn ? NarrowCalls.PageCall((ulong)number, a1, a2, a3, a4, a5) : PageCall((ulong)number, a1, a2, a3, a4, a5);

    /// <summary>Asks the hypervisor to fill the hypercall page (the MSR that CPUID leaf +2 names).</summary>
    public static void InstallHypercallPage() => InstallHypercallPage(NarrowCalls.IsOn);

    /// <summary>The same from 32-bit code or from 64-bit code.</summary>
    public static void InstallHypercallPage(bool isNarrow)
    {
        uint index = Instructions.Cpuid(CpuidBase + 2).Ebx;
        if (isNarrow)
        {
            NarrowCalls.WriteMsr(index, (ulong)Layout.HypercallPage());
        }
        else
        {
            Instructions.WriteMsr(index, (ulong)Layout.HypercallPage());
        }
    }

    /// <summary>Ends the guest. Does not return.</summary>
    public static void Shutdown(ShutdownReason reason)
    {
        uint argument = (uint)reason;
        Call(Hypercall.SchedOp, (ulong)SchedOp.Shutdown, (ulong)&argument);
        while (true)
        {
            Instructions.DisableInterrupts();
            Instructions.Halt();
        }
    }
}
