using Xenolith.Kernel;

namespace Xenolith.Domains;

/// <summary>
/// What a domain beside the initial one is made from, as often as it asks for a reboot: what its module's words say, its kernel,
/// unpacked, and its initrd. Made at start-up, and immortal.
/// </summary>
public sealed class DomainRecipe
{
    private readonly DomainServices _services;
    private readonly KernelFile _kernel;
    private bool _isReleased;

    private DomainRecipe(DomainServices services, DomainSpecification words, KernelFile kernel)
    {
        _services = services;
        Words = words;
        _kernel = kernel;
        Subject = new BuildMessage().Add("domain ").Add(words.Name).ToString();
    }

    // What the toolstack of Xen gives a domain by default (event_channels of xl.cfg).
    private const uint DefaultMaximumEventPort = 1023;

    /// <summary>What the module's words ask for.</summary>
    public DomainSpecification Words { get; }

    /// <summary>The domain in words, for messages.</summary>
    public string Subject { get; }

    /// <summary>Opens and unpacks the kernel. Null: <paramref name="recipe"/> is set. Allocates: for the start only.</summary>
    public static BuildError? TryPrepare(DomainServices services, DomainSpecification words, out DomainRecipe? recipe)
    {
        recipe = null;
        BuildError? error = words.Ramdisk is { } ramdisk ? KernelFile.CheckModule(services.Memory, ramdisk, "initrd") : null;
        KernelFile? kernel = null;
        error ??= KernelFile.TryOpen(services.Memory, services.Frames, words.Kernel, out kernel);
        if (error is null)
        {
            // Whether it can be a guest at all is said before anything runs.
            error = ElfImage.TryParse(kernel!.Bytes, out _);
            if (error is null)
            {
                recipe = new DomainRecipe(services, words, kernel);
            }
            else
            {
                kernel.Release();
            }
        }

        return error;
    }

    /// <summary>Begins to make the domain. Allocates: with the domain's arena open.</summary>
    /// <param name="console">The device behind the console ring.</param>
    /// <param name="debugOutput">The device behind port 0xE9.</param>
    public DomainBuild Begin(ushort id, HostCpuid cpuid, ConsoleDevice console, ConsoleDevice debugOutput) => new(new DomainRequest
    {
        Services = _services,
        Options = new DomainOptions
        {
            Id = id,
            Name = Words.Name,
            IsPrivileged = Words.IsPrivileged,
            VcpuCount = Words.VcpuCount,
            Weight = Words.Weight,
            Cap = Words.Cap,
            Cpus = new CpuSet(Words.Cpus),
            MaximumEventPort = DefaultMaximumEventPort,
            ShownCalls = Words.ShownCalls,
            Altp2mMode = Words.Altp2mMode,
            MaximumViews = Words.MaximumViews,
            ViewOptions = Words.ViewOptions,
        },
        Memory = Words.Memory,
        Cpuid = cpuid,
        Console = console,
        DebugOutput = debugOutput,
        Kernel = _kernel,
        Ramdisk = Words.Ramdisk,
        CommandLine = Words.CommandLine,
        Subject = Subject,
        MemoryWord = "memory=",
        KeepsKernel = Words.RestartsOnReboot,
    });

    /// <summary>Whether the module's own bytes are still needed: not when the kernel was unpacked from them.</summary>
    public bool NeedsKernelModule => !_kernel.IsUnpacked;

    /// <summary>Gives the frames of the unpacked kernel back, and leaves the modules as they are: nothing is started.</summary>
    public void Discard() => _kernel.Release();

    /// <summary>Gives the files' frames to the allocator: the domain is not made again.</summary>
    /// <param name="kernel">What the kernel below offers.</param>
    public void Release(KernelServices kernel)
    {
        if (_isReleased)
        {
            return;
        }

        _isReleased = true;
        _kernel.Release();
        if (NeedsKernelModule)
        {
            kernel.ReleaseModule(Words.Kernel);
        }

        if (Words.Ramdisk is { } ramdisk)
        {
            kernel.ReleaseModule(ramdisk);
        }
    }
}
