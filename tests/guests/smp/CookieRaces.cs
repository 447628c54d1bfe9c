using System.Runtime;
using System.Runtime.CompilerServices;
using System.Threading;
using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Smp;

/// <summary>
/// All vCPUs make calls from 64 on that pause, and go on with each other's by cookie: several with the same one at once, with one that was used up, with one that
/// nobody has, with another's arguments, and while what the call is about changes. A cookie is good once, and then for whoever is first; what one vCPU does wrong is
/// no loss of another's.
/// </summary>
internal static class CookieRaces
{
    /// <summary>Calls that wait at a time, fewer than may: batches for hypercall TLBs, then lists of frames. The last of each are about what is being changed.</summary>
    private const int Slots = 9, Batches = 6, SteadyBatches = 5, SteadyLists = 8;

    /// <summary>Elements of a list, of which a pass does 64.</summary>
    private const int Elements = 150;

    /// <summary>Two pages for each list.</summary>
    private const int FirstList = PoolPage.FirstFree + 30, BatchPage = FirstList + (2 * Slots);

    private const ulong CallSize = 40;

    /// <summary>Linear pages that nobody calls with.</summary>
    private const ulong TablePage = 0x7_0000;

    /// <summary>RAM that nothing uses.</summary>
    private const ulong FirstFrame = 0xA00;

    private const int Old = 8;

    /// <summary>Calls that are to be done while all contend.</summary>
    private const int Enough = 12;

    /// <summary>Calls of a batch, one more than a pass makes; and how many each vCPU begins that nobody goes on with.</summary>
    private const int Batch = 65, Begun = 24;

    private const long Again = -(long)Errno.EAGAIN, Unknown = -(long)Errno.EBADF, Others = -(long)Errno.EINVAL;
    private const ulong Mark = 0xC00C_1E00_0000_0000;

    private static readonly RandomNumbers[] s_random = new RandomNumbers[Program.Processors];
    private static readonly ulong[] s_cookies = new ulong[Slots];
    private static readonly int[] s_isFull = new int[Slots];
    private static readonly int[] s_isBusy = new int[Slots];
    private static readonly ulong[] s_old = new ulong[Old];
    private static readonly ulong[] s_begun = new ulong[Program.Processors * Begun];
    private static readonly int[] s_begunCount = new int[Program.Processors];
    private static int s_done, s_refused, s_late, s_twice, s_lost, s_wrong, s_forged, s_replayed;
    private static long s_answer;

    [RuntimeImport("*", "smp_pausing_vmcall")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern long Vmcall(ulong number, ulong operation, ulong a1, ulong a2, ulong a3, ref ulong cookie);

    [RuntimeImport("*", "smp_pausing_vmmcall")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern long Vmmcall(ulong number, ulong operation, ulong a1, ulong a2, ulong a3, ref ulong cookie);

    /// <summary>Whether all has happened that is to happen.</summary>
    public static bool IsEnough => s_done >= Enough && s_late > 0 && s_refused > 0 && s_forged > 0 && s_replayed > 0;

    public static void Run(TestRun tests)
    {
        Contend(tests);
        Crowd(tests);
    }

    /// <summary>One pass of somebody's call, or a wrong one.</summary>
    public static void Step(int processor)
    {
        RandomNumbers random = s_random[processor];
        // Frames that come and go cost all vCPUs more than the rest.
        int slot = random.Below(5) == 0 ? Batches + (int)random.Below(Slots - Batches) : (int)random.Below(Batches);
        ulong cookie = Volatile.Read(ref s_cookies[slot]);
        switch (random.Below(12))
        {
            case < 2:
                Begin(slot);
                break;
            case < 7:
                GoOn(slot, cookie);
                break;
            case 7:
                // Fewer elements, or another list: another call.
                Refused(Pass(slot, slot, Elements - 1, cookie), cookie);
                Refused(Pass(slot, (slot + 1) % Slots, Elements, cookie), cookie);
                break;
            case 8:
                ulong forged = cookie ^ (1UL << (int)random.Below(32));
                Refused(Pass(slot, slot, Elements - 2, forged), forged);
                Interlocked.Increment(ref s_forged);
                break;
            case 9:
                ulong old = Volatile.Read(ref s_old[(int)random.Below(Old)]);
                if (old != 0)
                {
                    Note(Pass(slot, slot, Elements, old) == Unknown, ref s_wrong);
                    Interlocked.Increment(ref s_replayed);
                }

                break;
            default:
                Disturb(random);
                break;
        }
    }

    /// <summary>Begins calls that nobody goes on with, more than may wait.</summary>
    public static void Start(int processor)
    {
        if (s_begunCount[processor] == Begun)
        {
            Instructions.Pause();
            return;
        }

        ulong cookie = 0;
        Note(Call(Hypercall.V2Hctlb, (ulong)V2HctlbOp.Batch, AddressOf(BatchPage), Batch, (ulong)processor, ref cookie) == Again, ref s_wrong);
        s_begun[(processor * Begun) + s_begunCount[processor]++] = cookie;
    }

    private static void Contend(TestRun tests)
    {
        tests.Start("calls that pause, gone on with by all vCPUs at once");
        for (int i = 0; i < s_random.Length; i++)
        {
            s_random[i] = new RandomNumbers(Clock.Now + (ulong)i);
        }

        for (int slot = 0; slot < Slots; slot++)
        {
            WriteList(slot);
            s_isFull[slot] = 1;
        }

        long frames = OwnFrames.Count();
        Contests.Contend(tests, Contest.Cookies, most: 5 * Program.Second);
        for (int slot = 0; slot < Slots; slot++)
        {
            for (int pass = 0; s_cookies[slot] != 0 && pass < Elements; pass++)
            {
                GoOn(slot, s_cookies[slot]);
            }

            tests.Equal((long)s_cookies[slot], 0, "a call that waits is gone on with to its end");
        }

        tests.Equal(s_wrong, 0, "answers that no order of the calls explains");
        tests.Equal(s_answer, 0, "one of them");
        tests.Equal(s_twice, 0, "cookies that were good twice");
        tests.Equal(s_lost, 0, "calls of which not all was done");
        tests.True(IsEnough, "calls are done by cookies, and wrong ones are tried");
        for (int slot = Batches; slot < Slots; slot++)
        {
            for (ulong i = 0; i < Elements; i++)
            {
                OwnFrames.ChangeFrame(MemoryOp.PopulatePhysmap, FrameOf(slot) + i);
                Memory.Write64((FrameOf(slot) + i) * Layout.PageSize, Mark + FrameOf(slot) + i);
            }
        }

        tests.Equal(OwnFrames.Count(), frames, "frames that the domain has");
        for (ulong i = 0; i < (Slots - Batches) * Elements; i++)
        {
            tests.Equal((long)Memory.Read64((FirstFrame + i) * Layout.PageSize), (long)(Mark + FirstFrame + i), "each page is RAM of its own");
        }
    }

    private static void Crowd(TestRun tests)
    {
        tests.Start("more calls that pause than may wait, by all vCPUs at once");
        for (ulong i = 0; i < Batch; i++)
        {
            WriteCall(AddressOf(BatchPage) + (i * CallSize), VcpuOp.HctlbQuery, 0, 0, 0, 0);
        }

        s_wrong = 0;
        Contests.Contend(tests, Contest.Crowd);
        tests.Equal(s_wrong, 0, "calls that do not pause");
        int good = 0, begun = 0;
        for (int processor = 0; processor < Program.Processors; processor++)
        {
            begun += s_begunCount[processor];
            bool wasGood = false;
            for (int i = 0; i < s_begunCount[processor]; i++)
            {
                ulong cookie = s_begun[(processor * Begun) + i];
                long result = Call(Hypercall.V2Hctlb, (ulong)V2HctlbOp.Batch, AddressOf(BatchPage), Batch, (ulong)processor, ref cookie);
                tests.True(result is 0 or Unknown, "each is done, or was dropped");
                tests.True(result == 0 || !wasGood, "the oldest are dropped");
                wasGood = result == 0;
                good += wasGood ? 1 : 0;
            }
        }

        tests.True(begun > (int)V2Calls.MostPaused, "more than may wait");
        tests.Equal(good, V2Calls.MostPaused, "calls that still waited");
    }

    private static void Begin(int slot)
    {
        if (Interlocked.CompareExchange(ref s_isBusy[slot], 1, 0) != 0)
        {
            return;
        }

        ulong cookie = 0;
        long result = Pass(slot, slot, Elements, ref cookie);
        if (result == Again)
        {
            Volatile.Write(ref s_cookies[slot], cookie);
            return;
        }

        // The first frames of a list that is being changed may end it at once.
        Note(slot >= SteadyLists, ref s_wrong, result);
        Volatile.Write(ref s_isBusy[slot], 0);
    }

    private static void GoOn(int slot, ulong cookie)
    {
        if (cookie == 0)
        {
            return;
        }

        ulong next = cookie;
        long result = Pass(slot, slot, Elements, ref next);
        if (result == Unknown)
        {
            // Somebody was first.
            Interlocked.Increment(ref s_late);
            return;
        }

        if (result == Again)
        {
            // Nobody else has gone on with it.
            Note(Interlocked.CompareExchange(ref s_cookies[slot], next, cookie) == cookie, ref s_twice);
            Keep(cookie);
            return;
        }

        Note(result is >= 0 and <= Elements, ref s_wrong, result);
        bool isSteady = slot < Batches ? slot < SteadyBatches : slot < SteadyLists;
        Note(!isSteady || result == (slot < Batches ? Failing(slot) : Elements), ref s_lost, result);
        Note(Volatile.Read(ref s_cookies[slot]) == cookie, ref s_twice);
        Keep(cookie);
        Interlocked.Increment(ref s_done);
        Volatile.Write(ref s_isFull[slot], 1 - s_isFull[slot]);
        Volatile.Write(ref s_cookies[slot], 0);
        Volatile.Write(ref s_isBusy[slot], 0);
    }

    /// <summary>Changes what the calls of the last slots are about: a frame of them, or an entry of their lists.</summary>
    private static void Disturb(RandomNumbers random)
    {
        int slot = Slots - 1;
        ulong entry = random.Below(Elements);
        ulong vcpu = random.Below(Program.Processors);
        switch (random.Below(8))
        {
            case 0:
                OwnFrames.ChangeFrame(MemoryOp.DecreaseReservation, FrameOf(slot) + entry);
                break;
            case 1:
                OwnFrames.ChangeFrame(MemoryOp.PopulatePhysmap, FrameOf(slot) + entry);
                break;
            case 2:
                Memory.Write64(AddressOf(ListPage(slot)) + (entry * 8), random.Below(3) == 0 ? ulong.MaxValue >> (int)random.Below(8) : FrameOf(slot) + random.Below(Elements));
                break;
            case 3:
                WriteList(slot);
                break;
            case 4:
                WriteCall(AddressOf(ListPage(SteadyBatches)) + (entry * CallSize), VcpuOp.HctlbQuery + (uint)random.Below(7), vcpu, TablePage + random.Below(32), random.Below(0x1000), (1 + random.Below(8)) << 8 | random.Below(32));
                break;
            case 5:
                Xen.Call(Hypercall.VcpuOp, (ulong)VcpuOp.HctlbInsert, vcpu, TablePage + random.Below(32), random.Below(0x1000), (1 + random.Below(8)) << 8 | (ulong)HypercallTlbFlags.Replace);
                break;
            case 6:
                Xen.Call(Hypercall.VcpuOp, (ulong)VcpuOp.HctlbPurge, vcpu);
                break;
            default:
                Xen.Call(Hypercall.VcpuOp, (ulong)VcpuOp.HctlbShare, vcpu, random.Below(Program.Processors));
                break;
        }
    }

    private static void Refused(long result, ulong cookie)
    {
        // Without a cookie it would be a call of its own.
        Note(cookie == 0 || result is Unknown or Others, ref s_wrong, result);
        Interlocked.Increment(ref s_refused);
    }

    private static void Note(bool isRight, ref int wrong, long result = 0)
    {
        if (!isRight)
        {
            Volatile.Write(ref s_answer, result);
            Interlocked.Increment(ref wrong);
        }
    }

    private static void Keep(ulong cookie) => Volatile.Write(ref s_old[(int)(cookie >> 4) % Old], cookie);

    /// <summary>One pass of a slot's call with a list and a cookie. Never a call of its own, which would do what nobody has asked for.</summary>
    private static long Pass(int slot, int list, ulong count, ulong cookie) => cookie == 0 ? Unknown : Pass(slot, list, count, ref cookie);

    private static long Pass(int slot, int list, ulong count, ref ulong cookie)
    {
        ulong address = AddressOf(ListPage(list));
        if (slot < Batches)
        {
            return Call(Hypercall.V2Hctlb, (ulong)V2HctlbOp.Batch, address, count, 0, ref cookie);
        }

        // Frames are given back and given in turn.
        V2MemoryOp operation = Volatile.Read(ref s_isFull[slot]) != 0 ? V2MemoryOp.Decrease : V2MemoryOp.Populate;
        return Call(Hypercall.V2Memory, (ulong)operation, address, count, 0, ref cookie);
    }

    private static long Call(Hypercall number, ulong operation, ulong a1, ulong a2, ulong a3, ref ulong cookie) => Xen.UsesVmcall
        ? Vmcall((ulong)number, operation, a1, a2, a3, ref cookie)
        : Vmmcall((ulong)number, operation, a1, a2, a3, ref cookie);

    private static void WriteList(int slot)
    {
        for (ulong i = 0; i < Elements; i++)
        {
            if (slot < Batches)
            {
                // Of each slot another number of calls fails: there is no such vCPU.
                bool fails = i % (ulong)(slot + 2) == 0;
                WriteCall(AddressOf(ListPage(slot)) + (i * CallSize), VcpuOp.HctlbQuery, fails ? 1000UL : 0, 0, 0, 0);
            }
            else
            {
                Memory.Write64(AddressOf(ListPage(slot)) + (i * 8), FrameOf(slot) + i);
            }
        }
    }

    /// <summary>Calls of a slot's batch that fail.</summary>
    private static int Failing(int slot) => (Elements + slot + 1) / (slot + 2);

    private static void WriteCall(ulong at, VcpuOp operation, ulong vcpu, ulong a3, ulong a4, ulong a5)
    {
        Memory.Write64(at, (uint)operation | vcpu << 32);
        Memory.Write64(at + 8, a3);
        Memory.Write64(at + 16, a4);
        Memory.Write64(at + 24, a5);
    }

    private static int ListPage(int slot) => FirstList + (2 * slot);

    private static ulong FrameOf(int slot) => FirstFrame + (ulong)((slot - Batches) * Elements);

    private static ulong AddressOf(int page) => GrantTable.AddressOf(page);
}
