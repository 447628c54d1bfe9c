using Xenolith.Abi.Contract;

namespace Xenolith.Guests;

/// <summary>
/// Calls whose buffers are found without the guest's page tables: with the word <c>tlb</c> on the command line by a hypercall TLB, strictly; with
/// <c>gpa</c> by guest-physical addresses, which are what the linear ones are here.
/// </summary>
public static unsafe class HypercallTlb
{
    // unsafe: the image's end is an address.
    private const ulong EndOfMappings = 0x10_0000;

    /// <summary>Whether the table is in use.</summary>
    public static bool IsOn { get; private set; }

    /// <summary>Whether calls' pointers are guest-physical.</summary>
    public static bool IsPhysical => Flags != 0;

    /// <summary>What stands in each call's number beside the number.</summary>
    public static ulong Flags { get; private set; }

    /// <summary>The bits of our CPUID block; 0: there is none.</summary>
    public static uint Features
    {
        get
        {
            CpuidResult first = Instructions.Cpuid(OwnCpuid.FirstLeaf);
            return first.Ebx == OwnCpuid.SignatureEbx && first.Ecx == OwnCpuid.SignatureEcx && first.Edx == OwnCpuid.SignatureEdx
                ? Instructions.Cpuid(OwnCpuid.FirstLeaf + 1).Eax
                : 0;
        }
    }

    internal static void Start()
    {
        if (BootRecord.HasWord("gpa"))
        {
            Flags = CallFlags.Physical;
        }

        if (!BootRecord.HasWord("tlb"))
        {
            return;
        }

        // What the guest's tables map: 4 GiB without page 0, in pieces that meet at the image's ends, so that buffers go over from one to another.
        ulong image = 0x100, end = (ulong)Layout.ImageEnd() / Layout.PageSize;
        IsOn = Insert(1, 1, image - 1) >= 0 && Insert(image, image, end - image) >= 0 && Insert(end, end, EndOfMappings - end) >= 0
            && Call(VcpuOp.HctlbPolicy, 0, 1) == 0;
        if (!IsOn)
        {
            GuestFailure.Stop("no hypercall TLB", 0);
        }
    }

    /// <summary>Has another vCPU, which was started anew, use the table too.</summary>
    public static void Join(uint vcpu)
    {
        if (IsOn)
        {
            Call(VcpuOp.HctlbShare, vcpu, 0);
            Call(VcpuOp.HctlbPolicy, vcpu, 1);
        }
    }

    /// <summary>An entry of the first vCPU's table; its place, or an error.</summary>
    public static long Insert(ulong page, ulong gfn, ulong pages, HypercallTlbFlags flags = HypercallTlbFlags.Writable, uint vcpu = 0) =>
        Call(VcpuOp.HctlbInsert, vcpu, page, gfn, (pages << 8) | (ulong)flags);

    public static long Purge(ulong page, ulong pages, HypercallTlbFlags flags = 0) => Call(VcpuOp.HctlbPurge, 0, page, pages, (ulong)flags);

    public static long Query(HypercallTlbQuery what, uint vcpu = 0) => Call(VcpuOp.HctlbQuery, vcpu, (ulong)what);

    /// <summary>Any of the operations: numbers in registers.</summary>
    public static long Call(VcpuOp operation, uint vcpu, ulong a3, ulong a4 = 0, ulong a5 = 0) =>
        Xen.CallAsIs((ulong)Hypercall.VcpuOp, (ulong)operation, vcpu, a3, a4, a5);
}
