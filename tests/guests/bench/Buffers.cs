using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Bench;

/// <summary>
/// What it takes to find a buffer: by a page walk that is kept, by a page walk, by a hypercall TLB, by guest-physical address; for a copy out of 8 bytes, of 256 bytes and
/// of 4 KiB (which the log is read in, in pieces of 128 bytes). Last of all rows, since who has used a table looks into it ever after.
/// </summary>
internal static class Buffers
{
    // Memory below 1 MiB that is free, where the guest has small pages: a walk reads four entries.
    // The two pages are apart in what is kept of walks.
    private const ulong Buffer = 0x7_0000, Argument = 0x7_4000;
    private const uint ReadConsole = 1, Version = 0x15;

    private static ulong s_flags;

    public static void Rows()
    {
        Rows("copy of 8 bytes, walk kept", "copy of 256 bytes, walk kept", "copy of 4 KiB, walk kept", false);
        Rows("copy of 8 bytes, page walk", "copy of 256 bytes, page walk", "copy of 4 KiB, page walk", true);
        s_flags = CallFlags.Physical;
        Rows("copy of 8 bytes, guest-physical", "copy of 256 bytes, guest-physical", "copy of 4 KiB, guest-physical", false);
        s_flags = 0;
        HypercallTlb.Insert(1, 1, 0xFF);
        if (HypercallTlb.Query(HypercallTlbQuery.Used) == 1)
        {
            Rows("copy of 8 bytes, TLB hit", "copy of 256 bytes, TLB hit", "copy of 4 KiB, TLB hit", false);
        }

        HypercallTlb.Purge(0, 0);
    }

    private static void Rows(string one, string some, string page, bool walks)
    {
        Program.Row(Make(one, walks, (ulong)Hypercall.XenVersion, (ulong)VersionOp.PlatformParameters, Buffer));
        Program.Row(Log(some, walks, 256));
        Program.Row(Log(page, walks, 4096));
    }

    private static Operation Log(string name, bool walks, uint length)
    {
        // xen_sysctl_readconsole behind command and version (public/sysctl.h): no clearing, not incremental.
        Memory.Fill(Argument, 136, 0);
        Memory.Write32(Argument, ReadConsole);
        Memory.Write32(Argument + 4, Version);
        Memory.Write64(Argument + 16, Buffer);
        Memory.Write32(Argument + 24, length);
        return Make(name, walks, (ulong)Hypercall.Sysctl, Argument, 0);
    }

    private static Operation Make(string name, bool walks, ulong number, ulong a1, ulong a2) =>
        new BufferOperation(name, walks, Argument).With(number | s_flags, a1, a2, 0).Giving(0, ulong.MaxValue);

    /// <summary>Before each run the length that is asked for is as it was, and an entry of the page tables is not, where the walk is to be done.</summary>
    private sealed class BufferOperation(string name, bool walks, ulong argument) : Operation(name, TimedInstruction.Hypercall)
    {
        private readonly uint _length = Memory.Read32(argument + 24);

        public override void Prepare()
        {
            Memory.Write32(argument + 24, _length);
            if (walks)
            {
                Change(Buffer);
                Change(argument);
            }
        }

        // A bit that is the guest's own.
        private static unsafe void Change(ulong address) => Layout.PageLevel1()[address / Layout.PageSize] ^= 1UL << 9;
    }
}
