using System.Runtime.InteropServices;

namespace Xenolith.Kernel;

/// <summary>What an interrupt entry leaves on the stack (InterruptVectors.stub.cs knows the order).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct InterruptFrame
{
    public ulong R15, R14, R13, R12, R11, R10, R9, R8, Rbp, Rdi, Rsi, Rdx, Rcx, Rbx, Rax;
    public ulong Vector;
    public ulong ErrorCode;
    public ulong Rip, Cs, Rflags, Rsp, Ss;
}
