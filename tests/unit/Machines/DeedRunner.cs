using System;
using System.Collections.Generic;
using System.Linq;
using Xenolith.Abi;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Hal;
using Xenolith.Kernel;
using Xenolith.Mm;
using Xenolith.Tests.Unit.Harness;

namespace Xenolith.Tests.Unit.Machines;

/// <summary>Does deeds in a machine, and has it looked at after each.</summary>
internal sealed class DeedRunner : IDisposable
{
    private const int InstructionLength = 3;

    /// <summary>Steps of one call before it counts as one that never ends.</summary>
    private const int MostSteps = 100_000;

    /// <summary>Level 3, in a segment's attributes.</summary>
    private const int UserLevel = 3 << 5;

    private readonly MachineAudit _audit;
    private readonly Dictionary<Vcpu, ulong> _calls = [];

    public DeedRunner(bool controlIs64Bit = true)
    {
        Machine = new WholeMachine(controlIs64Bit);
        _audit = new MachineAudit(Machine);
        Machine.NoteIds();
        _audit.Check();
    }

    public WholeMachine Machine { get; }

    /// <summary>What is known of calls from 64 on.</summary>
    public OwnAudit Pauses { get; } = new();

    /// <summary>What was done, to be done again.</summary>
    public List<Deed> Done { get; } = [];

    /// <summary>What the last call of a vCPU answered; null: it was not made, or goes on.</summary>
    public long? Result { get; private set; }

    /// <summary>Whether a vCPU is in the middle of a call.</summary>
    public bool IsInCall(Vcpu vcpu)
    {
        if (!_calls.TryGetValue(vcpu, out ulong rip))
            return false;
        if (vcpu.Cpu.Rip == rip)
            return true;
        _calls.Remove(vcpu);
        return false;
    }

    public void Do(Deed deed)
    {
        Done.Add(deed);
        Result = null;
        Act(deed);
        Machine.NoteIds();
        if (deed.Kind is not (DeedKind.Write or DeedKind.Entry or DeedKind.Budget or DeedKind.Mask))
        {
            _audit.Check();
            foreach (Domain domain in Machine.Domains)
                Pauses.Check(domain);
        }
    }

    /// <summary>Ends all domains: nothing of them is left.</summary>
    public void End()
    {
        Machine.EndAll();
        _audit.CheckEmpty();
    }

    public void Dispose() => Machine.Dispose();

    private void Act(Deed deed)
    {
        if (deed.Kind == DeedKind.Pass)
            Machine.Pass(deed.Values[0]);
        else if (deed.Kind == DeedKind.Hog)
            Machine.Hog(deed.Values[0]);
        else if (deed.Kind == DeedKind.Budget)
            Machine.Machine.Hypercalls.Budget = (int)deed.Values[0];
        else if (deed.Kind == DeedKind.Show)
            Machine.Services.Domains.Find(deed.Domain)?.Exposure.Set((ExposureGroup)deed.Values[0], deed.Values[1]);
        else if (Machine.Services.Domains.Find(deed.Domain) is { } domain)
            Act(deed, domain);
    }

    private void Act(Deed deed, Domain domain)
    {
        switch (deed.Kind)
        {
            case DeedKind.Write:
                GuestMind.Write(domain, deed.Values[0], deed.Bytes!);
                return;
            case DeedKind.Entry:
                GuestMind.WriteEntry(domain, deed.Values);
                return;
            case DeedKind.Mask:
                GuestMind.Mask(domain, (uint)deed.Values[0], deed.Values[1] != 0);
                return;
            case DeedKind.Boot:
                if (domain != Machine.Control && !domain.HasBegun && domain.HasVcpus)
                    GuestLayout.Boot(domain, deed.Values[0] == 64);
                return;
        }
        if (deed.Vcpu >= domain.Vcpus.Length)
            return;
        Vcpu vcpu = domain.Vcpus[deed.Vcpu];
        switch (deed.Kind)
        {
            case DeedKind.Call:
                Finish(vcpu);
                if (!IsInCall(vcpu))
                    Begin(vcpu, deed.Values);
                break;
            case DeedKind.UserCall:
                Finish(vcpu);
                if (!IsInCall(vcpu))
                    Begin(vcpu, deed.Values, isUser: true);
                break;
            case DeedKind.Go when IsInCall(vcpu):
                GoOn(vcpu);
                break;
            case DeedKind.Go:
                if (Machine.TryBring(vcpu) is { } cpu)
                    Machine.Step(cpu);
                break;
            case DeedKind.Finish:
                Finish(vcpu);
                break;
            case DeedKind.Halt:
                Finish(vcpu);
                if (!IsInCall(vcpu) && Machine.TryBring(vcpu) is { } on)
                    Machine.Step(on, static at => at.Exit = new Exit { Reason = ExitReason.Halt, InstructionLength = 1 });
                break;
            case DeedKind.Take:
                Finish(vcpu);
                GuestMind.TakeEvents(vcpu);
                break;
        }
    }

    private void Begin(Vcpu vcpu, ulong[] values, bool isUser = false)
    {
        if (Machine.TryBring(vcpu) is not { } cpu)
            return;
        ref GuestRegisters registers = ref vcpu.Cpu.Registers;
        Span<ulong> all = stackalloc ulong[7];
        values.AsSpan(0, Math.Min(values.Length, 7)).CopyTo(all);
        registers.Rax = all[0];
        if (vcpu.Is64BitCaller)
            (registers.Rdi, registers.Rsi, registers.Rdx, registers.R10, registers.R8, registers.R9) = (all[1], all[2], all[3], all[4], all[5], all[6]);
        else
            (registers.Rbx, registers.Rcx, registers.Rdx, registers.Rsi, registers.Rdi, registers.Rbp) = (all[1], all[2], all[3], all[4], all[5], all[6]);
        _calls[vcpu] = vcpu.Cpu.Rip;
        Segment stack = vcpu.Cpu.GetSegment(SegmentName.Ss);
        if (isUser)
            vcpu.Cpu.SetSegment(SegmentName.Ss, stack with { Attributes = (ushort)(stack.Attributes | UserLevel) });
        Issue(vcpu, cpu, isUser);
        if (isUser)
            vcpu.Cpu.SetSegment(SegmentName.Ss, stack);
    }

    private void Finish(Vcpu vcpu)
    {
        for (int step = 0; IsInCall(vcpu); step++)
        {
            if (step > MostSteps)
                throw new InvalidOperationException($"d{vcpu.Domain.Id}v{vcpu.Id}: a call that never ends");
            if (!GoOn(vcpu))
                return;
        }
    }

    private bool GoOn(Vcpu vcpu)
    {
        if (Machine.TryBring(vcpu) is not { } cpu || !IsInCall(vcpu))
            return false;
        Issue(vcpu, cpu);
        return true;
    }

    private void Issue(Vcpu vcpu, int cpu, bool isUser = false)
    {
        bool is64Bit = vcpu.Is64BitCaller;
        OwnAudit.Expected expected = Pauses.Before(vcpu, isUser);
        ulong rip = vcpu.Cpu.Rip;
        Machine.Step(cpu, static at =>
        {
            at.Exit = new Exit { Reason = ExitReason.Hypercall, InstructionLength = InstructionLength };
        });
        // Another domain may have given it other registers meanwhile.
        if (expected.IsHigh && IsInCall(vcpu))
            throw new AuditException($"d{vcpu.Domain.Id}v{vcpu.Id}: a call from 64 on is made again under its caller");
        if (IsInCall(vcpu) || vcpu.Cpu.Rip != rip + InstructionLength)
            return;
        ulong rax = vcpu.Cpu.Registers.Rax;
        Result = is64Bit ? (long)rax : (int)(uint)rax;
        if (Result is < 0 and > -4096 && !Enum.IsDefined((Errno)(-Result.Value)))
            throw new InvalidOperationException($"a call answered {Result}, which is no error");
        Pauses.After(vcpu, in expected, Result.Value, isUser, (ulong)Machine.Machine.Hypercalls.Budget);
    }
}
