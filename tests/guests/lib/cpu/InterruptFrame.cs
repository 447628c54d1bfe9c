using System.Runtime.InteropServices;

namespace Xenolith.Guests;

/// <summary>General registers in the order of their encoding; the stubs know the offsets.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct Registers
{
    public ulong Rax, Rcx, Rdx, Rbx, Rsp, Rbp, Rsi, Rdi, R8, R9, R10, R11, R12, R13, R14, R15;
}

/// <summary>What Interrupts.stub.cs leaves on the stack. <see cref="Registers.Rsp"/> is of no meaning here.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct InterruptFrame
{
    public Registers Registers;
    public ulong Vector, ErrorCode, Rip, Cs, Rflags, Rsp, Ss;
}
