namespace System.Runtime;

/// <summary>A method that stubs call by a symbol's name, with the calling convention of System V.</summary>
[AttributeUsage(AttributeTargets.Method, Inherited = false, AllowMultiple = true)]
public sealed class RuntimeExportAttribute : Attribute
{
    /// <summary>Names the symbol.</summary>
    public RuntimeExportAttribute(string entry) { }
}

/// <summary>A method whose body is a stub or another assembly's export, called directly.</summary>
[AttributeUsage(AttributeTargets.Method | AttributeTargets.Constructor, Inherited = false)]
public sealed class RuntimeImportAttribute : Attribute
{
    /// <summary>Names the symbol.</summary>
    public RuntimeImportAttribute(string entry) { }
    /// <summary>Names the symbol; the library is always "*".</summary>
    public RuntimeImportAttribute(string dllName, string entry) { }
}
