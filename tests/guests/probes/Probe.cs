using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Probes;

/// <summary>
/// Makes a call as it stands until its answer stays the same, then with one bit more, for each bit that means nothing: the answer is still the
/// same, or the refusal that the table states.
/// </summary>
internal sealed unsafe class Probe
{
    // unsafe: arguments are laid out byte by byte, in pages of the pool.

    private const int ArgumentPage = PoolPage.FirstFree, ListPage = ArgumentPage + 1, BufferPage = ListPage + 1, BuffersPage = BufferPage + 1,
        FramePage = BuffersPage + 1, OtherFramePage = FramePage + 1;

    /// <summary>Calls with which a state is reached that further calls leave as it is.</summary>
    private const int Settling = 3;

    private readonly TestRun _tests;
    private readonly ulong[] _words = new ulong[6];
    private readonly byte[] _values = new byte[1024];
    private Hypercall _number;
    private int _size, _statusOffset;
    private bool _hasAnswer;
    private long _answer;

    public Probe(TestRun tests)
    {
        _tests = tests;
        Control.Create(Control.Pvh(1), out ushort id);
        Child = id;
        Control.MakeVcpus(id, 1);
        Control.SetMaximumMemory(id, 4 << 10);
        for (ulong gfn = 0; gfn < 16; gfn++)
        {
            ulong frame = gfn;
            var memory = new MemoryReservation { ExtentStart = Xen.AddressOf(ref frame), ExtentCount = 1, Domain = id };
            Xen.Call(Hypercall.MemoryOp, (ulong)MemoryOp.PopulatePhysmap, ref memory);
        }

        var server = default(DmOpArgument);
        DeviceModelCalls.Call(DmOp.CreateIoreqServer, id, ref server);
        Server = server.CreateServer.Id;
    }

    public ushort Child { get; }

    public ushort Server { get; }

    public ulong Argument => AddressOf(ArgumentPage);

    public ulong List => AddressOf(ListPage);

    public ulong Buffer => AddressOf(BufferPage);

    public ulong Buffers => AddressOf(BuffersPage);

    public ulong Frame => Layout.FrameOf(FramePage);

    public ulong OtherFrame => Layout.FrameOf(OtherFramePage);

    /// <summary>Below 1 MiB, where a PVH domain's firmware would be; Xen gives an initial domain no memory there that its devices do not need.</summary>
    public ulong Hole => 0x3_8000;

    /// <summary>The calls of another number follow.</summary>
    public void Start(string group) => _tests.Start(group);

    /// <summary>Another operation, with what it takes in registers; its structure is zero until told.</summary>
    public void Row(string name, Hypercall number, int size, ulong a1 = 0, ulong a2 = 0, ulong a3 = 0, ulong a4 = 0, ulong a5 = 0)
    {
        _number = number;
        _size = size;
        _statusOffset = -1;
        _hasAnswer = false;
        (_words[1], _words[2], _words[3], _words[4], _words[5]) = (a1, a2, a3, a4, a5);
        System.Array.Clear(_values);
        if (BootRecord.HasWord("trace"))
        {
            GuestConsole.WriteLine(name);
        }
    }

    /// <summary>A value of the structure.</summary>
    public void Value(int offset, int size, ulong value)
    {
        for (int i = 0; i < size; i++)
        {
            _values[offset + i] = (byte)(value >> (i * 8));
        }
    }

    /// <summary>Where the call writes a status, which is its answer.</summary>
    public void Status(int offset) => _statusOffset = offset;

    /// <summary>Bits that mean nothing and are not looked at.</summary>
    public void Spare(string what, int offset, int size, ulong bits) => Spare(what, offset, size, bits, Errno.None);

    /// <summary>What lies between fields: bit by bit, or what is long byte by byte.</summary>
    public void Gap(string what, int offset, int length)
    {
        for (int i = 0; i < length; i++)
        {
            if (length <= sizeof(ulong))
            {
                Spare(what, offset + i, 1, byte.MaxValue);
            }
            else
            {
                Settle();
                Check(what, Make(offset + i, 1, byte.MaxValue), _answer, byte.MaxValue);
            }
        }
    }

    /// <summary>Bits each of which has to be refused.</summary>
    public void Spare(string what, int offset, int size, ulong bits, Errno refusal)
    {
        Settle();
        long expected = refusal == Errno.None ? _answer : -(long)refusal;
        for (int bit = 0; bit < size * 8; bit++)
        {
            if ((bits >> bit & 1) != 0)
            {
                Check(what, Make(offset, size, 1UL << bit), expected, 1UL << bit);
            }
        }
    }

    private void Settle()
    {
        for (int i = 0; i < Settling && !_hasAnswer; i++)
        {
            _answer = Make(0, 0, 0);
        }

        _hasAnswer = true;
    }

    public void End() => Control.Call(DomctlOp.Destroydomain, Child);

    private static ulong AddressOf(int page) => Layout.FrameOf(page) * Layout.PageSize;

    private void Check(string what, long answer, long expected, ulong bits)
    {
        if (answer != expected)
        {
            GuestConsole.Write(what);
            GuestConsole.Write(", bits ");
            GuestConsole.WriteHex(bits);
            GuestConsole.Write(": ");
            GuestConsole.WriteDecimal(answer);
            GuestConsole.Write(" instead of ");
            GuestConsole.WriteDecimal(expected);
            GuestConsole.EndLine();
        }

        _tests.Equal(answer, expected, what);
    }

    private long Make(int offset, int size, ulong bits)
    {
        Memory.Fill(Argument, Layout.PageSize, 0);
        Memory.Fill(List, Layout.PageSize, 0);
        Memory.Fill(Buffer, Layout.PageSize, 0);
        Memory.Write64(List, Hole);
        WriteBuffers();
        byte* argument = (byte*)Argument;
        for (int i = 0; i < _size; i++)
        {
            argument[i] = _values[i];
        }

        for (int i = 0; i < size; i++)
        {
            argument[offset + i] |= (byte)(bits >> (i * 8));
        }

        long result = Xen.CallAsIs((ulong)_number, _words[1], _words[2], _words[3], _words[4], _words[5]);
        Undo(result);
        return result == 0 && _statusOffset >= 0 ? *(short*)(argument + _statusOffset) : result;
    }

    private void WriteBuffers()
    {
        ulong* wide = (ulong*)Buffers;
        uint* narrow = (uint*)Buffers;
        ulong size = (ulong)sizeof(DmOpArgument);
        if (NarrowCalls.IsOn)
        {
            (narrow[0], narrow[1], narrow[2], narrow[3]) = ((uint)Argument, (uint)size, (uint)Buffer, Layout.PageSize);
        }
        else
        {
            (wide[0], wide[1], wide[2], wide[3]) = (Argument, size, Buffer, Layout.PageSize);
        }
    }

    /// <summary>What a call makes more of each time goes away again.</summary>
    private void Undo(long result)
    {
        uint operation = *(uint*)Argument;
        if (result != 0)
        {
            return;
        }

        if (_number == Hypercall.Domctl && operation == (uint)DomctlOp.Createdomain)
        {
            Control.Call(DomctlOp.Destroydomain, ((Domctl*)Argument)->Domain);
        }
        else if (_number == Hypercall.DmOp && operation == (uint)DmOp.CreateIoreqServer)
        {
            var destroy = new DmOpArgument { DestroyServer = new DmOpDestroyServer { Id = ((DmOpArgument*)Argument)->CreateServer.Id } };
            DeviceModelCalls.Call(DmOp.DestroyIoreqServer, Child, ref destroy);
        }
    }
}
