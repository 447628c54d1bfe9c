using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Attacks;

/// <summary>
/// What is ours and opt-in, with arguments that mean something: calls from 64 on with cookies of others' and of its own, hypercall TLBs whose entries lead anywhere,
/// calls whose pointers are guest-physical or lists of frames, and views of its own memory, in which it goes on living as long as it can.
/// </summary>
internal static class WildOwnCalls
{
    private const int Kept = 8;

    private static readonly ulong[] s_cookies = new ulong[Kept];

    /// <summary>Views of its own memory are on, if it may have any; a call at random seldom does that.</summary>
    public static void Start()
    {
        var argument = new HvmAltp2mOp { DomainState = new HvmAltp2mDomainState { State = 1 } };
        Altp2mCalls.Call(Altp2mOp.SetDomainState, DomainIds.Self, ref argument);
    }

    public static void Make(RandomNumbers random)
    {
        switch (random.Below(6))
        {
            case 0:
                HighNumber(random);
                break;
            case 1:
                Table(random);
                break;
            case 2:
                Physical(random);
                break;
            default:
                Views(random);
                break;
        }
    }

    private static void HighNumber(RandomNumbers random)
    {
        ulong number = V2Calls.First + random.Below(7), operation = random.Below(8) == 0 ? random.Next() >> (int)random.Below(60) : random.Below(14);
        // What would take the vCPU off for good is left out.
        if (number == (ulong)Hypercall.V2Vcpu && operation == (ulong)V2VcpuOp.Down)
        {
            return;
        }

        int place = (int)random.Below(Kept);
        ulong cookie = random.Below(4) switch { 0 => random.Next() & uint.MaxValue, 1 => s_cookies[random.Below(Kept)], _ => 0 };
        V2.Call(number, operation, Number(random), random.Below(8) == 0 ? Number(random) : random.Below(600), Number(random), ref cookie);
        s_cookies[place] = cookie;
    }

    /// <summary>Entries that lead elsewhere than the guest's page tables do, sharing, and both policies.</summary>
    private static void Table(RandomNumbers random)
    {
        ulong operation = (ulong)VcpuOp.HctlbQuery + random.Below(6);
        ulong page = random.Below(3) == 0 ? random.Next() >> (int)random.Below(50) : random.Below(0x400);
        ulong pages = random.Below(8) == 0 ? random.Next() >> (int)random.Below(50) : random.Below(4);
        Xen.CallAsIs((ulong)Hypercall.VcpuOp, operation, random.Below(2), page, WildCalls.Frame(random), (pages << 8) | random.Below(20));
    }

    private static void Physical(RandomNumbers random)
    {
        ulong number = random.Below(42), operation = random.Below(28);
        if (!WildCalls.Ends(number, operation))
        {
            Xen.CallAsIs(number | CallFlags.Physical | (random.Below(16) == 0 ? 1UL << (int)(28 + random.Below(36)) : 0), operation, Pointer(random), Pointer(random), random.Below(8));
        }
    }

    private static void Views(RandomNumbers random)
    {
        ulong at = WildCalls.BufferStart;
        ulong operation = random.Below(4) == 0 ? (ulong)Altp2mOp.Capabilities + random.Below(6) : random.Below(18);
        Memory.Write64(at, InterfaceVersions.Altp2m | (operation << 32));
        Memory.Write64(at + 8, random.Below(16) == 0 ? random.Next() : DomainIds.Self);
        for (ulong offset = 16; offset < 80; offset += 8)
        {
            Memory.Write64(at + offset, Number(random));
        }

        // Views and rights are halves of words; views are few, and most rights leave the guest alive.
        if (random.Below(3) != 0)
        {
            Memory.Write64(at + 16, random.Below(12) | random.Below(12) << 16 | random.Below(12) << 32 | random.Below(3) << 48);
        }

        Xen.CallAsIs((ulong)Hypercall.HvmOp, (ulong)HvmOp.Altp2m, at);
    }

    private static ulong Number(RandomNumbers random) => random.Below(4) switch
    {
        0 => random.Below(16),
        1 => WildCalls.Frame(random),
        _ => Pointer(random),
    };

    /// <summary>A guest-physical address, or a list whose descriptor pages are the buffers.</summary>
    private static ulong Pointer(RandomNumbers random) => random.Below(3) == 0
        ? 1UL << 63 | (WildCalls.BufferStart >> 12) + random.Below(5) << 30 | random.Below(8192)
        : WildCalls.Pointer(random);
}
