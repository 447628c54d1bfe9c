using Xenolith.Abi.Contract;

namespace Xenolith.Guests;

/// <summary>Calls from 64 on (docs/v2-calls.md), by either width's registers.</summary>
public static class V2
{
    /// <summary>Whether the domain is shown some.</summary>
    public static bool IsShown => (HypercallTlb.Features & (1u << (int)CallFeature.HighNumbers)) != 0;

    /// <summary>One pass of a call.</summary>
    public static long Call(Hypercall number, ulong operation, ulong a1 = 0, ulong a2 = 0, ulong a3 = 0)
    {
        ulong cookie = 0;
        return Call((ulong)number, operation, a1, a2, a3, ref cookie);
    }

    /// <summary>One pass of a call.</summary>
    /// <param name="cookie">What the last pass left; 0: a new call.</param>
    public static long Call(ulong number, ulong operation, ulong a1, ulong a2, ulong a3, ref ulong cookie) => Make(number, operation, a1, a2, a3, ref cookie, isUser: false);

    /// <summary>The same at CPL 3.</summary>
    public static long CallAsUser(ulong number, ulong operation, ulong a1 = 0, ulong a2 = 0)
    {
        ulong cookie = 0;
        return Make(number, operation, a1, a2, 0, ref cookie, isUser: true);
    }

    /// <summary>A call until it is done.</summary>
    /// <param name="pauses">How often it paused.</param>
    public static long Whole(Hypercall number, ulong operation, ulong a1, ulong a2, out int pauses)
    {
        ulong cookie = 0;
        for (pauses = 0; ; pauses++)
        {
            long result = Call((ulong)number, operation, a1, a2, 0, ref cookie);
            if (result != -(long)Errno.EAGAIN)
            {
                return result;
            }
        }
    }

    private static long Make(ulong number, ulong operation, ulong a1, ulong a2, ulong a3, ref ulong cookie, bool isUser)
    {
        bool isNarrow = NarrowCalls.IsOn;
        var registers = isNarrow
            ? new Registers { Rax = number, Rbx = operation, Rcx = a1, Rdx = a2, Rsi = a3, Rdi = cookie }
            : new Registers { Rax = number, Rdi = operation, Rsi = a1, Rdx = a2, R10 = a3, R8 = cookie };
        byte[] code = Xen.UsesVmcall ? Execute.Vmcall : Execute.Vmmcall;
        Outcome outcome = isUser ? Execute.AtUser(code, ref registers, isNarrow) : Execute.AtKernel(code, ref registers, isNarrow);
        if (outcome.Faulted)
        {
            GuestFailure.Stop("a call raised an exception", outcome.Vector);
        }

        cookie = isNarrow ? (uint)registers.Rdi : registers.R8;
        return isNarrow ? unchecked((int)registers.Rax) : unchecked((long)registers.Rax);
    }
}
