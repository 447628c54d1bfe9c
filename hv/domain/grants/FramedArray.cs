using Xenolith.Kernel;

namespace Xenolith.Domains;

/// <summary>
/// An array of pairs of 64-bit words in frames of the hypervisor, which grows frame by frame to its limit: for what a guest can make
/// the hypervisor keep, without managed memory.
/// </summary>
internal sealed class FramedArray(PhysicalMemory memory, FrameAllocator allocator, int maximumFrames)
{
    /// <summary>Elements of a frame.</summary>
    public const int PerFrame = Page.Size / Size;

    private const int Size = 2 * sizeof(ulong);

    private readonly Mfn[] _frames = new Mfn[maximumFrames];
    private int _count;

    /// <summary>Elements at present, a multiple of <see cref="PerFrame"/>.</summary>
    public uint Length => (uint)(_count * PerFrame);

    /// <summary>Adds elements, all zero, until there are so many. False: beyond the limit, or the machine has no memory; what grew stays.</summary>
    public bool TryGrow(uint length)
    {
        while (Length < length)
        {
            if (_count == _frames.Length || !allocator.TryAllocate(0, FrameAllocator.HypervisorOwner, FrameType.Control, out Mfn mfn))
                return false;
            _frames[_count++] = mfn;
        }
        return true;
    }

    public ref ulong First(uint index) => ref memory.Word64(AddressOf(index));

    public ref ulong Second(uint index) => ref memory.Word64(AddressOf(index) + sizeof(ulong));

    public void Release()
    {
        while (_count > 0)
            allocator.Free(_frames[--_count], 0);
    }

    private ulong AddressOf(uint index) => _frames[index / PerFrame].Address + index % PerFrame * Size;
}
