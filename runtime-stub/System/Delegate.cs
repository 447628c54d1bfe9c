using System.Runtime.CompilerServices;
using Internal.Runtime;

namespace System;

/// <summary>A method with its target. Delegates are made of one method: there is no combining of them.</summary>
public abstract unsafe class Delegate
{
    // The compiler knows these fields by their names and order: the receiver of the call first, the code to call last.
    private object _firstParameter = null!;
    private object _helperObject = null!;
    private nint _extraFunctionPointerOrData;
    private nint _functionPointer;

    // The compiler overrides it in each delegate type with the code for each kind of target.
    private protected virtual nint GetThunk(int whichThunk) => 0;

    /// <summary>The object that the method is called on, if there is one.</summary>
    public object? Target => ReferenceEquals(_firstParameter, this) ? null : _firstParameter;

    private void InitializeClosedInstance(object firstParameter, nint functionPointer)
    {
        if (firstParameter is null)
            ThrowHelper.ThrowArgumentNull();
        _functionPointer = functionPointer;
        _firstParameter = firstParameter;
    }

    private void InitializeClosedInstanceSlow(object firstParameter, nint functionPointer)
        => InitializeClosedInstance(firstParameter, functionPointer);

    private void InitializeClosedInstanceWithoutNullCheck(object firstParameter, nint functionPointer)
    {
        _functionPointer = functionPointer;
        _firstParameter = firstParameter;
    }

    private void InitializeClosedInstanceToInterface(object firstParameter, nint dispatchCell)
    {
        if (firstParameter is null)
            ThrowHelper.ThrowArgumentNull();
        _functionPointer = InterfaceDispatch.ResolveInterfaceMethod(firstParameter, dispatchCell);
        _firstParameter = firstParameter;
    }

    private void InitializeClosedStaticThunk(object firstParameter, nint functionPointer, nint functionPointerThunk)
    {
        _extraFunctionPointerOrData = functionPointer;
        _helperObject = firstParameter;
        _functionPointer = functionPointerThunk;
        _firstParameter = this;
    }

    private void InitializeOpenStaticThunk(object firstParameter, nint functionPointer, nint functionPointerThunk)
    {
        _firstParameter = this;
        _functionPointer = functionPointerThunk;
        _extraFunctionPointerOrData = functionPointer;
    }

    /// <summary>Whether both call the same method of the same object.</summary>
    public override bool Equals(object? obj)
        => obj is Delegate other && m_pEEType == other.m_pEEType && _functionPointer == other._functionPointer
            && _extraFunctionPointerOrData == other._extraFunctionPointerOrData && ReferenceEquals(_helperObject, other._helperObject)
            && (ReferenceEquals(_firstParameter, other._firstParameter) || (ReferenceEquals(_firstParameter, this) && ReferenceEquals(other._firstParameter, other)));
    /// <inheritdoc/>
    public override int GetHashCode() => (int)_functionPointer ^ (int)_extraFunctionPointerOrData;
    /// <summary>Whether both call the same method of the same object.</summary>
    public static bool operator ==(Delegate? left, Delegate? right) => (object?)left == right || (left is not null && left.Equals(right));
    /// <summary>Whether the two call different methods or objects.</summary>
    public static bool operator !=(Delegate? left, Delegate? right) => !(left == right);
}

/// <summary>The base of all delegates.</summary>
public abstract class MulticastDelegate : Delegate { }
