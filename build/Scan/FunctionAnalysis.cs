using System;
using System.Collections.Generic;
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
    /// <param name="address">Where it runs.</param>
    /// <param name="code">Its bytes.</param>
    /// <param name="isDispatchCell">Tells interface dispatch cells from other data.</param>
    public static CodeFunction Run(string name, IReadOnlyList<string> symbols, ulong address, byte[] code, Func<ulong, bool> isDispatchCell)
    {
        List<Instruction> instructions = Decode(address, code);
        ulong end = address + (ulong)code.Length;
        HashSet<ulong> labels = Labels(instructions, address, end);
        var state = new State(address, end, isDispatchCell);
        for (int i = 0; i < instructions.Count; i++)
        {
            if (labels.Contains(instructions[i].IP))
            {
                state.ForgetConstants();
            }

            state.Step(instructions[i], i > 0 ? instructions[i - 1] : default);
        }

        return new CodeFunction(name, symbols, address, (ulong)code.Length)
        {
            Calls = state.Calls,
            IndirectCalls = state.IndirectCalls,
            ConstantAccesses = state.ConstantAccesses,
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

    private static HashSet<ulong> Labels(List<Instruction> instructions, ulong start, ulong end)
    {
        var labels = new HashSet<ulong>();
        foreach (Instruction instruction in instructions)
        {
            if (instruction.FlowControl is FlowControl.ConditionalBranch or FlowControl.UnconditionalBranch
                && instruction.NearBranchTarget >= start && instruction.NearBranchTarget < end)
            {
                labels.Add(instruction.NearBranchTarget);
            }
        }

        return labels;
    }

    private sealed class State(ulong start, ulong end, Func<ulong, bool> isDispatchCell)
    {
        private readonly InstructionInfoFactory _information = new();
        private readonly Dictionary<Register, (Content Content, ulong Value)> _registers = [];
        private int _depth = 8;

        public List<ulong> Calls { get; } = [];

        public List<IndirectCall> IndirectCalls { get; } = [];

        public List<ConstantAccess> ConstantAccesses { get; } = [];

        public int Deepest { get; private set; } = 8;

        public bool DynamicFrame { get; private set; }

        public bool Returns { get; private set; }

        // A method table stays one wherever the load was; a constant may differ on the other way to a label.
        public void ForgetConstants()
        {
            foreach ((Register register, (Content Content, ulong) known) in new List<KeyValuePair<Register, (Content Content, ulong)>>(_registers))
            {
                if (known.Content == Content.Constant)
                {
                    _registers.Remove(register);
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
            switch (instruction.FlowControl)
            {
                case FlowControl.Return:
                    Returns = true;
                    break;
                case FlowControl.Call when instruction.Op0Kind == OpKind.NearBranch64:
                    Calls.Add(instruction.NearBranchTarget);
                    break;
                case FlowControl.UnconditionalBranch or FlowControl.ConditionalBranch
                    when instruction.Op0Kind == OpKind.NearBranch64 && (instruction.NearBranchTarget < start || instruction.NearBranchTarget >= end):
                    Calls.Add(instruction.NearBranchTarget);
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
                    _registers.Remove(register);
                }

                return;
            }

            (Content, ulong) content = (Content.Unknown, 0);
            if (instruction.Mnemonic == Mnemonic.Mov && instruction.Op0Kind == OpKind.Register)
            {
                content = instruction.Op1Kind switch
                {
                    OpKind.Immediate32 or OpKind.Immediate64 or OpKind.Immediate32to64 => (Content.Constant, instruction.GetImmediate(1)),
                    OpKind.Memory when instruction is { MemoryDisplacement64: 0, MemoryIndex: Register.None, IsIPRelativeMemoryOperand: false } && instruction.MemoryBase != Register.None => (Content.MethodTable, 0),
                    OpKind.Register when instruction.Op0Register.IsGPR64() => Known(instruction.Op1Register),
                    _ => content,
                };
            }
            else if (instruction.Mnemonic == Mnemonic.Lea && instruction.IsIPRelativeMemoryOperand && isDispatchCell(instruction.IPRelativeMemoryAddress))
            {
                content = (Content.CellAddress, instruction.IPRelativeMemoryAddress);
            }

            foreach (UsedRegister used in _information.GetInfo(instruction).GetUsedRegisters())
            {
                if (used.Access is OpAccess.Write or OpAccess.ReadWrite or OpAccess.CondWrite or OpAccess.ReadCondWrite)
                {
                    _registers.Remove(used.Register.GetFullRegister());
                }
            }

            if (content.Item1 != Content.Unknown && instruction.Op0Kind == OpKind.Register)
            {
                _registers[instruction.Op0Register.GetFullRegister()] = content;
            }
        }

        private (Content Content, ulong Value) Known(Register register) => _registers.GetValueOrDefault(register.GetFullRegister());
    }
}
