using System;
using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Builder;

/// <summary>A domain of two vCPUs that write at random to the pages of <see cref="DirtyChild"/>, both at once and without an exit of their own, until it is told to stop.</summary>
internal static class WritersChild
{
    private const int CodePage = PoolPage.FirstFree + 1;

    /// <summary>The page where both say how often they have written.</summary>
    public const int CountsPage = PoolPage.FirstFree + 2;

    /// <summary>In that page: whether the second vCPU is to stop, whether it has, and the counts of both.</summary>
    private const ulong Stop = 0, Stopped = 1, SecondCount = 8;

    /// <inheritdoc cref="SecondCount"/>
    public const ulong FirstCount = 16;

    private const ulong Bytes = (DirtyChild.Count << 12) - 8;

    // next: inc rcx; imul ebx, ebx, 1664525; add ebx, 1013904223; mov eax, ebx; shr eax, 8; and eax, the pages; cmp byte [rsi], 0; jne stop;
    // mov [rdi + rax], rcx; jmp next; stop: mov [rsi + 8], rcx; mov byte [rsi + 1], 1; cli; hlt
    private static ReadOnlySpan<byte> Code =>
    [
        0x48, 0xFF, 0xC1, 0x69, 0xDB, 0x0D, 0x66, 0x19, 0x00, 0x81, 0xC3, 0x5F, 0xF3, 0x6E, 0x3C, 0x89, 0xD8, 0xC1, 0xE8, 0x08, 0x25, 0xF8, 0xFF, 0x03, 0x00,
        0x80, 0x3E, 0x00, 0x75, 0x06, 0x48, 0x89, 0x0C, 0x07, 0xEB, 0xDC, 0x48, 0x89, 0x4E, 0x08, 0xC6, 0x46, 0x01, 0x01, 0xFA, 0xF4,
    ];

    public static void Run()
    {
        Child.Send();
        Child.Wait();
        ulong counts = GrantTable.AddressOf(CountsPage);
        StartSecond(counts);
        uint state = 1;
        ulong written = 0;
        // In Bochs no interrupt of the host ends the run of a guest that has its own off.
        Instructions.EnableInterrupts();
        while (!Child.IsAsked)
        {
            state = unchecked((state * 1664525) + 1013904223);
            Memory.Write64((DirtyChild.First << 12) + ((state >> 8) & Bytes), ++written);
        }

        Instructions.DisableInterrupts();
        Child.Wait();
        Memory.Write8(counts + Stop, 1);
        while (Memory.Read8(counts + Stopped) == 0)
        {
            Xen.Call(Hypercall.SchedOp, (ulong)SchedOp.Yield);
        }

        Memory.Write64(counts + FirstCount, written);
        Child.Send();
        Child.Wait();
    }

    /// <summary>Both have written so often: the smaller of the two counts, once they have stopped.</summary>
    public static ulong Least(ulong counts) => Math.Min(Memory.Read64(counts + FirstCount), Memory.Read64(counts + SecondCount));

    private static void StartSecond(ulong counts)
    {
        ulong code = GrantTable.AddressOf(CodePage);
        for (int i = 0; i < Code.Length; i++)
        {
            Memory.Write8(code + (uint)i, Code[i]);
        }

        var context = new VcpuHvmContext { Mode = 1 };
        context.LongMode.Rip = code;
        context.LongMode.Rsi = counts;
        context.LongMode.Rdi = DirtyChild.First << 12;
        context.LongMode.Rbx = 2;
        context.LongMode.Rflags = 0x202;
        context.LongMode.Cr0 = 0x8001_0033;
        context.LongMode.Cr3 = Instructions.ReadCr3();
        context.LongMode.Cr4 = 0x620;
        context.LongMode.Efer = 0x500;
        Child.Require(Xen.Call(Hypercall.VcpuOp, (ulong)VcpuOp.Initialise, 1, Xen.AddressOf(ref context)) == 0);
        Child.Require(Xen.Call(Hypercall.VcpuOp, (ulong)VcpuOp.Up, 1) == 0);
    }
}
