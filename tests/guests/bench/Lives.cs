using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Bench;

/// <summary>Fills other domains with memory.</summary>
internal static class DomainMemory
{
    private const int Most = 1024;

    private static readonly ulong[] s_extents = new ulong[Most];

    /// <summary>Gives a domain memory from guest frame 0 on, in calls of up to 1024 extents. False: it did not get all.</summary>
    /// <param name="count">Extents.</param>
    /// <param name="order">Of how many frames each, as a power of two.</param>
    public static bool Fill(ushort domain, int count, int order)
    {
        for (int done = 0; done < count;)
        {
            int part = count - done < Most ? count - done : Most;
            for (int i = 0; i < part; i++)
            {
                s_extents[i] = (ulong)(done + i) << order;
            }

            var argument = new MemoryReservation { ExtentStart = Xen.AddressOf(ref s_extents[0]), ExtentCount = (ulong)part, ExtentOrder = (uint)order, Domain = domain };
            if (Hypercalls.MemoryPopulatePhysmap(ref argument) != part)
            {
                return false;
            }

            done += part;
        }

        return true;
    }
}

/// <summary>A domain that is made, with as much in it as its rows say, and taken apart again.</summary>
/// <param name="vcpus">0: max_vcpus is not called.</param>
/// <param name="extents">How many extents of memory it has.</param>
/// <param name="order">Frames in each, as a power of two.</param>
internal sealed class Life(uint vcpus, int extents, int order)
{
    private ushort _id;

    /// <summary>Makes it: 0, or what was answered instead.</summary>
    public long Begin()
    {
        long result = Control.Create(Control.Pvh(1), out _id);
        if (result == 0 && vcpus != 0)
        {
            result = Control.MakeVcpus(_id, vcpus);
        }

        if (result == 0 && extents != 0)
        {
            result = Control.SetMaximumMemory(_id, (ulong)extents << order << 2);
            result = result == 0 && !DomainMemory.Fill(_id, extents, order) ? -(long)Errno.ENOMEM : result;
        }

        return result;
    }

    /// <summary>Takes it apart, until nobody finds it any more: 0, or what was answered instead.</summary>
    public long End()
    {
        long result = Control.Call(DomctlOp.Destroydomain, _id);
        if (result != 0)
        {
            return result;
        }

        // Answers for the next domain when the one asked for is gone, and that there is none after the last.
        while (Control.Describe(_id, out DomainInformation information) == 0 && information.Domain == _id)
        {
        }

        return 0;
    }
}

/// <summary>One of a life's two halves; the other is done before each run.</summary>
internal sealed class LifeRow : Operation
{
    private readonly Life _life;
    private readonly bool _ends;
    private readonly int _samples;

    public LifeRow(string name, Life life, bool ends, int samples)
        : base(name, TimedInstruction.Nothing)
    {
        _life = life;
        _ends = ends;
        _samples = samples;
        Giving(0, ulong.MaxValue);
    }

    public override int Samples => _samples;

    public override bool CanBeListed => _samples == Sampler.MostSamples;

    public override void Prepare() => Half(!_ends);

    public override uint Run()
    {
        ulong start = Xenolith.Guests.Instructions.ReadTsc();
        long result = Half(_ends);
        ulong end = Xenolith.Guests.Instructions.ReadTsc();
        Registers.Result = (ulong)result;
        return (uint)(end - start);
    }

    private long Half(bool ends) => ends ? _life.End() : _life.Begin();
}
