using System.Collections.Generic;

namespace System;

/// <summary>A tuple of nothing.</summary>
public struct ValueTuple : IEquatable<ValueTuple>
{
    /// <inheritdoc/>
    public bool Equals(ValueTuple other) => true;
    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is ValueTuple;
    /// <inheritdoc/>
    public override int GetHashCode() => 0;
}

/// <summary>A tuple of one value.</summary>
public struct ValueTuple<T1> : IEquatable<ValueTuple<T1>>
{
    /// <summary>Value 1.</summary>
    public T1 Item1;

    /// <summary>From the values.</summary>
    public ValueTuple(T1 item1)
    {
        Item1 = item1;
    }

    /// <inheritdoc/>
    public bool Equals(ValueTuple<T1> other)
        => EqualityComparer<T1>.Default.Equals(Item1, other.Item1);
    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is ValueTuple<T1> other && Equals(other);
    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(EqualityComparer<T1>.Default.GetHashCode(Item1!));
}

/// <summary>A tuple of two values.</summary>
public struct ValueTuple<T1, T2> : IEquatable<(T1, T2)>
{
    /// <summary>Value 1.</summary>
    public T1 Item1;
    /// <summary>Value 2.</summary>
    public T2 Item2;

    /// <summary>From the values.</summary>
    public ValueTuple(T1 item1, T2 item2)
    {
        Item1 = item1;
        Item2 = item2;
    }

    /// <inheritdoc/>
    public bool Equals((T1, T2) other)
        => EqualityComparer<T1>.Default.Equals(Item1, other.Item1)
            && EqualityComparer<T2>.Default.Equals(Item2, other.Item2);
    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is ValueTuple<T1, T2> other && Equals(other);
    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(EqualityComparer<T1>.Default.GetHashCode(Item1!), EqualityComparer<T2>.Default.GetHashCode(Item2!));
}

/// <summary>A tuple of three values.</summary>
public struct ValueTuple<T1, T2, T3> : IEquatable<(T1, T2, T3)>
{
    /// <summary>Value 1.</summary>
    public T1 Item1;
    /// <summary>Value 2.</summary>
    public T2 Item2;
    /// <summary>Value 3.</summary>
    public T3 Item3;

    /// <summary>From the values.</summary>
    public ValueTuple(T1 item1, T2 item2, T3 item3)
    {
        Item1 = item1;
        Item2 = item2;
        Item3 = item3;
    }

    /// <inheritdoc/>
    public bool Equals((T1, T2, T3) other)
        => EqualityComparer<T1>.Default.Equals(Item1, other.Item1)
            && EqualityComparer<T2>.Default.Equals(Item2, other.Item2)
            && EqualityComparer<T3>.Default.Equals(Item3, other.Item3);
    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is ValueTuple<T1, T2, T3> other && Equals(other);
    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(EqualityComparer<T1>.Default.GetHashCode(Item1!), EqualityComparer<T2>.Default.GetHashCode(Item2!), EqualityComparer<T3>.Default.GetHashCode(Item3!));
}

/// <summary>A tuple of four values.</summary>
public struct ValueTuple<T1, T2, T3, T4> : IEquatable<(T1, T2, T3, T4)>
{
    /// <summary>Value 1.</summary>
    public T1 Item1;
    /// <summary>Value 2.</summary>
    public T2 Item2;
    /// <summary>Value 3.</summary>
    public T3 Item3;
    /// <summary>Value 4.</summary>
    public T4 Item4;

    /// <summary>From the values.</summary>
    public ValueTuple(T1 item1, T2 item2, T3 item3, T4 item4)
    {
        Item1 = item1;
        Item2 = item2;
        Item3 = item3;
        Item4 = item4;
    }

    /// <inheritdoc/>
    public bool Equals((T1, T2, T3, T4) other)
        => EqualityComparer<T1>.Default.Equals(Item1, other.Item1)
            && EqualityComparer<T2>.Default.Equals(Item2, other.Item2)
            && EqualityComparer<T3>.Default.Equals(Item3, other.Item3)
            && EqualityComparer<T4>.Default.Equals(Item4, other.Item4);
    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is ValueTuple<T1, T2, T3, T4> other && Equals(other);
    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(EqualityComparer<T1>.Default.GetHashCode(Item1!), EqualityComparer<T2>.Default.GetHashCode(Item2!), EqualityComparer<T3>.Default.GetHashCode(Item3!), EqualityComparer<T4>.Default.GetHashCode(Item4!));
}

/// <summary>A tuple of five values.</summary>
public struct ValueTuple<T1, T2, T3, T4, T5> : IEquatable<(T1, T2, T3, T4, T5)>
{
    /// <summary>Value 1.</summary>
    public T1 Item1;
    /// <summary>Value 2.</summary>
    public T2 Item2;
    /// <summary>Value 3.</summary>
    public T3 Item3;
    /// <summary>Value 4.</summary>
    public T4 Item4;
    /// <summary>Value 5.</summary>
    public T5 Item5;

    /// <summary>From the values.</summary>
    public ValueTuple(T1 item1, T2 item2, T3 item3, T4 item4, T5 item5)
    {
        Item1 = item1;
        Item2 = item2;
        Item3 = item3;
        Item4 = item4;
        Item5 = item5;
    }

    /// <inheritdoc/>
    public bool Equals((T1, T2, T3, T4, T5) other)
        => EqualityComparer<T1>.Default.Equals(Item1, other.Item1)
            && EqualityComparer<T2>.Default.Equals(Item2, other.Item2)
            && EqualityComparer<T3>.Default.Equals(Item3, other.Item3)
            && EqualityComparer<T4>.Default.Equals(Item4, other.Item4)
            && EqualityComparer<T5>.Default.Equals(Item5, other.Item5);
    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is ValueTuple<T1, T2, T3, T4, T5> other && Equals(other);
    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(EqualityComparer<T1>.Default.GetHashCode(Item1!), EqualityComparer<T2>.Default.GetHashCode(Item2!), EqualityComparer<T3>.Default.GetHashCode(Item3!), EqualityComparer<T4>.Default.GetHashCode(Item4!), EqualityComparer<T5>.Default.GetHashCode(Item5!));
}

/// <summary>A tuple of six values.</summary>
public struct ValueTuple<T1, T2, T3, T4, T5, T6> : IEquatable<(T1, T2, T3, T4, T5, T6)>
{
    /// <summary>Value 1.</summary>
    public T1 Item1;
    /// <summary>Value 2.</summary>
    public T2 Item2;
    /// <summary>Value 3.</summary>
    public T3 Item3;
    /// <summary>Value 4.</summary>
    public T4 Item4;
    /// <summary>Value 5.</summary>
    public T5 Item5;
    /// <summary>Value 6.</summary>
    public T6 Item6;

    /// <summary>From the values.</summary>
    public ValueTuple(T1 item1, T2 item2, T3 item3, T4 item4, T5 item5, T6 item6)
    {
        Item1 = item1;
        Item2 = item2;
        Item3 = item3;
        Item4 = item4;
        Item5 = item5;
        Item6 = item6;
    }

    /// <inheritdoc/>
    public bool Equals((T1, T2, T3, T4, T5, T6) other)
        => EqualityComparer<T1>.Default.Equals(Item1, other.Item1)
            && EqualityComparer<T2>.Default.Equals(Item2, other.Item2)
            && EqualityComparer<T3>.Default.Equals(Item3, other.Item3)
            && EqualityComparer<T4>.Default.Equals(Item4, other.Item4)
            && EqualityComparer<T5>.Default.Equals(Item5, other.Item5)
            && EqualityComparer<T6>.Default.Equals(Item6, other.Item6);
    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is ValueTuple<T1, T2, T3, T4, T5, T6> other && Equals(other);
    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(EqualityComparer<T1>.Default.GetHashCode(Item1!), EqualityComparer<T2>.Default.GetHashCode(Item2!), EqualityComparer<T3>.Default.GetHashCode(Item3!), EqualityComparer<T4>.Default.GetHashCode(Item4!), EqualityComparer<T5>.Default.GetHashCode(Item5!), EqualityComparer<T6>.Default.GetHashCode(Item6!));
}

/// <summary>A tuple of seven values.</summary>
public struct ValueTuple<T1, T2, T3, T4, T5, T6, T7> : IEquatable<(T1, T2, T3, T4, T5, T6, T7)>
{
    /// <summary>Value 1.</summary>
    public T1 Item1;
    /// <summary>Value 2.</summary>
    public T2 Item2;
    /// <summary>Value 3.</summary>
    public T3 Item3;
    /// <summary>Value 4.</summary>
    public T4 Item4;
    /// <summary>Value 5.</summary>
    public T5 Item5;
    /// <summary>Value 6.</summary>
    public T6 Item6;
    /// <summary>Value 7.</summary>
    public T7 Item7;

    /// <summary>From the values.</summary>
    public ValueTuple(T1 item1, T2 item2, T3 item3, T4 item4, T5 item5, T6 item6, T7 item7)
    {
        Item1 = item1;
        Item2 = item2;
        Item3 = item3;
        Item4 = item4;
        Item5 = item5;
        Item6 = item6;
        Item7 = item7;
    }

    /// <inheritdoc/>
    public bool Equals((T1, T2, T3, T4, T5, T6, T7) other)
        => EqualityComparer<T1>.Default.Equals(Item1, other.Item1)
            && EqualityComparer<T2>.Default.Equals(Item2, other.Item2)
            && EqualityComparer<T3>.Default.Equals(Item3, other.Item3)
            && EqualityComparer<T4>.Default.Equals(Item4, other.Item4)
            && EqualityComparer<T5>.Default.Equals(Item5, other.Item5)
            && EqualityComparer<T6>.Default.Equals(Item6, other.Item6)
            && EqualityComparer<T7>.Default.Equals(Item7, other.Item7);
    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is ValueTuple<T1, T2, T3, T4, T5, T6, T7> other && Equals(other);
    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(EqualityComparer<T1>.Default.GetHashCode(Item1!), EqualityComparer<T2>.Default.GetHashCode(Item2!), EqualityComparer<T3>.Default.GetHashCode(Item3!), EqualityComparer<T4>.Default.GetHashCode(Item4!), EqualityComparer<T5>.Default.GetHashCode(Item5!), EqualityComparer<T6>.Default.GetHashCode(Item6!), EqualityComparer<T7>.Default.GetHashCode(Item7!));
}
