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

/// <summary>An assembly's version.</summary>
[AttributeUsage(AttributeTargets.Assembly, Inherited = false)]
public sealed class AssemblyVersionAttribute : Attribute
{
    /// <summary>Says which.</summary>
    public AssemblyVersionAttribute(string version) => Version = version;
    /// <summary>Which.</summary>
    public string Version { get; }
}
