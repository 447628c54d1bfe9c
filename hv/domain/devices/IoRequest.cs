using Xenolith.Abi.Contract;

namespace Xenolith.Domains;

/// <summary>One access to a port or to memory that a device model makes good (public/hvm/ioreq.h).</summary>
/// <param name="Type">Ports, memory or PCI configuration space.</param>
/// <param name="Address">The port, the guest-physical address, or PCI function &lt;&lt; 32 and register.</param>
/// <param name="Size">1, 2, 4 or 8 bytes.</param>
/// <param name="IsRead">Whether the device model is to say what is there.</param>
/// <param name="Data">What is written, or was read.</param>
public readonly record struct IoRequest(IoRequestType Type, ulong Address, int Size, bool IsRead, ulong Data)
{
    private const int FunctionShift = 32;

    /// <summary>What the ranges of a server are compared with: the first and the last of what the access touches.</summary>
    public (ulong First, ulong Last) Touched => Type == IoRequestType.PciConfig
        ? (Address >> FunctionShift, Address >> FunctionShift) : (Address, unchecked(Address + (ulong)Size - 1));

    /// <summary>The kind of ranges.</summary>
    public IoRangeType RangeType => Type switch
    {
        IoRequestType.Port => IoRangeType.Port,
        IoRequestType.Copy => IoRangeType.Memory,
        _ => IoRangeType.Pci,
    };

    /// <summary>Whether it is the same access, whatever the data.</summary>
    public bool IsSameAs(IoRequest other) => Type == other.Type && Address == other.Address && Size == other.Size && IsRead == other.IsRead;
}
