using System;
using System.Collections.Generic;
using System.Linq;
using Iced.Intel;

namespace Xenolith.Build.Scan;

/// <summary>
/// Reads one function's instructions: whom it calls, what addresses it names, how deep its stack goes. A register's
/// content is followed from its definition through straight code, which is as far as the compiler's patterns reach.
/// </summary>
public static class FunctionAnalysis
{
    private enum Content
    {
        Unknown,
        Constant,
        MethodTable,
        CellAddress,
    }

    /// <summary>Analyses the bytes of a function.</summary>
    /// <param name="name">Its C# name.</param>
    /// <param name="symbols">Every symbol at its address.</param>
    /// <param name="assembly">Mangled name of its assembly.</param>
    /// <param name="address">Where it runs.</param>
    /// <param name="code">Its bytes.</param>
    /// <param name="isDispatchCell">Tells interface dispatch cells from other data.</param>
    public static CodeFunction Run(string name, IReadOnlyList<string> symbols, string assembly, ulong address, byte[] code, Func<ulong, bool> isDispatchCell)
    {
        List<Instruction> instructions = Decode(address, code);
        ulong end = address + (ulong)code.Length;
        HashSet<ulong> loops = LoopHeads(instructions, address);
        var state = new State(address, end, isDispatchCell);
        for (int i = 0; i < instructions.Count; i++)
        {
            state.Arrive(instructions[i].IP, loops.Contains(instructions[i].IP));
            state.Step(instructions[i], i > 0 ? instructions[i - 1] : default);
        }

        return new CodeFunction(name, symbols, address, (ulong)code.Length)
        {
            Assembly = assembly,
            Calls = state.Calls,
            IndirectCalls = state.IndirectCalls,
            ConstantAccesses = state.ConstantAccesses,
            VectorUses = [.. instructions.Where(VectorRule.Breaks).Select(instruction => new VectorUse(instruction.IP, instruction.ToString()))],
            Frame = state.Deepest,
            DynamicFrame = state.DynamicFrame,
            Returns = state.Returns,
        };
    }

    private static List<Instruction> Decode(ulong address, byte[] code)
    {
        var decoder = Decoder.Create(64, new ByteArrayCodeReader(code), address);
        var instructions = new List<Instruction>();
        while (decoder.IP < address + (ulong)code.Length)
        {
            instructions.Add(decoder.Decode());
        }

        return instructions;
    }

    private static HashSet<ulong> LoopHeads(List<Instruction> instructions, ulong start)
    {
        var heads = new HashSet<ulong>();
        foreach (Instruction instruction in instructions)
        {
            if (instruction.FlowControl is FlowControl.ConditionalBranch or FlowControl.UnconditionalBranch
                && instruction.NearBranchTarget >= start && instruction.NearBranchTarget <= instruction.IP)
            {
                heads.Add(instruction.NearBranchTarget);
            }
        }

        return heads;
    }

    private sealed class State(ulong start, ulong end, Func<ulong, bool> isDispatchCell)
    {
        private readonly InstructionInfoFactory _information = new();
        private readonly Dictionary<ulong, Dictionary<(Register Base, long Slot), (Content Content, ulong Value)>> _arriving = [];

        // A register by itself has slot 0; a spilled value has the frame register and its displacement.
        private Dictionary<(Register Base, long Slot), (Content Content, ulong Value)> _known = [];
        private bool _fallsThrough = true;
        private int _depth = 8;
        private int _run;

        public List<DirectCall> Calls { get; } = [];

        public List<IndirectCall> IndirectCalls { get; } = [];

        public List<ConstantAccess> ConstantAccesses { get; } = [];

        public int Deepest { get; private set; } = 8;

        public bool DynamicFrame { get; private set; }

        public List<DirectCall> Returns { get; } = [];

        /// <summary>Joins what is known on the ways that lead to an address.</summary>
        public void Arrive(ulong address, bool isLoopHead)
        {
            if (_arriving.Remove(address, out Dictionary<(Register Base, long Slot), (Content Content, ulong Value)>? jumped))
            {
                _known = _fallsThrough ? Common(_known, jumped) : jumped;
                _run++;
            }
            else if (!_fallsThrough)
            {
                _known = [];
            }

            _fallsThrough = true;
            if (isLoopHead)
            {
                // A method table stays one; a constant may differ on the way back.
                foreach ((Register, long) place in new List<(Register, long)>(_known.Keys))
                {
                    if (_known[place].Content == Content.Constant)
                    {
                        _known.Remove(place);
                    }
                }
            }
        }

        public void Step(in Instruction instruction, in Instruction previous)
        {
            Memory(instruction);
            Flow(instruction, previous);
            Stack(instruction);
            Define(instruction);
        }

        private void Memory(in Instruction instruction)
        {
            bool accesses = instruction.Mnemonic is not (Mnemonic.Lea or Mnemonic.Nop);
            for (int operand = 0; accesses && operand < instruction.OpCount; operand++)
            {
                if (instruction.GetOpKind(operand) != OpKind.Memory || instruction.MemorySegment is Register.FS or Register.GS || instruction.IsIPRelativeMemoryOperand)
                {
                    continue;
                }

                if (instruction is { MemoryBase: Register.None, MemoryIndex: Register.None })
                {
                    ConstantAccesses.Add(new ConstantAccess(instruction.IP, instruction.MemoryDisplacement64, instruction.ToString()));
                }
                else if (instruction.MemoryIndex == Register.None && Known(instruction.MemoryBase) is (Content.Constant, ulong value))
                {
                    ConstantAccesses.Add(new ConstantAccess(instruction.IP, value + instruction.MemoryDisplacement64, instruction.ToString()));
                }
            }
        }

        private void Flow(in Instruction instruction, in Instruction previous)
        {
            if (instruction.FlowControl is FlowControl.ConditionalBranch or FlowControl.UnconditionalBranch && instruction.NearBranchTarget > instruction.IP)
            {
                _arriving[instruction.NearBranchTarget] = _arriving.TryGetValue(instruction.NearBranchTarget, out var other) ? Common(other, _known) : new(_known);
            }

            switch (instruction.FlowControl)
            {
                case FlowControl.Return:
                    Returns.Add(new DirectCall(instruction.IP, instruction.IP, _run));
                    break;
                case FlowControl.Call when instruction.Op0Kind == OpKind.NearBranch64:
                    Calls.Add(new DirectCall(instruction.IP, instruction.NearBranchTarget, _run));
                    break;
                case FlowControl.UnconditionalBranch or FlowControl.ConditionalBranch
                    when instruction.Op0Kind == OpKind.NearBranch64 && (instruction.NearBranchTarget < start || instruction.NearBranchTarget >= end):
                    Calls.Add(new DirectCall(instruction.IP, instruction.NearBranchTarget, _run));
                    break;
                case FlowControl.IndirectCall:
                    IndirectCalls.Add(Classify(instruction));
                    break;

                // A switch adds a table entry to a base and jumps there; any other computed jump leaves the function.
                case FlowControl.IndirectBranch when !(instruction.Op0Kind == OpKind.Register && previous.Mnemonic == Mnemonic.Add && previous.Op0Register == instruction.Op0Register):
                    IndirectCalls.Add(Classify(instruction));
                    break;
                default:
                    break;
            }

            if (instruction.FlowControl is not (FlowControl.Next or FlowControl.Call or FlowControl.IndirectCall))
            {
                _fallsThrough = instruction.FlowControl == FlowControl.ConditionalBranch;
                _run++;
            }
        }

        private IndirectCall Classify(in Instruction instruction)
        {
            string text = instruction.ToString();
            if (instruction.Op0Kind == OpKind.Memory)
            {
                if (instruction.IsIPRelativeMemoryOperand)
                {
                    return new IndirectCall(instruction.IP, isDispatchCell(instruction.IPRelativeMemoryAddress) ? IndirectCallKind.InterfaceCell : IndirectCallKind.Unresolved, 0, text);
                }

                (Content Content, ulong Value) known = Known(instruction.MemoryBase);
                if (known.Content == Content.CellAddress)
                {
                    return new IndirectCall(instruction.IP, IndirectCallKind.InterfaceCell, 0, text);
                }

                if (known.Content == Content.MethodTable && instruction.MemoryIndex == Register.None)
                {
                    return new IndirectCall(instruction.IP, IndirectCallKind.Virtual, (int)instruction.MemoryDisplacement64, text);
                }
            }

            return new IndirectCall(instruction.IP, IndirectCallKind.Unresolved, 0, text);
        }

        private void Stack(in Instruction instruction)
        {
            if (instruction.FlowControl != FlowControl.Next)
            {
                return;
            }

            if (instruction.Mnemonic == Mnemonic.Sub && instruction.Op0Register == Register.RSP)
            {
                if (instruction.Op1Kind is OpKind.Immediate8to64 or OpKind.Immediate32to64)
                {
                    _depth += (int)instruction.GetImmediate(1);
                }
                else
                {
                    DynamicFrame = true;
                }
            }
            else if (instruction.Mnemonic == Mnemonic.Lea && instruction is { Op0Register: Register.RSP, MemoryBase: Register.RSP } && (long)instruction.MemoryDisplacement64 < 0)
            {
                _depth -= (int)(long)instruction.MemoryDisplacement64;
            }
            else if (instruction.IsStackInstruction)
            {
                _depth -= instruction.StackPointerIncrement;
            }

            Deepest = Math.Max(Deepest, _depth);
        }

        private void Define(in Instruction instruction)
        {
            if (instruction.FlowControl is FlowControl.Call or FlowControl.IndirectCall)
            {
                foreach (Register register in (ReadOnlySpan<Register>)[Register.RAX, Register.RCX, Register.RDX, Register.RSI, Register.RDI, Register.R8, Register.R9, Register.R10, Register.R11])
                {
                    _known.Remove((register, 0));
                }

                return;
            }

            (Content, ulong) content = Defined(instruction);
            foreach (UsedRegister used in _information.GetInfo(instruction).GetUsedRegisters())
            {
                if (used.Access is OpAccess.Write or OpAccess.ReadWrite or OpAccess.CondWrite or OpAccess.ReadCondWrite)
                {
                    _known.Remove((used.Register.GetFullRegister(), 0));
                }
            }

            if (instruction.Op0Kind == OpKind.Register && content.Item1 != Content.Unknown)
            {
                Set((instruction.Op0Register.GetFullRegister(), 0), content);
            }
            else if (instruction.Op0Kind == OpKind.Memory && IsFrameSlot(instruction) && instruction.Mnemonic is not (Mnemonic.Cmp or Mnemonic.Test))
            {
                Set((instruction.MemoryBase, SlotOf(instruction)), content);
            }
        }

        private (Content Content, ulong Value) Defined(in Instruction instruction)
        {
            if (instruction.Mnemonic == Mnemonic.Lea && instruction.IsIPRelativeMemoryOperand && isDispatchCell(instruction.IPRelativeMemoryAddress))
            {
                return (Content.CellAddress, instruction.IPRelativeMemoryAddress);
            }

            if (instruction.Mnemonic != Mnemonic.Mov)
            {
                return default;
            }

            switch (instruction.Op1Kind)
            {
                case OpKind.Immediate32 or OpKind.Immediate64 or OpKind.Immediate32to64 when instruction.Op0Kind == OpKind.Register:
                    return (Content.Constant, instruction.GetImmediate(1));
                case OpKind.Register when instruction.Op1Register.IsGPR64():
                    return Known(instruction.Op1Register);
                case OpKind.Memory when IsFrameSlot(instruction):
                    return _known.GetValueOrDefault((instruction.MemoryBase, SlotOf(instruction)));
                case OpKind.Memory when instruction is { MemoryDisplacement64: 0, MemoryIndex: Register.None, IsIPRelativeMemoryOperand: false } && instruction.MemoryBase != Register.None:
                    return (Content.MethodTable, 0);
                default:
                    return default;
            }
        }

        private void Set((Register, long) place, (Content Content, ulong Value) content)
        {
            if (content.Content == Content.Unknown)
            {
                _known.Remove(place);
            }
            else
            {
                _known[place] = content;
            }
        }

        private static bool IsFrameSlot(in Instruction instruction) =>
            instruction.MemoryBase is Register.RSP or Register.RBP && instruction.MemoryIndex == Register.None;

        // Displacement 0 would look like a register by itself.
        private static long SlotOf(in Instruction instruction) => (long)instruction.MemoryDisplacement64 * 2 + 1;

        private static Dictionary<(Register Base, long Slot), (Content Content, ulong Value)> Common(
            Dictionary<(Register Base, long Slot), (Content Content, ulong Value)> left, Dictionary<(Register Base, long Slot), (Content Content, ulong Value)> right)
        {
            var common = new Dictionary<(Register Base, long Slot), (Content Content, ulong Value)>();
            foreach (((Register, long) place, (Content Content, ulong Value) content) in left)
            {
                if (right.TryGetValue(place, out (Content Content, ulong Value) other) && other == content)
                {
                    common[place] = content;
                }
            }

            return common;
        }

        private (Content Content, ulong Value) Known(Register register) => _known.GetValueOrDefault((register.GetFullRegister(), 0));
    }
}
