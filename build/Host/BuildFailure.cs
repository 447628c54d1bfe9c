using System;

namespace Xenolith.Build.Host;

/// <summary>Something the user can act on went wrong: the message is shown without a stack trace and the program ends with code 1.</summary>
public sealed class BuildFailure : Exception
{
    /// <summary>Creates the failure with the text to show.</summary>
    public BuildFailure(string message)
        : base(message)
    {
    }

    /// <summary>Creates the failure with the text to show and its cause.</summary>
    public BuildFailure(string message, Exception cause)
        : base(message, cause)
    {
    }
}
