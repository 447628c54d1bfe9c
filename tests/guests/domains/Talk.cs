using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Domains;

/// <summary>
/// A person at the console ring (public/io/console.h): a prompt without a newline, and an answer to each line. The digit behind
/// <c>as=</c> is its name; the line <c>quit</c> ends it.
/// </summary>
internal static class Talk
{
    private const ulong InSize = 1024, OutSize = 2048;
    private const ulong OutOffset = 1024, InConsumer = 3072, InProducer = 3076, OutConsumer = 3080, OutProducer = 3084;
    private const int LineLimit = 64;

    private static ulong _ring;
    private static uint _port;

    public static void Run()
    {
        Sleeper.Start();
        _ring = Parameter(HvmParameter.ConsolePfn) << 12;
        _port = (uint)Parameter(HvmParameter.ConsoleEvtchn);
        var line = new byte[LineLimit];
        while (true)
        {
            Name();
            Write("> "u8);
            int length = ReadLine(line);
            Name();
            Write(" heard "u8);
            Write(new System.ReadOnlySpan<byte>(line, 0, length));
            Write("\r\n"u8);
            if (length == 4 && line[0] == 'q' && line[3] == 't')
            {
                return;
            }
        }
    }

    private static void Name()
    {
        byte digit = (byte)('0' + BootRecord.Number("as=", 0));
        Write("talker "u8);
        Write([digit]);
    }

    private static int ReadLine(byte[] line)
    {
        int length = 0;
        while (true)
        {
            uint consumer = Memory.Read32(_ring + InConsumer);
            if (consumer == Memory.Read32(_ring + InProducer))
            {
                Sleeper.Sleep(10);
                continue;
            }

            byte value = Memory.Read8(_ring + (consumer % InSize));
            Memory.Write32(_ring + InConsumer, consumer + 1);
            if (value is (byte)'\r' or (byte)'\n')
            {
                return length;
            }

            if (length < LineLimit)
            {
                line[length++] = value;
            }
        }
    }

    private static void Write(System.ReadOnlySpan<byte> text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            uint producer = Memory.Read32(_ring + OutProducer);
            while (producer - Memory.Read32(_ring + OutConsumer) >= OutSize)
            {
                Events.Send(_port);
            }

            Memory.Write8(_ring + OutOffset + (producer % OutSize), text[i]);
            Memory.Write32(_ring + OutProducer, producer + 1);
        }

        Events.Send(_port);
    }

    private static ulong Parameter(HvmParameter index)
    {
        var argument = new HvmParam { Domain = DomainIds.Self, Index = (uint)index };
        Xen.Call(Hypercall.HvmOp, (ulong)HvmOp.GetParam, ref argument);
        return argument.Value;
    }
}
