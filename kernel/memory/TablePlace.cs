namespace Xenolith.Kernel;

/// <summary>Where an entry of a page table lies. In one word: the physical address, whose low bits are free, and the level in those.</summary>
public readonly record struct TablePlace
{
    private const ulong LevelMask = 7;

    private readonly ulong _value;

    internal TablePlace(ulong slot, int level) => _value = slot | (uint)level;

    /// <summary>1 = 4 KiB, 2 = 2 MiB, 3 = 1 GiB, 4.</summary>
    public int Level => (int)(_value & LevelMask);

    /// <summary>The entry's physical address.</summary>
    public ulong Slot => _value & ~LevelMask;
}
