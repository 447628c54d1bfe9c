using System.Buffers.Binary;
using System.Threading;
using Xenolith.Kernel;

namespace Xenolith;

/// <summary>The memory that an emulated instruction reads and writes, with other CPUs at it meanwhile: each access is one, as the processor would make it.</summary>
internal static class FrameBytes
{
    /// <summary>How often bytes beside those of an exchange may be written by others, at the wrong moment, before it counts as failed.</summary>
    private const int MostAttempts = 64;

    /// <param name="size">1, 2, 4 or 8 bytes, all of RAM.</param>
    public static ulong Read(PhysicalMemory memory, ulong address, int size) => size switch
    {
        1 => memory.Bytes(address, 1)[0],
        2 => BinaryPrimitives.ReadUInt16LittleEndian(memory.Bytes(address, 2)),
        4 => BinaryPrimitives.ReadUInt32LittleEndian(memory.Bytes(address, 4)),
        _ => BinaryPrimitives.ReadUInt64LittleEndian(memory.Bytes(address, 8)),
    };

    /// <summary>Writes the low <paramref name="size"/> bytes of the value.</summary>
    public static void Write(PhysicalMemory memory, ulong address, int size, ulong value)
    {
        switch (size)
        {
            case 1:
                memory.Bytes(address, 1)[0] = (byte)value;
                break;
            case 2:
                BinaryPrimitives.WriteUInt16LittleEndian(memory.Bytes(address, 2), (ushort)value);
                break;
            case 4:
                BinaryPrimitives.WriteUInt32LittleEndian(memory.Bytes(address, 4), (uint)value);
                break;
            default:
                BinaryPrimitives.WriteUInt64LittleEndian(memory.Bytes(address, 8), value);
                break;
        }
    }

    /// <summary>Writes if what is there is still what was read; nobody's write gets lost between. False: it is not, or others are too busy beside it.</summary>
    /// <remarks>What lies across two aligned words is compared and written in two steps: a split lock, which nobody should rely on.</remarks>
    public static bool TryExchange(PhysicalMemory memory, ulong address, int size, ulong expected, ulong value)
    {
        const int word = sizeof(ulong);
        int within = (int)(address % word);
        if (within + size > word)
        {
            if (Read(memory, address, size) != expected)
            {
                return false;
            }

            Write(memory, address, size, value);
            return true;
        }

        int shift = within * 8;
        ulong mask = (size == word ? ulong.MaxValue : (1UL << (size * 8)) - 1) << shift;
        ref ulong place = ref memory.Word64(address - (ulong)within);
        for (int attempt = 0; attempt < MostAttempts; attempt++)
        {
            ulong before = Volatile.Read(ref place);
            if ((before & mask) != (expected << shift & mask))
            {
                return false;
            }

            if (Interlocked.CompareExchange(ref place, (before & ~mask) | (value << shift & mask), before) == before)
            {
                return true;
            }
        }

        return false;
    }
}
