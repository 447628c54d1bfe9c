using System;
using System.Runtime;
using System.Runtime.CompilerServices;
using Xenolith.Runtime;

namespace Xenolith.Kernel;

/// <summary>The first C# that runs: from the boot entry's temporary tables to a kernel that the top of the image can stand on.</summary>
internal static unsafe class KernelStart
{
    // What the temporary tables map at least (BootEntry.stub.cs).
    private const ulong EarlyReach = 4UL << 30;
    private const ulong LowMemory = 1UL << 20;

    [RuntimeExport("kernel_start")]
    private static void Start(uint magic, uint information)
    {
        DescriptorTables.Load();
        Startup.Initialize();
        CpuBlocks.Install();
        Interrupts.Install();
        var log = new Log();
        Boot.SetLog(log);
        BootInformation boot = ReadInformation(magic, information);
        var options = new CommandLine(boot.CommandLine, KernelOptions.Create());
        LogOptions.Apply(log, options);
        NonMaskable.IsIgnored = options.TryGetText("nmi", out ReadOnlySpan<char> nmi) && nmi.SequenceEqual("ignore".AsSpan());
        Boot.NoReboot = options.GetBoolean("noreboot", false) || options.ListHas("reboot", "no", false);
        log.Info($"build {ImageSymbols.Open().BuildId:x16}");
        log.Info($"started by {(boot.LoaderName.Length == 0 ? "a loader without a name" : boot.LoaderName)} ({boot.Protocol}), options \"{boot.CommandLine}\"");

        ref readonly ImageLayout layout = ref ImageLayout.Current;
        MemoryRange[] ram = MemoryMap.WholeFramesOfRam(Manageable(boot.MemoryMap, log), layout.StartPhysical, layout.EndPhysical);
        var memory = new DirectMapMemory(ram);
        FrameAllocator frames = CreateFrames(memory, boot, ram);
        ChunkSource.UseFrames(frames);
        LogOptions.ApplyRingSize(log, options);
        CpuFeatures features = CpuFeatures.Detect();
        AddressSpace? space = AddressSpace.TryBuild(memory, frames, new HostPageFormat(features.HasNoExecute, features.HasGigabytePages), ram);
        if (space is null)
        {
            Panic.Stop("not enough RAM for the page tables");
        }

        features.EnableProtections();
        space.Activate();
        AddHighFrames(frames, ram);
        log.Info($"{frames.TotalFrames >> 8} MiB of RAM managed, {frames.FreeFrames >> 8} MiB free");

        var services = new KernelServices
        {
            Information = boot,
            Memory = memory,
            Frames = frames,
            Log = log,
            Options = options,
            Clock = new StoppedClock(),
            Power = new HaltingPower(log, Boot.NoReboot),
        };
        Boot.SetServices(services, space);
        StartDrivers();
        StartTop();
        Panic.Now("the top of the image returned");
    }

    private static BootInformation ReadInformation(uint magic, uint address)
    {
        ref readonly ImageLayout layout = ref ImageLayout.Current;
        var everything = new DirectMapMemory([new MemoryRange(0, EarlyReach, MemoryKind.Ram)]);
        BootInformation? information;
        string error;
        bool isGood = magic switch
        {
            Multiboot2.LoaderMagic => Multiboot2.TryRead(everything, address, layout.StartPhysical, layout.EndPhysical, out information, out error),
            PvhStartInfo.Magic => PvhStartInfo.TryRead(everything, address, layout.StartPhysical, layout.EndPhysical, out information, out error),
            _ => Multiboot.TryRead(everything, address, layout.StartPhysical, layout.EndPhysical, out information, out error),
        };
        if (!isGood)
        {
            Panic.Stop(error);
        }

        return information!;
    }

    // The map, with what the frame table can't describe counted as reserved.
    private static MemoryRange[] Manageable(MemoryRange[] map, Log log)
    {
        const ulong physicalEnd = 1UL << 52;
        var all = new MemoryRange[map.Length + 1];
        all[^1] = new MemoryRange(FrameAllocator.ManageableBytes, physicalEnd - FrameAllocator.ManageableBytes, MemoryKind.Reserved);
        for (int i = 0; i < map.Length; i++)
        {
            all[i] = map[i];
            if (map[i].Kind == MemoryKind.Ram && map[i].End > FrameAllocator.ManageableBytes)
            {
                log.Warning("RAM from 1 TiB on is not used");
            }
        }

        return all;
    }

    // Only RAM that the temporary tables reach is given out until the final tables are in use.
    private static FrameAllocator CreateFrames(PhysicalMemory memory, BootInformation boot, MemoryRange[] ram)
    {
        var reserved = new MemoryRange[boot.Modules.Length + 2];
        reserved[^1] = boot.KeptData;
        reserved[0] = new MemoryRange(0, LowMemory, MemoryKind.Reserved);
        for (int i = 0; i < boot.Modules.Length; i++)
        {
            reserved[i + 1] = new MemoryRange(boot.Modules[i].Start, boot.Modules[i].Length, MemoryKind.Reserved);
        }

        FrameAllocator? frames = FrameAllocator.TryCreate(memory, ram, reserved, EarlyReach);
        if (frames is null)
        {
            Panic.Stop("no RAM below 4 GiB has room for the frame table");
        }

        return frames;
    }

    private static void AddHighFrames(FrameAllocator frames, MemoryRange[] ram)
    {
        foreach (MemoryRange range in ram.AsSpan())
        {
            ulong start = Math.Max(range.Start, EarlyReach);
            if (start < range.End)
            {
                frames.AddRange(Mfn.Of(start), (range.End - start) >> Page.Shift);
            }
        }
    }

    // An image without drivers (image.ld names this when nothing exports drivers_start).
    [RuntimeExport("kernel_start_without_drivers")]
    private static void NoDrivers() => Boot.Current.Log.TryAddDevice(new EarlyConsole(), replay: true);

    [RuntimeImport("*", "drivers_start")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern void StartDrivers();

    [RuntimeImport("*", "image_main")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern void StartTop();
}
