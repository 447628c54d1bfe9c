using System;
using System.Buffers.Binary;
using Xenolith.Kernel;

namespace Xenolith.Domains;

/// <summary>
/// System time as a linear function of a guest's TSC: what vcpu_time_info publishes (public/xen.h). It is the clock's own
/// rule moved by the guest's TSC offset, so it does not drift from what the hypervisor calls now.
/// </summary>
internal readonly record struct PvTime(ulong TscTimestamp, ulong SystemTime, uint Multiplier, sbyte Shift, byte Flags)
{
    /// <summary>sizeof(vcpu_time_info).</summary>
    public const int Size = 32;

    /// <summary>Where the part begins that the version protects.</summary>
    public const int BodyOffset = 8;

    /// <param name="tscOffset">Guest TSC - host TSC, mod 2^64.</param>
    public static PvTime Of(TscScale scale, ulong tscOffset, byte flags) =>
        new(unchecked(scale.BaseTsc + tscOffset), scale.BaseNanoseconds, scale.Multiplier, scale.Shift, flags);

    /// <summary>Writes the whole structure.</summary>
    /// <param name="target">At least <see cref="Size"/> bytes.</param>
    public void Write(Span<byte> target, uint version)
    {
        target.Slice(0, Size).Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(target, version);
        BinaryPrimitives.WriteUInt64LittleEndian(target.Slice(8), TscTimestamp);
        BinaryPrimitives.WriteUInt64LittleEndian(target.Slice(16), SystemTime);
        BinaryPrimitives.WriteUInt32LittleEndian(target.Slice(24), Multiplier);
        target[28] = unchecked((byte)Shift);
        target[29] = Flags;
    }
}
