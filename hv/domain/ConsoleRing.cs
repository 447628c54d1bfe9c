using System;
using System.Threading;
using Xenolith.Kernel;
using Xenolith.Mm;

namespace Xenolith.Domains;

/// <summary>
/// The back-end of a domain's console ring, xencons_interface (public/io/console.h): what the guest writes goes to a device,
/// what is typed goes to the guest. The guest owns half of the indices; whatever it puts there, no byte outside the ring is
/// touched and no call handles more than one ring of bytes.
/// </summary>
public sealed class ConsoleRing : EventConsumer
{
    private const int InSize = 1024;
    private const int OutSize = 2048;
    private const int OutOffset = 1024;
    private const int InConsumer = 3072;
    private const int InProducer = 3076;
    private const int OutConsumer = 3080;
    private const int OutProducer = 3084;

    private readonly Domain _domain;
    private readonly SharedPage _page;
    private readonly byte[] _buffer = new byte[OutSize];
    private ConsoleDevice? _device;

    internal ConsoleRing(Domain domain)
    {
        _domain = domain;
        _page = new SharedPage(domain.P2m, domain.Services.Memory);
    }

    /// <summary>The guest's port of the console; 0: not connected.</summary>
    public uint Port { get; private set; }

    /// <summary>Where the ring lies.</summary>
    public Gfn Frame { get; private set; } = Gfn.Invalid;

    /// <summary>
    /// Whether the guest has written to the ring. One that has not may have its console by console_io instead, so typed bytes
    /// are not put where it never looks.
    /// </summary>
    public bool IsInUse => _page.IsAttached && _page.Read32(OutProducer) != 0;

    /// <summary>
    /// Puts the ring into a page of the guest's memory and binds a port for it. False: the page is not the guest's own
    /// writable memory, or no port is free.
    /// </summary>
    /// <param name="device">Where the guest's output goes.</param>
    public bool TryConnect(Gfn gfn, ConsoleDevice device)
    {
        if (!_page.TryAttach(gfn))
            return false;
        if (_domain.EventChannels.BindConsumer(this, out uint port) != 0)
        {
            _page.Detach();
            return false;
        }
        Frame = gfn;
        Port = port;
        _device = device;
        return true;
    }

    public override void Notify(uint port) => Drain();

    /// <summary>Takes what the guest has written, and tells it so when that was anything.</summary>
    public void Drain()
    {
        if (!_page.IsAttached)
            return;
        uint producer = _page.Read32(OutProducer);
        uint consumer = _page.Read32(OutConsumer);
        uint count = unchecked(producer - consumer);
        if (count == 0)
            return;
        if (count <= OutSize)
        {
            CopyOutput(consumer, (int)count);
            _device?.Write(_buffer.AsSpan(0, (int)count));
        }
        // More than the ring holds is nonsense; the rest of the guest's log is worth more than its guess.
        Interlocked.MemoryBarrier();
        _page.Write32(OutConsumer, producer);
        _domain.EventChannels.NotifyGuest(Port, this);
    }

    /// <summary>Gives typed bytes to the guest.</summary>
    /// <returns>How many found room; the rest is the caller's to keep or drop.</returns>
    public int PushInput(ReadOnlySpan<byte> bytes)
    {
        if (!_page.IsAttached)
            return 0;
        uint consumer = _page.Read32(InConsumer);
        uint producer = _page.Read32(InProducer);
        uint used = unchecked(producer - consumer);
        if (used >= InSize)
            return 0;
        int count = Math.Min(bytes.Length, InSize - (int)used);
        if (count == 0)
            return 0;
        for (int i = 0; i < count; i++)
            _page.Write8((int)(unchecked(producer + (uint)i) % InSize), bytes[i]);
        Interlocked.MemoryBarrier();
        _page.Write32(InProducer, unchecked(producer + (uint)count));
        _domain.EventChannels.NotifyGuest(Port, this);
        return count;
    }

    internal void Release()
    {
        _page.Detach();
        Port = 0;
        _device = null;
    }

    private void CopyOutput(uint consumer, int count)
    {
        int start = (int)(consumer % OutSize);
        int first = Math.Min(count, OutSize - start);
        _page.Read(OutOffset + start, _buffer.AsSpan(0, first));
        if (first < count)
            _page.Read(OutOffset, _buffer.AsSpan(first, count - first));
    }
}
