using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Toolstack;

/// <summary>domctl: the context and the CPU policy of a domain that the guest creates.</summary>
internal static class ContextTests
{
    private const int Scratch = PoolPage.FirstFree;

    // Header and descriptors.
    private const int First = 32, Body = 40;
    // Of hvm_hw_cpu.
    private const int Rip = 640, Cr0 = 656, Cr4 = 680;
    private const uint CpuLength = 1032, MtrrLength = 240;

    private static ushort s_domain;

    private static ulong Buffer => Layout.FrameOf(Scratch) * Layout.PageSize;

    public static void Run(TestRun tests)
    {
        tests.Start("domctl contexts: whose");
        tests.Error(Control.Call(DomctlOp.Gethvmcontext, 0), Errno.EINVAL, "the caller's own");
        tests.Error(Control.Call(DomctlOp.Gethvmcontext, DomainIds.Self), Errno.ESRCH, "DOMID_SELF");
        tests.Error(Control.Call(DomctlOp.Sethvmcontext, 77), Errno.ESRCH, "a domain that there is not");
        tests.Error(Control.Call(DomctlOp.Sethvmcontext, 0), Errno.EINVAL, "setting the caller's own");
        tests.Error(Control.Call(DomctlOp.GethvmcontextPartial, 0), Errno.EINVAL, "one record of the caller's own");
        tests.Success(Control.Call(DomctlOp.GetCpuPolicy, 0), "the caller's policy");
        tests.Error(Control.Call(DomctlOp.SetCpuPolicy, 0), Errno.EINVAL, "setting the caller's policy");
        tests.Success(Control.Create(Control.Pvh(3), out s_domain), "create");
        tests.Success(Control.MakeVcpus(s_domain, 3), "max_vcpus");

        Get(tests);
        Partial(tests);
        Set(tests);
        Policy(tests);
        tests.Success(Control.Call(DomctlOp.Destroydomain, s_domain), "destroydomain");
    }

    private static long Context(DomctlOp operation, uint size, ulong buffer, out uint answered)
    {
        var argument = new Domctl { HvmContext = new DomctlHvmContext { Size = size, Buffer = buffer } };
        long result = Control.Call(operation, s_domain, ref argument);
        answered = argument.HvmContext.Size;
        return result;
    }

    private static void Get(TestRun tests)
    {
        tests.Start("domctl gethvmcontext");
        tests.Success(Context(DomctlOp.Gethvmcontext, 0, 0, out uint size), "its size");
        tests.Error(Context(DomctlOp.Gethvmcontext, size - 1, Buffer, out uint told), Errno.ENOSPC, "a byte too few");
        tests.Equal(told, size - 1, "the size after that");
        tests.Error(Context(DomctlOp.Gethvmcontext, size, Hostile.NonCanonical, out _), Errno.EFAULT, "to nowhere");
        tests.Success(Context(DomctlOp.Gethvmcontext, 20 * Layout.PageSize, Buffer, out told), "all of it");
        tests.True(told <= size, "no more than it said");
        tests.Equal(Memory.Read32(Buffer + 8), HvmContextConstants.Magic, "magic");
        int apics = 0, mtrrs = 0, others = 0;
        ulong at = Buffer;
        for (; Memory.Read16(at) != 0 && at < Buffer + told; at += 8 + Memory.Read32(at + 4))
        {
            switch ((HvmRecord)Memory.Read16(at))
            {
                case HvmRecord.LocalApic: apics++; break;
                case HvmRecord.Mtrr: mtrrs++; break;
                case HvmRecord.Cpu: others++; break;
            }
        }

        tests.Equal((long)(at + 8 - Buffer), told, "where the end is");
        tests.Equal(apics, 3, "records of local APICs");
        tests.Equal(mtrrs, 3, "records of memory types");
        tests.Equal(others, 0, "records of vCPUs that are down");
    }

    private static void Partial(TestRun tests)
    {
        tests.Start("domctl gethvmcontext_partial");
        foreach ((uint type, uint instance, Errno expected, uint length) in ((uint, uint, Errno, uint)[])
        [
            (0, 0, Errno.EINVAL, 0), (1, 0, Errno.EINVAL, 0), (2, 0, Errno.ENODATA, 0), (2, 4, Errno.ENOENT, 0), (3, 0, Errno.ENOENT, 0), (5, 2, Errno.None, 24), (5, 4, Errno.ENOENT, 0),
            (6, 1, Errno.None, 1024), (7, 0, Errno.None, 16), (7, 4, Errno.ENOENT, 0), (10, 0, Errno.ENOENT, 0), (13, 0, Errno.ENOENT, 0), (14, 0, Errno.None, MtrrLength),
            (14, 0x1_0000, Errno.ENOENT, 0), (15, 0, Errno.ENOENT, 0), (16, 0, Errno.ENODATA, 0), (17, 0, Errno.ENODATA, 0), (18, 0, Errno.None, 32), (19, 0, Errno.None, 8),
            (20, 0, Errno.ENODATA, 0), (21, 0, Errno.EINVAL, 0), (0x1_000E, 0, Errno.EINVAL, 0),
        ])
        {
            tests.Equal(Partial(type, instance, 0, 0, out ulong told), -(long)expected, "one record");
            tests.Equal((long)told, length, "its length");
        }

        tests.Error(Partial(14, 0, MtrrLength - 1, Buffer, out _), Errno.ENOBUFS, "a byte too few");
        tests.Error(Partial(14, 0, MtrrLength, Hostile.NonCanonical, out _), Errno.EFAULT, "to nowhere");
    }

    private static long Partial(uint type, uint instance, ulong size, ulong buffer, out ulong answered)
    {
        var argument = new Domctl { HvmContextPartial = new DomctlHvmContextPartial { TypeCode = type, Instance = instance, BufferSize = size, Buffer = buffer } };
        long result = Control.Call(DomctlOp.GethvmcontextPartial, s_domain, ref argument);
        answered = result == 0 ? argument.HvmContextPartial.BufferSize : 0;
        return result;
    }

    private static void Set(TestRun tests)
    {
        tests.Start("domctl sethvmcontext: streams");
        tests.Success(Context(DomctlOp.Gethvmcontext, 20 * Layout.PageSize, Buffer, out uint size), "what it is");
        tests.Success(Context(DomctlOp.Sethvmcontext, size, Buffer, out _), "the same");
        tests.Success(Context(DomctlOp.Sethvmcontext, size + 100, Buffer, out _), "something behind the end");
        tests.Error(Context(DomctlOp.Sethvmcontext, size - 8, Buffer, out _), Errno.ENODATA, "no end");
        tests.Error(Context(DomctlOp.Sethvmcontext, 0, Buffer, out _), Errno.ENODATA, "nothing");
        tests.Error(Context(DomctlOp.Sethvmcontext, 8, Buffer, out _), Errno.ENODATA, "a descriptor alone");
        tests.Error(Context(DomctlOp.Sethvmcontext, 64, Hostile.NonCanonical, out _), Errno.EFAULT, "from nowhere");
        tests.Error(Context(DomctlOp.Sethvmcontext, uint.MaxValue, Buffer, out _), Errno.ENOMEM, "4 GiB");
        Damage(tests, 8, 1, Errno.EINVAL, "magic", size);
        Damage(tests, 12, 9, Errno.EINVAL, "version", size);
        Damage(tests, 4, 25, Errno.ENODATA, "a longer header", size);
        Damage(tests, First, 21, Errno.EINVAL, "type 21", size);
        Damage(tests, First, 0x4D7F, Errno.EINVAL, "type 0x4d7f", size);
        Damage(tests, First, (uint)HvmRecord.Pic, Errno.ENODEV, "an interrupt controller", size);
        Damage(tests, First, Memory.Read16(Buffer + First) | 3u << 16, Errno.EINVAL, "vCPU 3", size);
        Damage(tests, First + 4, uint.MaxValue, Errno.EINVAL, "a length of everything", size);

        tests.Start("domctl sethvmcontext: registers");
        tests.Success(Registers(CpuLength, 0, 0), "of a PVH vCPU");
        tests.Success(Registers(CpuLength - 1, 0, 0), "a byte too few");
        tests.Error(Registers(CpuLength, Cr0, 1), Errno.EINVAL, "CR0 without ET");
        tests.Error(Registers(CpuLength, Cr0, 0x8000_0010), Errno.EINVAL, "CR0.PG without PE");
        tests.Error(Registers(CpuLength, Cr4, 1UL << 40), Errno.EINVAL, "CR4 with a reserved bit");
        tests.Error(Registers(CpuLength, 992, 1UL << 40), Errno.EINVAL, "EFER with a reserved bit");
        tests.Error(Registers(CpuLength, 1016, 0x8000_0120), Errno.EINVAL, "an event of no kind");
        tests.Error(Registers(CpuLength, 1024, 2), Errno.EINVAL, "unknown flags");
        tests.Success(Registers(CpuLength, 0, 0), "of a PVH vCPU again");
        tests.Success(Partial(2, 0, CpuLength, Buffer, out _), "they are");
        tests.Equal((long)Memory.Read64(Buffer + Rip), 0x10_0000, "RIP");
        tests.Equal((long)Memory.Read64(Buffer + 520), 0x7000, "RBX");
        tests.Equal((long)Memory.Read64(Buffer + Cr0), 0x11, "CR0");
        tests.Error(Partial(2, 1, 0, 0, out _), Errno.ENODATA, "of the next vCPU");

        tests.Start("domctl sethvmcontext: memory types");
        tests.Success(MemoryTypes(0x508, 0x0007_0406_0007_0406, 0xC06), "of a PVH domain");
        tests.Error(MemoryTypes(0x509, 0x0007_0406_0007_0406, 0xC06), Errno.EINVAL, "nine ranges");
        tests.Success(MemoryTypes(0x508, 2, 0xC06), "an entry of the PAT that there is not");
        tests.Success(MemoryTypes(0x508, 0x0007_0406_0007_0406, 3), "a default that there is not");
    }

    /// <summary>Changes a word of the stream in the buffer, sets it, and puts the word back.</summary>
    private static void Damage(TestRun tests, int offset, uint value, Errno expected, string what, uint size)
    {
        uint before = Memory.Read32(Buffer + (ulong)offset);
        Memory.Write32(Buffer + (ulong)offset, offset == First && value <= ushort.MaxValue ? (before & 0xFFFF_0000) | value : value);
        tests.Error(Context(DomctlOp.Sethvmcontext, size, Buffer, out _), expected, what);
        Memory.Write32(Buffer + (ulong)offset, before);
    }

    /// <summary>Sets header, registers and end, with a word of the registers changed.</summary>
    private static long Registers(uint length, int offset, ulong value)
    {
        Begin(HvmRecord.Cpu, length);
        ulong cpu = Buffer + Body;
        Memory.Write64(cpu + 520, 0x7000);
        Memory.Write64(cpu + Rip, 0x10_0000);
        Memory.Write64(cpu + Rip + 8, 2);
        Memory.Write64(cpu + Cr0, 0x11);
        Memory.Write64(cpu + 720, 0xFFFF_0FF0);
        Memory.Write64(cpu + 728, 0x400);
        // CS, DS, ES, SS and TR: limits, then attributes.
        foreach ((int segment, uint limit, uint attributes) in ((int, uint, uint)[]) [(0, uint.MaxValue, 0xC9B), (1, uint.MaxValue, 0xC93), (2, uint.MaxValue, 0xC93), (5, uint.MaxValue, 0xC93), (6, 0x67, 0x8B)])
        {
            Memory.Write32(cpu + 768 + (ulong)(4 * segment), limit);
            Memory.Write32(cpu + 888 + (ulong)(4 * segment), attributes);
        }

        if (offset != 0)
            Memory.Write64(cpu + (ulong)offset, value);
        return Context(DomctlOp.Sethvmcontext, Body + length + 8, Buffer, out _);
    }

    private static long MemoryTypes(ulong capabilities, ulong pat, ulong defaultType)
    {
        Begin(HvmRecord.Mtrr, MtrrLength);
        Memory.Write64(Buffer + Body, pat);
        Memory.Write64(Buffer + Body + 224, capabilities);
        Memory.Write64(Buffer + Body + 232, defaultType);
        return Context(DomctlOp.Sethvmcontext, Body + MtrrLength + 8, Buffer, out _);
    }

    /// <summary>A header, and a record of zeros with the end behind it.</summary>
    private static void Begin(HvmRecord code, uint length)
    {
        Memory.Fill(Buffer, 4096, 0);
        Memory.Write16(Buffer, (ushort)HvmRecord.Header);
        Memory.Write32(Buffer + 4, 24);
        Memory.Write32(Buffer + 8, HvmContextConstants.Magic);
        Memory.Write32(Buffer + 12, HvmContextConstants.Version);
        Memory.Write16(Buffer + First, (ushort)code);
        Memory.Write32(Buffer + First + 4, length);
    }

    private static void Policy(TestRun tests)
    {
        tests.Start("domctl get_cpu_policy");
        tests.Success(Policy(DomctlOp.GetCpuPolicy, default, out DomctlCpuPolicy answer), "its size");
        tests.Equal(answer.LeafCount, 120, "leaves at most");
        tests.Equal(answer.MsrCount, 2, "registers at most");
        var full = new DomctlCpuPolicy { LeafCount = 120, MsrCount = 2, Leaves = Buffer, Msrs = Buffer + 3072 };
        tests.Success(Policy(DomctlOp.GetCpuPolicy, full, out answer), "all of it");
        tests.Success(Policy(DomctlOp.SetCpuPolicy, answer, out _), "set to the same");
        tests.Error(Policy(DomctlOp.GetCpuPolicy, full with { LeafCount = 1 }, out answer), Errno.ENOBUFS, "one leaf");
        tests.Error(Policy(DomctlOp.GetCpuPolicy, full with { Leaves = Hostile.NonCanonical }, out _), Errno.EFAULT, "to nowhere");

        tests.Start("domctl set_cpu_policy");
        tests.Success(Policy(DomctlOp.SetCpuPolicy, default, out _), "nothing");
        tests.Error(Policy(DomctlOp.SetCpuPolicy, new DomctlCpuPolicy { LeafCount = 513, Leaves = Buffer }, out answer), Errno.E2BIG, "513 leaves");
        tests.Equal(answer.WrongLeaf, uint.MaxValue, "the wrong leaf of that");
        tests.Error(Policy(DomctlOp.SetCpuPolicy, new DomctlCpuPolicy { MsrCount = 100, Msrs = Buffer }, out _), Errno.E2BIG, "100 registers");
        tests.Error(Policy(DomctlOp.SetCpuPolicy, new DomctlCpuPolicy { LeafCount = 1, Leaves = Hostile.NonCanonical }, out _), Errno.EFAULT, "a leaf from nowhere");
        tests.Error(Policy(DomctlOp.SetCpuPolicy, new DomctlCpuPolicy { MsrCount = 1, Msrs = Hostile.NonCanonical }, out _), Errno.EFAULT, "a register from nowhere");
        const uint none = SysctlConstants.NoSubleaf;
        foreach ((uint leaf, uint subleaf, uint eax, Errno expected) in ((uint, uint, uint, Errno)[])
        [
            (0x20, none, 0, Errno.ERANGE), (0x4000_0005, none, 0, Errno.ERANGE), (0x9000_0000, none, 0, Errno.ERANGE), (0x8000_0030, none, 0, Errno.ERANGE), (1, 0, 0, Errno.ERANGE),
            (7, none, 0, Errno.ERANGE), (7, 5, 0, Errno.ERANGE), (0, none, 0xFFFF, Errno.EINVAL), (0x8000_0000, none, 0x8000_FFFF, Errno.EINVAL),
        ])
        {
            Memory.Fill(Buffer, 24, 0);
            Memory.Write32(Buffer, leaf);
            Memory.Write32(Buffer + 4, subleaf);
            Memory.Write32(Buffer + 8, eax);
            tests.Error(Policy(DomctlOp.SetCpuPolicy, new DomctlCpuPolicy { LeafCount = 1, Leaves = Buffer }, out answer), expected, "a wrong leaf");
            tests.Equal(answer.WrongLeaf, leaf, "which leaf");
            tests.Equal(answer.WrongSubleaf, subleaf, "which subleaf");
        }

        foreach ((uint register, uint flags, ulong value, Errno expected) in ((uint, uint, ulong, Errno)[])
        [
            (0xCE, 1, 0, Errno.EINVAL), (0xCE, 0, 1, Errno.EINVAL), (0xCE, 0, 0x8000_0000, Errno.None), (0x10, 0, 0, Errno.ERANGE),
        ])
        {
            Memory.Write32(Buffer, register);
            Memory.Write32(Buffer + 4, flags);
            Memory.Write64(Buffer + 8, value);
            tests.Error(Policy(DomctlOp.SetCpuPolicy, new DomctlCpuPolicy { MsrCount = 1, Msrs = Buffer }, out answer), expected, "a register");
            tests.Equal(answer.WrongMsr, expected == Errno.None ? 0 : register, "which register");
        }

        tests.Success(Control.Call(DomctlOp.Unpausedomain, s_domain), "unpausedomain");
        tests.Error(Policy(DomctlOp.SetCpuPolicy, default, out _), Errno.EEXIST, "after the domain could run");
    }

    private static long Policy(DomctlOp operation, in DomctlCpuPolicy sent, out DomctlCpuPolicy answer)
    {
        var argument = new Domctl { CpuPolicy = sent };
        long result = Control.Call(operation, s_domain, ref argument);
        answer = argument.CpuPolicy;
        return result;
    }
}
