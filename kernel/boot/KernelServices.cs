namespace Xenolith.Kernel;

/// <summary>
/// What the kernel gives to what runs on it, put together while it boots. In the image <c>Boot.Current</c> is the one instance; a test makes
/// its own.
/// </summary>
public sealed class KernelServices
{
    public required BootInformation Information { get; init; }

    public required PhysicalMemory Memory { get; init; }

    public required FrameAllocator Frames { get; init; }

    public required Log Log { get; init; }

    public required CommandLine Options { get; init; }

    /// <summary>What is typed on the console.</summary>
    public ConsoleInput Input { get; } = new();

    /// <summary>The physical CPUs; the drivers start them before the top of the image starts.</summary>
    public CpuTable Cpus { get; } = new();

    /// <summary>Messages between them; the drivers set it when there is more than one.</summary>
    public CpuMessages Messages { get; set; } = new(null);

    /// <summary>The clock; the drivers set it before the top of the image starts.</summary>
    public required Clock Clock { get; set; }

    /// <summary>Power and reset; the drivers set it before the top of the image starts.</summary>
    public required PowerControl Power { get; set; }

    /// <summary>Who is asked before a fault panics; null: nobody.</summary>
    public FaultContainment? Containment { get; set; }

    /// <summary>Who knows what each CPU works at; null: nobody.</summary>
    public CpuActivity? Activity { get; set; }

    /// <summary>Who adds to a panic what it knows; null: nobody.</summary>
    public PanicReport? Report { get; set; }

    /// <summary>Gives a boot module's frames to the allocator. Its bytes are gone afterwards. Frames it shares with others stay.</summary>
    public void ReleaseModule(BootModule module)
    {
        ulong first = (module.Start + Page.OffsetMask) >> Page.Shift;
        ulong end = (module.Start + module.Length) >> Page.Shift;
        if (first < end)
        {
            Frames.AddRange(new Mfn(first), end - first);
        }
    }
}
