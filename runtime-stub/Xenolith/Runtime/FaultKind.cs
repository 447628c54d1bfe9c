namespace Xenolith.Runtime;

/// <summary>What was violated.</summary>
public enum FaultKind
{
    /// <summary>An index outside an array or span.</summary>
    IndexOutOfRange = 1,
    /// <summary>A checked computation or conversion whose result does not fit.</summary>
    Overflow = 2,
    /// <summary>Use of null, found by the runtime. The compiler's own checks are page faults in the first page.</summary>
    NullReference = 3,
    /// <summary>A division by zero, found by the runtime. The compiler's own is exception vector 0.</summary>
    DivideByZero = 4,
    /// <summary>A cast to what the object is not.</summary>
    InvalidCast = 5,
    /// <summary>An element stored in an array of another type.</summary>
    ArrayTypeMismatch = 6,
    /// <summary>A start, length or count outside what there is.</summary>
    ArgumentOutOfRange = 7,
    /// <summary>An argument that makes no sense.</summary>
    Argument = 8,
    /// <summary>A null argument.</summary>
    ArgumentNull = 9,
    /// <summary>An operation that the object's state does not allow.</summary>
    InvalidOperation = 10,
    /// <summary>An operation that there is not.</summary>
    NotSupported = 11,
    /// <summary>A text that is no number, or a format that is none.</summary>
    Format = 12,
    /// <summary>A throw statement.</summary>
    Thrown = 13,
    /// <summary>An arena's limit, or the machine's memory, is used up.</summary>
    OutOfMemory = 14,
    /// <summary>A new object while no arena is open.</summary>
    NoArena = 15,
    /// <summary>A shorter-lived object stored in a longer-lived place.</summary>
    ArenaViolation = 16,
    /// <summary>Code that the compiler could not translate.</summary>
    Untranslatable = 17,
    /// <summary>A stack buffer was overrun.</summary>
    StackOverrun = 18,
    /// <summary>Words of the program: Environment.FailFast, Debug.Assert.</summary>
    Stated = 19,
}
