using System;
using Iced.Intel;
using Xenolith.Hal;
using Xenolith.Mm;

namespace Xenolith.Emulate;

/// <summary>
/// Executes IN, OUT, INS and OUTS, with REP. Permission (IOPL, TSS bitmap) was checked by the CPU before the exit. A repeated
/// one does at most <see cref="Budget"/> elements a call and then returns <see cref="EmulationResult.Again"/>; enter the guest
/// again, and the instruction goes on. Made once; allocates nothing.
/// </summary>
public sealed class PortIoEmulator(InstructionDecoder decoder)
{
    /// <summary>Elements of a string instruction a call.</summary>
    public const int Budget = 1024;

    private const ulong DirectionFlag = 1 << 10;

    private PageFault _dataFault;
    private bool _isDataFault;

    /// <summary>Where an address did not translate, after <see cref="EmulationResult.Fault"/>.</summary>
    public PageFault Fault => _isDataFault ? _dataFault : decoder.Fault;

    /// <summary>Whether <see cref="EmulationResult.Protection"/> means #SS(0) and not #GP(0).</summary>
    public bool IsStackFault { get; private set; }

    /// <summary>Executes the port access that is the vCPU's last exit.</summary>
    public EmulationResult Execute(VirtualCpu cpu, GuestAccess access, PortDevice device)
    {
        _isDataFault = false;
        if (!cpu.Exit.IsString)
        {
            return ExecutePlain(cpu, access, device);
        }

        return decoder.Fetch(cpu, access, out Instruction instruction) switch
        {
            FetchResult.Fault => EmulationResult.Fault,
            FetchResult.Invalid => EmulationResult.Undefined,
            _ => ExecuteString(cpu, access, in instruction, device),
        };
    }

    /// <summary>
    /// The same for an access that is not of a string. It ends as <see cref="EmulationResult.Done"/> or, when the guest changed its code since
    /// it exited, <see cref="EmulationResult.Again"/>: the next exit says what is there now. Or it <see cref="EmulationResult.Waits"/>.
    /// </summary>
    public EmulationResult ExecutePlain(VirtualCpu cpu, GuestAccess access, PortDevice device)
    {
        ref Exit exit = ref cpu.Exit;
        int length = decoder.LengthAt(cpu, access);
        if (length == 0)
        {
            return EmulationResult.Again;
        }

        uint input = 0;
        if (exit.IsIn)
        {
            input = device.Read(exit.Port, exit.Size);
        }
        else
        {
            device.Write(exit.Port, exit.Size, (uint)(cpu.Registers.Rax & GuestGeneralRegister.MaskOf(exit.Size)));
        }

        if (device.MustWait)
        {
            return EmulationResult.Waits;
        }

        if (exit.IsIn)
        {
            GuestGeneralRegister.WriteAccumulator(ref cpu.Registers, exit.Size, input);
        }

        cpu.SkipInstruction(length);
        return EmulationResult.Done;
    }

    private EmulationResult ExecuteString(VirtualCpu cpu, GuestAccess access, in Instruction instruction, PortDevice device)
    {
        int size;
        bool isIn;
        switch (instruction.Mnemonic)
        {
            case Mnemonic.Insb: size = 1; isIn = true; break;
            case Mnemonic.Insw: size = 2; isIn = true; break;
            case Mnemonic.Insd: size = 4; isIn = true; break;
            case Mnemonic.Outsb: size = 1; isIn = false; break;
            case Mnemonic.Outsw: size = 2; isIn = false; break;
            case Mnemonic.Outsd: size = 4; isIn = false; break;
            default:
                return EmulationResult.Again;
        }

        ulong addressMask = GuestGeneralRegister.MaskOf(AddressSize(in instruction));
        bool repeats = instruction.HasRepPrefix || instruction.HasRepnePrefix;
        ulong count = repeats ? cpu.Registers.Rcx & addressMask : 1;
        ulong step = (cpu.Rflags & DirectionFlag) != 0 ? (ulong)-size : (ulong)size;
        ushort port = (ushort)cpu.Registers.Rdx;
        for (int done = 0; count != 0 && done < Budget; done++)
        {
            EmulationResult result = Transfer(cpu, access, in instruction, device, port, size, isIn, addressMask);
            if (result != EmulationResult.Done)
            {
                return result;
            }

            ref ulong pointer = ref isIn ? ref cpu.Registers.Rdi : ref cpu.Registers.Rsi;
            pointer = Advance(pointer, step, addressMask);
            count--;
            if (repeats)
            {
                cpu.Registers.Rcx = Advance(cpu.Registers.Rcx, ulong.MaxValue, addressMask);
            }

            if (device.HasWaited)
            {
                break;
            }
        }

        if (count != 0)
        {
            return EmulationResult.Again;
        }

        cpu.SkipInstruction(instruction.Length);
        return EmulationResult.Done;
    }

    private EmulationResult Transfer(VirtualCpu cpu, GuestAccess access, in Instruction instruction, PortDevice device, ushort port, int size,
        bool isIn, ulong addressMask)
    {
        SegmentName segment = isIn ? SegmentName.Es : NameOf(instruction.MemorySegment);
        ulong offset = (isIn ? cpu.Registers.Rdi : cpu.Registers.Rsi) & addressMask;
        if (!TryLinearise(cpu, access, segment, offset, size, isIn, out ulong linear))
        {
            IsStackFault = segment == SegmentName.Ss;
            return EmulationResult.Protection;
        }

        AccessKind user = cpu.PrivilegeLevel == 3 ? AccessKind.User : AccessKind.Read;
        Span<byte> bytes = stackalloc byte[4];
        bytes = bytes[..size];
        if (isIn)
        {
            // The target must be writable before the port is read: reading may change the device.
            if (!access.TryTranslate(linear, user | AccessKind.Write, out _, out PageFaultError error))
            {
                return FailData(new PageFault(linear, error, 0));
            }

            uint value = device.Read(port, size);
            if (device.MustWait)
            {
                return EmulationResult.Waits;
            }

            for (int i = 0; i < size; i++)
            {
                bytes[i] = (byte)(value >> (8 * i));
            }

            return access.TryWrite(linear, bytes, user | AccessKind.Write, out PageFault writeFault) ? EmulationResult.Done : FailData(writeFault);
        }

        if (!access.TryRead(linear, bytes, user, out PageFault readFault))
        {
            return FailData(readFault);
        }

        uint output = 0;
        for (int i = 0; i < size; i++)
        {
            output |= (uint)bytes[i] << (8 * i);
        }

        device.Write(port, size, output);
        return device.MustWait ? EmulationResult.Waits : EmulationResult.Done;
    }

    private EmulationResult FailData(PageFault fault)
    {
        _dataFault = fault;
        _isDataFault = true;
        return EmulationResult.Fault;
    }

    /// <summary>Segment limit and rights, for an access of <paramref name="size"/> bytes (SDM vol. 3, 5.3 and 5.4).</summary>
    internal static bool TryLinearise(VirtualCpu cpu, GuestAccess access, SegmentName name, ulong offset, int size, bool writes, out ulong linear)
    {
        Segment segment = cpu.GetSegment(name);
        if (access.Is64Bit)
        {
            linear = offset + (name is SegmentName.Fs or SegmentName.Gs ? segment.Base : 0);
            return true;
        }

        linear = (uint)(segment.Base + offset);
        const int code = 8, expandDown = 4, writable = 2;
        int type = segment.Attributes & 0xF;
        bool isCode = (type & code) != 0;
        if (!segment.Present || (writes && (isCode || (type & writable) == 0)) || (!writes && isCode && (type & writable) == 0))
        {
            return false;
        }

        ulong last = offset + (ulong)size - 1;
        if (!isCode && (type & expandDown) != 0)
        {
            return offset > segment.Limit && last <= (segment.Default32 ? uint.MaxValue : 0xFFFFu);
        }

        return last <= segment.Limit;
    }

    private static int AddressSize(in Instruction instruction)
    {
        OpKind kind = instruction.Op0Kind is OpKind.Register ? instruction.Op1Kind : instruction.Op0Kind;
        return kind switch
        {
            OpKind.MemorySegSI or OpKind.MemoryESDI => 2,
            OpKind.MemorySegESI or OpKind.MemoryESEDI => 4,
            _ => 8,
        };
    }

    /// <summary>Moves an index register by its address size: 16 bits leave the rest, 32 bits clear the upper half.</summary>
    private static ulong Advance(ulong register, ulong step, ulong addressMask)
    {
        ulong moved = unchecked(register + step) & addressMask;
        return addressMask == 0xFFFF ? register & ~addressMask | moved : moved;
    }

    internal static SegmentName NameOf(Register segment) => segment switch
    {
        Register.ES => SegmentName.Es,
        Register.CS => SegmentName.Cs,
        Register.SS => SegmentName.Ss,
        Register.FS => SegmentName.Fs,
        Register.GS => SegmentName.Gs,
        _ => SegmentName.Ds,
    };
}
