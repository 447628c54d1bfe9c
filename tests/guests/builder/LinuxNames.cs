using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Builder;

/// <summary>
/// The names that Linux keeps of itself (struct new_utsname: six texts of 65 bytes, the second the host's name), in the data of a kernel that is
/// loaded and has not run: found by what they are then.
/// </summary>
internal struct LinuxNames
{
    private const ulong HostOffset = 65, HostLength = 65;
    private const ulong FirstFrame = 0x1000, LastFrame = 0x4000;
    private const int Batch = 64, Digits = 8;
    private const ulong SystemName = 0x0000_0078_756E_694C;

    private ulong _offset;

    /// <summary>The guest frame that the host's name is in.</summary>
    public ulong Frame { get; private set; }

    /// <summary>Whether <see cref="Note"/> saw a write to the host's name.</summary>
    public bool IsNameWritten { get; private set; }

    /// <summary>Looks for the last ones: before them lie those of the kernel's first link, which nobody uses.</summary>
    public static bool TryFind(ushort id, out LinuxNames names)
    {
        names = default;
        for (ulong frame = FirstFrame; frame < LastFrame; frame += Batch)
        {
            if (ChildImage.Map(id, frame, Batch) != 0)
            {
                return false;
            }

            ulong end = ChildImage.Window + Batch * 4096 - HostOffset - HostLength;
            for (ulong at = ChildImage.Window; at < end; at += 8)
            {
                if (Memory.Read64(at) == SystemName && HasText(at + HostOffset, "(none)\0"))
                {
                    ulong host = at + HostOffset - ChildImage.Window;
                    names.Frame = frame + (host >> 12);
                    names._offset = host & 0xFFF;
                }
            }

            ChildImage.Unmap(Batch);
        }

        return names.Frame != 0 && names._offset + HostLength <= 4096;
    }

    /// <summary>A write was told of at that byte of the frame.</summary>
    public void Note(ulong offset) => IsNameWritten |= offset >= _offset && offset < _offset + HostLength;

    /// <summary>Reads the frame that Linux's name says, once it does.</summary>
    public readonly bool TryReadFrame(ushort id, out ulong frame)
    {
        ulong at = ChildImage.See(id, (Frame << 12) + _offset);
        frame = 0;
        bool isWhole = HasText(at, "page-") && Memory.Read8(at + 5 + Digits) == 0;
        for (ulong i = 0; isWhole && i < Digits; i++)
        {
            byte digit = Memory.Read8(at + 5 + i);
            isWhole = digit is >= (byte)'0' and <= (byte)'9' or >= (byte)'a' and <= (byte)'f';
            frame = frame * 16 + (ulong)(uint)(digit <= '9' ? digit - '0' : digit - 'a' + 10);
        }

        ChildImage.Unsee();
        frame = isWhole ? frame : 0;
        return frame != 0;
    }

    private static bool HasText(ulong at, string text)
    {
        int i = 0;
        while (i < text.Length && Memory.Read8(at + (ulong)i) == text[i])
        {
            i++;
        }

        return i == text.Length;
    }
}
