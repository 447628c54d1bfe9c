using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Builder;

/// <summary>
/// A domain whose device model is the builder: uses ports and memory that the builder answers for, by instructions of each kind, and
/// ends by saying which step went wrong; 0: none.
/// </summary>
internal static unsafe class DeviceChild
{
    // unsafe: buffers of string instructions are addresses.

    /// <summary>Ports and addresses of the device: the pattern, what was written last, registers.</summary>
    public const ushort Ports = 0x1200, LastPort = 0x120F, Echo = 0x1208;
    public const ulong Registers = 0xE000_0000, LastRegister = 0xE000_003F;

    /// <summary>What the device answers at each of its ports but <see cref="Echo"/>; wider than any of them.</summary>
    public const ulong Pattern = 0xA1B2_C3D4_5566_7788;

    private static readonly byte[] s_in8 = [0xEC], s_in16 = [0x66, 0xED], s_in32 = [0xED], s_out8 = [0xEE], s_out16 = [0x66, 0xEF], s_out32 = [0xEF];
    private static readonly byte[] s_repIns8 = [0xF3, 0x6C], s_repOuts16 = [0xF3, 0x66, 0x6F];
    private static readonly byte[] s_store64 = [0x48, 0x89, 0x07], s_load32 = [0x8B, 0x07], s_or32 = [0x09, 0x07], s_exchange32 = [0x87, 0x07];
    private static readonly byte[] s_loadByte = [0x0F, 0xB6, 0x47, 0x01], s_setBit3 = [0x0F, 0xBA, 0x2F, 0x03], s_load64 = [0x48, 0x8B, 0x07];

    /// <summary>Ports at which the device, before it answers, has something happen to the domain.</summary>
    public const ushort Undefined = 0x1200, Protection = 0x1201, PageFault = 0x1202, Software = 0x1203, External = 0x1204, Message = 0x1205, Nmi = 0x1206;

    public const byte SoftwareVector = 0x50, ExternalVector = 0x51, MessageVector = 0x52;
    public const uint ProtectionCode = 0x1230;
    public const ulong PageFaultAddress = 0x1234_5678_9000;

    /// <summary>What the domain writes where the device reads it, before it uses those ports.</summary>
    public const byte HappensNow = 0x77;

    private static int s_step;

    public static void Run()
    {
        PortSteps();
        StringSteps();
        MemorySteps();
        ForwardedSteps();
        EventSteps();
        Xen.Shutdown(ShutdownReason.Poweroff);
    }

    private static void Check(bool holds)
    {
        s_step++;
        if (!holds)
        {
            Xen.Shutdown((ShutdownReason)(0x80 + s_step));
        }
    }

    private static ulong Do(byte[] code, ulong rdx, ulong rax, ulong rdi = 0)
    {
        var registers = new Registers { Rax = rax, Rdx = rdx, Rdi = rdi };
        Outcome outcome = Execute.AtKernel(code, ref registers);
        return outcome.Faulted ? 0xDEAD_0000_0000_0000 | outcome.Vector : registers.Rax;
    }

    private static void PortSteps()
    {
        const ulong ones = ulong.MaxValue;
        Check(Do(s_in8, Ports, ones) == (ones << 8 | (Pattern & 0xFF)));
        Check(Do(s_in16, Ports + 2, ones) == (ones << 16 | (Pattern & 0xFFFF)));
        Check(Do(s_in32, Ports + 4, ones) == (Pattern & 0xFFFF_FFFF));
        Do(s_out32, Ports, 0x1_2345_6789);
        Check(Do(s_in32, Echo, 0) == 0x2345_6789);
        Do(s_out16, Ports, 0x89AB_CDEF);
        Check(Do(s_in32, Echo, 0) == 0xCDEF);
        // The last of these two ports is not the device's, so it answers for neither.
        Check(Do(s_in16, LastPort, 0) == 0xFFFF);
        Check(Do(s_in8, LastPort + 1, 0) == 0xFF);
    }

    private static void StringSteps()
    {
        byte* buffer = Layout.Page(PoolPage.FirstFree);
        var registers = new Registers { Rdx = Ports, Rcx = 3, Rdi = (ulong)buffer };
        Outcome outcome = Execute.AtKernel(s_repIns8, ref registers);
        Check(!outcome.Faulted && registers.Rcx == 0 && registers.Rdi == (ulong)buffer + 3);
        Check(Memory.Read32((ulong)buffer) == 0x88_8888);
        Memory.Write32((ulong)buffer, 0x2222_1111);
        registers = new Registers { Rdx = Ports, Rcx = 2, Rsi = (ulong)buffer };
        outcome = Execute.AtKernel(s_repOuts16, ref registers);
        Check(!outcome.Faulted && registers.Rcx == 0 && registers.Rsi == (ulong)buffer + 4);
        Check(Do(s_in32, Echo, 0) == 0x2222);
    }

    /// <summary>A page of the domain's memory whose writes go to the device, which keeps what they write, and leaves the page alone.</summary>
    public const int ForwardedPage = PoolPage.FirstFree + 1;

    private static void ForwardedSteps()
    {
        ulong at = (ulong)Layout.Page(ForwardedPage) + 16;
        Check(Do(s_load32, 0, 1, at) == 0);
        Do(s_store64, 0, 0xCAFE_F00D, at);
        Check(Do(s_load32, 0, 1, at) == 0);
        Check(Do(s_in32, Echo, 0) == 0xCAFE_F00D);
        Do(s_or32, 0, 0x5500, at);
        Check(Do(s_in32, Echo, 0) == 0x5500);
    }

    /// <summary>IN, and behind it an instruction of two bytes, INT <see cref="SoftwareVector"/>.</summary>
    private static readonly byte[] s_inAndInt = [0xEC, 0xCD, SoftwareVector];

    private static readonly byte[] s_inWithInterrupts = [0xFB, 0xEC, 0x90, 0xFA];

    private sealed class Counter : InterruptHandler
    {
        public int Count;

        public override void Handle(ref InterruptFrame frame) => Count++;
    }

    /// <summary>Each event comes behind the IN that asked for it.</summary>
    private static void EventSteps()
    {
        const byte invalidOpcode = 6, generalProtection = 13, pageFault = 14, nonMaskable = 2;
        Do(s_out8, LastPort, HappensNow);
        Outcome outcome = At(Undefined, s_in8, out ulong rax);
        Check(outcome.Faulted && outcome.Vector == invalidOpcode && (rax & 0xFF) == (Pattern & 0xFF));
        outcome = At(Protection, s_in8, out _);
        Check(outcome.Faulted && outcome.Vector == generalProtection && outcome.ErrorCode == ProtectionCode);
        outcome = At(PageFault, s_in8, out _);
        Check(outcome.Faulted && outcome.Vector == pageFault && outcome.ErrorCode == 2 && outcome.Address == PageFaultAddress);
        Counter software = Count(SoftwareVector), external = Count(ExternalVector), message = Count(MessageVector), nmi = Count(nonMaskable);
        outcome = At(Software, s_inAndInt, out _);
        Check(!outcome.Faulted && software.Count == 1);
        if (BootRecord.HasWord("external"))
        {
            outcome = At(External, s_inWithInterrupts, out _);
            Check(!outcome.Faulted && external.Count == 1);
            outcome = At(Nmi, s_in8, out _);
            Check(!outcome.Faulted && nmi.Count == 1);
        }

        LocalApic.Enable(0xFF);
        outcome = At(Message, s_inWithInterrupts, out _);
        Check(!outcome.Faulted && message.Count == 1);
        LocalApic.End();
    }

    private static Counter Count(byte vector)
    {
        var counter = new Counter();
        Interrupts.SetHandler(vector, counter);
        return counter;
    }

    private static Outcome At(ushort port, byte[] code, out ulong rax)
    {
        var registers = new Registers { Rdx = port };
        Outcome outcome = Execute.AtKernel(code, ref registers);
        rax = registers.Rax;
        return outcome;
    }

    private static void MemorySteps()
    {
        const ulong at = Registers + 8;
        Do(s_store64, 0, 0x1122_3344_5566_7788, at);
        Check(Do(s_load32, 0, ulong.MaxValue, at) == 0x5566_7788);
        Check(Do(s_load32, 0, 0, at + 4) == 0x1122_3344);
        Check(Do(s_or32, 0, 0x0F00_0000, at) == 0x0F00_0000);
        Check(Do(s_load64, 0, 0, at) == 0x1122_3344_5F66_7788);
        Check(Do(s_exchange32, 0, 0x99, at) == 0x5F66_7788);
        Check(Do(s_loadByte, 0, ulong.MaxValue, at) == 0);
        Do(s_setBit3, 0, 0, at);
        Check(Do(s_load32, 0, 0, at) == 0x99);
        Do(s_setBit3, 0, 0, at + 4);
        Check(Do(s_load32, 0, 0, at + 4) == 0x1122_334C);
        Check(Do(s_load32, 0, 0, Registers + 0x2000) == 0xFFFF_FFFF);
    }
}
