using System;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Threading;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Hal;
using Xenolith.Kernel;
using Xenolith.Tests.Unit.Harness;
using Xunit;

namespace Xenolith.Tests.Unit.Domains;

/// <summary>HVM contexts: what is written is what is read, and nothing that a stream says is taken on trust.</summary>
public sealed class HvmContextTests : IDisposable
{
    private const int MxcsrOffset = 24, XmmOffset = 160;

    private const ulong Buffer = 0x10_0000;
    private const int Room = 0x8_0000;
    private const int DescriptorSize = 8;

    private static readonly uint[] HeldMsrs =
    [
        MsrIndex.SysenterCs, MsrIndex.SysenterEsp, MsrIndex.SysenterEip, MsrIndex.KernelGsBase, MsrIndex.LongStar, MsrIndex.Star,
        MsrIndex.CompatStar, MsrIndex.SyscallMask, MsrIndex.TscAux, MsrIndex.Pat,
    ];

    private readonly TestMachine _machine;
    private readonly Domain _control;
    private readonly Domain _target;
    private Errno _error;

    public HvmContextTests() : this(false)
    {
    }

    private HvmContextTests(bool keepsApics)
    {
        _machine = new TestMachine(32, keepsApics: keepsApics);
        _control = _machine.CreateDomain(4);
        _target = CreateTarget(1);
    }

    public void Dispose() => _machine.Dispose();

    private Domain CreateTarget(ushort id)
    {
        Domain domain = _machine.CreateDomain(2, vcpus: 3, id, isPrivileged: false);
        foreach (Vcpu vcpu in domain.Vcpus)
        {
            foreach (uint msr in HeldMsrs)
                TestMachine.Cpu(vcpu).HoldMsr(msr, msr == MsrIndex.Pat ? 0x0007_0406_0007_0406UL : 0);
        }
        return domain;
    }

    private byte[] Save(Domain domain)
    {
        var counter = ContextWriter.Counter;
        HvmContext.Save(domain, 0x806C1, ref counter);
        var writer = new ContextWriter(_control.Vcpus[0].Access, Buffer, Room);
        HvmContext.Save(domain, 0x806C1, ref writer);
        Assert.False(writer.HasFailed);
        Assert.Equal(counter.Length, writer.Length);
        var bytes = new byte[writer.Length];
        Assert.True(_control.Memory.TryRead(Buffer, bytes));
        return bytes;
    }

    private string? Load(Domain domain, ReadOnlySpan<byte> stream)
    {
        Assert.True(_control.Memory.TryWrite(Buffer, stream));
        var reader = new ContextReader(_control.Vcpus[0].Access, Buffer, (ulong)stream.Length);
        _error = HvmContext.Load(domain, ref reader, out string? problem);
        Assert.Equal(_error == Errno.None, problem is null);
        return problem;
    }

    private static List<(HvmRecord Code, int Instance, int Offset, int Length)> Records(byte[] stream)
    {
        var records = new List<(HvmRecord, int, int, int)>();
        for (int at = 0; at < stream.Length;)
        {
            var descriptor = MemoryMarshal.Read<HvmSaveDescriptor>(stream.AsSpan(at));
            at += DescriptorSize;
            records.Add(((HvmRecord)descriptor.TypeCode, descriptor.Instance, at, (int)descriptor.Length));
            at += (int)descriptor.Length;
        }
        return records;
    }

    private static int OffsetOf(byte[] stream, HvmRecord code, int instance = 0) =>
        Records(stream).First(r => r.Code == code && r.Instance == instance).Offset;

    private static byte[] With<T>(byte[] stream, int offset, T value) where T : unmanaged
    {
        byte[] copy = [.. stream];
        MemoryMarshal.Write(copy.AsSpan(offset), in value);
        return copy;
    }

    private static int Field(string name)
    {
        HvmHwCpu record = default;
        ref byte start = ref Unsafe.As<HvmHwCpu, byte>(ref record);
        return name switch
        {
            nameof(HvmHwCpu.Cr0) => (int)Unsafe.ByteOffset(ref start, ref Unsafe.As<ulong, byte>(ref record.Cr0)),
            nameof(HvmHwCpu.Cr4) => (int)Unsafe.ByteOffset(ref start, ref Unsafe.As<ulong, byte>(ref record.Cr4)),
            nameof(HvmHwCpu.Efer) => (int)Unsafe.ByteOffset(ref start, ref Unsafe.As<ulong, byte>(ref record.Efer)),
            nameof(HvmHwCpu.LongStar) => (int)Unsafe.ByteOffset(ref start, ref Unsafe.As<ulong, byte>(ref record.LongStar)),
            nameof(HvmHwCpu.KernelGsBase) => (int)Unsafe.ByteOffset(ref start, ref Unsafe.As<ulong, byte>(ref record.KernelGsBase)),
            nameof(HvmHwCpu.SysenterEip) => (int)Unsafe.ByteOffset(ref start, ref Unsafe.As<ulong, byte>(ref record.SysenterEip)),
            nameof(HvmHwCpu.PendingEvent) => (int)Unsafe.ByteOffset(ref start, ref Unsafe.As<uint, byte>(ref record.PendingEvent)),
            nameof(HvmHwCpu.Flags) => (int)Unsafe.ByteOffset(ref start, ref Unsafe.As<uint, byte>(ref record.Flags)),
            nameof(HvmHwCpu.Dr6) => (int)Unsafe.ByteOffset(ref start, ref Unsafe.As<ulong, byte>(ref record.Dr6)),
            nameof(HvmHwCpu.Dr7) => (int)Unsafe.ByteOffset(ref start, ref Unsafe.As<ulong, byte>(ref record.Dr7)),
            nameof(HvmHwCpu.TscAux) => (int)Unsafe.ByteOffset(ref start, ref Unsafe.As<ulong, byte>(ref record.TscAux)),
            nameof(HvmHwCpu.Tsc) => (int)Unsafe.ByteOffset(ref start, ref Unsafe.As<ulong, byte>(ref record.Tsc)),
            _ => throw new ArgumentOutOfRangeException(nameof(name)),
        };
    }

    /// <summary>Each register differs from every other and from what a fresh vCPU has.</summary>
    private static void Fill(Vcpu vcpu)
    {
        ScriptedCpu cpu = TestMachine.Cpu(vcpu);
        ulong next = 0x1000_0000_0000u + (ulong)vcpu.Id;
        for (int i = 0; i < 16; i++)
            cpu.Registers[i] = next += 0x1111;
        (cpu.Registers.Xmm0[0], cpu.Registers.Xmm0[1]) = (next += 0x2222, next += 0x2222);
        (cpu.Registers.Xmm8[0], cpu.Registers.Xmm8[1]) = (next += 0x2222, next += 0x2222);
        (cpu.Rip, cpu.Rflags, cpu.Cr2, cpu.Dr7) = (0xFFFF_8000_0012_3456, 0x246, 0xFFFF_8000_0000_1000, 0x401);
        (cpu.State.Dr0, cpu.State.Dr1, cpu.State.Dr2, cpu.State.Dr3, cpu.State.Dr6) = (1, 2, 3, 4, 0xFFFF_4FF1);
        cpu.State.HasFloatingPoint = true;
        for (int i = 0; i < XmmOffset + 256; i++)
            cpu.State.FloatingPoint[i] = (byte)(i + 7);
        MemoryMarshal.Write(cpu.State.FloatingPoint.Slice(MxcsrOffset), 0x1FC0u);
        foreach (SegmentName name in Enum.GetValues<SegmentName>())
            cpu.SetSegment(name, new Segment((ushort)(8 + 8 * (int)name), (ushort)(name >= SegmentName.Ldtr ? 0x82 + (int)name : 0xA93), 0xFFFF_0000u + (uint)name, 0x10_0000u * (uint)name));
        (cpu.Gdtr, cpu.Idtr) = (new DescriptorTable(0x1234_5000, 0x7F), new DescriptorTable(0x5678_9000, 0xFFF));
        foreach (uint msr in HeldMsrs.Where(m => m != MsrIndex.Pat))
            cpu.TryWriteMsr(msr, msr == MsrIndex.SyscallMask || msr == MsrIndex.TscAux ? 0x4_7700u + (uint)vcpu.Id : 0xFFFF_8000_0000_0000 + msr);
        cpu.WaitingEvent = PendingEvent.Fault(14, true, 0x12);
        vcpu.TscOffset = 0x1234_5678;
        vcpu.Apic.Write(0xF0, 0x1FF);
        vcpu.Apic.Write(0x80, 0x20);
        vcpu.Apic.Write(0x350, 0x1_0700);
        vcpu.Apic.Write(0x3E0, 0xB);
        vcpu.Apic.Write(0x380, 1_000_000);
        vcpu.Apic.Raise(0x55);
        MsrPolicy msrs = vcpu.Domain.Policies.Msrs;
        Assert.Equal(MsrResult.Done, msrs.Write(vcpu, 0x200, 0x8000_0006));
        Assert.Equal(MsrResult.Done, msrs.Write(vcpu, 0x201, 0x3F_8000_0800));
        Assert.Equal(MsrResult.Done, msrs.Write(vcpu, MsrIndex.MtrrFix16KA0000, 0x0606_0606_0606_0605));
        Assert.Equal(MsrResult.Done, msrs.Write(vcpu, MsrIndex.TscAdjust, 0x77));
        Assert.Equal(MsrResult.Done, msrs.Write(vcpu, MsrIndex.MiscFeaturesEnables, 1));
    }

    [Fact]
    public void A_CPU_that_keeps_the_APIC_is_told_what_was_loaded()
    {
        Fill(_target.Vcpus[0]);
        byte[] stream = Save(_target);
        using var keeping = new HvmContextTests(keepsApics: true);
        Vcpu vcpu = keeping._target.Vcpus[0];
        vcpu.Apic.Synchronise();
        Assert.Null(keeping.Load(keeping._target, stream));
        Assert.True(vcpu.Apic.HasNews);
        vcpu.Apic.Synchronise();
        Assert.Equal(new ApicKeeping(ApicInterface.Page, true, 0x55, 0), TestMachine.Cpu(vcpu).Keeping);
        Assert.Equal(stream, keeping.Save(keeping._target));
    }

    [Fact]
    public void What_is_saved_is_what_is_loaded()
    {
        Fill(_target.Vcpus[0]);
        Fill(_target.Vcpus[2]);
        _target.Vcpus[2].Up();
        byte[] stream = Save(_target);
        Domain copy = CreateTarget(2);
        Assert.Null(Load(copy, stream));
        Assert.Equal([true, false, true], copy.Vcpus.Select(v => v.IsOnline));
        Assert.Equal(stream, Save(copy));
        Assert.True(copy.Vcpus[0].Apic.TryGetInterrupt(out byte vector));
        Assert.Equal(0x55, vector);
        ScriptedCpu first = TestMachine.Cpu(_target.Vcpus[2]), second = TestMachine.Cpu(copy.Vcpus[2]);
        Assert.Equal((first.Registers.Xmm0[1], first.Registers.Xmm8[0]), (second.Registers.Xmm0[1], second.Registers.Xmm8[0]));
        Assert.Equal(0x1FC0u, MemoryMarshal.Read<uint>(second.State.FloatingPoint.Slice(MxcsrOffset)));
        Assert.Equal(first.State.FloatingPoint[XmmOffset + 16 + 5], second.State.FloatingPoint[XmmOffset + 16 + 5]);
        Assert.Equal(PendingEvent.Fault(14, true, 0x12), copy.Vcpus[2].Cpu.WaitingEvent);
    }

    [Fact]
    public void An_armed_deadline_stays_armed()
    {
        VirtualApic saved = _target.Vcpus[0].Apic;
        saved.Write(0xF0, 0x1FF);
        saved.Write(0x320, 2 << 17 | 0x41);
        saved.TscDeadline = _target.Vcpus[0].GuestTsc + 1_000_000;
        byte[] stream = Save(_target);
        Domain copy = CreateTarget(2);
        Assert.Null(Load(copy, stream));
        Assert.Equal(stream, Save(copy));
        VirtualApic loaded = copy.Vcpus[0].Apic;
        Assert.Equal(saved.TscDeadline, loaded.TscDeadline);
        Assert.False(loaded.TryGetInterrupt(out _));
        _machine.Advance(1_000_000_000);
        Assert.True(loaded.TryGetInterrupt(out byte vector));
        Assert.Equal(0x41, vector);
    }

    [Fact]
    public void A_deadline_without_its_mode_is_none()
    {
        byte[] stream = Save(_target);
        Assert.Null(Load(_target, With(stream, OffsetOf(stream, HvmRecord.LocalApic) + 16, 12345UL)));
        VirtualApic apic = _target.Vcpus[0].Apic;
        apic.Write(0xF0, 0x1FF);
        apic.Write(0x320, 2 << 17 | 0x41);
        Assert.Equal(0UL, apic.TscDeadline);
        _machine.Advance(1_000_000_000);
        Assert.False(apic.TryGetInterrupt(out _));
    }

    [Fact]
    public void Other_CPUs_are_answered_meanwhile()
    {
        byte[] stream = Save(_target);
        CpuSet silent = CpuSet.Of(0);
        var sender = new Thread(() =>
        {
            CurrentCpu.Number = 1;
            silent = _machine.Services.Messages.Synchronise(CpuSet.Of(0), CpuMessages.PatienceNanoseconds);
        });
        sender.Start();
        while (sender.IsAlive)
            Assert.Null(Load(_target, stream));
        Assert.True(silent.IsEmpty);
    }

    [Fact]
    public void The_records_come_in_the_order_of_their_numbers_and_only_for_vcpus_that_are_up()
    {
        List<(HvmRecord Code, int Instance, int Offset, int Length)> records = Records(Save(_target));
        Assert.Equal((HvmRecord.Header, 0, DescriptorSize, 24), records[0]);
        Assert.Equal((HvmRecord.Cpu, 0, 40, 1032), records[1]);
        Assert.Equal((HvmRecord.End, 0), (records[^1].Code, records[^1].Length));
        Assert.Equal(
            [HvmRecord.Header, HvmRecord.Cpu, HvmRecord.LocalApic, HvmRecord.LocalApicRegisters, HvmRecord.PciInterrupts, HvmRecord.IsaInterrupts,
                HvmRecord.PciLink, HvmRecord.Mtrr, HvmRecord.MachineCheck, HvmRecord.TscAdjust, HvmRecord.End],
            records.Select(r => r.Code).Distinct());
        Assert.Equal(3, records.Count(r => r.Code == HvmRecord.LocalApic));
        Assert.Equal([1032, 24, 1024, 16, 8, 240, 32], records.Where(r => r.Code is not (HvmRecord.Header or HvmRecord.End)).Select(r => r.Length).Distinct());
    }

    [Theory]
    [InlineData(nameof(HvmHwCpu.Flags), 2UL, "unknown flags")]
    [InlineData(nameof(HvmHwCpu.Cr0), 0x8001_0023UL, "CR0, CR4 or EFER")] // no ET
    [InlineData(nameof(HvmHwCpu.Cr0), 0x8000_0010UL, "CR0, CR4 or EFER")] // PG without PE
    [InlineData(nameof(HvmHwCpu.Cr0), 0x1_8001_0033UL, "CR0, CR4 or EFER")]
    [InlineData(nameof(HvmHwCpu.Cr4), 0x8000_0020UL, "CR0, CR4 or EFER")]
    [InlineData(nameof(HvmHwCpu.Efer), 0x1D00UL, "CR0, CR4 or EFER")] // SVME
    [InlineData(nameof(HvmHwCpu.LongStar), 0x8000_0000_0000UL, "not canonical")]
    [InlineData(nameof(HvmHwCpu.KernelGsBase), 0x8000_0000_0000UL, "not canonical")]
    [InlineData(nameof(HvmHwCpu.SysenterEip), 0x8000_0000_0000UL, "not canonical")]
    [InlineData(nameof(HvmHwCpu.PendingEvent), 0x8000_0120UL, "no such kind")]
    [InlineData(nameof(HvmHwCpu.PendingEvent), 0x8000_0720UL, "no such kind")]
    [InlineData(nameof(HvmHwCpu.PendingEvent), 0x8000_1020UL, "no such kind")]
    public void Registers_that_nobody_can_have_are_refused(string field, ulong value, string reason)
    {
        byte[] stream = Save(_target);
        int at = OffsetOf(stream, HvmRecord.Cpu) + Field(field);
        byte[] bad = field is nameof(HvmHwCpu.Flags) or nameof(HvmHwCpu.PendingEvent) ? With(stream, at, (uint)value) : With(stream, at, value);
        Domain copy = CreateTarget(2);
        Assert.Contains(reason, Load(copy, bad), StringComparison.Ordinal);
        Assert.False(copy.Vcpus[0].IsOnline);
    }

    /// <summary>What the host itself writes to a register or an instruction's operand, where reserved bits fault.</summary>
    [Fact]
    public void Reserved_bits_that_would_fault_in_the_host_are_dropped()
    {
        byte[] stream = Save(_target);
        int cpu = OffsetOf(stream, HvmRecord.Cpu);
        stream = With(stream, cpu + MxcsrOffset, 0xFFFF_FFFFu);
        stream = With(stream, cpu + Field(nameof(HvmHwCpu.Dr6)), ulong.MaxValue);
        stream = With(stream, cpu + Field(nameof(HvmHwCpu.Dr7)), ulong.MaxValue);
        stream = With(stream, cpu + Field(nameof(HvmHwCpu.TscAux)), ulong.MaxValue);
        Assert.Null(Load(_target, stream));
        ScriptedCpu loaded = TestMachine.Cpu(_target.Vcpus[0]);
        Assert.Equal(0xFFFFu, MemoryMarshal.Read<uint>(loaded.State.FloatingPoint.Slice(MxcsrOffset)));
        Assert.Equal(0xFFFF_EFFFUL, loaded.State.Dr6);
        Assert.Equal(0xFFFF_2FFFUL, loaded.Dr7);
        Assert.True(loaded.TryReadMsr(MsrIndex.TscAux, out ulong aux));
        Assert.Equal(0xFFFF_FFFFUL, aux);
    }

    [Fact]
    public void A_cpu_record_of_old_versions_is_understood()
    {
        byte[] stream = Save(_target);
        int cpu = OffsetOf(stream, HvmRecord.Cpu);
        // Without TSC_AUX in the middle, and without flags at the end.
        byte[] old = [.. stream[..(cpu + 1000)], .. stream[(cpu + 1008)..(cpu + 1024)], .. stream[(cpu + 1032)..]];
        Assert.Equal(1000, Field(nameof(HvmHwCpu.TscAux)));
        old = With(With(old, cpu - 4, 1016u), cpu + 1000, 0x1234_0000UL);
        old = With(old, cpu + 1008, 0x8000_0312u);
        Assert.Null(Load(_target, old));
        Vcpu vcpu = _target.Vcpus[0];
        Assert.Equal(0x1234_0000UL, vcpu.GuestTsc);
        Assert.Equal(PendingEvent.Fault(0x12, false, 0), vcpu.Cpu.WaitingEvent);
    }

    [Fact]
    public void Events_of_int_instructions_are_left_to_them()
    {
        byte[] stream = Save(_target);
        int at = OffsetOf(stream, HvmRecord.Cpu) + Field(nameof(HvmHwCpu.PendingEvent));
        Assert.Null(Load(_target, With(stream, at, 0x8000_0603u)));
        Assert.Equal(PendingEvent.None, _target.Vcpus[0].Cpu.WaitingEvent);
    }

    public static TheoryData<string> BadStreams => new(Broken.Keys);

    private static readonly Dictionary<string, (Errno Error, Func<byte[], byte[]> Damage)> Broken = new()
    {
        ["empty"] = (Errno.ENODATA, _ => []),
        ["magic"] = (Errno.EINVAL, s => With(s, DescriptorSize, 0x5438_1287u)),
        ["version"] = (Errno.EINVAL, s => With(s, DescriptorSize + 4, 2u)),
        ["a record before the header"] = (Errno.ENODATA, s => s[32..]),
        ["a longer header"] = (Errno.ENODATA, s => With(s, 4, 25u)),
        ["an unknown kind"] = (Errno.EINVAL, s => With(s, 32, (ushort)21)),
        ["our own kind, not known yet"] = (Errno.EINVAL, s => With(s, 32, (ushort)0x4D7F)),
        ["an interrupt controller"] = (Errno.ENODEV, s => With(s, 32, (ushort)HvmRecord.Pic)),
        ["extended state"] = (Errno.ENODEV, s => With(s, 32, (ushort)HvmRecord.CpuXsave)),
        ["a second header"] = (Errno.EINVAL, s => With(s, 32, (ushort)HvmRecord.Header)),
        ["another vCPU"] = (Errno.EINVAL, s => With(s, 34, (ushort)3)),
        ["a longer CPU record"] = (Errno.EINVAL, s => With(s, 36, 1033u)),
        ["a length of everything"] = (Errno.EINVAL, s => With(s, 36, uint.MaxValue)),
        ["an APIC at another address"] = (Errno.EINVAL, s => With(s, OffsetOf(s, HvmRecord.LocalApic), 0xFED0_0900UL)),
        ["an APIC in x2APIC mode alone"] = (Errno.EINVAL, s => With(s, OffsetOf(s, HvmRecord.LocalApic), 0xFEE0_0400UL)),
        ["short wires"] = (Errno.EINVAL, s => With(s, OffsetOf(s, HvmRecord.PciInterrupts) - 4, 8u)),
        ["nine memory ranges"] = (Errno.EINVAL, s => With(s, OffsetOf(s, HvmRecord.Mtrr) + 224, 0x509UL)),
        ["short memory types"] = (Errno.EINVAL, s => With(s, OffsetOf(s, HvmRecord.Mtrr) - 4, 239u)),
        ["machine-check banks"] = (Errno.EINVAL, s => With(s, OffsetOf(s, HvmRecord.MachineCheck), 1UL)),
        ["no end"] = (Errno.ENODATA, s => s[..^8]),
    };

    [Theory]
    [MemberData(nameof(BadStreams))]
    public void A_bad_stream_is_refused_with_the_error_of_xen(string which)
    {
        Assert.NotNull(Load(_target, Broken[which].Damage(Save(_target))));
        Assert.Equal(Broken[which].Error, _error);
    }

    /// <summary>As 4.17.7 did: what WRMSR would fault for is left out of an otherwise good record.</summary>
    [Fact]
    public void Memory_types_that_there_are_not_are_left_out()
    {
        byte[] stream = Save(_target);
        int mtrr = OffsetOf(stream, HvmRecord.Mtrr);
        byte[] bad = With(With(With(stream, mtrr, 2UL), mtrr + 232, 3UL), mtrr + 8, 3UL);
        Assert.Null(Load(_target, bad));
        Assert.Equal(stream, Save(_target));
    }

    [Fact]
    public void A_stream_that_ends_early_is_refused_wherever_that_is()
    {
        byte[] stream = Save(_target);
        for (int length = 0; length < stream.Length; length += length < 80 ? 1 : 97)
            Assert.NotNull(Load(_target, stream.AsSpan(0, length)));
        Assert.Null(Load(_target, stream));
        // What lies behind the end is nobody's.
        Assert.Null(Load(_target, [.. stream, 1, 2, 3]));
    }

    [Fact]
    public void Msrs_are_loaded_one_by_one_and_only_those_that_are_there()
    {
        _target.Policies.Msrs.Write(_target.Vcpus[0], MsrIndex.MiscFeaturesEnables, 1);
        byte[] stream = Save(_target);
        int at = OffsetOf(stream, HvmRecord.CpuMsrs);
        Assert.Null(Load(_target, stream));
        Assert.NotNull(Load(_target, With(stream, at, 0u)));
        Assert.NotNull(Load(_target, With(stream, at, 2u)));
        Assert.NotNull(Load(_target, With(stream, at, 0x1000_0001u)));
        Assert.NotNull(Load(_target, With(stream, at + 8, MsrIndex.Tsc)));
        Assert.NotNull(Load(_target, With(stream, at + 12, 1u)));
        Assert.NotNull(Load(_target, With(stream, at + 16, 2UL)));
    }

    [Fact]
    public void A_buffer_that_is_too_small_is_not_left()
    {
        var mark = new byte[64];
        mark.AsSpan().Fill(0xEE);
        Assert.True(_control.Memory.TryWrite(Buffer + 100, mark));
        var writer = new ContextWriter(_control.Vcpus[0].Access, Buffer, 100);
        HvmContext.Save(_target, 0, ref writer);
        Assert.True(writer.HasFailed);
        Assert.True(_control.Memory.TryRead(Buffer + 100, mark));
        Assert.All(mark, b => Assert.Equal(0xEE, b));
        writer = new ContextWriter(_control.Vcpus[0].Access, 0x40_0000_0000, Room);
        HvmContext.Save(_target, 0, ref writer);
        Assert.True(writer.HasFailed);
    }

    [Fact]
    public void One_record_can_be_taken_out_alone()
    {
        byte[] stream = Save(_target);
        var only = new HvmSaveDescriptor { TypeCode = (ushort)HvmRecord.Mtrr, Instance = 2 };
        var writer = new ContextWriter(_control.Vcpus[0].Access, Buffer, Room) { Only = only };
        HvmContext.SaveRecords(_target, ref writer);
        Assert.True(writer.HasFound);
        Assert.Equal(240UL, writer.Length);
        var record = new byte[240];
        Assert.True(_control.Memory.TryRead(Buffer, record));
        Assert.Equal(stream.AsSpan(OffsetOf(stream, HvmRecord.Mtrr, 2), 240).ToArray(), record);
        var absent = new ContextWriter(_control.Vcpus[0].Access, Buffer, Room) { Only = only with { Instance = 3 } };
        HvmContext.SaveRecords(_target, ref absent);
        Assert.False(absent.HasFound);
    }

    /// <summary>Streams of random damage end in a reason or are taken, and the domain can be saved again.</summary>
    [Fact]
    public void Damage_is_survived()
    {
        var random = new Random(20);
        Fill(_target.Vcpus[0]);
        byte[] stream = Save(_target);
        for (int round = 0; round < 2_000; round++)
        {
            byte[] damaged = [.. stream];
            for (int hits = random.Next(1, 6); hits > 0; hits--)
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            Load(_target, damaged);
            Save(_target);
        }
    }
}
