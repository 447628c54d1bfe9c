using System;
using System.Buffers.Binary;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Kernel;
using Xenolith.Mm;

namespace Xenolith.Tests.Unit.Machines;

/// <summary>What a guest does without the hypervisor: it writes to its memory, to its grant table, and to the words by which it hears of events.</summary>
internal static class GuestMind
{
    private const uint LinkMask = EventWord.LinkMask;

    /// <summary>Writes where the guest itself may, as its CPU would: byte by byte, as far as there is memory.</summary>
    public static void Write(Domain domain, ulong physical, ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            int here = Math.Min(bytes.Length, Page.Size - (int)(physical & Page.OffsetMask));
            P2mEntry entry = domain.P2m.Lookup(Gfn.Of(physical));
            if (entry.Type is P2mType.Ram or P2mType.Grant or P2mType.Foreign && (entry.Access & Rights.Write) != 0)
                bytes[..here].CopyTo(domain.Services.Memory.Bytes(entry.Mfn.Address + (physical & Page.OffsetMask), here));
            bytes = bytes[here..];
            physical = unchecked(physical + (ulong)here);
        }
    }

    /// <summary>Writes an entry of the grant table in its layout; one that others use is left alone but for its flags, as a sane guest does.</summary>
    public static void WriteEntry(Domain domain, ulong[] values)
    {
        GrantTable table = domain.GrantTable;
        ulong perFrame = table.Version == 1 ? Page.Size / 8UL : Page.Size / 16UL;
        if (values[0] >= (ulong)table.EntryCount)
            return;
        ulong at = table.Frame((int)(values[0] / perFrame)).Mfn.Address + values[0] % perFrame * (table.Version == 1 ? 8UL : 16UL);
        domain.Services.Memory.Word64(at) = values[1];
        if (table.Version == 2 && values.Length > 2)
            domain.Services.Memory.Word64(at + 8) = values[2];
    }

    public static void Mask(Domain domain, uint port, bool on)
    {
        EventChannels channels = domain.EventChannels;
        SharedInfoPage shared = domain.SharedInfo;
        if (channels.UsesFifo)
        {
            if (FindWord(domain, port) is var (page, offset))
                page.Write32(offset, Set(page.Read32(offset), (int)EventWord.Masked, on));
        }
        else if (port < shared.PortLimit)
        {
            int at = shared.MaskOffset + (int)(port / 32) * 4;
            shared.Page.Write32(at, Set(shared.Page.Read32(at), (int)(port % 32), on));
        }
    }

    /// <summary>The handler of events on one vCPU, as Linux has it.</summary>
    public static void TakeEvents(Vcpu vcpu)
    {
        if (Private.PageOf(vcpu.Info) is not { } info)
            return;
        int at = Private.OffsetOf(vcpu.Info);
        info.Write8(at, 0);
        if (vcpu.Domain.EventChannels.UsesFifo)
            TakeQueues(vcpu);
        else
            TakeLevels(vcpu, info, at);
    }

    /// <summary>The event word of a port; null: it has none.</summary>
    public static (SharedPage Page, int Offset)? FindWord(Domain domain, uint port)
    {
        FifoEvents fifo = Private.Fifo(domain.EventChannels);
        uint index = port / (Page.Size / sizeof(uint));
        return index < (uint)Private.PageCount(fifo) ? (Private.Pages(fifo)[index], (int)(port % (Page.Size / sizeof(uint))) * sizeof(uint)) : null;
    }

    private static void TakeLevels(Vcpu vcpu, SharedPage info, int at)
    {
        SharedInfoPage shared = vcpu.Domain.SharedInfo;
        int wordBytes = shared.Is64Bit ? 8 : 4;
        Span<byte> selector = stackalloc byte[8];
        selector.Clear();
        info.Read(at + wordBytes, selector[..wordBytes]);
        ulong words = BinaryPrimitives.ReadUInt64LittleEndian(selector);
        selector.Clear();
        info.Write(at + wordBytes, selector[..wordBytes]);
        for (int bit = 0; bit < wordBytes * 8; bit++)
        {
            if ((words >> bit & 1) == 0)
                continue;
            for (int offset = bit * wordBytes; offset < (bit + 1) * wordBytes; offset += 4)
            {
                uint masked = shared.Page.Read32(shared.MaskOffset + offset);
                shared.Page.Write32(shared.PendingOffset + offset, shared.Page.Read32(shared.PendingOffset + offset) & masked);
            }
        }
    }

    private static void TakeQueues(Vcpu vcpu)
    {
        FifoQueues queues = Private.Queues(Private.Fifo(vcpu.Domain.EventChannels))[vcpu.Id];
        if (!queues.IsAttached)
            return;
        SharedPage block = Private.PageOf(queues);
        int at = Private.OffsetOf(queues);
        for (int priority = 0; priority < (int)EventChannelLimits.FifoQueues; priority++)
        {
            if (!block.TestAndClearBit(at, priority))
                continue;
            int headAt = at + 8 + priority * sizeof(uint);
            uint port = block.Read32(headAt);
            // A guest that has overwritten its words may have made a circle of them.
            for (int steps = 0; port != 0 && steps < 4096 && FindWord(vcpu.Domain, port) is var (page, offset); steps++)
            {
                uint word = page.Read32(offset);
                uint masked = word & 1u << (int)EventWord.Masked;
                page.Write32(offset, masked != 0 ? word & ~(LinkMask | 1u << (int)EventWord.Linked) : 0);
                port = word & LinkMask;
                block.Write32(headAt, port);
            }
        }
    }

    private static uint Set(uint word, int bit, bool on) => on ? word | 1u << bit : word & ~(1u << bit);
}
