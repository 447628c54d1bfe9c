using System;
using System.Buffers.Binary;
using Iced.Intel;
using Xenolith.Hal;
using Xenolith.Kernel;
using Xenolith.Mm;

namespace Xenolith.Emulate;

/// <summary>
/// Executes the instruction by which a guest reads or writes GDTR, IDTR, LDTR or TR, after its exit was told of: SGDT, SIDT, LGDT, LIDT, SLDT, STR, LLDT, LTR
/// (Intel SDM vol. 2).
/// </summary>
/// <remarks>
/// Between exit and execution somebody may have changed registers or code. What is there now is executed only if it is the instruction that exited; anything else runs
/// by itself, and exits anew if it has to. Made once; allocates nothing.
/// </remarks>
public sealed class DescriptorTableEmulator(InstructionDecoder decoder)
{
    private const ushort IndexBits = 0xFFF8, ErrorBits = 0xFFFC, InLocalTable = 4;
    private const ulong UserModeInstructionPrevention = 1 << 11;
    private const int SelectorSize = 2, LimitSize = 2;

    // Of a descriptor's attributes, in the form of Segment.Attributes.
    private const int TypeAndSystem = 0x1F, LocalTable = 2, AvailableTask16 = 1, AvailableTask = 9, Busy = 2, Granular = 0x800;

    private PageFault _fault;

    /// <summary>Why memory could not be reached, after <see cref="EmulationResult.Fault"/>.</summary>
    public PageFault Fault => _fault;

    /// <summary>Whether <see cref="EmulationResult.Protection"/> is a matter of the stack segment.</summary>
    public bool IsStackFault { get; private set; }

    /// <summary>Executes the instruction at RIP, whose exit was the vCPU's last. <see cref="EmulationResult.Again"/>: it is to run by itself, or has raised an exception.</summary>
    public EmulationResult Execute(VirtualCpu cpu, GuestAccess access)
    {
        IsStackFault = false;
        switch (decoder.Fetch(cpu, access, out Instruction instruction))
        {
            case FetchResult.Fault:
                _fault = decoder.Fault;
                return EmulationResult.Fault;
            case FetchResult.Invalid:
                return EmulationResult.Undefined;
        }

        if (cpu.Exit.Reason != ExitReason.DescriptorTable || NameOf(instruction.Mnemonic) != cpu.Exit.TableInstruction)
        {
            return EmulationResult.Again;
        }

        bool isForKernel = cpu.Exit.TableInstruction is DescriptorTableInstruction.Lgdt or DescriptorTableInstruction.Lidt or DescriptorTableInstruction.Lldt
            or DescriptorTableInstruction.Ltr || (cpu.Cr4 & UserModeInstructionPrevention) != 0;
        if (isForKernel && cpu.PrivilegeLevel != 0)
        {
            return EmulationResult.Protection;
        }

        EmulationResult result = Execute(cpu, access, in instruction);
        if (result == EmulationResult.Done)
        {
            cpu.SkipInstruction(instruction.Length);
        }

        return result;
    }

    private static DescriptorTableInstruction? NameOf(Mnemonic mnemonic) => mnemonic switch
    {
        Mnemonic.Sgdt => DescriptorTableInstruction.Sgdt,
        Mnemonic.Sidt => DescriptorTableInstruction.Sidt,
        Mnemonic.Lgdt => DescriptorTableInstruction.Lgdt,
        Mnemonic.Lidt => DescriptorTableInstruction.Lidt,
        Mnemonic.Sldt => DescriptorTableInstruction.Sldt,
        Mnemonic.Str => DescriptorTableInstruction.Str,
        Mnemonic.Lldt => DescriptorTableInstruction.Lldt,
        Mnemonic.Ltr => DescriptorTableInstruction.Ltr,
        _ => null,
    };

    private EmulationResult Execute(VirtualCpu cpu, GuestAccess access, in Instruction instruction) => cpu.Exit.TableInstruction switch
    {
        DescriptorTableInstruction.Sgdt => StoreTable(cpu, access, in instruction, cpu.Gdtr),
        DescriptorTableInstruction.Sidt => StoreTable(cpu, access, in instruction, cpu.Idtr),
        DescriptorTableInstruction.Lgdt or DescriptorTableInstruction.Lidt => LoadTable(cpu, access, in instruction),
        DescriptorTableInstruction.Sldt => StoreSelector(cpu, access, in instruction, cpu.GetSegment(SegmentName.Ldtr).Selector),
        DescriptorTableInstruction.Str => StoreSelector(cpu, access, in instruction, cpu.GetSegment(SegmentName.Tr).Selector),
        DescriptorTableInstruction.Lldt => LoadSegment(cpu, access, in instruction, SegmentName.Ldtr),
        _ => LoadSegment(cpu, access, in instruction, SegmentName.Tr),
    };

    /// <summary>Limit, then base; with 16-bit operands too the base has 32 bits, as processors have it, whatever the manual says of the last 8.</summary>
    private EmulationResult StoreTable(VirtualCpu cpu, GuestAccess access, in Instruction instruction, DescriptorTable table)
    {
        Span<byte> bytes = stackalloc byte[LimitSize + sizeof(ulong)];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, table.Limit);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.Slice(LimitSize), table.Base);
        return Write(cpu, access, in instruction, bytes.Slice(0, LimitSize + BaseSize(access)));
    }

    private EmulationResult LoadTable(VirtualCpu cpu, GuestAccess access, in Instruction instruction)
    {
        Span<byte> bytes = stackalloc byte[LimitSize + sizeof(ulong)];
        bytes.Clear();
        EmulationResult result = Read(cpu, access, in instruction, bytes.Slice(0, LimitSize + BaseSize(access)));
        if (result != EmulationResult.Done)
        {
            return result;
        }

        ulong start = BinaryPrimitives.ReadUInt64LittleEndian(bytes.Slice(LimitSize));
        if (instruction.Code is Code.Lgdt_m1632_16 or Code.Lidt_m1632_16)
        {
            start &= 0xFF_FFFF;
        }

        if (!IsCanonical(start))
        {
            return EmulationResult.Protection;
        }

        var table = new DescriptorTable(start, BinaryPrimitives.ReadUInt16LittleEndian(bytes));
        if (cpu.Exit.TableInstruction == DescriptorTableInstruction.Lgdt)
        {
            cpu.Gdtr = table;
        }
        else
        {
            cpu.Idtr = table;
        }

        return EmulationResult.Done;
    }

    private EmulationResult StoreSelector(VirtualCpu cpu, GuestAccess access, in Instruction instruction, ushort selector)
    {
        if (instruction.Op0Kind == OpKind.Register)
        {
            GuestGeneralRegister.Write(ref cpu.Registers, instruction.Op0Register, selector);
            return EmulationResult.Done;
        }

        Span<byte> bytes = stackalloc byte[SelectorSize];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, selector);
        return Write(cpu, access, in instruction, bytes);
    }

    private EmulationResult LoadSegment(VirtualCpu cpu, GuestAccess access, in Instruction instruction, SegmentName name)
    {
        ushort selector;
        if (instruction.Op0Kind == OpKind.Register)
        {
            selector = (ushort)GuestGeneralRegister.Read(ref cpu.Registers, instruction.Op0Register);
        }
        else
        {
            Span<byte> bytes = stackalloc byte[SelectorSize];
            EmulationResult result = Read(cpu, access, in instruction, bytes);
            if (result != EmulationResult.Done)
            {
                return result;
            }

            selector = BinaryPrimitives.ReadUInt16LittleEndian(bytes);
        }

        if ((selector & ErrorBits) != 0)
        {
            return LoadSegment(cpu, access, selector, name);
        }

        if (name == SegmentName.Tr)
        {
            return Raise(cpu, ExceptionVector.GeneralProtection, 0);
        }

        cpu.SetSegment(name, new Segment(selector, 0, 0, 0));
        return EmulationResult.Done;
    }

    /// <summary>Loads a system segment of the GDT, by the checks of LLDT and LTR in the manual's order.</summary>
    private EmulationResult LoadSegment(VirtualCpu cpu, GuestAccess access, ushort selector, SegmentName name)
    {
        bool isWide = access.Is64Bit;
        DescriptorTable table = cpu.Gdtr;
        int offset = selector & IndexBits, size = isWide ? 16 : 8;
        if ((selector & InLocalTable) != 0 || offset + size - 1 > table.Limit)
        {
            return Raise(cpu, ExceptionVector.GeneralProtection, selector);
        }

        ulong place = table.Base + (ulong)offset;
        ulong high = 0;
        if (!access.TryReadValue(place, AccessKind.Implicit, out ulong low, out _fault)
            || (isWide && !access.TryReadValue(place + sizeof(ulong), AccessKind.Implicit, out high, out _fault)))
        {
            return EmulationResult.Fault;
        }

        int attributes = (int)(low >> 40 & 0xFF | (low >> 52 & 0xF) << 8), type = attributes & TypeAndSystem;
        bool isType = name == SegmentName.Ldtr ? type == LocalTable : type == AvailableTask || (type == AvailableTask16 && (cpu.Efer & EferBits.LongModeActive) == 0);
        ulong start = low >> 16 & 0xFF_FFFF | low >> 56 << 24 | high << 32;
        const ulong upperType = 0x1F00_0000_0000;
        if (!isType)
        {
            return Raise(cpu, ExceptionVector.GeneralProtection, selector);
        }

        uint limit = (uint)(low & 0xFFFF | low >> 32 & 0xF_0000);
        limit = (attributes & Granular) != 0 ? limit << Page.Shift | Page.Size - 1 : limit;
        var segment = new Segment(selector, (ushort)attributes, limit, start);
        if (!segment.Present)
        {
            return Raise(cpu, ExceptionVector.SegmentNotPresent, selector);
        }

        if ((high & upperType) != 0 || !IsCanonical(start))
        {
            return Raise(cpu, ExceptionVector.GeneralProtection, selector);
        }

        if (name == SegmentName.Tr)
        {
            segment = segment with { Attributes = (ushort)(attributes | Busy) };
            if (!access.TryWriteValue(place + 5, AccessKind.Implicit, (byte)segment.Attributes, out _fault))
            {
                return EmulationResult.Fault;
            }
        }

        cpu.SetSegment(name, segment);
        return EmulationResult.Done;
    }

    private static EmulationResult Raise(VirtualCpu cpu, byte vector, ushort selector)
    {
        cpu.InjectException(vector, true, (uint)(selector & ErrorBits));
        return EmulationResult.Again;
    }

    private EmulationResult Read(VirtualCpu cpu, GuestAccess access, in Instruction instruction, Span<byte> bytes)
    {
        if (!OperandAddress.TryLocate(cpu, access, in instruction, bytes.Length, false, out ulong linear))
        {
            return Forbid(in instruction);
        }

        return access.TryRead(linear, bytes, OperandAddress.KindOf(cpu), out _fault) ? EmulationResult.Done : EmulationResult.Fault;
    }

    private EmulationResult Write(VirtualCpu cpu, GuestAccess access, in Instruction instruction, ReadOnlySpan<byte> bytes)
    {
        if (!OperandAddress.TryLocate(cpu, access, in instruction, bytes.Length, true, out ulong linear))
        {
            return Forbid(in instruction);
        }

        return access.TryWrite(linear, bytes, OperandAddress.KindOf(cpu), out _fault) ? EmulationResult.Done : EmulationResult.Fault;
    }

    private EmulationResult Forbid(in Instruction instruction)
    {
        IsStackFault = instruction.MemorySegment == Register.SS;
        return EmulationResult.Protection;
    }

    private static int BaseSize(GuestAccess access) => access.Is64Bit ? sizeof(ulong) : sizeof(uint);

    private static bool IsCanonical(ulong linear) => (ulong)((long)(linear << 16) >> 16) == linear;
}
