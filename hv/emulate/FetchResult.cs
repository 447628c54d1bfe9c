namespace Xenolith.Emulate;

/// <summary>How fetching one instruction ended.</summary>
public enum FetchResult
{
    Decoded,
    /// <summary>A byte of it could not be read: the fault says where and why.</summary>
    Fault,
    /// <summary>The bytes are no instruction: #UD.</summary>
    Invalid,
}
