using System;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Xenolith.Abi;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Hal;
using Xenolith.Kernel;
using Xenolith.Tests.Unit.Harness;

namespace Xenolith.Tests.Unit.Abi;

/// <summary>A guest that makes hypercalls: a machine in memory, its initial domain, and the dispatcher.</summary>
internal sealed class CallFixture : IDisposable
{
    /// <summary>Where arguments lie: RAM of the guest, identity-mapped, away from its page tables.</summary>
    public const ulong Argument = 0x20_0000;
    public const ulong List = 0x21_0000;
    public const ulong Results = 0x22_0000;

    /// <summary>Canonical and unmapped; and not canonical.</summary>
    public const ulong Unmapped = 0x40_0000_0000;
    public const ulong NotCanonical = 0x8000_0000_0000;

    /// <summary>RAM of the machine; more would only take longer to clear.</summary>
    public const int MachineMebibytes = 16;

    /// <summary>A guest frame of RAM that nothing else uses.</summary>
    public const ulong SpareGfn = 0x230;

    public CallFixture(int vcpus = 2, bool is64Bit = true, bool isPrivileged = true, ushort id = 0, int mebibytes = 4, int budget = 64, int cpus = 1)
    {
        Is64Bit = is64Bit;
        Machine = new TestMachine(MachineMebibytes, cpus: cpus);
        Machine.Log.GuestThresholds = new LogThresholds(LogLevel.Debug, LogLevel.Debug);
        Domain = Machine.CreateDomain(mebibytes, vcpus, id, isPrivileged);
        Dispatcher = new HypercallDispatcher(Machine.Services, Input) { Budget = budget };
        if (!is64Bit)
        {
            foreach (Vcpu vcpu in Domain.Vcpus)
                TestMachine.EnterFlat32(vcpu);
        }
    }

    public TestMachine Machine { get; }

    public Domain Domain { get; }

    public Vcpu Vcpu => Domain.Vcpus[0];

    public ConsoleInput Input { get; } = new();

    public HypercallDispatcher Dispatcher { get; }

    public bool Is64Bit { get; }

    /// <summary>How often a call was issued again before it was done, the last time.</summary>
    public int Restarts { get; private set; }

    public HypercallOutcome Outcome { get; private set; }

    /// <summary>Issues a call until it is done; the result is sign-extended from the caller's width.</summary>
    public long Call(ulong number, ulong a0 = 0, ulong a1 = 0, ulong a2 = 0, ulong a3 = 0, ulong a4 = 0, ulong a5 = 0)
    {
        long? result = Begin(1_000_000, number, a0, a1, a2, a3, a4, a5);
        Assert(result is not null, "a call that never ends");
        return result.GetValueOrDefault();
    }

    /// <summary>The same, at most so many times; null: it would go on.</summary>
    public long? Begin(int passes, ulong number, ulong a0, ulong a1, ulong a2, ulong a3, ulong a4, ulong a5 = 0)
    {
        Load(number, a0, a1, a2, a3, a4, a5);
        for (Restarts = 0; (Outcome = Dispatcher.Handle(Vcpu)) == HypercallOutcome.Restart;)
        {
            if (++Restarts == passes)
                return null;
        }
        ulong rax = Vcpu.Cpu.Registers.Rax;
        return Is64Bit ? (long)rax : (int)(uint)rax;
    }

    public long Call(Hypercall number, ulong a0 = 0, ulong a1 = 0, ulong a2 = 0) => Call((ulong)number, a0, a1, a2);

    /// <summary>A call with its structure at <see cref="Argument"/>, which is read back.</summary>
    public long Call<T>(Hypercall number, ulong operation, ref T argument) where T : unmanaged
    {
        Write(Argument, argument);
        long result = Call((ulong)number, operation, Argument);
        argument = Read<T>(Argument);
        return result;
    }

    public long CallVcpu<T>(VcpuOp operation, uint vcpu, ref T argument) where T : unmanaged
    {
        Write(Argument, argument);
        long result = Call((ulong)Hypercall.VcpuOp, (ulong)operation, vcpu, Argument);
        argument = Read<T>(Argument);
        return result;
    }

    public void Load(ulong number, ulong a0, ulong a1, ulong a2, ulong a3, ulong a4, ulong a5)
    {
        ref GuestRegisters registers = ref Vcpu.Cpu.Registers;
        registers.Rax = number;
        if (Is64Bit)
            (registers.Rdi, registers.Rsi, registers.Rdx, registers.R10, registers.R8, registers.R9) = (a0, a1, a2, a3, a4, a5);
        else
            (registers.Rbx, registers.Rcx, registers.Rdx, registers.Rsi, registers.Rdi, registers.Rbp) = (a0, a1, a2, a3, a4, a5);
    }

    public void Write<T>(ulong physical, T value) where T : unmanaged =>
        Assert(Domain.Memory.TryWrite(physical, MemoryMarshal.AsBytes(MemoryMarshal.CreateSpan(ref value, 1))), "no memory to write to");

    public T Read<T>(ulong physical) where T : unmanaged
    {
        T value = default;
        Assert(Domain.Memory.TryRead(physical, MemoryMarshal.AsBytes(MemoryMarshal.CreateSpan(ref value, 1))), "no memory to read from");
        return value;
    }

    public void WriteArray<T>(ulong physical, params ReadOnlySpan<T> values) where T : unmanaged
    {
        for (int i = 0; i < values.Length; i++)
            Write(physical + (ulong)(i * Unsafe.SizeOf<T>()), values[i]);
    }

    public T[] ReadArray<T>(ulong physical, int count) where T : unmanaged
    {
        var values = new T[count];
        for (int i = 0; i < count; i++)
            values[i] = Read<T>(physical + (ulong)(i * Unsafe.SizeOf<T>()));
        return values;
    }

    /// <summary>Where nothing can be read or written, for the caller's width: past its RAM when there is no paging.</summary>
    public ulong Hole => Is64Bit ? Unmapped : 0xF000_0000;

    public void Dispose() => Machine.Dispose();

    private static void Assert(bool condition, string message)
    {
        if (!condition)
            throw new InvalidOperationException(message);
    }
}
