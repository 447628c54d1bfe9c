namespace System.Collections
{
    /// <summary>Something that can be walked through.</summary>
    public interface IEnumerable
    {
        /// <summary>A walk.</summary>
        IEnumerator GetEnumerator();
    }

    /// <summary>A walk.</summary>
    public interface IEnumerator
    {
        /// <summary>Steps on.</summary>
        bool MoveNext();
        /// <summary>The element.</summary>
        object? Current { get; }
        /// <summary>Back to the start.</summary>
        void Reset();
    }

    /// <summary>A collection of objects.</summary>
    public interface ICollection : IEnumerable
    {
        /// <summary>How many.</summary>
        int Count { get; }
    }

    /// <summary>A list of objects.</summary>
    public interface IList : ICollection
    {
        /// <summary>An element.</summary>
        object? this[int index] { get; set; }
    }

    /// <summary>Equality of objects, seen from outside.</summary>
    public interface IEqualityComparer
    {
        /// <summary>Whether both are equal.</summary>
        bool Equals(object? x, object? y);
        /// <summary>A number that equal objects share.</summary>
        int GetHashCode(object obj);
    }
}

namespace System.Collections.Generic
{
    /// <summary>Something that can be walked through.</summary>
    public interface IEnumerable<out T> : IEnumerable where T : allows ref struct
    {
        /// <summary>A walk.</summary>
        new IEnumerator<T> GetEnumerator();
    }

    /// <summary>A walk.</summary>
    public interface IEnumerator<out T> : IEnumerator, IDisposable where T : allows ref struct
    {
        /// <summary>The element.</summary>
        new T Current { get; }
    }

    /// <summary>A collection.</summary>
    public interface ICollection<T> : IEnumerable<T>
    {
        /// <summary>How many.</summary>
        int Count { get; }
        /// <summary>Whether it cannot be changed.</summary>
        bool IsReadOnly { get; }
        /// <summary>Adds an element.</summary>
        void Add(T item);
        /// <summary>Removes all.</summary>
        void Clear();
        /// <summary>Whether an element is there.</summary>
        bool Contains(T item);
        /// <summary>Copies to an array.</summary>
        void CopyTo(T[] array, int arrayIndex);
        /// <summary>Removes an element.</summary>
        bool Remove(T item);
    }

    /// <summary>A list.</summary>
    public interface IList<T> : ICollection<T>
    {
        /// <summary>An element.</summary>
        T this[int index] { get; set; }
        /// <summary>Where an element is; -1 for nowhere.</summary>
        int IndexOf(T item);
        /// <summary>Puts an element in.</summary>
        void Insert(int index, T item);
        /// <summary>Takes an element out.</summary>
        void RemoveAt(int index);
    }

    /// <summary>A collection, not to be changed.</summary>
    public interface IReadOnlyCollection<out T> : IEnumerable<T>
    {
        /// <summary>How many.</summary>
        int Count { get; }
    }

    /// <summary>A list, not to be changed.</summary>
    public interface IReadOnlyList<out T> : IReadOnlyCollection<T>
    {
        /// <summary>An element.</summary>
        T this[int index] { get; }
    }

    /// <summary>An order, seen from outside.</summary>
    public interface IComparer<in T> where T : allows ref struct
    {
        /// <summary>Negative, zero or positive as x comes before, with or after y.</summary>
        int Compare(T? x, T? y);
    }

    /// <summary>Equality, seen from outside.</summary>
    public interface IEqualityComparer<in T> where T : allows ref struct
    {
        /// <summary>Whether both are equal.</summary>
        bool Equals(T? x, T? y);
        /// <summary>A number that equal values share.</summary>
        int GetHashCode(T obj);
    }
}
