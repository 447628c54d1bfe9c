using System;
using Xenolith.Abi.Contract;
using Xenolith.Kernel;
using Xenolith.Mm;

namespace Xenolith.Domains;

/// <summary>
/// Makes the initial domain out of the boot loader's modules, as a PVH guest: the first is its kernel, the second its
/// initrd (Xen, docs/misc/pvh.pandoc). Runs once, at start-up; what it refuses, it refuses by name.
/// </summary>
public sealed class InitialDomainBuilder
{
    private const ulong MaximumMargin = 128UL << 20;
    private const ulong MinimumMargin = 16UL << 20;
    private const ulong FirstStep = 2UL << 20;

    private readonly InitialDomainRequest _request;
    private readonly PhysicalMemory _memory;
    private readonly FrameAllocator _frames;
    private readonly Log _log;

    private InitialDomainBuilder(InitialDomainRequest request)
    {
        _request = request;
        _memory = request.Services.Memory;
        _frames = request.Services.Frames;
        _log = request.Services.Log;
    }

    /// <summary>
    /// Builds the domain. Null: <paramref name="domain"/> is set, its first vCPU is up and stands at the kernel's entry. Otherwise
    /// nothing is left behind. Allocates managed objects: call it with the domain's arena open.
    /// </summary>
    public static BuildError? TryBuild(InitialDomainRequest request, out Domain? domain)
    {
        domain = null;
        var builder = new InitialDomainBuilder(request);
        BuildError? error = builder.CheckRequest(out MemoryRequest memory);
        if (error is not null)
        {
            return error;
        }

        // Unpacking borrows frames that the domain gets back, so what is free is counted before.
        ulong free = builder._frames.FreeFrames << Page.Shift;
        error = KernelFile.TryOpen(builder._memory, builder._frames, request.Boot.Modules[0], out KernelFile? file);
        if (error is not null)
        {
            return error;
        }

        error = builder.TryBuild(file!, memory, free, out domain);
        file!.Release();
        return error;
    }

    private BuildError? CheckRequest(out MemoryRequest memory)
    {
        memory = null!;
        BootModule[] modules = _request.Boot.Modules;
        if (modules.Length == 0)
        {
            return new BuildMessage().Add("initial domain: the boot loader gave no module; give a PVH kernel as the first one "
                + "(QEMU: -initrd \"kernel arguments\"; GRUB: module)").ToError(BuildErrorKind.NoModule);
        }

        if (_request.VcpuCount is < 1 or > AcpiTables.MaximumVcpus)
        {
            return new BuildMessage().Add("dom0_max_vcpus: ").Add((ulong)Math.Max(_request.VcpuCount, 0)).Add(" is not possible; write 1 to ")
                .Add(AcpiTables.MaximumVcpus).ToError(BuildErrorKind.TooManyVcpus);
        }

        BuildError? error = DomainOption.Check(_request.DomainOption.AsSpan(), _log);
        error ??= MemoryRequest.TryParse(_request.MemoryOption.AsSpan(), out memory);
        if (error is null && modules.Length > 1)
        {
            error = KernelFile.CheckModule(_memory, modules[1], "initrd");
        }

        for (int i = 2; error is null && i < modules.Length; i++)
        {
            _log.Warning($"boot module {i + 1} has no meaning and is ignored: {modules[i].CommandLine}");
        }

        return error;
    }

    private BuildError? TryBuild(KernelFile file, MemoryRequest memory, ulong free, out Domain? domain)
    {
        domain = null;
        BuildError? error = ElfImage.TryParse(file.Bytes, out ElfImage? kernel);
        ulong bytes = 0;
        error ??= memory.TryResolve(free, MarginOf(free), out bytes);
        if (error is not null)
        {
            return error;
        }

        string commandLine = ModuleCommandLine.Of(_request.Boot.Modules[0].CommandLine, _request.Boot.LoaderName);
        if (commandLine.Length > ModuleCommandLine.MaximumLength)
        {
            return new BuildMessage().Add("kernel: its command line has ").Add((ulong)commandLine.Length).Add(" characters; at most ")
                .Add(ModuleCommandLine.MaximumLength).Add(" are passed on").ToError(BuildErrorKind.CommandLineTooLong);
        }

        const int mostMapEntries = 4;
        ulong initrdSize = _request.Boot.Modules.Length > 1 ? _request.Boot.Modules[1].Length : 0;
        ulong startInfoSize = (ulong)StartInfoBlock.SizeFor(mostMapEntries, commandLine.Length);
        error = GuestLayout.TryPlan(bytes, kernel!, startInfoSize, initrdSize, out GuestLayout? layout);
        if (error is not null)
        {
            return error;
        }

        Domain? made = Domain.TryCreate(_request.Services, OptionsFor(bytes));
        if (made is null)
        {
            return OutOfMemory(bytes);
        }

        error = Fill(made, file, kernel!, layout!, commandLine, initrdSize);
        if (error is not null)
        {
            made.Dispose();
            return error;
        }

        domain = Finish(made, kernel!, layout!);
        return null;
    }

    private DomainOptions OptionsFor(ulong bytes) => new()
    {
        Id = 0,
        Name = "initial",
        IsPrivileged = true,
        IsInitialDomain = true,
        VcpuCount = _request.VcpuCount,
        MaximumPages = (bytes >> Page.Shift) + GuestLayout.SpecialPages + AcpiTables.Size / Page.Size,
    };

    private BuildError? Fill(Domain domain, KernelFile file, ElfImage kernel, GuestLayout layout, string commandLine, ulong initrdSize)
    {
        ulong total = layout.LowRamEnd + (layout.HighRamEnd - GuestLayout.HighRamStart);

        // The kernel's part of RAM first: then the frames of its unpacked file go back, and the rest can use them.
        ulong step = kernel.End <= layout.LowRamEnd ? Math.Min((kernel.End + FirstStep - 1) & ~(FirstStep - 1), layout.LowRamEnd) : layout.LowRamEnd;
        bool good = TryPopulate(domain, 0, step);
        if (good && kernel.End > layout.LowRamEnd)
        {
            good = TryPopulate(domain, GuestLayout.HighRamStart, layout.HighRamEnd);
        }

        good = good && TryLoad(domain, file.Bytes, kernel);
        file.Release();
        good = good && TryPopulate(domain, step, layout.LowRamEnd);
        if (good && kernel.End <= layout.LowRamEnd)
        {
            good = TryPopulate(domain, GuestLayout.HighRamStart, layout.HighRamEnd);
        }

        good = good && TryPopulate(domain, GuestLayout.AcpiAddress, GuestLayout.AcpiAddress + AcpiTables.Size)
            && TryPopulate(domain, GuestLayout.SpecialPagesAddress, GuestLayout.SpecialPagesAddress + GuestLayout.SpecialPages * Page.Size);
        good = good && (initrdSize == 0
            || domain.Memory.TryCopyFromPhysical(layout.InitrdAddress, _request.Boot.Modules[1].Start, initrdSize));
        if (!good || !TryWriteTables(domain, layout, commandLine, initrdSize))
        {
            return OutOfMemory(total);
        }

        return ConnectConsole(domain);
    }

    private static bool TryPopulate(Domain domain, ulong start, ulong end) =>
        start >= end || domain.TryPopulate(Gfn.Of(start), (end - start) >> Page.Shift) == Errno.None;

    private static bool TryLoad(Domain domain, ReadOnlySpan<byte> file, ElfImage kernel)
    {
        ReadOnlySpan<ElfSegment> segments = kernel.Segments;
        for (int i = 0; i < segments.Length; i++)
        {
            ElfSegment segment = segments[i];
            if (!domain.Memory.TryWrite(segment.PhysicalAddress, file.Slice(segment.FileOffset, segment.FileSize))
                || !domain.Memory.TryClear(segment.PhysicalAddress + (ulong)segment.FileSize, segment.MemorySize - (ulong)segment.FileSize))
            {
                return false;
            }
        }

        return true;
    }

    private bool TryWriteTables(Domain domain, GuestLayout layout, string commandLine, ulong initrdSize)
    {
        var acpi = new byte[AcpiTables.Size];
        AcpiTables.Write(acpi, GuestLayout.AcpiAddress, _request.VcpuCount);
        HvmMemmapTableEntry[] map = layout.ToMemoryMap();
        var block = new byte[StartInfoBlock.SizeFor(map.Length, commandLine.Length)];
        StartInfoBlock.Write(block, layout.StartInfoAddress, commandLine, map, GuestLayout.AcpiAddress, layout.InitrdAddress, initrdSize);
        var copy = new E820Entry[map.Length];
        for (int i = 0; i < map.Length; i++)
        {
            copy[i] = new E820Entry { Address = map[i].Address, Size = map[i].Size, Type = map[i].Type };
        }

        domain.MemoryMap = copy;
        return domain.Memory.TryWrite(GuestLayout.AcpiAddress, acpi) && domain.Memory.TryWrite(layout.StartInfoAddress, block);
    }

    private BuildError? ConnectConsole(Domain domain)
    {
        var frame = new Gfn(GuestLayout.ConsoleFrame);
        if (!domain.Console.TryConnect(frame, _request.Console))
        {
            return OutOfMemory(domain.TotalPages << Page.Shift);
        }

        domain.Parameters[(int)HvmParameter.ConsolePfn] = frame.Value;
        domain.Parameters[(int)HvmParameter.ConsoleEvtchn] = domain.Console.Port;
        return null;
    }

    private Domain Finish(Domain domain, ElfImage kernel, GuestLayout layout)
    {
        Vcpu first = domain.Vcpus[0];
        CpuPolicyOptions asked = _request.Cpu;
        var options = new CpuPolicyOptions
        {
            X2Apic = asked.X2Apic,
            TscDeadline = asked.TscDeadline,
            Rdtscp = first.Cpu.TryReadMsr(MsrIndex.TscAux, out _),
            Pcid = asked.Pcid,
            Invpcid = asked.Invpcid,
            UpcallVector = asked.UpcallVector,
        };
        var cpuid = new CpuidPolicy(_request.Cpuid, options, _request.Services.Clock, domain.Id, domain.Vcpus.Length);
        var controls = new ControlRegisterPolicy(cpuid);
        var msrs = new MsrPolicy(cpuid, controls, domain.Vcpus.Length, _request.Services.Virtualisation.UsesVmcall);
        for (int i = 0; i < domain.Vcpus.Length; i++)
        {
            domain.Vcpus[i].Apic.OffersX2Apic = cpuid.HasX2Apic;
            domain.Vcpus[i].Access.Features = new PagingFeatures(cpuid.PhysicalAddressBits, cpuid.HasGigabytePages);
        }

        InitialVcpuState.Load(first.Cpu, kernel.Entry, (uint)layout.StartInfoAddress);
        first.IsInitialised = true;
        first.Up();
        ulong size = domain.TotalPages >> (20 - Page.Shift);
        _log.Info($"initial domain: {size} MiB, kernel at {kernel.Start:x}-{kernel.End:x}, entry {kernel.Entry:x}, start_info {layout.StartInfoAddress:x}, initrd {layout.InitrdAddress:x}");
        domain.Policies = new DomainPolicies(cpuid, controls, msrs);
        domain.DebugOutput = _request.DebugOutput;
        return domain;
    }

    /// <summary>What the hypervisor keeps: nested page tables, later domains; Xen's rule for dom0 with a floor.</summary>
    private static ulong MarginOf(ulong free) => Math.Max(Math.Min(free / 16, MaximumMargin), MinimumMargin);

    private static BuildError OutOfMemory(ulong bytes) => new BuildMessage().Add("initial domain: memory ran out while it was given ").AddSize(bytes)
        .Add("; ask for less by dom0_mem").ToError(BuildErrorKind.OutOfMemory);
}
