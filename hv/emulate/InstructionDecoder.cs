using System;
using System.Runtime.CompilerServices;
using Iced.Intel;
using Xenolith.Hal;
using Xenolith.Kernel;
using Xenolith.Mm;

namespace Xenolith.Emulate;

/// <summary>
/// Fetches and decodes the instruction at a vCPU's RIP, by Iced. Made once: decoding allocates nothing. Each call reads
/// guest memory once, so what is judged is what is executed.
/// </summary>
public sealed class InstructionDecoder
{
    /// <summary>No instruction is longer, in bytes (SDM vol. 2, 2.3.11).</summary>
    public const int MaximumLength = 15;

    private readonly InstructionBytes _bytes = new();
    private readonly DecodedInstructions _decoded = new();
    private readonly Decoder _decoder16;
    private readonly Decoder _decoder32;
    private readonly Decoder _decoder64;

    public InstructionDecoder()
    {
        _decoder16 = Decoder.Create(16, _bytes);
        _decoder32 = Decoder.Create(32, _bytes);
        _decoder64 = Decoder.Create(64, _bytes);
        WarmUp(_decoder16);
        WarmUp(_decoder32);
        WarmUp(_decoder64);
    }

    /// <summary>Why the last fetch failed, after <see cref="FetchResult.Fault"/>.</summary>
    public PageFault Fault { get; private set; }

    /// <summary>Fetches and decodes at CS:RIP.</summary>
    public FetchResult Fetch(VirtualCpu cpu, GuestAccess access, out Instruction instruction)
    {
        bool is64 = access.Is64Bit;
        ulong linear = LinearRip(cpu, is64);
        AccessKind kind = FetchBy(cpu);
        Span<byte> room = _bytes.Room;

        // The instruction may end at the page's end, with nothing behind it: the second page counts only when it is needed.
        int inPage = Math.Min(MaximumLength, Page.Size - (int)(linear & Page.OffsetMask));
        if (!access.TryRead(linear, room[..inPage], kind, out PageFault fault))
        {
            instruction = default;
            Fault = fault;
            return FetchResult.Fault;
        }

        int length = inPage;
        bool secondFaults = false;
        if (inPage < MaximumLength)
        {
            secondFaults = !access.TryRead(unchecked(linear + (ulong)inPage), room[inPage..], kind, out fault);
            length = secondFaults ? inPage : MaximumLength;
        }

        _bytes.Start(length);
        int bitness = is64 ? 64 : cpu.GetSegment(SegmentName.Cs).Default32 ? 32 : 16;
        ulong rip = cpu.Rip;
        if (length == MaximumLength && _decoded.TryFind(_bytes, rip, bitness, out instruction))
        {
            return FetchResult.Decoded;
        }

        Decoder decoder = bitness switch { 64 => _decoder64, 32 => _decoder32, _ => _decoder16 };
        decoder.IP = rip;
        decoder.Decode(out instruction);
        if (!instruction.IsInvalid)
        {
            if (length == MaximumLength)
            {
                _decoded.Keep(_bytes, rip, bitness, in instruction);
            }

            return FetchResult.Decoded;
        }

        if (secondFaults && decoder.LastError == DecoderError.NoMoreBytes)
        {
            Fault = fault;
            return FetchResult.Fault;
        }

        return FetchResult.Invalid;
    }

    /// <summary>Decodes bytes as if they were at CS:RIP.</summary>
    /// <param name="bytes">At least <see cref="MaximumLength"/> of them.</param>
    public FetchResult Decode(VirtualCpu cpu, GuestAccess access, ReadOnlySpan<byte> bytes, out Instruction instruction)
    {
        bytes[..MaximumLength].CopyTo(_bytes.Room);
        _bytes.Start(MaximumLength);
        Decoder decoder = access.Is64Bit ? _decoder64 : cpu.GetSegment(SegmentName.Cs).Default32 ? _decoder32 : _decoder16;
        decoder.IP = cpu.Rip;
        decoder.Decode(out instruction);
        return instruction.IsInvalid ? FetchResult.Invalid : FetchResult.Decoded;
    }

    private static ulong LinearRip(VirtualCpu cpu, bool is64) => is64 ? cpu.Rip : (uint)(cpu.GetSegment(SegmentName.Cs).Base + cpu.Rip);

    private static AccessKind FetchBy(VirtualCpu cpu) => cpu.PrivilegeLevel == 3 ? AccessKind.Fetch | AccessKind.User : AccessKind.Fetch;

    /// <summary>Makes Iced build its tables now, so that no exit does.</summary>
    private void WarmUp(Decoder decoder)
    {
        // lock or dword [base + 4], imm8: a prefix, a memory operand and an immediate.
        ReadOnlySpan<byte> code = [0xF0, 0x83, 0x48, 0x04, 0x01];
        code.CopyTo(_bytes.Room);
        _bytes.Start(code.Length);
        decoder.Decode(out Instruction instruction);
        if (instruction.Mnemonic != Mnemonic.Or || instruction.OpCount != 2 || instruction.MemorySize == MemorySize.Unknown
            || instruction.GetOpKind(0) != OpKind.Memory || instruction.GetOpRegister(0) != Register.None || instruction.Immediate8 != 1)
        {
            throw new InvalidOperationException("the instruction decoder does not work");
        }
    }

    /// <summary>
    /// The length of the instruction that exited, for CPUs that do not say: 1 to 15 bytes, or 0 when it can't be fetched (the
    /// guest changed it meanwhile) and the vCPU must simply run on.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int LengthAt(VirtualCpu cpu, GuestAccess access) =>
        TryGetLength(cpu, access, out int length) ? length : 0;

    /// <summary>The same; false: the instruction can't be fetched.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryGetLength(VirtualCpu cpu, GuestAccess access, out int length)
    {
        length = cpu.Exit.InstructionLength;
        return length != 0 || (length = FindLength(cpu, access)) != 0;
    }

    // Not inlined: most CPUs say the length.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private int FindLength(VirtualCpu cpu, GuestAccess access)
    {
        int length = PlainLengthAt(cpu, access);
        if (length != 0)
        {
            return length;
        }

        return Fetch(cpu, access, out Instruction instruction) == FetchResult.Decoded ? instruction.Length : 0;
    }

    /// <summary>
    /// The length when the bytes at RIP are the plain form of what the exit names, which no decoder needs to tell; else 0. Operand and
    /// address size mean nothing to these instructions, so the form is the same in every mode.
    /// </summary>
    private static int PlainLengthAt(VirtualCpu cpu, GuestAccess access)
    {
        (uint code, int length) = cpu.Exit.Reason switch
        {
            ExitReason.Hypercall => (0xD9_010Fu, 3),
            ExitReason.Cpuid => (0xA2_0Fu, 2),
            ExitReason.MsrRead => (0x32_0Fu, 2),
            ExitReason.MsrWrite => (0x30_0Fu, 2),
            ExitReason.Halt => (0xF4u, 1),
            _ => (0u, 0),
        };
        return IsPlain(cpu, access, code, length) ? length : 0;
    }

    /// <summary>
    /// Whether the instruction at RIP is VMFUNC without prefixes, which is the same in every mode: true only where its page was read lately. False says nothing.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsPlainViewFunction(VirtualCpu cpu, GuestAccess access) =>
        access.HasKeptCode(cpu.RunsLongCode ? cpu.Rip : LinearRip(cpu, false), FetchBy(cpu), 0xD4_010F, 0xFF_FFFF);

    private static bool IsPlain(VirtualCpu cpu, GuestAccess access, uint code, int length)
    {
        ulong linear = LinearRip(cpu, access.Is64Bit);
        // Within a page: the bytes behind the instruction must not decide whether it can be read.
        if (length == 0 || (linear & Page.OffsetMask) > Page.Size - sizeof(uint)
            || !access.TryReadValue(linear, FetchBy(cpu), out uint bytes, out _))
        {
            return false;
        }

        return (bytes & ((1u << (8 * length)) - 1)) == code;
    }
}
