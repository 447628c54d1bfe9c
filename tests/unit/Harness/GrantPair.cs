using System;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Xenolith.Abi;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Hal;
using Xenolith.Kernel;
using Xenolith.Mm;

namespace Xenolith.Tests.Unit.Harness;

/// <summary>A machine with domains that grant each other frames: a test writes entries, any domain calls.</summary>
internal sealed class GrantPair : IDisposable
{
    /// <summary>Ids of the two that there are at first.</summary>
    public const ushort GranterId = 5, UserId = 3;

    /// <summary>A guest frame of the granter, and where its user maps it: nothing is there.</summary>
    public const ulong Frame = 0x130, Place = 0x9_0000;

    /// <summary>Where arguments lie in every domain.</summary>
    public const ulong Argument = 0x12_0000;

    public GrantPair(int maximumMappingFrames = 1024)
    {
        Machine = new TestMachine(32, cpus: 2);
        Machine.Log.GuestThresholds = new LogThresholds(LogLevel.Debug, LogLevel.Debug);
        Granter = Machine.CreateDomain(2, 1, GranterId, isPrivileged: false);
        User = Machine.CreateDomain(2, 2, UserId, isPrivileged: false, maximumMappingFrames: maximumMappingFrames);
        Dispatcher = new HypercallDispatcher(Machine.Services);
    }

    public TestMachine Machine { get; }

    public Domain Granter { get; private set; }

    public Domain User { get; }

    public HypercallDispatcher Dispatcher { get; }

    /// <summary>The machine frame of the granter's <see cref="Frame"/>.</summary>
    public Mfn Granted => Granter.P2m.Lookup(new Gfn(Frame)).Mfn;

    /// <summary>A domain that was there before is gone with all it had.</summary>
    public void EndGranter() => Granter.Dispose();

    /// <summary>Writes an entry of version 1.</summary>
    public static void Grant(Domain granter, uint reference, ushort to, ulong gfn, ushort flags = GrantEntryFlags.PermitAccess) =>
        Entry(granter, reference) = flags | (ulong)to << 16 | gfn << 32;

    /// <summary>Grants <see cref="Frame"/> to <see cref="User"/>.</summary>
    public void Grant(uint reference, ushort flags = GrantEntryFlags.PermitAccess) => Grant(Granter, reference, UserId, Frame, flags);

    /// <summary>An entry of version 1, in the first frame.</summary>
    public static ref ulong Entry(Domain granter, uint reference) =>
        ref granter.Services.Memory.Word64(granter.GrantTable.Frame((int)(reference / 512)).Mfn.Address + reference % 512 * 8UL);

    /// <summary>Half of an entry of version 2, in the first frame.</summary>
    public static ref ulong EntryV2(Domain granter, uint reference, int half) =>
        ref granter.Services.Memory.Word64(granter.GrantTable.Frame(0).Mfn.Address + reference * 16UL + (ulong)half * 8);

    public static ushort Status(Domain granter, uint reference) => granter.GrantTable.Version == 1
        ? (ushort)(Entry(granter, reference) & (GrantEntryFlags.Reading | GrantEntryFlags.Writing))
        : BitConverter.ToUInt16(granter.Services.Memory.Frame(granter.GrantTable.StatusFrame(0).Mfn).Slice((int)reference * 2));

    /// <summary>A call with an array of one.</summary>
    public T Call<T>(Domain caller, GrantTableOp operation, T argument, int vcpu = 0) where T : unmanaged
    {
        ulong at = Argument + (ulong)vcpu * Page.Size;
        Write(caller, at, argument);
        long result = Call(caller, Hypercall.GrantTableOp, (ulong)operation, at, 1, vcpu);
        if (result != 0)
            throw new InvalidOperationException($"{operation}: {result}");
        return Read<T>(caller, at);
    }

    public long Call(Domain caller, Hypercall number, ulong a0, ulong a1, ulong a2 = 0, int vcpu = 0)
    {
        ref GuestRegisters registers = ref caller.Vcpus[vcpu].Cpu.Registers;
        (registers.Rax, registers.Rdi, registers.Rsi, registers.Rdx) = ((ulong)number, a0, a1, a2);
        for (int i = 0; Dispatcher.Handle(caller.Vcpus[vcpu]) == HypercallOutcome.Restart; i++)
        {
            if (i == 100_000)
                throw new InvalidOperationException("a call that never ends");
        }
        return (long)caller.Vcpus[vcpu].Cpu.Registers.Rax;
    }

    public GnttabMapGrantRef Map(Domain caller, ushort granter, uint reference, ulong gfn = Place, uint flags = GrantMapFlags.Host, int vcpu = 0) =>
        Call(caller, GrantTableOp.MapGrantRef, new GnttabMapGrantRef { Domain = granter, Reference = reference, HostAddress = gfn << 12, Flags = flags, Status = 99, Handle = 0xABCD }, vcpu);

    /// <summary>The user maps a grant of the granter's; it has to succeed.</summary>
    public uint Map(uint reference, ulong gfn = Place, uint flags = GrantMapFlags.Host)
    {
        GnttabMapGrantRef result = Map(User, GranterId, reference, gfn, flags);
        return result.Status == 0 ? result.Handle : throw new InvalidOperationException($"mapping: {(GrantStatus)result.Status}");
    }

    public GrantStatus Unmap(Domain caller, uint handle, ulong gfn = Place, ulong busAddress = 0, int vcpu = 0) =>
        (GrantStatus)Call(caller, GrantTableOp.UnmapGrantRef, new GnttabUnmapGrantRef { Handle = handle, HostAddress = gfn << 12, DeviceBusAddress = busAddress, Status = 99 }, vcpu).Status;

    public static void Write<T>(Domain domain, ulong physical, T value) where T : unmanaged
    {
        MemoryMarshal.AsBytes(MemoryMarshal.CreateSpan(ref value, 1)).CopyTo(Bytes(domain, physical, Unsafe.SizeOf<T>()));
    }

    public static T Read<T>(Domain domain, ulong physical) where T : unmanaged
    {
        return MemoryMarshal.Read<T>(Bytes(domain, physical, Unsafe.SizeOf<T>()));
    }

    /// <summary>As the guest itself reaches its memory: mappings too.</summary>
    private static Span<byte> Bytes(Domain domain, ulong physical, int length) =>
        domain.Services.Memory.Bytes(domain.P2m.Lookup(Gfn.Of(physical)).Mfn.Address + (physical & Page.OffsetMask), length);

    public void Dispose() => Machine.Dispose();
}
