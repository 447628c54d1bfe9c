namespace System;

/// <summary>A bug that was noticed. A throw never returns: it is a panic with the message.</summary>
public class Exception
{
    private readonly string? _message;

    /// <summary>Without words.</summary>
    public Exception() { }
    /// <summary>With words.</summary>
    public Exception(string? message) => _message = message;
    /// <summary>With words and a cause.</summary>
    public Exception(string? message, Exception? innerException) { _message = message; InnerException = innerException; }
    /// <summary>The words.</summary>
    public virtual string Message => _message ?? "exception";
    /// <summary>The cause.</summary>
    public Exception? InnerException { get; }
    /// <summary>A number.</summary>
    public int HResult { get; set; }
    /// <inheritdoc/>
    public override string? ToString() => Message;
}
