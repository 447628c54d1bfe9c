using System;
using System.Linq;
using Xenolith.Domains;
using Xenolith.Kernel;
using Xenolith.Mm;
using Xenolith.Tests.Unit.Harness;

namespace Xenolith.Tests.Unit.Machines;

/// <summary>What lies where in the memory of a harness's guest: little, so that each step's look at all of it is quick.</summary>
internal static class GuestLayout
{
    /// <summary>Frames of RAM, from 0 on.</summary>
    public const ulong Frames = 64;

    /// <summary>Page tables of a 64-bit guest: linear addresses are guest-physical ones.</summary>
    private const ulong Tables = 0x1000;

    /// <summary>Frames for arguments and for the lists that they point at, each one a vCPU.</summary>
    public const ulong FirstArgument = 0x10, FirstList = 0x14;

    /// <summary>Frames for lists of frames, one a vCPU.</summary>
    private const ulong FirstBufferList = 0x18;

    /// <summary>Frames that calls may do with what they like, up to <see cref="Frames"/>; behind them is nothing.</summary>
    public const ulong FirstCommon = 0x20;

    /// <summary>Where others' frames are mapped; nothing is there at first.</summary>
    public const ulong FirstPlace = 0x80, Places = 16;

    /// <summary>Frames for control blocks and event words, which nobody writes to but for events.</summary>
    public const ulong FirstFifo = 0x240, FifoFrames = 8;

    /// <summary>Where the guest's code stands; it is never read.</summary>
    private const ulong Code = 0x5000;

    public static ulong ArgumentOf(int vcpu) => (FirstArgument + (ulong)(vcpu & 3)) << Page.Shift;

    public static ulong BufferListOf(int vcpu) => (FirstBufferList + (ulong)(vcpu & 3)) << Page.Shift;

    public static ulong ListOf(int vcpu) => (FirstList + (ulong)(vcpu & 3)) << Page.Shift;

    /// <summary>All guest frames of RAM, in the order in which they are given.</summary>
    public static ulong[] Populated =>
        [.. Enumerable.Range(0, (int)Frames).Select(gfn => (ulong)gfn), .. Enumerable.Range((int)FirstFifo, (int)FifoFrames).Select(gfn => (ulong)gfn)];

    public static void Populate(Domain domain)
    {
        foreach (ulong gfn in Populated)
        {
            if (domain.TryPopulate(new Gfn(gfn), 1) != 0)
                throw new InvalidOperationException("no memory for a domain");
        }
    }

    /// <summary>All vCPUs are up, in flat mode of one width. False: the domain has not the memory for it.</summary>
    public static bool Boot(Domain domain, bool is64Bit)
    {
        if (domain.P2m.Lookup(new Gfn(Frames - 1)).Type != P2mType.Ram || domain.P2m.Lookup(Gfn.Of(Tables)).Type != P2mType.Ram)
            return false;
        ulong root = 0;
        if (is64Bit)
        {
            var tables = new GuestTables(domain.Memory, Tables);
            tables.MapIdentity(0, 4 << 20);
            root = tables.Root;
        }
        foreach (Vcpu vcpu in domain.Vcpus)
        {
            if (is64Bit)
                TestMachine.EnterLongMode(vcpu, root);
            else
                TestMachine.EnterFlat32(vcpu);
            vcpu.Cpu.Rip = Code;
            vcpu.IsInitialised = true;
            vcpu.Up();
        }
        return true;
    }
}
