namespace System;

/// <summary>The base of attributes. They are for the compilers alone: none is kept in the image.</summary>
[AttributeUsage(AttributeTargets.All, Inherited = true, AllowMultiple = false)]
public abstract class Attribute { }

/// <summary>Where an attribute may stand.</summary>
[AttributeUsage(AttributeTargets.Class, Inherited = true)]
public sealed class AttributeUsageAttribute : Attribute
{
    /// <summary>Says where.</summary>
    public AttributeUsageAttribute(AttributeTargets validOn) => ValidOn = validOn;
    /// <summary>Where.</summary>
    public AttributeTargets ValidOn { get; }
    /// <summary>Whether it may stand more than once.</summary>
    public bool AllowMultiple { get; set; }
    /// <summary>Whether derived classes have it too.</summary>
    public bool Inherited { get; set; } = true;
}

/// <summary>What an attribute may stand on.</summary>
[Flags]
public enum AttributeTargets
{
    /// <summary>An assembly.</summary>
    Assembly = 1,
    /// <summary>A module.</summary>
    Module = 2,
    /// <summary>A class.</summary>
    Class = 4,
    /// <summary>A struct.</summary>
    Struct = 8,
    /// <summary>An enum.</summary>
    Enum = 16,
    /// <summary>A constructor.</summary>
    Constructor = 32,
    /// <summary>A method.</summary>
    Method = 64,
    /// <summary>A property.</summary>
    Property = 128,
    /// <summary>A field.</summary>
    Field = 256,
    /// <summary>An event.</summary>
    Event = 512,
    /// <summary>An interface.</summary>
    Interface = 1024,
    /// <summary>A parameter.</summary>
    Parameter = 2048,
    /// <summary>A delegate.</summary>
    Delegate = 4096,
    /// <summary>A return value.</summary>
    ReturnValue = 8192,
    /// <summary>A type parameter.</summary>
    GenericParameter = 16384,
    /// <summary>Anything.</summary>
    All = 32767,
}

/// <summary>An enum of bits.</summary>
[AttributeUsage(AttributeTargets.Enum, Inherited = false)]
public class FlagsAttribute : Attribute { }

/// <summary>A parameter that takes any number of arguments.</summary>
[AttributeUsage(AttributeTargets.Parameter)]
public sealed class ParamArrayAttribute : Attribute { }

/// <summary>Something not to be used any more.</summary>
[AttributeUsage(AttributeTargets.All, Inherited = false)]
public sealed class ObsoleteAttribute : Attribute
{
    /// <summary>Without words.</summary>
    public ObsoleteAttribute() { }
    /// <summary>With words.</summary>
    public ObsoleteAttribute(string? message) => Message = message;
    /// <summary>With words; using it may be an error.</summary>
    public ObsoleteAttribute(string? message, bool error) { Message = message; IsError = error; }
    /// <summary>The words.</summary>
    public string? Message { get; }
    /// <summary>Whether using it is an error.</summary>
    public bool IsError { get; }
    /// <summary>The diagnostic's name.</summary>
    public string? DiagnosticId { get; set; }
    /// <summary>Where to read more.</summary>
    public string? UrlFormat { get; set; }
}

/// <summary>A static field that each thread has for itself. The image refuses it: state hangs off objects.</summary>
[AttributeUsage(AttributeTargets.Field, Inherited = false)]
public class ThreadStaticAttribute : Attribute { }

/// <summary>Kept for libraries that say so.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct | AttributeTargets.Enum | AttributeTargets.Delegate, Inherited = false)]
public sealed class SerializableAttribute : Attribute { }

/// <summary>Kept for libraries that say so.</summary>
[AttributeUsage(AttributeTargets.Field, Inherited = false)]
public sealed class NonSerializedAttribute : Attribute { }

/// <summary>Kept for libraries that say so.</summary>
[AttributeUsage(AttributeTargets.All)]
public sealed class CLSCompliantAttribute : Attribute
{
    /// <summary>Says whether.</summary>
    public CLSCompliantAttribute(bool isCompliant) => IsCompliant = isCompliant;
    /// <summary>Whether.</summary>
    public bool IsCompliant { get; }
}
