using System;
using System.Linq;
using System.Runtime.InteropServices;
using System.Text;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Hal;
using Xenolith.Kernel;
using Xenolith.Mm;
using Xenolith.Tests.Unit.Harness;
using Xenolith.Tests.Unit.Policy;
using Xunit;

namespace Xenolith.Tests.Unit.Builder;

public sealed class InitialDomainBuilderTests : IDisposable
{
    private readonly TestMachine _machine = new(192);
    private readonly CapturingConsole _guestConsole = new();

    public void Dispose() => _machine.Dispose();

    [Theory]
    [InlineData("elf")]
    [InlineData("lz4")]
    [InlineData("gzip")]
    [InlineData("zstd")]
    [InlineData("xz")]
    public void BuildsADomainFromEachKindOfKernel(string kind)
    {
        byte[] elf = ElfFactory.Simple(0x1000000, 0x12345, 0x4000).Build();
        byte[] kernel = kind switch
        {
            "lz4" => BzImageFactory.WrapLz4(elf),
            "gzip" => BzImageFactory.WrapGzip(elf),
            "zstd" => BzImageFactory.WrapZstd(elf),
            "xz" => BzImageFactory.WrapXz(elf),
            _ => elf,
        };
        byte[] initrd = CompressionSamples.Sample(4);
        ulong freeBefore = 0;

        Assert.Null(TryBuild("64M", out Domain? built, () => freeBefore = _machine.Frames.FreeFrames, (kernel, "vmlinuz console=hvc0"), (initrd, "initrd")));
        Domain domain = built!;
        VirtualCpu cpu = domain.Vcpus[0].Cpu;

        // The entry state of docs/misc/pvh.pandoc.
        Assert.Equal(0x1000000u, cpu.Rip);
        Assert.Equal(0x11u, cpu.Cr0);
        Assert.Equal(0u, cpu.Cr4);
        Assert.Equal(0u, cpu.Efer);
        Assert.Equal(2u, cpu.Rflags);
        Assert.Equal(new Segment(0, 0xC9B, uint.MaxValue, 0), cpu.GetSegment(SegmentName.Cs));
        Assert.Equal(new Segment(0, 0xC93, uint.MaxValue, 0), cpu.GetSegment(SegmentName.Ss));
        Assert.Equal(new Segment(0, 0x8B, 0x67, 0), cpu.GetSegment(SegmentName.Tr));
        Assert.True(domain.Vcpus[0].IsRunnable);

        HvmStartInfo info = Read<HvmStartInfo>(domain, cpu.Registers.Rbx);
        Assert.Equal(0x336EC578u, info.Magic);
        Assert.Equal(1u, info.Version);
        Assert.Equal(3u, info.Flags);
        Assert.Equal(1u, info.ModuleCount);
        Assert.Equal("console=hvc0", Text(domain, info.CommandLine));
        HvmModlistEntry module = Read<HvmModlistEntry>(domain, info.ModuleList);
        Assert.Equal((ulong)initrd.Length, module.Size);
        Assert.Equal(initrd, Bytes(domain, module.Address, initrd.Length));
        Assert.Equal("RSD PTR ", Encoding.ASCII.GetString(Bytes(domain, info.Rsdp, 8)));
        Assert.Equal(3u, info.MemoryMapEntries);
        HvmMemmapTableEntry ram = Read<HvmMemmapTableEntry>(domain, info.MemoryMap);
        Assert.Equal((0UL, 64UL << 20, 1u), (ram.Address, ram.Size, ram.Type));
        Assert.Equal(info.MemoryMapEntries, (uint)domain.MemoryMap.Length);
        Assert.Equal((ram.Address, ram.Size, ram.Type), (domain.MemoryMap[0].Address, domain.MemoryMap[0].Size, domain.MemoryMap[0].Type));

        // The kernel, and zeroes behind it.
        Assert.Equal(Bytes(domain, 0x1000000, 0x12345), ElfFactory.Simple(0x1000000, 0x12345).Segments[0].Bytes);
        Assert.All(Bytes(domain, 0x1012345, 0x4000), value => Assert.Equal(0, value));

        Assert.Equal(0xFEFFFu, domain.Parameters[(int)HvmParameter.ConsolePfn]);
        Assert.NotEqual(0u, domain.Parameters[(int)HvmParameter.ConsoleEvtchn]);
        Assert.Equal(0u, domain.Parameters[(int)HvmParameter.StorePfn]);
        Assert.True(domain.P2m.Lookup(new Gfn(0xFEFFC)).IsRam);
        Assert.Equal((64UL << 8) + 9, domain.TotalPages);

        domain.Dispose();
        Assert.Equal(freeBefore, _machine.Frames.FreeFrames);
    }

    [Fact]
    public void GivesAllThatIsFreeLessAMargin()
    {
        byte[] kernel = BzImageFactory.WrapLz4(ElfFactory.Simple(0x1000000, 0x800000).Build());
        ulong free = 0;
        Assert.Null(TryBuild("", out Domain? built, () => free = _machine.Frames.FreeFrames, (kernel, "k")));
        // The frames that the unpacked kernel borrowed are in it too.
        Assert.Equal(free - (16UL << 8) + 9, built!.TotalPages);
    }

    [Theory]
    [InlineData("16M", BuildErrorKind.TooManyVcpus, 129)]
    [InlineData("16M", BuildErrorKind.TooManyVcpus, 0)]
    [InlineData("100G", BuildErrorKind.MemoryNotAvailable, 1)]
    [InlineData("wrong", BuildErrorKind.BadMemoryOption, 1)]
    [InlineData("1M", BuildErrorKind.MemoryTooSmall, 1)]
    [InlineData("-1G", BuildErrorKind.MemoryTooSmall, 1)]
    public void NamesImpossibleRequests(string memory, BuildErrorKind kind, int vcpus) =>
        Expect(kind, memory, "pvh", vcpus, (ElfFactory.Simple().Build(), "k"));

    [Theory]
    [InlineData("pv")]
    [InlineData("hvm")]
    [InlineData("pvh,fast")]
    public void NamesWrongDomainOptions(string option) =>
        Expect(BuildErrorKind.BadDomainOption, "16M", option, 1, (ElfFactory.Simple().Build(), "k"));

    [Fact]
    public void SaysWhichDomainOptionsHaveNoEffect()
    {
        Assert.Null(TryBuild("16M", out _, null, "pvh,verbose,no-cpuid-faulting", 1, (ElfFactory.Simple().Build(), "k")));
        Assert.Contains("dom0: verbose is accepted, without effect", _machine.Console.Text);
        Assert.Contains("dom0: no-cpuid-faulting is accepted", _machine.Console.Text);
    }

    [Fact]
    public void LoadsAndStartsAMovedKernelWhereItWasMoved()
    {
        ElfFactory factory = ElfFactory.Simple(0x4000_0000, 0x3456, 0x2000, relocation: [0x100000, 0x500000]);
        Assert.Null(TryBuild("16M", out Domain? built, null, (factory.Build(), "k")));
        Assert.Equal(0x500000u, built!.Vcpus[0].Cpu.Rip);
        Assert.Equal(factory.Segments[0].Bytes, Bytes(built, 0x500000, 0x3456));
    }

    [Fact]
    public void NamesWrongModules()
    {
        byte[] good = ElfFactory.Simple().Build();
        Expect(BuildErrorKind.NoModule, "16M", "", 1);
        Expect(BuildErrorKind.NotAKernel, "16M", "", 1, ("\x1F\x8B\x08 a gzip file"u8.ToArray(), "k"));
        Expect(BuildErrorKind.NotAKernel, "16M", "", 1, (new byte[5000], "k"));
        Expect(BuildErrorKind.Truncated, "16M", "", 1, (good[..(good.Length / 2)], "k"));
        Expect(BuildErrorKind.NoEntryNote, "16M", "", 1, (new ElfFactory { Segments = { (0x100000, new byte[16], 16) } }.Build(), "k"));
        Expect(BuildErrorKind.InitrdDoesNotFit, "16M", "", 1, (good, "k"), (new byte[16 << 20], "initrd"));
        Expect(BuildErrorKind.CommandLineTooLong, "16M", "", 1, (good, "k " + new string('x', 2048)));
        byte[] damaged = BzImageFactory.WrapGzip(good);
        damaged[2600] ^= 0x55;
        Expect(BuildErrorKind.CorruptPayload, "16M", "", 1, (damaged, "k"));
        byte[] huge = BzImageFactory.Wrap([.. CompressionSamples.Lz4Legacy(good), 0, 0, 0, 0x20]);
        Expect(BuildErrorKind.NoRoomToUnpack, "16M", "", 1, (huge, "k"));
    }

    [Fact]
    public void RefusesModulesThatAreTooBigOrNotMemory()
    {
        var modules = new[] { new BootModule(0x1000, 3UL << 30, "k") };
        Assert.Equal(BuildErrorKind.ModuleTooBig, InitialDomainBuilder.TryBuild(Request(modules, "16M", "", 1), out _)!.Kind);
        modules = [new BootModule(1UL << 40, 4096, "k")];
        Assert.Equal(BuildErrorKind.ModuleOutsideMemory, InitialDomainBuilder.TryBuild(Request(modules, "16M", "", 1), out _)!.Kind);
    }

    private void Expect(BuildErrorKind kind, string memory, string option, int vcpus, params (byte[] Bytes, string Text)[] modules)
    {
        ulong free = 0;
        BuildError? error = TryBuild(memory, out Domain? built, () => free = _machine.Frames.FreeFrames, option, vcpus, modules);
        Assert.Null(built);
        Assert.NotNull(error);
        Assert.Equal(kind, error.Kind);
        Assert.Equal(free, _machine.Frames.FreeFrames);
        Assert.Equal(0, _machine.Services.Domains.Count);
        Assert.True(error.Message.Length < BuildMessage.Capacity, error.Message);
    }

    private BuildError? TryBuild(string memory, out Domain? built, Action? before, params (byte[] Bytes, string Text)[] modules) =>
        TryBuild(memory, out built, before, "pvh", 1, modules);

    private BuildError? TryBuild(string memory, out Domain? built, Action? before, string option, int vcpus, params (byte[] Bytes, string Text)[] modules)
    {
        BootModule[] placed = modules.Select(Place).ToArray();
        before?.Invoke();
        return InitialDomainBuilder.TryBuild(Request(placed, memory, option, vcpus), out built);
    }

    private InitialDomainRequest Request(BootModule[] modules, string memory, string option, int vcpus) => new()
    {
        Services = _machine.Services,
        Boot = new BootInformation { CommandLine = "", LoaderName = "", MemoryMap = [], Modules = modules },
        Cpuid = HostCpuidTable.Intel(),
        Console = _guestConsole,
        MemoryOption = memory,
        DomainOption = option,
        VcpuCount = vcpus,
        Ramdisk = modules.Length > 1 ? modules[1] : null,
    };

    private BootModule Place((byte[] Bytes, string Text) module)
    {
        int order = 0;
        while ((4096 << order) < module.Bytes.Length)
        {
            order++;
        }

        Assert.True(_machine.Frames.TryAllocate(order, FrameAllocator.HypervisorOwner, FrameType.Unspecified, out Mfn mfn));
        module.Bytes.CopyTo(_machine.Memory.Bytes(mfn.Address, module.Bytes.Length));
        return new BootModule(mfn.Address, (ulong)module.Bytes.Length, module.Text);
    }

    private static T Read<T>(Domain domain, ulong address) where T : unmanaged => MemoryMarshal.Read<T>(Bytes(domain, address, Marshal.SizeOf<T>()));

    private static byte[] Bytes(Domain domain, ulong address, int length)
    {
        byte[] bytes = new byte[length];
        Assert.True(domain.Memory.TryRead(address, bytes));
        return bytes;
    }

    private static string Text(Domain domain, ulong address)
    {
        byte[] bytes = Bytes(domain, address, 256);
        return Encoding.ASCII.GetString(bytes, 0, Array.IndexOf(bytes, (byte)0));
    }
}
