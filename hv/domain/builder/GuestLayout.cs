using System;
using Xenolith.Abi.Contract;
using Xenolith.Kernel;

namespace Xenolith.Domains;

/// <summary>
/// Where everything lies in the guest-physical memory of a PVH domain: RAM from 0 without a hole for VGA, up to 3.75 GiB; the
/// rest of it above 4 GiB; between them ACPI tables and the special pages (console and xenstore rings among them), at the
/// addresses that Xen's toolstack uses.
/// </summary>
public sealed class GuestLayout
{
    /// <summary>RAM below 4 GiB ends here at the latest; above are devices' addresses.</summary>
    public const ulong LowRamLimit = 0xF000_0000;

    /// <summary>RAM goes on here.</summary>
    public const ulong HighRamStart = 1UL << 32;

    /// <summary>The frame of the ACPI tables.</summary>
    public const uint AcpiAddress = 0xFC00_0000;

    /// <summary>The first special page, and how many there are.</summary>
    public const ulong SpecialPagesAddress = 0xFEFF_8000;
    public const int SpecialPages = 8;

    /// <summary>The special pages that are used.</summary>
    public const ulong XenstoreFrame = 0xFEFFC;
    public const ulong ConsoleFrame = 0xFEFFF;

    /// <summary>Linux reads start_info, module list and memory map while only this much is mapped.</summary>
    public const ulong EarlyMappedLimit = 1UL << 30;

    /// <summary>
    /// What the builder places stays at or above this: the guest needs pages below it for a start-up trampoline and maps
    /// shared_info over the first.
    /// </summary>
    public const ulong PlacementFloor = 1UL << 20;

    /// <summary>The least memory of a domain.</summary>
    public const ulong MinimumMemory = 2UL << 20;

    private GuestLayout(ulong memory)
    {
        LowRamEnd = Math.Min(memory, LowRamLimit);
        HighRamEnd = memory > LowRamLimit ? HighRamStart + (memory - LowRamLimit) : HighRamStart;
    }

    /// <summary>One past the RAM below 4 GiB.</summary>
    public ulong LowRamEnd { get; }

    /// <summary>One past the RAM above 4 GiB; <see cref="HighRamStart"/> when there is none.</summary>
    public ulong HighRamEnd { get; }

    /// <summary>Where start_info and what it points at begin; page-aligned.</summary>
    public ulong StartInfoAddress { get; private set; }

    /// <summary>Where the initrd begins, page-aligned; 0 when there is none.</summary>
    public ulong InitrdAddress { get; private set; }

    /// <summary>Places everything. Null: <paramref name="layout"/> is set.</summary>
    /// <param name="memory">RAM in bytes, whole frames.</param>
    /// <param name="kernel">The kernel; its addresses are its own choice. One that does not fit is moved, if it permits that.</param>
    /// <param name="startInfoSize">Bytes of start_info with all it points at.</param>
    /// <param name="initrdSize">Bytes; 0: none.</param>
    /// <param name="subject">Who it is for, for messages.</param>
    /// <param name="memoryWord">The option that gives more memory, for messages.</param>
    public static BuildError? TryPlan(ulong memory, ElfImage kernel, ulong startInfoSize, ulong initrdSize, out GuestLayout? layout,
        string subject = "initial domain", string memoryWord = "dom0_mem")
    {
        layout = null;
        if (memory < MinimumMemory)
        {
            return new BuildMessage().Add(subject).Add(": ").AddSize(memory).Add(" of memory is too little; give it at least ").AddSize(MinimumMemory)
                .Add(" by ").Add(memoryWord).ToError(BuildErrorKind.MemoryTooSmall);
        }

        var plan = new GuestLayout(memory);
        BuildError? error = plan.CheckKernel(kernel, memoryWord);
        if (error is not null && !kernel.TryMove(PlacementFloor, plan.LowRamEnd))
        {
            return error;
        }

        ulong early = Math.Min(plan.LowRamEnd, EarlyMappedLimit);
        if (!TryPlace(kernel, early, startInfoSize, 0, 0, out ulong startInfo))
        {
            return new BuildMessage().Add(subject).Add(": no room for its start information beside the kernel in the first ").AddSize(early)
                .Add("; give it more memory by ").Add(memoryWord).ToError(BuildErrorKind.MemoryTooSmall);
        }

        plan.StartInfoAddress = startInfo;
        if (initrdSize != 0)
        {
            // Its address must fit the 32-bit field that Linux copies it to; low is better than high, but either works.
            if (!TryPlace(kernel, early, initrdSize, startInfo, startInfoSize, out ulong initrd)
                && !TryPlace(kernel, plan.LowRamEnd, initrdSize, startInfo, startInfoSize, out initrd))
            {
                return new BuildMessage().Add("initrd: ").AddSize(initrdSize).Add(" do not fit beside the kernel (up to ").AddHex(kernel.End)
                    .Add(") into the domain's ").AddSize(plan.LowRamEnd).Add(" below 4 GiB; give it more memory by ").Add(memoryWord).Add(", or a smaller initrd")
                    .ToError(BuildErrorKind.InitrdDoesNotFit);
            }

            plan.InitrdAddress = initrd;
        }

        layout = plan;
        return null;
    }

    /// <summary>The memory map that the guest is given: at most 4 entries, sorted.</summary>
    public HvmMemmapTableEntry[] ToMemoryMap()
    {
        bool hasHigh = HighRamEnd > HighRamStart;
        var map = new HvmMemmapTableEntry[hasHigh ? 4 : 3];
        map[0] = Entry(0, LowRamEnd, MemmapType.Ram);
        map[1] = Entry(AcpiAddress, AcpiTables.Size, MemmapType.Acpi);
        map[2] = Entry(SpecialPagesAddress, SpecialPages * Page.Size, MemmapType.Reserved);
        if (hasHigh)
        {
            map[3] = Entry(HighRamStart, HighRamEnd - HighRamStart, MemmapType.Ram);
        }

        return map;
    }

    private BuildError? CheckKernel(ElfImage kernel, string memoryWord)
    {
        ReadOnlySpan<ElfSegment> segments = kernel.Segments;
        for (int i = 0; i < segments.Length; i++)
        {
            ElfSegment segment = segments[i];
            bool inLow = segment.End <= LowRamEnd;
            bool inHigh = segment.PhysicalAddress >= HighRamStart && segment.End <= HighRamEnd;
            if (!inLow && !inHigh)
            {
                return new BuildMessage().Add("kernel: its segment from ").AddHex(segment.PhysicalAddress).Add(" to ").AddHex(segment.End)
                    .Add(" does not lie in the domain's memory, which ends at ").AddHex(HighRamEnd > HighRamStart ? HighRamEnd : LowRamEnd)
                    .Add("; give it more memory by ").Add(memoryWord).Add(", or link the kernel lower").ToError(BuildErrorKind.SegmentOutsideMemory);
            }
        }

        return null;
    }

    /// <summary>The highest page-aligned place below <paramref name="limit"/> that neither the kernel nor another range takes.</summary>
    private static bool TryPlace(ElfImage kernel, ulong limit, ulong size, ulong takenStart, ulong takenSize, out ulong address)
    {
        address = 0;
        ReadOnlySpan<ElfSegment> segments = kernel.Segments;
        // Every round either ends or goes below one more range, so there are few of them.
        while (limit > size)
        {
            address = (limit - size) & ~Page.OffsetMask;
            if (address < PlacementFloor)
            {
                return false;
            }

            ulong blocker = ulong.MaxValue;
            for (int i = 0; i < segments.Length && blocker == ulong.MaxValue; i++)
            {
                if (segments[i].PhysicalAddress < address + size && address < segments[i].End)
                {
                    blocker = segments[i].PhysicalAddress;
                }
            }

            if (blocker == ulong.MaxValue && takenSize != 0 && takenStart < address + size && address < takenStart + takenSize)
            {
                blocker = takenStart;
            }

            if (blocker == ulong.MaxValue)
            {
                return true;
            }

            limit = blocker;
        }

        return false;
    }

    private static HvmMemmapTableEntry Entry(ulong address, ulong size, MemmapType type) =>
        new() { Address = address, Size = size, Type = (uint)type };
}
