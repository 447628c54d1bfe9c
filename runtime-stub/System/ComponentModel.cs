namespace System.ComponentModel;

/// <summary>Whether an editor shows a member.</summary>
public enum EditorBrowsableState
{
    /// <summary>Always.</summary>
    Always,
    /// <summary>Never.</summary>
    Never,
    /// <summary>To the advanced.</summary>
    Advanced,
}

/// <summary>Whether an editor shows a member.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct | AttributeTargets.Enum | AttributeTargets.Constructor | AttributeTargets.Method | AttributeTargets.Property | AttributeTargets.Field | AttributeTargets.Event | AttributeTargets.Delegate | AttributeTargets.Interface)]
public sealed class EditorBrowsableAttribute : Attribute
{
    /// <summary>Says whether.</summary>
    public EditorBrowsableAttribute(EditorBrowsableState state) => State = state;
    /// <summary>Whether.</summary>
    public EditorBrowsableState State { get; }
}
