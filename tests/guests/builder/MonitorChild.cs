using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Builder;

/// <summary>
/// A domain that executes what its builder puts into a page of its memory: waits for an event, runs the code with the registers that are
/// there, writes them back, and sends one.
/// </summary>
internal static unsafe class MonitorChild
{
    // unsafe: the page of commands is an address, and so is the code in it.

    public const int CommandPage = PoolPage.FirstFree + 2;

    /// <summary>A page for the code's data, with <see cref="DataPattern"/> at each of its 8 bytes.</summary>
    public const int DataPage = PoolPage.FirstFree + 3;

    public const ulong DataPattern = 0x1111_2222_3333_4444;

    /// <summary>In the page of commands: bytes of code, 0 ends the child; not 0: in user mode; the exception that ended it; the interrupts that it has had; registers; the code.</summary>
    public const ulong LengthOffset = 0, UserOffset = 4, VectorOffset = 8, InterruptsOffset = 12, RegistersOffset = 16, CodeOffset = 256;

    /// <summary>An interrupt that the child counts, at <see cref="InterruptsOffset"/>.</summary>
    public const byte MessageVector = 0x52;

    /// <summary>For <see cref="VectorOffset"/>: none.</summary>
    public const uint NoVector = uint.MaxValue;

    /// <summary>Where the code runs, in the child's memory.</summary>
    public static ulong CodeAddress => (ulong)Layout.Page(PoolPage.Code);

    public static ulong CommandAddress => (ulong)Layout.Page(CommandPage);

    public static ulong DataAddress => (ulong)Layout.Page(DataPage);

    /// <summary>Until the builder ends it.</summary>
    public static void Obey()
    {
        ulong command = CommandAddress;
        for (ulong i = 0; i < 4096; i += 8)
        {
            Memory.Write64(DataAddress + i, DataPattern);
        }

        Interrupts.SetHandler(MessageVector, new Counter());
        LocalApic.Enable(0xFF);
        Child.Send();
        while (true)
        {
            Child.Wait();
            uint length = Memory.Read32(command + LengthOffset);
            if (length == 0)
            {
                return;
            }

            var code = new System.ReadOnlySpan<byte>((byte*)command + CodeOffset, (int)length);
            Registers registers = Memory.At<Registers>(command + RegistersOffset);
            Outcome outcome = Memory.Read32(command + UserOffset) != 0 ? Execute.AtUser(code, ref registers) : Execute.AtKernel(code, ref registers);
            Memory.At<Registers>(command + RegistersOffset) = registers;
            Memory.Write32(command + VectorOffset, outcome.Faulted ? outcome.Vector : NoVector);
            Child.Send();
        }
    }

    private sealed class Counter : InterruptHandler
    {
        public override void Handle(ref InterruptFrame frame)
        {
            ulong count = CommandAddress + InterruptsOffset;
            Memory.Write32(count, Memory.Read32(count) + 1);
            LocalApic.End();
        }
    }
}
