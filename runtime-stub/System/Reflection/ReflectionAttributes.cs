namespace System.Reflection;

/// <summary>A type's indexer.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct | AttributeTargets.Interface)]
public sealed class DefaultMemberAttribute : Attribute
{
    /// <summary>Names it.</summary>
    public DefaultMemberAttribute(string memberName) => MemberName = memberName;
    /// <summary>Its name.</summary>
    public string MemberName { get; }
}
