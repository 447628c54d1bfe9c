using System;
using System.Threading;
using Xenolith.Abi.Contract;
using Xunit;

namespace Xenolith.Tests.Unit.Domains;

/// <summary>What a guest may write into its words and control blocks, and when, harms nobody but itself.</summary>
public sealed partial class FifoEventTests
{
    [Fact]
    public void LinksOfTheGuestsOwnMakingAreNotFollowed()
    {
        UseFifo();
        uint[] ports = [Ipi(), Ipi(), Ipi()];
        foreach (uint port in ports)
            Send(port);
        // A circle; a link past the array; a link to itself; heads and tails that were never sent.
        uint[] links = [ports[0], 0x1FFFF, ports[2], 5000, 0];
        foreach (uint link in links)
        {
            for (int i = 0; i < ports.Length; i++)
                Word(ports[i]) = PendingBit | LinkedBit | link;
            for (int priority = 0; priority < 16; priority++)
                Head(0, priority) = link | 0xFFF0_0000;
            foreach (uint port in ports)
            {
                Word(port) &= ~LinkedBit;
                Send(port);
                Assert.Equal(Errno.None, _events.SetPriority(port, link % 16));
                Assert.Equal(Errno.None, _events.Unmask(port));
            }
        }
        // Every word of the page is of a guest gone mad: only ports of the hypervisor's own are touched.
        for (uint port = 0; port < 1024; port++)
            Word(port) = uint.MaxValue;
        foreach (uint port in ports)
        {
            Send(port);
            Assert.Equal(Errno.None, _events.Unmask(port));
            Assert.Equal(Errno.None, _events.Close(port));
        }
        for (uint port = 4; port < 1024; port++)
            Assert.Equal(uint.MaxValue, Word(port));
    }

    [Fact]
    public void ReadyBitsSetByTheGuestCostItTheUpcallOnly()
    {
        UseFifo();
        uint port = Ipi();
        Ready(0) = uint.MaxValue;
        Send(port);
        Assert.False(UpcallPending(0));
        Assert.Equal([port], Take(0));
    }

    [Fact]
    public void BusyThatTheGuestHoldsIsTakenAway()
    {
        UseFifo();
        uint tail = Ipi(), port = Ipi();
        Send(tail);
        Word(tail) |= BusyBit;
        Send(port);
        Assert.Equal(PendingBit | LinkedBit | port, Word(tail));
        Word(port) |= BusyBit | MaskedBit;
        Assert.Equal(Errno.None, _events.Unmask(port));
        Assert.Equal(PendingBit | LinkedBit | BusyBit, Word(port));
        Assert.Equal([tail, port], Take(0));
    }

    [Fact]
    public void AnotherCpuThatChangesTheWordsAllTheTimeStopsNothing()
    {
        UseFifo();
        uint[] ports = [Ipi(), Ipi(), Ipi(), Ipi(1)];
        bool stop = false;
        var thread = new Thread(() =>
        {
            var random = new Random(7);
            while (!Volatile.Read(ref stop))
            {
                foreach (uint port in ports)
                    Volatile.Write(ref Word(port), (uint)random.NextInt64());
                Volatile.Write(ref Ready(0), 0);
                Volatile.Write(ref Head(0, 7), (uint)random.NextInt64());
            }
        });
        thread.Start();
        for (int i = 0; i < 20_000; i++)
        {
            uint port = ports[i % ports.Length];
            Assert.Equal(Errno.None, _events.SetPriority(port, (uint)i % 16));
            Send(port);
            Assert.Equal(Errno.None, _events.Unmask(port));
        }
        Volatile.Write(ref stop, true);
        thread.Join();
        // Whoever behaves from here on has its events.
        foreach (uint port in ports)
            Word(port) = 0;
        Ready(0) = Ready(1) = 0;
        foreach (uint port in ports)
        {
            Assert.Equal(Errno.None, _events.SetPriority(port, 7));
            Send(port);
        }
        Assert.Equal([ports[0], ports[1], ports[2]], Take(0));
        Assert.Equal([ports[3]], Take(1));
    }
}
