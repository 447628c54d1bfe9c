namespace Xenolith.Hal;

/// <summary>What decides how the linear addresses of a vCPU translate, as <see cref="VirtualCpu.ReadPaging"/> reads it at one go.</summary>
public struct PagingState
{
    /// <summary>As the CPU uses it: a bit that translation does not depend on may differ from what the guest sees.</summary>
    public ulong Cr0;
    public ulong Cr3;
    /// <summary>As <see cref="Cr0"/>.</summary>
    public ulong Cr4;
    public ulong Efer;
    public ulong Rflags;

    /// <summary>Whether the vCPU runs 64-bit code; otherwise its linear addresses have 32 bits.</summary>
    public bool RunsLongCode;
}
