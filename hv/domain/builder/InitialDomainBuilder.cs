using System;
using Xenolith.Kernel;

namespace Xenolith.Domains;

/// <summary>
/// Makes the initial domain out of the boot loader's modules: the first is its kernel, <see cref="DomainPlan"/> says which is its
/// initrd. Runs once, at start-up; what it refuses, it refuses by name.
/// </summary>
public sealed class InitialDomainBuilder
{
    /// <summary>What the log calls the domain.</summary>
    public const string Name = "initial";

    private const ulong MaximumMargin = 128UL << 20;
    private const ulong MinimumMargin = 16UL << 20;

    private readonly InitialDomainRequest _request;
    private readonly PhysicalMemory _memory;
    private readonly FrameAllocator _frames;

    private InitialDomainBuilder(InitialDomainRequest request)
    {
        _request = request;
        _memory = request.Services.Memory;
        _frames = request.Services.Frames;
    }

    /// <summary>What the hypervisor keeps of free memory: nested page tables, arenas; Xen's rule for dom0 with a floor. In bytes.</summary>
    public static ulong MarginOf(ulong free) => Math.Max(Math.Min(free / 16, MaximumMargin), MinimumMargin);

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

        BuildError? error = DomainOption.Check(_request.DomainOption.AsSpan(), _request.Services.Log);
        error ??= MemoryRequest.TryParse(_request.MemoryOption.AsSpan(), out memory);
        if (error is null && _request.Ramdisk is { } ramdisk)
        {
            error = KernelFile.CheckModule(_memory, ramdisk, "initrd");
        }

        return error;
    }

    private BuildError? TryBuild(KernelFile file, MemoryRequest memory, ulong free, out Domain? domain)
    {
        domain = null;
        // A file that is no kernel is the first thing to say, before how much memory it would have got.
        BuildError? error = ElfImage.TryParse(file.Bytes, out _);
        ulong bytes = 0;
        error ??= memory.TryResolve(free, MarginOf(free) + _request.Promised, out bytes);
        if (error is not null)
        {
            return error;
        }

        BootInformation boot = _request.Boot;
        var build = new DomainBuild(new DomainRequest
        {
            Services = _request.Services,
            Options = new DomainOptions
            {
                Id = 0,
                Name = Name,
                IsPrivileged = true,
                IsInitialDomain = true,
                VcpuCount = _request.VcpuCount,
                ShownCalls = _request.ShownCalls,
            },
            Memory = bytes,
            Cpuid = _request.Cpuid,
            Console = _request.Console,
            DebugOutput = _request.DebugOutput,
            Kernel = file,
            Ramdisk = _request.Ramdisk,
            CommandLine = ModuleCommandLine.Of(boot.Modules[0].CommandLine, boot.LoaderName),
            Cpu = _request.Cpu,
        });
        error = build.Complete();
        domain = build.Made;
        return error;
    }
}
