using System;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Tests.Unit.Harness;
using Xunit;

namespace Xenolith.Tests.Unit.Abi;

/// <summary>domctl: contexts, CPU policies and exposure. What is expected is what 4.17.7 answered, but where a test says otherwise.</summary>
public sealed class DomctlContextTests : IDisposable
{
    private const ulong Buffer = CallFixture.List, Second = CallFixture.Results;

    private readonly ControlFixture _control = new();
    private readonly Domain _target;

    public DomctlContextTests()
    {
        _target = _control.Make(vcpus: 3);
        foreach (Vcpu vcpu in _target.Vcpus)
        {
            foreach (uint msr in new[] { MsrIndex.Pat, MsrIndex.LongStar })
                TestMachine.Cpu(vcpu).HoldMsr(msr, msr == MsrIndex.Pat ? 0x0007_0406_0007_0406UL : 0);
        }
    }

    public void Dispose() => _control.Dispose();

    private CallFixture Guest => _control.Guest;

    private static long Error(Errno error) => -(long)error;

    private long Context(DomctlOp operation, uint size, ulong buffer, out uint answered, ushort? domain = null)
    {
        long result = _control.Call(operation, domain ?? _target.Id, new Domctl { HvmContext = new DomctlHvmContext { Size = size, Buffer = buffer } }, out Domctl answer);
        answered = answer.HvmContext.Size;
        return result;
    }

    private long Partial(uint type, uint instance, ulong size, ulong buffer, out ulong answered, ushort? domain = null)
    {
        var argument = new DomctlHvmContextPartial { TypeCode = type, Instance = instance, BufferSize = size, Buffer = buffer };
        long result = _control.Call(DomctlOp.GethvmcontextPartial, domain ?? _target.Id, new Domctl { HvmContextPartial = argument }, out Domctl answer);
        answered = answer.HvmContextPartial.BufferSize;
        return result;
    }

    private long Policy(DomctlOp operation, DomctlCpuPolicy argument, out DomctlCpuPolicy answer, ushort? domain = null)
    {
        long result = _control.Call(operation, domain ?? _target.Id, new Domctl { CpuPolicy = argument }, out Domctl answered);
        answer = answered.CpuPolicy;
        return result;
    }

    private long Exposure(ExposureOp operation, ExposureGroup group, ulong bits, out ulong answered, ushort? domain = null)
    {
        var argument = new DomctlExposure { Command = operation, Group = group, Bits = bits };
        long result = _control.Call(DomctlOp.Exposure, domain ?? _target.Id, new Domctl { Exposure = argument }, out Domctl answer);
        answered = answer.Exposure.Bits;
        return result;
    }

    [Fact]
    public void Errors_come_in_the_order_of_xen()
    {
        foreach (DomctlOp operation in new[] { DomctlOp.Gethvmcontext, DomctlOp.Sethvmcontext })
        {
            Assert.Equal(Error(Errno.EINVAL), Context(operation, 0, 0, out _, domain: 0));
            Assert.Equal(Error(Errno.ESRCH), Context(operation, 0, 0, out _, domain: 77));
            Assert.Equal(Error(Errno.ESRCH), Context(operation, 0, 0, out _, domain: DomainIds.Self));
        }
        Assert.Equal(Error(Errno.EINVAL), Partial(14, 0, 0, 0, out _, domain: 0));
        Assert.Equal(Error(Errno.EINVAL), Policy(DomctlOp.SetCpuPolicy, default, out _, domain: 0));
        Assert.Equal(0, Policy(DomctlOp.GetCpuPolicy, default, out _, domain: 0));
        using var plain = new ControlFixture(isPrivileged: false, id: 3);
        foreach (DomctlOp operation in new[] { DomctlOp.Gethvmcontext, DomctlOp.GethvmcontextPartial, DomctlOp.SetCpuPolicy, DomctlOp.Exposure })
            Assert.Equal(Error(Errno.EPERM), plain.Call(operation, 3));
    }

    [Fact]
    public void A_context_is_asked_for_its_size_taken_and_put_back()
    {
        Assert.Equal(0, Context(DomctlOp.Gethvmcontext, 0, 0, out uint size));
        Assert.Equal(Error(Errno.ENOSPC), Context(DomctlOp.Gethvmcontext, size - 1, Buffer, out uint told));
        Assert.Equal(size - 1, told);
        Assert.Equal(Error(Errno.EFAULT), Context(DomctlOp.Gethvmcontext, size, Guest.Hole, out told));
        Assert.Equal(size, told);
        Assert.Equal(0, Context(DomctlOp.Gethvmcontext, size + 100, Buffer, out told));
        Assert.Equal(size, told);
        Assert.Equal(0, Context(DomctlOp.Sethvmcontext, size, Buffer, out _));
        Assert.Equal(Error(Errno.ENODATA), Context(DomctlOp.Sethvmcontext, size - 8, Buffer, out _));
        Assert.Equal(Error(Errno.ENODATA), Context(DomctlOp.Sethvmcontext, 0, Buffer, out _));
        Assert.Equal(Error(Errno.EFAULT), Context(DomctlOp.Sethvmcontext, 64, Guest.Hole, out _));
        Assert.Equal(Error(Errno.ENOMEM), Context(DomctlOp.Sethvmcontext, uint.MaxValue, Buffer, out _));
        // 8 KiB for the domain and for each of three vCPUs; what lies behind the end is nobody's.
        Assert.Equal(Error(Errno.ENOMEM), Context(DomctlOp.Sethvmcontext, 4 * 8192 + 1, Guest.Hole, out _));
        Assert.Equal(Error(Errno.EFAULT), Context(DomctlOp.Sethvmcontext, 4 * 8192, Guest.Hole, out _));
        Guest.Write(Buffer + 32, (ushort)HvmRecord.Pic);
        Assert.Equal(Error(Errno.ENODEV), Context(DomctlOp.Sethvmcontext, size, Buffer, out _));
        Assert.Equal(1, _target.PauseCount);
    }

    /// <summary>How a toolstack starts a PVH domain: header, registers of the first vCPU, end.</summary>
    [Fact]
    public void A_cpu_record_brings_a_vcpu_up()
    {
        Assert.Equal(0, Context(DomctlOp.Gethvmcontext, 0x1_0000, Buffer, out _));
        var cpu = new HvmHwCpu
        {
            Cr0 = 0x11, Rip = 0x10_0000, Rbx = 0x7000, Rflags = 2, Dr6 = 0xFFFF_0FF0, Dr7 = 0x400, CsAttributes = 0xC9B, CsLimit = uint.MaxValue,
            DsAttributes = 0xC93, DsLimit = uint.MaxValue, SsAttributes = 0xC93, SsLimit = uint.MaxValue, TrAttributes = 0x8B, TrLimit = 0x67,
        };
        Guest.Write(Buffer + 32, new HvmSaveDescriptor { TypeCode = (ushort)HvmRecord.Cpu, Length = 1032 });
        Guest.Write(Buffer + 40, cpu);
        Guest.Write(Buffer + 1072, default(HvmSaveDescriptor));
        Assert.Equal(0, Context(DomctlOp.Sethvmcontext, 1080, Buffer, out _));
        Assert.True(_target.Vcpus[0].IsOnline && _target.Vcpus[0].IsInitialised);
        Assert.False(_target.Vcpus[1].IsOnline);
        Assert.Equal((0x10_0000UL, 0x7000UL), (_target.Vcpus[0].Cpu.Rip, _target.Vcpus[0].Cpu.Registers.Rbx));
        Assert.False(_target.Vcpus[0].IsRunnable);
        Assert.Equal(0, _control.Call(DomctlOp.Unpausedomain, _target.Id));
        Assert.True(_target.Vcpus[0].IsRunnable);
        Assert.Equal(0, Partial((uint)HvmRecord.Cpu, 0, 1032, Buffer, out ulong length));
        Assert.Equal((1032UL, 0x10_0000UL), (length, Guest.Read<HvmHwCpu>(Buffer).Rip));
    }

    [Theory]
    [InlineData(0u, 0u, Errno.EINVAL)]
    [InlineData(1u, 0u, Errno.EINVAL)]
    [InlineData(2u, 0u, Errno.ENODATA)]
    [InlineData(2u, 4u, Errno.ENOENT)]
    [InlineData(3u, 0u, Errno.ENOENT)]
    [InlineData(4u, 0u, Errno.ENOENT)]
    [InlineData(5u, 2u, Errno.None)]
    [InlineData(5u, 4u, Errno.ENOENT)]
    [InlineData(7u, 0u, Errno.None)]
    [InlineData(7u, 4u, Errno.ENOENT)]
    [InlineData(13u, 0u, Errno.ENOENT)]
    [InlineData(14u, 0u, Errno.None)]
    [InlineData(14u, 0x1_0000u, Errno.ENOENT)]
    [InlineData(15u, 0u, Errno.ENOENT)]
    [InlineData(16u, 0u, Errno.ENODATA)]
    [InlineData(16u, 4u, Errno.ENOENT)]
    [InlineData(17u, 0u, Errno.ENODATA)]
    [InlineData(18u, 0u, Errno.None)]
    [InlineData(20u, 0u, Errno.ENODATA)]
    [InlineData(21u, 0u, Errno.EINVAL)]
    [InlineData(0x1_000Eu, 0u, Errno.EINVAL)]
    public void One_record_is_asked_for_its_length(uint type, uint instance, Errno expected)
    {
        Assert.Equal(Error(expected), Partial(type, instance, 0, 0, out ulong length));
        if (expected != Errno.None)
            return;
        Assert.Equal(Error(Errno.ENOBUFS), Partial(type, instance, length - 1, Buffer, out _));
        Assert.Equal(Error(Errno.EFAULT), Partial(type, instance, length, Guest.Hole, out _));
        Assert.Equal(0, Partial(type, instance, length + 9, Buffer, out ulong written));
        Assert.Equal(length, written);
    }

    public static TheoryData<uint, uint, uint, Errno> Leaves => new()
    {
        { 0x20, uint.MaxValue, 0, Errno.ERANGE }, { 0x4000_0005, uint.MaxValue, 0, Errno.ERANGE }, { 0x9000_0000, uint.MaxValue, 0, Errno.ERANGE },
        { 0x8000_0030, uint.MaxValue, 0, Errno.ERANGE }, { 1, 0, 0, Errno.ERANGE }, { 7, uint.MaxValue, 0, Errno.ERANGE }, { 7, 5, 0, Errno.ERANGE },
        { 0, uint.MaxValue, 0xFFFF, Errno.EINVAL }, { 0x8000_0000, uint.MaxValue, 0x8000_FFFF, Errno.EINVAL }, { 0, uint.MaxValue, 5, Errno.None },
        { 0x8000_0008, uint.MaxValue, 0x3040, Errno.None }, { 0x8000_0008, uint.MaxValue, 0x301F, Errno.None },
    };

    [Theory]
    [MemberData(nameof(Leaves))]
    public void A_leaf_that_is_wrong_is_named(uint leaf, uint subleaf, uint eax, Errno expected)
    {
        Guest.Write(Buffer, new XenCpuidLeaf { Leaf = leaf, Subleaf = subleaf, Eax = eax });
        Assert.Equal(Error(expected), Policy(DomctlOp.SetCpuPolicy, new DomctlCpuPolicy { LeafCount = 1, Leaves = Buffer }, out DomctlCpuPolicy answer));
        (uint, uint, uint) named = expected == Errno.None ? (0, 0, 0) : (leaf, subleaf, uint.MaxValue);
        Assert.Equal(named, (answer.WrongLeaf, answer.WrongSubleaf, answer.WrongMsr));
    }

    [Theory]
    [InlineData(0xCEu, 1u, 0UL, Errno.EINVAL)]
    [InlineData(0xCEu, 0u, 1UL, Errno.EINVAL)]
    [InlineData(0xCEu, 0u, 0x8000_0000UL, Errno.None)]
    [InlineData(0xCEu, 0u, 0UL, Errno.None)]
    [InlineData(0x10u, 0u, 0UL, Errno.ERANGE)]
    [InlineData(0x10Au, 0u, ulong.MaxValue, Errno.None)]
    public void A_register_that_is_wrong_is_named(uint index, uint flags, ulong value, Errno expected)
    {
        Guest.Write(Second, new XenMsrEntry { Index = index, Flags = flags, Value = value });
        Assert.Equal(Error(expected), Policy(DomctlOp.SetCpuPolicy, new DomctlCpuPolicy { MsrCount = 1, Msrs = Second }, out DomctlCpuPolicy answer));
        Assert.Equal(expected == Errno.None ? 0 : index, answer.WrongMsr);
    }

    [Fact]
    public void Policies_have_a_size_and_a_time()
    {
        Assert.Equal(0, Policy(DomctlOp.GetCpuPolicy, default, out DomctlCpuPolicy answer));
        Assert.Equal((120u, 2u), (answer.LeafCount, answer.MsrCount));
        var full = new DomctlCpuPolicy { LeafCount = 120, MsrCount = 2, Leaves = Buffer, Msrs = Second };
        Assert.Equal(0, Policy(DomctlOp.GetCpuPolicy, full, out answer));
        Assert.Equal(0, Policy(DomctlOp.SetCpuPolicy, answer, out _));
        Assert.Equal(Error(Errno.ENOBUFS), Policy(DomctlOp.GetCpuPolicy, full with { LeafCount = 1 }, out answer));
        Assert.Equal(1u, answer.LeafCount);
        Assert.Equal(Error(Errno.EFAULT), Policy(DomctlOp.GetCpuPolicy, full with { Leaves = Guest.Hole }, out _));
        Assert.Equal(Error(Errno.E2BIG), Policy(DomctlOp.SetCpuPolicy, new DomctlCpuPolicy { LeafCount = 513, Leaves = Guest.Hole }, out answer));
        Assert.Equal((uint.MaxValue, uint.MaxValue, uint.MaxValue), (answer.WrongLeaf, answer.WrongSubleaf, answer.WrongMsr));
        Assert.Equal(Error(Errno.E2BIG), Policy(DomctlOp.SetCpuPolicy, new DomctlCpuPolicy { MsrCount = 100, Msrs = Guest.Hole }, out _));
        Assert.Equal(Error(Errno.EFAULT), Policy(DomctlOp.SetCpuPolicy, new DomctlCpuPolicy { LeafCount = 1, Leaves = Guest.Hole }, out _));
        Assert.Equal(Error(Errno.EFAULT), Policy(DomctlOp.SetCpuPolicy, new DomctlCpuPolicy { MsrCount = 1, Msrs = Guest.Hole }, out _));
        Assert.Equal(0, Policy(DomctlOp.SetCpuPolicy, default, out _));
        Assert.Equal(0, _control.Call(DomctlOp.Unpausedomain, _target.Id));
        Assert.Equal(Error(Errno.EEXIST), Policy(DomctlOp.SetCpuPolicy, default, out _));
    }

    /// <summary>What is taken away is away in CPUID and in the control registers; what the machine has not is not given.</summary>
    [Fact]
    public void A_policy_takes_features_away_and_gives_none()
    {
        CpuidPolicy cpuid = _target.Policies.Cpuid;
        uint ecx = cpuid.Read(1, 0).Ecx, seven = cpuid.Read(7, 0).Ebx;
        const uint smep = 1u << 7, smap = 1u << 20;
        Assert.True(cpuid.HasSmep && cpuid.HasSmap);
        Guest.WriteArray(Buffer, new XenCpuidLeaf { Leaf = 1, Subleaf = uint.MaxValue, Ecx = uint.MaxValue, Edx = uint.MaxValue },
            new XenCpuidLeaf { Leaf = 7, Ebx = uint.MaxValue & ~smep }, new XenCpuidLeaf { Leaf = 0x8000_0008, Subleaf = uint.MaxValue, Eax = 36 });
        Assert.Equal(0, Policy(DomctlOp.SetCpuPolicy, new DomctlCpuPolicy { LeafCount = 3, Leaves = Buffer }, out _));
        Assert.Equal(ecx, cpuid.Read(1, 0).Ecx);
        Assert.Equal(seven & ~smep, cpuid.Read(7, 0).Ebx);
        Assert.Equal(36, cpuid.PhysicalAddressBits);
        Assert.Equal(36, _target.Vcpus[2].Access.Features.PhysicalAddressBits);
        Assert.Equal(smap, _target.Policies.Controls.Cr4Valid >> 1 & smap);
        Assert.Equal(0UL, _target.Policies.Controls.Cr4Valid & ControlRegisterPolicy.Cr4Smep);
    }

    [Fact]
    public void What_a_domain_is_shown_is_set_until_it_runs()
    {
        Assert.Equal(0, Exposure(ExposureOp.List, 0, 0, out ulong groups));
        Assert.Equal(1UL << (int)ExposureGroup.Memory, groups & (1UL << (int)ExposureGroup.Memory));
        Assert.Equal(0, Exposure(ExposureOp.GetMaximum, ExposureGroup.Memory, 0, out ulong most));
        Assert.Equal(0, Exposure(ExposureOp.Get, ExposureGroup.Memory, 0, out ulong shown));
        Assert.Equal(_control.Machine.Services.ExposedCalls[(int)ExposureGroup.Memory], shown);
        Assert.Equal(Error(Errno.ENOENT), Exposure(ExposureOp.Set, (ExposureGroup)7, 0, out _));
        Assert.Equal(Error(Errno.ENOENT), Exposure(ExposureOp.Get, (ExposureGroup)16, 0, out _));
        Assert.Equal(Error(Errno.ENOENT), Exposure(ExposureOp.GetMaximum, (ExposureGroup)(-1), 0, out _));
        Assert.Equal(Error(Errno.EINVAL), Exposure(ExposureOp.Set, ExposureGroup.Memory, most | 1UL << 63, out _));
        Assert.Equal(Error(Errno.EOPNOTSUPP), Exposure((ExposureOp)5, ExposureGroup.Memory, 0, out _));
        Assert.Equal(0, Exposure(ExposureOp.Set, ExposureGroup.Memory, 1UL << 7, out _));
        Assert.Equal(0, _control.Call(DomctlOp.Unpausedomain, _target.Id));
        Assert.Equal(0, Exposure(ExposureOp.Set, ExposureGroup.Memory, 1UL << 7, out _));
        Assert.Equal(Error(Errno.EBUSY), Exposure(ExposureOp.Set, ExposureGroup.Memory, 1UL << 6, out _));
        Assert.Equal(0, Exposure(ExposureOp.Get, ExposureGroup.Memory, 0, out shown));
        Assert.Equal(1UL << 7, shown);
        Assert.Equal(0, Exposure(ExposureOp.Freeze, 0, 0, out _, domain: 0));
        Assert.Equal(Error(Errno.EBUSY), Exposure(ExposureOp.Set, ExposureGroup.Vcpu, 0, out _, domain: 0));
    }

    [Fact]
    public void What_is_hidden_answers_as_what_does_not_exist()
    {
        ulong sharedPages = 1UL << (int)MemoryOp.GetSharingSharedPages;
        Assert.Equal(0, Exposure(ExposureOp.Get, ExposureGroup.Memory, 0, out ulong shown, domain: 0));
        Assert.Equal(0, Guest.Call(Hypercall.MemoryOp, (ulong)MemoryOp.GetSharingSharedPages));
        Assert.Equal(0, Exposure(ExposureOp.Set, ExposureGroup.Memory, shown & ~sharedPages, out _, domain: 0));
        Assert.Equal(Error(Errno.ENOSYS), Guest.Call(Hypercall.MemoryOp, (ulong)MemoryOp.GetSharingSharedPages));
        Assert.Equal(0, Guest.Call(Hypercall.MemoryOp, (ulong)MemoryOp.GetSharingFreedPages));
        Assert.Equal(0, Exposure(ExposureOp.Set, ExposureGroup.Feature, 1, out _, domain: 0));
        var features = new FeatureInfo();
        Assert.Equal(0, Guest.Call(Hypercall.XenVersion, (ulong)VersionOp.GetFeatures, ref features));
        Assert.Equal(1u, features.Submap);
        Assert.Equal(0, Exposure(ExposureOp.Get, ExposureGroup.Number, 0, out shown, domain: 0));
        Assert.Equal(0, Exposure(ExposureOp.Set, ExposureGroup.Number, shown & ~(1UL << (int)Hypercall.VmAssist), out _, domain: 0));
        Assert.Equal(Error(Errno.ENOSYS), Guest.Call(Hypercall.VmAssist, 0, (ulong)VmAssistType.RunstateUpdateFlag));
    }

    /// <summary>The record is there when something is not the default, and its domain comes to be nowhere that lacks what it was shown.</summary>
    [Fact]
    public void What_a_domain_is_shown_travels_with_it()
    {
        Assert.Equal(Error(Errno.ENOENT), Partial((uint)HvmRecord.Exposure, 0, 0, 0, out _));
        Assert.Equal(0, Exposure(ExposureOp.Set, ExposureGroup.Sched, 3, out _));
        Assert.Equal(0, Partial((uint)HvmRecord.Exposure, 0, 0, 0, out ulong length));
        Assert.Equal(16UL, length);
        Assert.Equal(0, Context(DomctlOp.Gethvmcontext, 0x1_0000, Buffer, out uint size));
        Domain other = _control.Make(vcpus: 3);
        Assert.Equal(0, Context(DomctlOp.Sethvmcontext, size, Buffer, out _, other.Id));
        Assert.Equal(3UL, other.Exposure[ExposureGroup.Sched]);
        ulong record = Buffer + size - 8 - 16;
        Assert.Equal(new ExposureEntry { Group = ExposureGroup.Sched, Bits = 3 }, Guest.Read<ExposureEntry>(record));
        foreach (ExposureEntry bad in new[]
        {
            new ExposureEntry { Group = ExposureGroup.Sched, Bits = 1UL << 40 }, new ExposureEntry { Group = (ExposureGroup)7, Bits = 1 },
            new ExposureEntry { Group = ExposureGroup.Sched, Reserved = 1, Bits = 3 }, new ExposureEntry { Group = (ExposureGroup)(-1) },
        })
        {
            Guest.Write(record, bad);
            Assert.Equal(Error(Errno.EINVAL), Context(DomctlOp.Sethvmcontext, size, Buffer, out _, other.Id));
        }
        string log = _control.Machine.Console.Text;
        Assert.Contains($"d{other.Id}: its context shows it bit 40 of exposure group 13, which this hypervisor does not have", log, StringComparison.Ordinal);
        Assert.Contains($"d{other.Id}: its context shows it exposure group 7, which this hypervisor does not have", log, StringComparison.Ordinal);
        Assert.Equal(0, _control.Call(DomctlOp.Unpausedomain, other.Id));
        Guest.Write(record, new ExposureEntry { Group = ExposureGroup.Sched, Bits = 1 });
        Assert.Equal(Error(Errno.EINVAL), Context(DomctlOp.Sethvmcontext, size, Buffer, out _, other.Id));
        Assert.Equal(3UL, other.Exposure[ExposureGroup.Sched]);
    }
}
