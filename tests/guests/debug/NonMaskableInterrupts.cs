using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Debugging;

/// <summary>
/// When a non-maskable interrupt comes that can't come at once: not inside another's handler, and soon after it without a further
/// exit. On SVM, which has no window for NMIs, that asks for interrupts to be on.
/// </summary>
internal static class NonMaskableInterrupts
{
    private const byte Vector = 2;
    private const ulong Patience = 20_000_000;

    public static void Run(TestRun tests, TraceHandler steps)
    {
        var handler = new Handler();
        Interrupts.SetHandler(Vector, handler);
        tests.Start("NMI in an NMI's handler");
        handler.SendsAnother = true;
        Instructions.EnableInterrupts();
        tests.Success(Send(), "send_nmi");
        Wait(handler, 2);
        Instructions.DisableInterrupts();
        tests.Equal(handler.Count, 2, "NMIs");
        tests.True(!handler.WasNested, "one after the other");

        tests.Start("NMI and single step");
        handler.Begin();
        steps.Begin(3);
        var registers = new Registers { Rax = (ulong)Hypercall.VcpuOp, Rdi = (ulong)VcpuOp.SendNmi };
        // PUSHFQ; OR BYTE [RSP+1], 1; POPFQ; VMCALL or VMMCALL; NOP; NOP
        byte[] code = [0x9C, 0x80, 0x4C, 0x24, 0x01, 0x01, 0x9D, 0x0F, 0x01, Xen.UsesVmcall ? (byte)0xC1 : (byte)0xD9, 0x90, 0x90];
        tests.Completes(Execute.AtKernel(code, ref registers), "the code");
        tests.Success((long)registers.Rax, "send_nmi");
        tests.Equal(steps.Count, 3, "steps");
        tests.Equal(steps.Offset(0), 10, "behind the call");
        Instructions.EnableInterrupts();
        Wait(handler, 1);
        Instructions.DisableInterrupts();
        tests.Equal(handler.Count, 1, "NMIs");
        Interrupts.SetHandler(Vector, null);
    }

    private static long Send() => Xen.Call(Hypercall.VcpuOp, (ulong)VcpuOp.SendNmi, 0, 0);

    private static void Wait(Handler handler, int count)
    {
        for (ulong start = Instructions.ReadTsc(); handler.Count < count && Instructions.ReadTsc() - start < Patience;)
        {
            Instructions.Pause();
        }
    }

    private sealed class Handler : InterruptHandler
    {
        private bool _inside;

        public int Count { get; private set; }

        public bool WasNested { get; private set; }

        public bool SendsAnother { get; set; }

        public void Begin()
        {
            Count = 0;
            WasNested = false;
        }

        public override void Handle(ref InterruptFrame frame)
        {
            WasNested |= _inside;
            _inside = true;
            Count++;
            if (SendsAnother)
            {
                SendsAnother = false;
                Send();
                for (ulong start = Instructions.ReadTsc(); Instructions.ReadTsc() - start < Patience / 100;)
                {
                    Instructions.Pause();
                }
            }

            _inside = false;
        }
    }
}
