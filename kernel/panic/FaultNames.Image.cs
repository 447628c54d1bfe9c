using Xenolith.Runtime;

namespace Xenolith.Kernel;

/// <summary>Words for what the runtime reports.</summary>
internal static class FaultNames
{
    public static string Of(FaultKind kind) => kind switch
    {
        FaultKind.IndexOutOfRange => "an index outside its array or span",
        FaultKind.Overflow => "an arithmetic overflow",
        FaultKind.NullReference => "a null reference",
        FaultKind.DivideByZero => "a division by zero",
        FaultKind.InvalidCast => "a cast to what the object is not",
        FaultKind.ArrayTypeMismatch => "an element stored in an array of another type",
        FaultKind.ArgumentOutOfRange => "an argument out of range",
        FaultKind.Argument => "a wrong argument",
        FaultKind.ArgumentNull => "a null argument",
        FaultKind.InvalidOperation => "an operation that the object's state does not allow",
        FaultKind.NotSupported => "an operation that is not supported",
        FaultKind.Format => "a malformed number or format",
        FaultKind.Thrown => "an exception thrown",
        FaultKind.OutOfMemory => "no memory for managed objects",
        FaultKind.NoArena => "an allocation outside an arena",
        FaultKind.ArenaViolation => "a short-lived object stored in a longer-lived place",
        FaultKind.Untranslatable => "code that the compiler could not translate",
        FaultKind.StackOverrun => "a stack buffer overrun",
        _ => "a failed assertion",
    };
}
