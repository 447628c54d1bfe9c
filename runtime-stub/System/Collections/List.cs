using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace System.Collections.Generic;

/// <summary>A list that grows. It grows in the arena that is open at that moment; the check of stores refuses a list
/// that would outlive its elements' array.</summary>
public class List<T> : IList<T>, IReadOnlyList<T>, IList
{
    private T[] _items;
    private int _size;

    /// <summary>Empty.</summary>
    public List() => _items = [];

    /// <summary>Empty, with room.</summary>
    public List(int capacity) => _items = capacity == 0 ? [] : new T[capacity];

    /// <summary>With the elements of a collection.</summary>
    public List(IEnumerable<T> collection)
    {
        _items = [];
        AddRange(collection);
    }

    /// <summary>How many.</summary>
    public int Count => _size;

    /// <summary>How many fit without growing.</summary>
    public int Capacity
    {
        get => _items.Length;
        set
        {
            if (value < _size)
                ThrowHelper.ThrowArgumentOutOfRange();
            if (value == _items.Length)
                return;
            T[] items = new T[value];
            new Span<T>(_items, 0, _size).CopyTo(items);
            _items = items;
        }
    }

    /// <summary>An element.</summary>
    public T this[int index]
    {
        get
        {
            if ((uint)index >= (uint)_size)
                ThrowHelper.ThrowArgumentOutOfRange();
            return _items[index];
        }
        set
        {
            if ((uint)index >= (uint)_size)
                ThrowHelper.ThrowArgumentOutOfRange();
            _items[index] = value;
        }
    }

    /// <summary>Makes room.</summary>
    public int EnsureCapacity(int capacity)
    {
        if (_items.Length < capacity)
            Grow(capacity);
        return _items.Length;
    }

    private void Grow(int capacity)
    {
        int doubled = _items.Length == 0 ? 4 : _items.Length * 2;
        Capacity = doubled < capacity ? capacity : doubled;
    }

    /// <summary>Adds an element.</summary>
    public void Add(T item)
    {
        if (_size == _items.Length)
            Grow(_size + 1);
        _items[_size++] = item;
    }

    /// <summary>Adds the elements of a collection.</summary>
    public void AddRange(IEnumerable<T> collection)
    {
        if (collection is T[] array)
        {
            AddRange(new ReadOnlySpan<T>(array));
            return;
        }
        if (collection is List<T> list)
        {
            AddRange((ReadOnlySpan<T>)CollectionsMarshal.AsSpan(list));
            return;
        }
        using IEnumerator<T> walk = collection.GetEnumerator();
        while (walk.MoveNext())
            Add(walk.Current);
    }

    /// <summary>Adds the elements of a span.</summary>
    public void AddRange(params ReadOnlySpan<T> source)
    {
        EnsureCapacity(_size + source.Length);
        source.CopyTo(new Span<T>(_items, _size, source.Length));
        _size += source.Length;
    }

    /// <summary>Removes all; the room stays.</summary>
    public void Clear()
    {
        new Span<T>(_items, 0, _size).Clear();
        _size = 0;
    }

    /// <summary>Where an element is; -1 for nowhere.</summary>
    public int IndexOf(T item)
    {
        for (int i = 0; i < _size; i++)
        {
            if (EqualityComparer<T>.Default.Equals(_items[i], item))
                return i;
        }
        return -1;
    }

    /// <summary>Whether an element is there.</summary>
    public bool Contains(T item) => IndexOf(item) >= 0;

    /// <summary>Puts an element in.</summary>
    public void Insert(int index, T item)
    {
        if ((uint)index > (uint)_size)
            ThrowHelper.ThrowArgumentOutOfRange();
        if (_size == _items.Length)
            Grow(_size + 1);
        new Span<T>(_items, index, _size - index).CopyTo(new Span<T>(_items, index + 1, _size - index));
        _items[index] = item;
        _size++;
    }

    /// <summary>Takes an element out.</summary>
    public void RemoveAt(int index)
    {
        if ((uint)index >= (uint)_size)
            ThrowHelper.ThrowArgumentOutOfRange();
        _size--;
        new Span<T>(_items, index + 1, _size - index).CopyTo(new Span<T>(_items, index, _size - index));
        _items[_size] = default!;
    }

    /// <summary>Takes elements out.</summary>
    public void RemoveRange(int index, int count)
    {
        if (index < 0 || count < 0 || _size - index < count)
            ThrowHelper.ThrowArgumentOutOfRange();
        new Span<T>(_items, index + count, _size - index - count).CopyTo(new Span<T>(_items, index, _size - index - count));
        _size -= count;
        new Span<T>(_items, _size, count).Clear();
    }

    /// <summary>Removes an element's first occurrence.</summary>
    public bool Remove(T item)
    {
        int index = IndexOf(item);
        if (index < 0)
            return false;
        RemoveAt(index);
        return true;
    }

    /// <summary>Reverses the order.</summary>
    public void Reverse() => new Span<T>(_items, 0, _size).Reverse();

    /// <summary>Sorts by a comparison.</summary>
    public void Sort(Comparison<T> comparison) => new Span<T>(_items, 0, _size).Sort(comparison);

    /// <summary>Sorts by the elements' own order.</summary>
    public void Sort() => new Span<T>(_items, 0, _size).Sort();

    /// <summary>Copies to an array.</summary>
    public void CopyTo(T[] array) => CopyTo(array, 0);

    /// <summary>Copies to an array from a place on.</summary>
    public void CopyTo(T[] array, int arrayIndex) => new Span<T>(_items, 0, _size).CopyTo(new Span<T>(array).Slice(arrayIndex));

    /// <summary>A new array with the elements.</summary>
    public T[] ToArray() => new Span<T>(_items, 0, _size).ToArray();

    /// <summary>For <c>foreach</c>.</summary>
    public Enumerator GetEnumerator() => new Enumerator(this);
    IEnumerator<T> IEnumerable<T>.GetEnumerator() => new Enumerator(this);
    IEnumerator IEnumerable.GetEnumerator() => new Enumerator(this);
    bool ICollection<T>.IsReadOnly => false;
    object? IList.this[int index]
    {
        get => this[index];
        set => this[index] = (T)value!;
    }

    internal Span<T> Items => new Span<T>(_items, 0, _size);

    internal void SetCount(int count)
    {
        EnsureCapacity(count);
        if (count < _size)
            new Span<T>(_items, count, _size - count).Clear();
        _size = count;
    }

    /// <summary>For <c>foreach</c>.</summary>
    public struct Enumerator : IEnumerator<T>
    {
        private readonly List<T> _list;
        private int _index;

        internal Enumerator(List<T> list)
        {
            _list = list;
            _index = -1;
        }

        /// <summary>Steps on.</summary>
        public bool MoveNext() => ++_index < _list._size;
        /// <summary>The element.</summary>
        public readonly T Current => _list[_index];
        readonly object? IEnumerator.Current => Current;
        /// <summary>Back to the start.</summary>
        public void Reset() => _index = -1;
        /// <summary>Nothing to let go of.</summary>
        public readonly void Dispose() { }
    }
}
