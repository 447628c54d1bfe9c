using System.Threading;
using Xenolith.Abi.Contract;

namespace Xenolith.Guests;

/// <summary>
/// The guest's side of the FIFO ABI: event words and control blocks in pages of the pool, and taking events out of the queues
/// (Xen public header event_channel.h).
/// </summary>
public static unsafe class FifoState
{
    // unsafe: words that the hypervisor changes meanwhile, by interlocked operations.

    /// <summary>Bytes of a control block.</summary>
    public const uint ControlSize = 72;

    /// <summary>Pages of event words.</summary>
    public const int WordPages = 3;

    private const uint ControlStride = 128, WordsPerPage = Layout.PageSize / 4;
    private const int MostProcessors = 8, Priorities = (int)EventChannelLimits.FifoQueues, HeadOffset = 8;

    // Where each queue goes on: not in the control block once a queue was begun.
    private static readonly uint[] s_heads = new uint[MostProcessors * Priorities];

    /// <summary>Whether the domain has been changed to this ABI.</summary>
    public static bool IsActive { get; private set; }

    /// <summary>Ports that have a word.</summary>
    public static uint WordCount { get; private set; }

    public static ref uint Word(uint port) => ref *(uint*)(Layout.Page(PoolPage.FifoWords) + (port * sizeof(uint)));

    public static ref uint Ready(int vcpu) => ref *(uint*)(Layout.Page(PoolPage.FifoControl) + (vcpu * ControlStride));

    public static ref uint Head(int vcpu, int priority) =>
        ref *(uint*)(Layout.Page(PoolPage.FifoControl) + (vcpu * ControlStride) + HeadOffset + (priority * sizeof(uint)));

    public static long InitControl(uint vcpu, ulong gfn, uint offset, out byte linkBits)
    {
        var argument = new EvtchnInitControl { Vcpu = vcpu, ControlGfn = gfn, Offset = offset };
        long result = Xen.Call(Hypercall.EventChannelOp, (ulong)EventChannelOp.InitControl, ref argument);
        linkBits = argument.LinkBits;
        return result;
    }

    public static long ExpandArray(ulong gfn)
    {
        var argument = new EvtchnExpandArray { ArrayGfn = gfn };
        return Xen.Call(Hypercall.EventChannelOp, (ulong)EventChannelOp.ExpandArray, ref argument);
    }

    public static long SetPriority(uint port, uint priority)
    {
        var argument = new EvtchnSetPriority { Port = port, Priority = priority };
        return Xen.Call(Hypercall.EventChannelOp, (ulong)EventChannelOp.SetPriority, ref argument);
    }

    /// <summary>Gives a vCPU its control block; the result of init_control. The first one changes the domain to the ABI.</summary>
    public static long Start(int vcpu)
    {
        bool was = IsActive;
        IsActive = true;
        long result = InitControl((uint)vcpu, Layout.FrameOf(PoolPage.FifoControl), (uint)vcpu * ControlStride, out _);
        IsActive = was || result == 0;
        return result;
    }

    /// <summary>Gives the next page of words; the result of expand_array.</summary>
    public static long Expand()
    {
        // Before the call: events of these ports may come before it returns.
        WordCount += WordsPerPage;
        long result = ExpandArray(Layout.FrameOf(PoolPage.FifoWords) + (WordCount / WordsPerPage) - 1);
        WordCount -= result == 0 ? 0 : WordsPerPage;
        return result;
    }

    /// <summary>After a reset: the domain is back on two levels.</summary>
    public static void Forget()
    {
        IsActive = false;
        WordCount = 0;
        for (int i = 0; i < s_heads.Length; i++)
        {
            s_heads[i] = 0;
        }

        Memory.Fill((ulong)Layout.Page(PoolPage.FifoControl), (1 + WordPages) * Layout.PageSize, 0);
    }

    public static bool Test(uint port, uint bit) => (Volatile.Read(ref Word(port)) & 1u << (int)bit) != 0;

    public static void Set(uint port, uint bit) => Interlocked.Or(ref Word(port), 1u << (int)bit);

    public static void Clear(uint port, uint bit) => Interlocked.And(ref Word(port), ~(1u << (int)bit));

    /// <summary>
    /// The next event of the vCPU: the first of the first queue that is ready, taken out of it, with its pending bit cleared. 0: none.
    /// </summary>
    public static uint Take(int vcpu)
    {
        for (int priority = 0; priority < Priorities; priority++)
        {
            ref uint next = ref s_heads[(vcpu * Priorities) + priority];
            while (next != 0 || (Interlocked.And(ref Ready(vcpu), ~(1u << priority)) & 1u << priority) != 0)
            {
                uint port = next == 0 ? Volatile.Read(ref Head(vcpu, priority)) : next;
                if (port == 0 || port >= WordCount)
                {
                    next = 0;
                    break;
                }

                uint word = Interlocked.And(ref Word(port), ~(1u << (int)EventWord.Linked | EventWord.LinkMask));
                next = word & EventWord.LinkMask;
                if (!Test(port, EventWord.Masked) && (Interlocked.And(ref Word(port), ~(1u << (int)EventWord.Pending)) & 1u << (int)EventWord.Pending) != 0)
                {
                    return port;
                }
            }
        }

        return 0;
    }
}
