using Xenolith.Abi.Contract;

namespace Xenolith.Guests;

/// <summary>
/// A row: an instruction, the registers it runs with, and the answer that shows it did what the row says. Its arguments
/// lie in a page of the pool, so that they stay where they are.
/// </summary>
public class Operation(string name, TimedInstruction instruction)
{
    private TimedRegisters _registers;
    private bool _checked;
    private ulong _answer, _mask;

    /// <summary>The row's name.</summary>
    public string Name => name;

    /// <summary>RAX after the last run, as far as it counts.</summary>
    public ulong Result => _registers.Result & _mask;

    /// <summary>What that has to be.</summary>
    public ulong Answer => _answer;

    /// <summary>Whether the last run gave the answer that the row is about.</summary>
    public bool Answered => !_checked || Result == _answer;

    /// <summary>How often it is measured.</summary>
    public virtual int Samples => Sampler.MostSamples;

    /// <summary>Whether it is short enough for a list of its instructions.</summary>
    public virtual bool CanBeListed => true;

    protected ref TimedRegisters Registers => ref _registers;

    /// <summary>A hypercall.</summary>
    public static Operation Call(string name, ulong number, ulong a1, ulong a2, ulong a3, long answer) =>
        new Operation(name, TimedInstruction.Hypercall).With(number, a1, a2, a3).Giving((ulong)answer, ulong.MaxValue);

    /// <summary>A hypercall that succeeds with 0.</summary>
    public static Operation Call(string name, Hypercall number, ulong a1, ulong a2) => Call(name, (ulong)number, a1, a2, 0, 0);

    /// <summary>A row whose instruction takes EAX, ECX, EDX and RDI.</summary>
    public static Operation Plain(string name, TimedInstruction instruction, ulong rax, ulong rcx, ulong rdx, ulong rdi)
    {
        var operation = new Operation(name, instruction);
        operation.Registers.Rax = rax;
        operation.Registers.Rcx = rcx;
        operation.Registers.Rdx = rdx;
        operation.Registers.Rdi = rdi;
        return operation;
    }

    /// <summary>Sets number and arguments of a hypercall.</summary>
    public Operation With(ulong number, ulong a1, ulong a2, ulong a3)
    {
        _registers.Rax = number;
        _registers.Rdi = a1;
        _registers.Rsi = a2;
        _registers.Rdx = a3;
        return this;
    }

    /// <summary>Says which answer shows that the operation did its work.</summary>
    public Operation Giving(ulong answer, ulong mask)
    {
        _checked = true;
        _answer = answer;
        _mask = mask;
        return this;
    }

    /// <summary>Before each run, outside of what is timed.</summary>
    public virtual void Prepare()
    {
    }

    /// <summary>Runs it once; ticks with the measurement's own in them.</summary>
    public virtual uint Run() => Timing.Measure(instruction, ref _registers);
}

/// <summary>A call whose effect another call undoes before the next run.</summary>
public sealed class UndoneCall(string name, Operation undo) : Operation(name, TimedInstruction.Hypercall)
{
    public override void Prepare() => undo.Run();
}

/// <summary>A send on a port whose event was taken before, so that each run marks it anew.</summary>
public sealed class SendOperation(string name, uint port) : Operation(name, TimedInstruction.Hypercall)
{
    public override void Prepare()
    {
        SharedState.ClearPending(port);
        SharedState.TakeSelector();
    }
}
