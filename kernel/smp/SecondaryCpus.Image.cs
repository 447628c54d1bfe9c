using System;
using System.Runtime;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Threading;

namespace Xenolith.Kernel;

/// <summary>
/// CPUs beside the one that booted. Whoever can interrupt them readies the next one here, sends it to <see cref="StartPage"/>, and waits until it is up.
/// </summary>
public sealed unsafe class SecondaryCpus
{
    private const ulong LowMemory = 640 << 10;
    private const int TrampolineBytes = 40;
    private const uint EferMsr = 0xC000_0080;
    private const uint EferLongMode = 1 << 8;
    private const uint EferNoExecute = 1 << 11;
    private const uint PatMsr = 0x277;

    // A CPU that comes up has no object at hand.
    private static SecondaryCpus? s_current;

    private readonly KernelServices _services;
    private readonly AddressSpace _space;
    private readonly CpuWork _prepare;
    private readonly CpuFeatures _features;
    private readonly ulong _pat;
    private readonly ulong _trampoline;
    private uint _apicId;
    private ulong _blockReady;

    private SecondaryCpus(KernelServices services, AddressSpace space, CpuWork prepare, ulong trampoline)
    {
        _services = services;
        _space = space;
        _prepare = prepare;
        _trampoline = trampoline;
        _features = CpuFeatures.Detect();
        _pat = Cpu.TryReadMsr(PatMsr, out ulong pat) ? pat : 0;
    }

    /// <summary>The page, counted from address 0, at which a CPU starts: the vector of the start-up interrupt.</summary>
    public byte StartPage => (byte)(_trampoline >> Page.Shift);

    /// <summary>The CPU last readied has come up.</summary>
    public bool IsUp => Volatile.Read(ref Parameters().Stage) != 0;

    /// <summary>The time-stamp counter of the CPU last readied, as it came up.</summary>
    public ulong TscAtStart => Volatile.Read(ref Parameters().Tsc);

    /// <summary>Readies the way. Null: no page below 640 KiB is RAM and free.</summary>
    /// <param name="services">The kernel's.</param>
    /// <param name="space">What all CPUs run in.</param>
    /// <param name="prepare">What a CPU does first, before it counts as up: its interrupt controller.</param>
    public static SecondaryCpus? TryCreate(KernelServices services, AddressSpace space, CpuWork prepare)
    {
        ulong page = FindPage(services);
        if (page == 0)
        {
            return null;
        }

        s_current = new SecondaryCpus(services, space, prepare, page);
        return s_current;
    }

    /// <summary>Makes the memory of the next CPU. False: there is not enough.</summary>
    /// <param name="cpu">Its number.</param>
    /// <param name="apicId">Its local APIC's.</param>
    public bool TryReady(int cpu, uint apicId)
    {
        // What a CPU that did not answer was to have, the next one gets.
        if (_blockReady == 0 && !_space.TryMapCpuBlock(cpu, out _blockReady))
        {
            return false;
        }

        CpuBlocks.Add(cpu, _blockReady);
        _apicId = apicId;

        // unsafe: the stub's data; the trampoline is copied out of the image.
        ref SecondaryParameters parameters = ref Parameters();
        parameters.PageTable = _space.Root;
        parameters.Stack = _blockReady + CpuBlocks.StackHigh(0);
        parameters.ExtendedFeatures = (uint)Cpu.ReadMsr(EferMsr) & (EferLongMode | EferNoExecute);
        Volatile.Write(ref parameters.Stage, 0);
        new ReadOnlySpan<byte>(TrampolineAddress(), TrampolineBytes).CopyTo(_services.Memory.Bytes(_trampoline, TrampolineBytes));
        Interlocked.MemoryBarrier();
        return true;
    }

    /// <summary>The CPU last readied is up: its memory is its own.</summary>
    public void Keep() => _blockReady = 0;

    /// <summary>The CPU last readied did not answer.</summary>
    public void Forget(int cpu) => CpuBlocks.Remove(cpu);

    [RuntimeExport("kernel_secondary_start")]
    private static void Start()
    {
        DescriptorTables.LoadFor(CurrentCpu.Block);
        s_current!.Run();
    }

    private void Run()
    {
        _features.EnableProtections();
        if (_pat != 0)
        {
            Cpu.WriteMsr(PatMsr, _pat);
        }

        _prepare.Run();
        _services.Cpus.Add(CurrentCpu.Number, _apicId);
        ref SecondaryParameters parameters = ref Parameters();
        Volatile.Write(ref parameters.Tsc, Cpu.ReadTsc());
        Volatile.Write(ref parameters.Stage, 1);
        CpuWork? done = null;
        while (true)
        {
            _services.Messages.Poll();
            if (_services.Cpus.Work is { } work && !ReferenceEquals(work, done))
            {
                done = work;
                work.Run();
            }
            else
            {
                Cpu.Idle();
            }
        }
    }

    // The highest page of low RAM that no module and nothing kept lies in: firmware and loaders use the lower ones.
    private static ulong FindPage(KernelServices services)
    {
        for (ulong page = LowMemory - Page.Size; page != 0; page -= Page.Size)
        {
            if (services.Memory.IsRam(page, Page.Size) && !IsTaken(services.Information, page))
            {
                return page;
            }
        }

        return 0;
    }

    private static bool IsTaken(BootInformation information, ulong page)
    {
        foreach (BootModule module in information.Modules.AsSpan())
        {
            if (module.Start < page + Page.Size && page < module.Start + module.Length)
            {
                return true;
            }
        }

        MemoryRange kept = information.KeptData;
        return kept.Start < page + Page.Size && page < kept.End;
    }

    private static ref SecondaryParameters Parameters() => ref Unsafe.AsRef<SecondaryParameters>(ParametersAddress());

    [RuntimeImport("*", "kernel_secondary_parameters_address")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern void* ParametersAddress();

    [RuntimeImport("*", "kernel_secondary_trampoline_address")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern void* TrampolineAddress();

    // What the entry reads and answers (SecondaryEntry.stub.cs knows the order).
    [StructLayout(LayoutKind.Sequential)]
    private struct SecondaryParameters
    {
        public ulong PageTable;
        public ulong Stack;
        public uint ExtendedFeatures;
        public uint Stage;
        public ulong Tsc;
    }
}
