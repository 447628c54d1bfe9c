namespace System;

/// <summary>Says: a failure of the system.</summary>
public class SystemException : Exception
{
    /// <summary>Without words.</summary>
    public SystemException() : base("a failure of the system") { }
    /// <summary>With words.</summary>
    public SystemException(string? message) : base(message) { }
    /// <summary>With words and a cause.</summary>
    public SystemException(string? message, Exception? innerException) : base(message, innerException) { }
}

/// <summary>Says: a failure of the program.</summary>
public class ApplicationException : Exception
{
    /// <summary>Without words.</summary>
    public ApplicationException() : base("a failure of the program") { }
    /// <summary>With words.</summary>
    public ApplicationException(string? message) : base(message) { }
    /// <summary>With words and a cause.</summary>
    public ApplicationException(string? message, Exception? innerException) : base(message, innerException) { }
}

/// <summary>Says: an argument that makes no sense.</summary>
public class ArgumentException : SystemException
{
    /// <summary>Without words.</summary>
    public ArgumentException() : base("an argument that makes no sense") { }
    /// <summary>With words.</summary>
    public ArgumentException(string? message) : base(message) { }
    /// <summary>With words and a cause.</summary>
    public ArgumentException(string? message, Exception? innerException) : base(message, innerException) { }
    /// <summary>With words and the argument's name.</summary>
    public ArgumentException(string? message, string? paramName) : base(message) => ParamName = paramName;
    /// <summary>The argument's name.</summary>
    public virtual string? ParamName { get; }
    /// <summary>Throws for a text that is null or empty.</summary>
    public static void ThrowIfNullOrEmpty(string? argument, string? paramName = null)
    {
        if (string.IsNullOrEmpty(argument))
            ThrowHelper.ThrowArgument();
    }
}

/// <summary>Says: an operation that the object's state does not allow.</summary>
public class InvalidOperationException : SystemException
{
    /// <summary>Without words.</summary>
    public InvalidOperationException() : base("an operation that the object's state does not allow") { }
    /// <summary>With words.</summary>
    public InvalidOperationException(string? message) : base(message) { }
    /// <summary>With words and a cause.</summary>
    public InvalidOperationException(string? message, Exception? innerException) : base(message, innerException) { }
}

/// <summary>Says: an operation that there is not.</summary>
public class NotSupportedException : SystemException
{
    /// <summary>Without words.</summary>
    public NotSupportedException() : base("an operation that there is not") { }
    /// <summary>With words.</summary>
    public NotSupportedException(string? message) : base(message) { }
    /// <summary>With words and a cause.</summary>
    public NotSupportedException(string? message, Exception? innerException) : base(message, innerException) { }
}

/// <summary>Says: an operation that is not there yet.</summary>
public class NotImplementedException : SystemException
{
    /// <summary>Without words.</summary>
    public NotImplementedException() : base("an operation that is not there yet") { }
    /// <summary>With words.</summary>
    public NotImplementedException(string? message) : base(message) { }
    /// <summary>With words and a cause.</summary>
    public NotImplementedException(string? message, Exception? innerException) : base(message, innerException) { }
}

/// <summary>Says: a failed computation.</summary>
public class ArithmeticException : SystemException
{
    /// <summary>Without words.</summary>
    public ArithmeticException() : base("a failed computation") { }
    /// <summary>With words.</summary>
    public ArithmeticException(string? message) : base(message) { }
    /// <summary>With words and a cause.</summary>
    public ArithmeticException(string? message, Exception? innerException) : base(message, innerException) { }
}

/// <summary>Says: a result that does not fit.</summary>
public class OverflowException : ArithmeticException
{
    /// <summary>Without words.</summary>
    public OverflowException() : base("a result that does not fit") { }
    /// <summary>With words.</summary>
    public OverflowException(string? message) : base(message) { }
    /// <summary>With words and a cause.</summary>
    public OverflowException(string? message, Exception? innerException) : base(message, innerException) { }
}

/// <summary>Says: a division by zero.</summary>
public class DivideByZeroException : ArithmeticException
{
    /// <summary>Without words.</summary>
    public DivideByZeroException() : base("a division by zero") { }
    /// <summary>With words.</summary>
    public DivideByZeroException(string? message) : base(message) { }
    /// <summary>With words and a cause.</summary>
    public DivideByZeroException(string? message, Exception? innerException) : base(message, innerException) { }
}

/// <summary>Says: an index outside an array.</summary>
public class IndexOutOfRangeException : SystemException
{
    /// <summary>Without words.</summary>
    public IndexOutOfRangeException() : base("an index outside an array") { }
    /// <summary>With words.</summary>
    public IndexOutOfRangeException(string? message) : base(message) { }
    /// <summary>With words and a cause.</summary>
    public IndexOutOfRangeException(string? message, Exception? innerException) : base(message, innerException) { }
}

/// <summary>Says: use of null.</summary>
public class NullReferenceException : SystemException
{
    /// <summary>Without words.</summary>
    public NullReferenceException() : base("use of null") { }
    /// <summary>With words.</summary>
    public NullReferenceException(string? message) : base(message) { }
    /// <summary>With words and a cause.</summary>
    public NullReferenceException(string? message, Exception? innerException) : base(message, innerException) { }
}

/// <summary>Says: a cast to what the object is not.</summary>
public class InvalidCastException : SystemException
{
    /// <summary>Without words.</summary>
    public InvalidCastException() : base("a cast to what the object is not") { }
    /// <summary>With words.</summary>
    public InvalidCastException(string? message) : base(message) { }
    /// <summary>With words and a cause.</summary>
    public InvalidCastException(string? message, Exception? innerException) : base(message, innerException) { }
}

/// <summary>Says: an element stored in an array of another type.</summary>
public class ArrayTypeMismatchException : SystemException
{
    /// <summary>Without words.</summary>
    public ArrayTypeMismatchException() : base("an element stored in an array of another type") { }
    /// <summary>With words.</summary>
    public ArrayTypeMismatchException(string? message) : base(message) { }
    /// <summary>With words and a cause.</summary>
    public ArrayTypeMismatchException(string? message, Exception? innerException) : base(message, innerException) { }
}

/// <summary>Says: memory that there is not.</summary>
public class OutOfMemoryException : SystemException
{
    /// <summary>Without words.</summary>
    public OutOfMemoryException() : base("memory that there is not") { }
    /// <summary>With words.</summary>
    public OutOfMemoryException(string? message) : base(message) { }
    /// <summary>With words and a cause.</summary>
    public OutOfMemoryException(string? message, Exception? innerException) : base(message, innerException) { }
}

/// <summary>Says: a text in no known format.</summary>
public class FormatException : SystemException
{
    /// <summary>Without words.</summary>
    public FormatException() : base("a text in no known format") { }
    /// <summary>With words.</summary>
    public FormatException(string? message) : base(message) { }
    /// <summary>With words and a cause.</summary>
    public FormatException(string? message, Exception? innerException) : base(message, innerException) { }
}

/// <summary>Says: an operation that this platform lacks.</summary>
public class PlatformNotSupportedException : NotSupportedException
{
    /// <summary>Without words.</summary>
    public PlatformNotSupportedException() : base("an operation that this platform lacks") { }
    /// <summary>With words.</summary>
    public PlatformNotSupportedException(string? message) : base(message) { }
    /// <summary>With words and a cause.</summary>
    public PlatformNotSupportedException(string? message, Exception? innerException) : base(message, innerException) { }
}

/// <summary>Says: time that ran out.</summary>
public class TimeoutException : SystemException
{
    /// <summary>Without words.</summary>
    public TimeoutException() : base("time that ran out") { }
    /// <summary>With words.</summary>
    public TimeoutException(string? message) : base(message) { }
    /// <summary>With words and a cause.</summary>
    public TimeoutException(string? message, Exception? innerException) : base(message, innerException) { }
}

/// <summary>Says: an array of another rank.</summary>
public class RankException : SystemException
{
    /// <summary>Without words.</summary>
    public RankException() : base("an array of another rank") { }
    /// <summary>With words.</summary>
    public RankException(string? message) : base(message) { }
    /// <summary>With words and a cause.</summary>
    public RankException(string? message, Exception? innerException) : base(message, innerException) { }
}

/// <summary>Says: a type that cannot be.</summary>
public class TypeLoadException : SystemException
{
    /// <summary>Without words.</summary>
    public TypeLoadException() : base("a type that cannot be") { }
    /// <summary>With words.</summary>
    public TypeLoadException(string? message) : base(message) { }
    /// <summary>With words and a cause.</summary>
    public TypeLoadException(string? message, Exception? innerException) : base(message, innerException) { }
}

/// <summary>Says: an access that is not allowed.</summary>
public class UnauthorizedAccessException : SystemException
{
    /// <summary>Without words.</summary>
    public UnauthorizedAccessException() : base("an access that is not allowed") { }
    /// <summary>With words.</summary>
    public UnauthorizedAccessException(string? message) : base(message) { }
    /// <summary>With words and a cause.</summary>
    public UnauthorizedAccessException(string? message, Exception? innerException) : base(message, innerException) { }
}

/// <summary>Says: a stack that is too short.</summary>
public class InsufficientExecutionStackException : SystemException
{
    /// <summary>Without words.</summary>
    public InsufficientExecutionStackException() : base("a stack that is too short") { }
    /// <summary>With words.</summary>
    public InsufficientExecutionStackException(string? message) : base(message) { }
    /// <summary>With words and a cause.</summary>
    public InsufficientExecutionStackException(string? message, Exception? innerException) : base(message, innerException) { }
}
