using System;
using System.Runtime.InteropServices;
using Xenolith.Abi;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xunit;

namespace Xenolith.Tests.Unit.Abi;

/// <summary>platform_op, and the small calls about a machine's hardware. What is expected is what 4.17.7 answered, but where a test says otherwise.</summary>
public sealed class PlatformCallTests
{
    private const ulong Buffer = CallFixture.List;

    private static long Call(CallFixture guest, PlatformOp operation, ref PlatformArgument argument)
    {
        argument.Command = (uint)operation;
        argument.InterfaceVersion = InterfaceVersions.Platform;
        guest.Write(CallFixture.Argument, argument);
        long result = guest.Call((ulong)Hypercall.PlatformOp, CallFixture.Argument);
        argument = guest.Read<PlatformArgument>(CallFixture.Argument);
        return result;
    }

    /// <summary>A word of shared_info.</summary>
    private static uint Word(Domain domain, int offset) => BitConverter.ToUInt32(domain.Services.Memory.Frame(domain.SharedInfo.Frame.Mfn).Slice(offset));

    private static long Error(Errno error) => -(long)error;

    [Fact]
    public void The_argument_the_version_and_the_caller_are_looked_at_in_this_order()
    {
        using var guest = new CallFixture(isPrivileged: false, id: 3);
        Assert.Equal(Error(Errno.EFAULT), guest.Call((ulong)Hypercall.PlatformOp, guest.Hole));
        guest.Write(CallFixture.Argument, new PlatformArgument { Command = 99, InterfaceVersion = 0x0300_0000 });
        Assert.Equal(Error(Errno.EACCES), guest.Call((ulong)Hypercall.PlatformOp, CallFixture.Argument));
        PlatformArgument argument = default;
        Assert.Equal(Error(Errno.EPERM), Call(guest, (PlatformOp)99, ref argument));
    }

    /// <summary>The administrator's rules hold for the operation that they name.</summary>
    [Fact]
    public void What_a_rule_forbids_is_refused()
    {
        using var guest = new CallFixture();
        Assert.Null(CallPolicy.TryParse("0:XENPF_settime*:*", out CallPolicy? policy));
        guest.Dispatcher.Policy = policy!;
        PlatformArgument argument = default;
        Assert.Equal(Error(Errno.EPERM), Call(guest, PlatformOp.Settime64, ref argument));
        Assert.Equal(Error(Errno.EPERM), Call(guest, PlatformOp.Settime32, ref argument));
        Assert.Equal(0, Call(guest, PlatformOp.GetCpuVersion, ref argument));
    }

    /// <summary>An argument that is all zero, for each number up to some past the last.</summary>
    [Fact]
    public void Zeros_are_answered_as_on_xen()
    {
        using var guest = new CallFixture();
        for (uint operation = 0; operation < 70; operation++)
        {
            Errno expected = (PlatformOp)operation switch
            {
                PlatformOp.Settime32 or PlatformOp.GetCpuVersion or PlatformOp.GetCpuinfo or PlatformOp.CpuOnline or PlatformOp.ResourceOp or PlatformOp.Settime64
                    or PlatformOp.GetSymbol => Errno.None,
                PlatformOp.AddMemtype or PlatformOp.PlatformQuirk or PlatformOp.FirmwareInfo or PlatformOp.MemHotadd or PlatformOp.CoreParking or PlatformOp.EnterAcpiSleep => Errno.EINVAL,
                PlatformOp.CpuOffline => Errno.EOPNOTSUPP,
                PlatformOp.MicrocodeUpdate => Errno.ENOENT,
                // Xen: 0, 0, and EEXIST, as APIC 0 is there.
                PlatformOp.DelMemtype or PlatformOp.ReadMemtype or PlatformOp.CpuHotadd => Errno.EINVAL,
                _ => Errno.ENOSYS,
            };
            PlatformArgument argument = default;
            Assert.Equal((operation, Error(expected)), (operation, Call(guest, (PlatformOp)operation, ref argument)));
        }
    }

    [Fact]
    public void The_wall_clock_is_set_for_all_domains()
    {
        using var guest = new CallFixture();
        using Domain other = guest.Machine.CreateDomain(2, 1, 4, isPrivileged: false);
        var argument = new PlatformArgument { TimeSeconds = 1_800_000_000, TimeReserved = 1 };
        Assert.Equal(Error(Errno.EINVAL), Call(guest, PlatformOp.Settime64, ref argument));
        Assert.Equal(1_700_000_000u, Word(other, 3076));
        argument = new PlatformArgument { TimeSeconds = 0x1_0000_0000, TimeNanoseconds = 1_500_000_000, TimeSystem = 250_000_000 };
        Assert.Equal(0, Call(guest, PlatformOp.Settime64, ref argument));
        foreach (Domain domain in new[] { guest.Domain, other })
        {
            Assert.Equal(1u, Word(domain, 3076));
            Assert.Equal(250_000_000u, Word(domain, 3080));
            Assert.Equal(1u, Word(domain, 3084));
            Assert.Equal(0u, Word(domain, 3072) & 1);
        }
        argument = new PlatformArgument { Time32Seconds = 77, Time32Nanoseconds = 5, Time32System = 5 };
        Assert.Equal(0, Call(guest, PlatformOp.Settime32, ref argument));
        Assert.Equal(77u, Word(other, 3076));
        using Domain later = guest.Machine.CreateDomain(2, 1, 5, isPrivileged: false);
        Assert.Equal(77u, Word(later, 3076));
    }

    [Fact]
    public void Firmware_was_asked_for_nothing()
    {
        using var guest = new CallFixture();
        for (uint kind = 0; kind < 7; kind++)
        {
            for (uint index = 0; index < 3; index++)
            {
                Errno expected = kind switch
                {
                    1 or 2 or 3 => Errno.ESRCH,
                    4 => Errno.ENOSYS,
                    5 => index == 0 ? Errno.None : Errno.ESRCH,
                    _ => Errno.EINVAL,
                };
                var argument = new PlatformArgument { FirmwareKind = kind, FirmwareIndex = index };
                Assert.Equal((kind, index, Error(expected)), (kind, index, Call(guest, PlatformOp.FirmwareInfo, ref argument)));
            }
        }
    }

    [Fact]
    public void Cpus_are_told_of_and_stay_in_use()
    {
        using var guest = new CallFixture();
        foreach (uint cpu in new uint[] { 0, 1, 100_000 })
        {
            var argument = new PlatformArgument { Cpu = cpu };
            Assert.Equal(0, Call(guest, PlatformOp.GetCpuinfo, ref argument));
            Assert.Equal((0u, cpu == 0 ? 1u : 2u, 0u), (argument.MaximumCpu, argument.CpuFlags, argument.CpuApicId));
            argument = new PlatformArgument { Cpu = cpu, CpuFamily = 9 };
            Assert.Equal(0, Call(guest, PlatformOp.GetCpuVersion, ref argument));
            // 0x806C1.
            Assert.Equal(cpu == 0 ? (6u, 0x8Cu, 1u) : (0, 0, 0), (argument.CpuFamily, argument.CpuModel, argument.CpuStepping));
            Assert.Equal(cpu == 0 ? (byte)'G' : (byte)0, argument.CpuVendor[0]);
            argument = new PlatformArgument { Cpu = cpu };
            Assert.Equal(cpu == 0 ? 0 : Error(Errno.EINVAL), Call(guest, PlatformOp.CpuOnline, ref argument));
            Assert.Equal(Error(cpu == 0 ? Errno.EOPNOTSUPP : Errno.EINVAL), Call(guest, PlatformOp.CpuOffline, ref argument));
        }
        foreach ((uint kind, uint count, Errno expected) in new[]
        {
            (0u, 0u, Errno.EINVAL), (1u, 0u, Errno.None), (2u, 7u, Errno.None), (3u, 0u, Errno.EINVAL),
            (1u, 1u, Errno.EOPNOTSUPP), // Xen parks it.
        })
        {
            var argument = new PlatformArgument { ParkingKind = kind, ParkedCpus = count };
            Assert.Equal(Error(expected), Call(guest, PlatformOp.CoreParking, ref argument));
            Assert.Equal(kind == 2 ? 0 : count, argument.ParkedCpus);
        }
    }

    [Fact]
    public void Sleep_power_and_quirks_are_refused_as_on_xen()
    {
        using var guest = new CallFixture();
        foreach ((uint state, uint flags, Errno expected) in new[]
        {
            (0u, 2u, Errno.EINVAL), (1u, 2u, Errno.EINVAL), (4u, 0u, Errno.EINVAL), (6u, 0u, Errno.EINVAL), (4u, 1u, Errno.EPERM),
        })
        {
            var argument = new PlatformArgument { SleepState = state, SleepFlags = flags };
            Assert.Equal(Error(expected), Call(guest, PlatformOp.EnterAcpiSleep, ref argument));
        }
        foreach ((uint kind, Errno expected) in new[] { (0u, Errno.ENOSYS), (2u, Errno.ENOSYS), (3u, Errno.EINVAL), (4u, Errno.EINVAL) })
        {
            var argument = new PlatformArgument { PowerKind = kind };
            Assert.Equal(Error(expected), Call(guest, PlatformOp.SetProcessorPminfo, ref argument));
        }
        for (uint quirk = 0; quirk < 5; quirk++)
        {
            var argument = new PlatformArgument { Quirk = quirk };
            Assert.Equal(quirk is 0 or 4 ? Error(Errno.EINVAL) : 0, Call(guest, PlatformOp.PlatformQuirk, ref argument));
        }
        var microcode = new PlatformArgument { Microcode = guest.Hole, MicrocodeLength = 16 };
        Assert.Equal(Error(Errno.EFAULT), Call(guest, PlatformOp.MicrocodeUpdate, ref microcode));
        microcode = new PlatformArgument { Microcode = Buffer, MicrocodeLength = 64 };
        Assert.Equal(Error(Errno.EINVAL), Call(guest, PlatformOp.MicrocodeUpdate, ref microcode));
        var symbol = new PlatformArgument { Symbol = 0x0FFF_FFFF };
        Assert.Equal(Error(Errno.ERANGE), Call(guest, PlatformOp.GetSymbol, ref symbol));
    }

    [Theory]
    [InlineData(MsrIndex.Tsc, 0, 0u, 1, 0)]
    [InlineData(MsrIndex.Tsc, 1, 0u, 0, -1)]
    [InlineData(MsrIndex.Tsc, 2, 0u, 0, -95)]
    [InlineData(MsrIndex.ApicBase, 0, 0u, 0, -1)]
    [InlineData(0xC8Fu, 1, 0u, 0, -1)]
    [InlineData(MsrIndex.Tsc, 0, 100_000u, 0, 0)]
    public void Of_registers_only_the_time_is_read(uint register, int command, uint cpu, long result, int entryResult)
    {
        using var guest = new CallFixture();
        guest.Machine.Clock.Advance(12_345);
        guest.Write(Buffer, new PlatformResource { Command = command, Index = register });
        var argument = new PlatformArgument { ResourceCount = 1, ResourceCpu = cpu, ResourceEntries = Buffer };
        Assert.Equal(result, Call(guest, PlatformOp.ResourceOp, ref argument));
        PlatformResource entry = guest.Read<PlatformResource>(Buffer);
        Assert.Equal(entryResult, entry.Command);
        Assert.Equal(result == 1 ? guest.Machine.Clock.Nanoseconds : entry.Value, entry.Value);
        argument = new PlatformArgument { ResourceCount = 5, ResourceEntries = Buffer };
        Assert.Equal(Error(Errno.EINVAL), Call(guest, PlatformOp.ResourceOp, ref argument));
        argument = new PlatformArgument { ResourceCount = 1, ResourceEntries = guest.Hole };
        Assert.Equal(Error(Errno.EFAULT), Call(guest, PlatformOp.ResourceOp, ref argument));
    }

    [Fact]
    public void Physdev_has_what_the_initial_domain_tells_of_pci()
    {
        using var guest = new CallFixture();
        using var plain = new CallFixture(isPrivileged: false, id: 3);
        for (uint operation = 0; operation < 34; operation++)
        {
            bool isHardware = operation is 24 or 25 or 26 or 29;
            Errno zero = operation == 24 ? Errno.ENODEV : isHardware ? Errno.None : Errno.ENOSYS;
            Assert.Equal((operation, Error(zero)), (operation, guest.Call(Hypercall.PhysdevOp, operation, Buffer)));
            Assert.Equal((operation, Error(isHardware ? Errno.EFAULT : Errno.ENOSYS)), (operation, guest.Call(Hypercall.PhysdevOp, operation, guest.Hole)));
            Assert.Equal(Error(Errno.ENOSYS), plain.Call(Hypercall.PhysdevOp, operation, Buffer));
        }
    }

    [Fact]
    public void Page_tables_of_paravirtual_guests_are_not_for_this_kind()
    {
        using var guest = new CallFixture();
        for (uint operation = 0; operation < 24; operation++)
        {
            guest.Write(Buffer, operation);
            Assert.Equal(Error(Errno.EINVAL), guest.Call((ulong)Hypercall.MmuextOp, Buffer, 1, 0, DomainIds.Self));
        }
        Assert.Equal(Error(Errno.EINVAL), guest.Call((ulong)Hypercall.MmuextOp, guest.Hole, 1, 0, DomainIds.Self));
        Assert.Equal(Error(Errno.ESRCH), guest.Call((ulong)Hypercall.MmuextOp, Buffer, 1, 0, 77));
        Assert.Equal(Error(Errno.EINVAL), guest.Call((ulong)Hypercall.MmuextOp, ulong.MaxValue, ulong.MaxValue, ulong.MaxValue, 0xFFFF_FFFF_FFFF_7FF0));
        Assert.Equal(Error(Errno.ENOSYS), guest.Call((ulong)Hypercall.HypfsOp, 0, Buffer, 16, Buffer));
    }

    [Fact]
    public void Memory_that_there_is_not_is_told_of()
    {
        using var guest = new CallFixture();
        long Memory(MemoryOp operation, ulong address) => guest.Call(Hypercall.MemoryOp, (ulong)operation, address);
        guest.Write(Buffer, new MachphysMfnList { MaximumExtents = 4, ExtentStart = Buffer + 64, ExtentCount = 9 });
        Assert.Equal(0, Memory(MemoryOp.MachphysMfnList, Buffer));
        Assert.Equal(0u, guest.Read<MachphysMfnList>(Buffer).ExtentCount);
        Assert.Equal(0, Memory(MemoryOp.GetSharingFreedPages, guest.Hole));
        Assert.Equal(0, Memory(MemoryOp.GetSharingSharedPages, guest.Hole));
        guest.WriteArray(Buffer, 1u, uint.MaxValue);
        Assert.Equal(0, Memory(MemoryOp.ReservedDeviceMemoryMap, Buffer));
        Assert.Equal([1u, 0u], guest.ReadArray<uint>(Buffer, 2));
        guest.WriteArray(Buffer, 2u, 4u);
        Assert.Equal(Error(Errno.EINVAL), Memory(MemoryOp.ReservedDeviceMemoryMap, Buffer));
        foreach ((ushort domain, ushort pad, Errno expected) in new[] { (DomainIds.Self, (ushort)0, Errno.EOPNOTSUPP), ((ushort)77, (ushort)0, Errno.ESRCH), ((ushort)77, (ushort)1, Errno.EINVAL) })
        {
            guest.Write(Buffer, new VnumaTopologyInfo { Domain = domain, Pad = pad });
            Assert.Equal(Error(expected), Memory(MemoryOp.GetVnumainfo, Buffer));
        }
        foreach (MemoryOp operation in new[] { MemoryOp.MachphysMfnList, MemoryOp.ReservedDeviceMemoryMap, MemoryOp.GetVnumainfo })
            Assert.Equal(Error(Errno.EFAULT), Memory(operation, guest.Hole));
    }

    [Fact]
    public void Random_arguments_are_survived()
    {
        using var guest = new CallFixture();
        var random = new Random(7);
        var bytes = new byte[136];
        for (int round = 0; round < 20_000; round++)
        {
            random.NextBytes(bytes);
            bytes.AsSpan(8).Slice(random.Next(128)).Clear();
            PlatformArgument argument = MemoryMarshal.Read<PlatformArgument>(bytes);
            Call(guest, (PlatformOp)random.Next(70), ref argument);
        }
        Assert.False(guest.Domain.IsShutDown);
    }
}
