using System;
using Xenolith.Abi.Contract;
using Xenolith.Kernel;
using Xenolith.Mm;

namespace Xenolith.Domains;

/// <summary>
/// Makes one domain, as a PVH guest (Xen, docs/misc/pvh.pandoc), in steps whose work is bounded by what each may touch, so that it can
/// be made while others run. What it refuses, it refuses by name. It allocates managed objects: make it, and take each step, with the
/// domain's arena open.
/// </summary>
public sealed class DomainBuild
{
    private const ulong FirstStep = 2UL << 20;

    private readonly DomainRequest _request;
    private readonly PhysicalMemory _memory;
    private readonly Log _log;
    private ElfImage _kernel = null!;
    private GuestLayout _layout = null!;
    private Domain? _domain;
    private Phase _phase;
    private ulong _lowStart;
    private ulong _done;
    private int _segment;

    public DomainBuild(DomainRequest request)
    {
        _request = request;
        _memory = request.Services.Memory;
        _log = request.Services.Log;
    }

    private enum Phase
    {
        Begin,
        KernelRam,
        KernelHighRam,
        Load,
        LowRam,
        HighRam,
        Ramdisk,
        Finish,
        Over,
    }

    /// <summary>Why it can't be made; then nothing is left behind.</summary>
    public BuildError? Error { get; private set; }

    /// <summary>The domain once it is whole: its first vCPU is up and stands at the kernel's entry.</summary>
    public Domain? Made => _phase == Phase.Over && Error is null ? _domain : null;

    private ulong RamdiskSize => _request.Ramdisk?.Length ?? 0;

    private bool HasHighKernel => _kernel.End > _layout.LowRamEnd;

    /// <summary>Takes all steps at once. Null: the domain is made.</summary>
    public BuildError? Complete()
    {
        while (!Step(ulong.MaxValue))
        {
        }

        return Error;
    }

    /// <summary>Goes on. True: it is over, one way or the other.</summary>
    /// <param name="budget">The most bytes of guest memory to fill in this step; at least 4,096.</param>
    public bool Step(ulong budget)
    {
        if (_phase == Phase.Over)
        {
            return true;
        }

        bool isDone = _phase switch
        {
            Phase.Begin => Begin(),
            Phase.KernelRam => Populate(0, _lowStart, budget),
            Phase.KernelHighRam => !HasHighKernel || Populate(GuestLayout.HighRamStart, _layout.HighRamEnd, budget),
            Phase.Load => Load(budget),
            Phase.LowRam => Populate(_lowStart, _layout.LowRamEnd, budget),
            Phase.HighRam => HasHighKernel || Populate(GuestLayout.HighRamStart, _layout.HighRamEnd, budget),
            Phase.Ramdisk => CopyRamdisk(budget),
            _ => Finish(),
        };
        if (Error is not null)
        {
            _domain?.Dispose();
            _domain = null;
            _phase = Phase.Over;
        }
        else if (isDone)
        {
            _phase++;
            _done = 0;
        }

        return _phase == Phase.Over;
    }

    /// <summary>Gives up: what is there so far goes back.</summary>
    public void Abandon()
    {
        if (_phase != Phase.Over)
        {
            _domain?.Dispose();
            _domain = null;
            _phase = Phase.Over;
            Error = OutOfMemory();
        }
    }

    private bool Begin()
    {
        Error = ElfImage.TryParse(_request.Kernel.Bytes, out ElfImage? kernel);
        if (Error is null && _request.CommandLine.Length > ModuleCommandLine.MaximumLength)
        {
            Error = new BuildMessage().Add("kernel: its command line has ").Add((ulong)_request.CommandLine.Length).Add(" characters; at most ")
                .Add(ModuleCommandLine.MaximumLength).Add(" are passed on").ToError(BuildErrorKind.CommandLineTooLong);
        }

        if (Error is not null)
        {
            return false;
        }

        const int mostMapEntries = 4;
        ulong startInfoSize = (ulong)StartInfoBlock.SizeFor(mostMapEntries, _request.CommandLine.Length);
        Error = GuestLayout.TryPlan(_request.Memory, kernel!, startInfoSize, RamdiskSize, out GuestLayout? layout, _request.Subject, _request.MemoryWord);
        if (Error is not null)
        {
            return false;
        }

        _kernel = kernel!;
        _layout = layout!;

        // The kernel's part of RAM first: then the frames of its unpacked file can go back, and the rest can use them.
        _lowStart = HasHighKernel ? _layout.LowRamEnd : Math.Min((_kernel.End + FirstStep - 1) & ~(FirstStep - 1), _layout.LowRamEnd);
        _request.Options.MaximumPages = (_request.Memory >> Page.Shift) + GuestLayout.SpecialPages + AcpiTables.Size / Page.Size;
        _domain = Domain.TryCreate(_request.Services, _request.Options);
        Error = _domain is null ? OutOfMemory() : null;
        return true;
    }

    private bool Populate(ulong start, ulong end, ulong budget)
    {
        start += _done;
        ulong length = start < end ? Math.Min(end - start, budget & ~Page.OffsetMask) : 0;
        if (length != 0 && _domain!.TryPopulate(Gfn.Of(start), length >> Page.Shift) != Errno.None)
        {
            Error = OutOfMemory();
        }

        _done += length;
        return start + length >= end;
    }

    private bool Load(ulong budget)
    {
        ReadOnlySpan<ElfSegment> segments = _kernel.Segments;
        GuestMemory memory = _domain!.Memory;
        ElfSegment segment = segments[_segment];
        bool good;
        if (_done < (ulong)segment.FileSize)
        {
            int length = (int)Math.Min((ulong)segment.FileSize - _done, budget);
            good = memory.TryWrite(segment.PhysicalAddress + _done, _request.Kernel.Bytes.Slice(segment.FileOffset + (int)_done, length));
            _done += (ulong)length;
        }
        else
        {
            ulong length = Math.Min(segment.MemorySize - _done, budget);
            good = memory.TryClear(segment.PhysicalAddress + _done, length);
            _done += length;
        }

        if (!good)
        {
            Error = OutOfMemory();
            return false;
        }

        if (_done < segment.MemorySize)
        {
            return false;
        }

        _done = 0;
        _segment++;
        if (_segment < segments.Length)
        {
            return false;
        }

        if (!_request.KeepsKernel)
        {
            _request.Kernel.Release();
        }

        return true;
    }

    private bool CopyRamdisk(ulong budget)
    {
        ulong length = Math.Min(RamdiskSize - _done, budget);
        if (length != 0 && !_domain!.Memory.TryCopyFromPhysical(_layout.InitrdAddress + _done, _request.Ramdisk!.Start + _done, length))
        {
            Error = OutOfMemory();
        }

        _done += length;
        return _done == RamdiskSize;
    }

    private bool Finish()
    {
        Domain domain = _domain!;
        bool good = TryPopulate(GuestLayout.AcpiAddress, AcpiTables.Size) && TryPopulate(GuestLayout.SpecialPagesAddress, GuestLayout.SpecialPages * Page.Size)
            && TryWriteTables(domain) && TryConnectConsole(domain);
        if (!good)
        {
            Error = OutOfMemory();
            return false;
        }

        DomainPolicies.Give(domain, _request.Cpuid, _request.Cpu);
        Vcpu first = domain.Vcpus[0];
        InitialVcpuState.Load(first.Cpu, _kernel.Entry, (uint)_layout.StartInfoAddress);
        first.IsInitialised = true;
        first.Up();
        ulong size = domain.TotalPages >> (20 - Page.Shift);
        _log.Info($"{_request.Subject}: {size} MiB, kernel at {_kernel.Start:x}-{_kernel.End:x}, entry {_kernel.Entry:x}, start_info {_layout.StartInfoAddress:x}, initrd {_layout.InitrdAddress:x}");
        return true;
    }

    private bool TryPopulate(ulong start, ulong length) => _domain!.TryPopulate(Gfn.Of(start), length >> Page.Shift) == Errno.None;

    private bool TryWriteTables(Domain domain)
    {
        var acpi = new byte[AcpiTables.Size];
        AcpiTables.Write(acpi, GuestLayout.AcpiAddress, domain.Vcpus.Length);
        HvmMemmapTableEntry[] map = _layout.ToMemoryMap();
        var block = new byte[StartInfoBlock.SizeFor(map.Length, _request.CommandLine.Length)];
        uint flags = (domain.IsPrivileged ? StartInfoFlags.Privileged : 0) | (domain.IsInitialDomain ? StartInfoFlags.InitialDomain : 0);
        StartInfoBlock.Write(block, _layout.StartInfoAddress, flags, _request.CommandLine, map, GuestLayout.AcpiAddress, _layout.InitrdAddress, RamdiskSize);
        var copy = new E820Entry[map.Length];
        for (int i = 0; i < map.Length; i++)
        {
            copy[i] = new E820Entry { Address = map[i].Address, Size = map[i].Size, Type = map[i].Type };
        }

        domain.SetMemoryMap(copy);
        return domain.Memory.TryWrite(GuestLayout.AcpiAddress, acpi) && domain.Memory.TryWrite(_layout.StartInfoAddress, block);
    }

    private bool TryConnectConsole(Domain domain)
    {
        var frame = new Gfn(GuestLayout.ConsoleFrame);
        if (!domain.Console.TryConnect(frame, _request.Console))
        {
            return false;
        }

        domain.Parameters[(int)HvmParameter.ConsolePfn] = frame.Value;
        domain.Parameters[(int)HvmParameter.ConsoleEvtchn] = domain.Console.Port;
        domain.DebugOutput = _request.DebugOutput;
        return true;
    }

    private BuildError OutOfMemory() => new BuildMessage().Add(_request.Subject).Add(": memory ran out while it was given ").AddSize(_request.Memory)
        .Add("; ask for less by ").Add(_request.MemoryWord).ToError(BuildErrorKind.OutOfMemory);
}
