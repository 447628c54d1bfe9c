using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Internal.Runtime;

/// <summary>A type at run time, in the layout that ilc 10.0 writes: this head, the virtual method table, the
/// interfaces, and relative pointers of which the flags say whether they are there.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct MethodTable
{
    private const uint KindMask = 0x0003_0000;
    private const uint KindParameterized = 0x0002_0000;
    private const uint KindGenericDefinition = 0x0003_0000;
    private const uint DispatchMapFlag = 0x0004_0000;
    private const uint FinalizerFlag = 0x0010_0000;
    private const uint SealedSlotsFlag = 0x0040_0000;
    private const uint VarianceFlag = 0x0080_0000;
    private const uint ReferencesFlag = 0x0100_0000;
    private const uint GenericFlag = 0x0200_0000;
    private const uint HasComponentsFlag = 0x8000_0000;

    /// <summary>The base size of arrays of one dimension: header, method table, length and padding.</summary>
    internal const uint SimpleArrayBaseSize = 24;

    private readonly uint _flags;
    private readonly uint _baseSize;
    private readonly MethodTable* _related;
    private readonly ushort _virtualSlots;
    private readonly ushort _interfaces;
    private readonly uint _hashCode;

    /// <summary>The method table of a type the compiler knows.</summary>
    [Intrinsic]
    internal static extern MethodTable* Of<T>();

    private byte* Start => (byte*)Unsafe.AsPointer(ref this);

    /// <summary>Bytes of an object, its header included; of arrays, without the elements.</summary>
    internal uint BaseSize => _baseSize;
    /// <summary>Bytes of an element of an array or string.</summary>
    internal uint ComponentSize => (_flags & HasComponentsFlag) != 0 ? (ushort)_flags : 0u;
    internal int VirtualSlots => _virtualSlots;
    internal int InterfaceCount => _interfaces;
    internal bool IsGenericDefinition => (_flags & KindMask) == KindGenericDefinition;
    internal bool IsParameterized => (_flags & KindMask) == KindParameterized;
    internal bool IsGeneric => (_flags & GenericFlag) != 0;
    internal bool HasVariance => (_flags & VarianceFlag) != 0;
    internal bool HasDispatchMap => (_flags & DispatchMapFlag) != 0;
    internal bool HasReferences => (_flags & ReferencesFlag) != 0;
    internal ElementType ElementType => (ElementType)((_flags >> 26) & 0x1F);
    internal bool IsArray => ElementType is ElementType.Array or ElementType.SimpleArray;
    internal bool IsInterface => ElementType == ElementType.Interface;
    internal bool IsNullable => ElementType == ElementType.Nullable;
    internal bool IsValueType => ElementType < ElementType.Class;
    internal bool IsPrimitiveOrEnum => ElementType < ElementType.ValueType;

    /// <summary>The base class; of arrays, System.Array; of interfaces and Object, none.</summary>
    internal MethodTable* Base => IsArray ? Of<System.Array>() : IsParameterized ? null : _related;
    /// <summary>The element type of an array or pointer.</summary>
    internal MethodTable* Element => _related;

    /// <summary>Bytes of a value in an array or field.</summary>
    internal uint ValueSize => _baseSize - 16 - ((_flags >> 5) & 7);
    /// <summary>Where a Nullable's value is, behind the flag.</summary>
    internal uint NullableValueOffset => 1u << (int)((_flags >> 8) & 7);

    internal nint* VirtualTable => (nint*)(Start + sizeof(MethodTable));
    internal MethodTable** Interfaces => (MethodTable**)(VirtualTable + _virtualSlots);

    // Behind the interfaces: the module's indirection cell and writable data, always.
    private int* Relatives => (int*)(Interfaces + _interfaces) + 2;

    /// <summary>A word for the runtime's use: the type's object.</summary>
    internal nint* WritableData => (nint*)Follow(Relatives - 1);

    private static byte* Follow(int* relative) => (byte*)relative + *relative;

    private int AfterDispatchMap => HasDispatchMap ? 1 : 0;
    private int AfterFinalizer => AfterDispatchMap + ((_flags & FinalizerFlag) != 0 ? 1 : 0);
    private int AfterSealedSlots => AfterFinalizer + ((_flags & SealedSlotsFlag) != 0 ? 1 : 0);

    /// <summary>Which method implements which interface's slot.</summary>
    internal DispatchMap* DispatchMap => (DispatchMap*)Follow(Relatives);

    /// <summary>A virtual method that cannot be overridden: it has no place in the virtual method table.</summary>
    internal nint SealedSlot(int slot) => (nint)Follow((int*)Follow(Relatives + AfterFinalizer) + slot);

    /// <summary>The generic type that this one is an instance of.</summary>
    internal MethodTable* GenericDefinition => (MethodTable*)Follow(Relatives + AfterSealedSlots);
    /// <summary>How many type parameters a generic definition has.</summary>
    internal int GenericParameters => (ushort)_baseSize;

    /// <summary>A type argument.</summary>
    internal MethodTable* GenericArgument(int index)
    {
        // One argument is in place; more are in a list that instances share.
        int* composition = Relatives + AfterSealedSlots + 1;
        int* list = GenericDefinition->GenericParameters == 1 ? composition : (int*)Follow(composition);
        return (MethodTable*)Follow(list + index);
    }

    /// <summary>The variance of each type parameter of a generic definition.</summary>
    internal Variance* Variances => (Variance*)Follow(Relatives + AfterSealedSlots);
}

/// <summary>The kind of a type. Enums have the kind of their numbers.</summary>
internal enum ElementType : byte
{
    Boolean = 2,
    Char = 3,
    SByte = 4,
    Byte = 5,
    Int16 = 6,
    UInt16 = 7,
    Int32 = 8,
    UInt32 = 9,
    Int64 = 10,
    UInt64 = 11,
    IntPtr = 12,
    UIntPtr = 13,
    Single = 14,
    Double = 15,
    ValueType = 16,
    Nullable = 18,
    Class = 20,
    Interface = 21,
    SystemArray = 22,
    Array = 23,
    SimpleArray = 24,
}

/// <summary>How a type parameter varies.</summary>
internal enum Variance : byte
{
    None = 0,
    Covariant = 1,
    Contravariant = 2,
    ArrayCovariant = 0x20,
}

/// <summary>Which method implements which interface's slot: counts, then entries.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct DispatchMap
{
    private readonly ushort _classEntries;
    private readonly ushort _defaultEntries;
    private readonly ushort _staticClassEntries;
    private readonly ushort _staticDefaultEntries;

    /// <summary>Implementations by the class.</summary>
    internal int ClassEntries => _classEntries;
    /// <summary>Implementations by the interfaces themselves, behind those of the class.</summary>
    internal int DefaultEntries => _defaultEntries;
    internal DispatchMapEntry* Entries => (DispatchMapEntry*)((byte*)Unsafe.AsPointer(ref this) + 8);
}

/// <summary>One implementation of an interface's slot.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct DispatchMapEntry
{
    /// <summary>The interface does not say which of its implementations is meant.</summary>
    internal const ushort Reabstracted = 0xFFFF;
    /// <summary>Two interfaces offer an implementation each.</summary>
    internal const ushort Ambiguous = 0xFFFE;

    internal ushort InterfaceIndex;
    internal ushort InterfaceSlot;
    internal ushort ImplementationSlot;
}
