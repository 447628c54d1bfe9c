namespace Xenolith.Kernel;

/// <summary>The locks that one CPU holds, in the order in which it took them. Kept where <see cref="LockChecks.Enabled"/>.</summary>
internal sealed class HeldLocks
{
    // More than there are ranks, for the pairs.
    private const int Capacity = 16;

    // A lock of a domain goes with its arena, and a list names it only while it is held.
    private readonly Unowned<SpinLock>[] _locks = new Unowned<SpinLock>[Capacity];

    public int Count { get; private set; }

    public SpinLock At(int index) => _locks[index].Value!;

    public void Add(SpinLock taken)
    {
        if (Count < Capacity)
        {
            _locks[Count++] = new Unowned<SpinLock>(taken);
        }
    }

    // Taken before checks were switched on, it may be missing.
    public void Remove(SpinLock given)
    {
        for (int i = Count - 1; i >= 0; i--)
        {
            if (ReferenceEquals(_locks[i].Value, given))
            {
                Count--;
                for (int k = i; k < Count; k++)
                {
                    _locks[k] = _locks[k + 1];
                }

                _locks[Count] = default;
                return;
            }
        }
    }
}
