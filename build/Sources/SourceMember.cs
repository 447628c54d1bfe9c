namespace Xenolith.Build.Sources;

/// <summary>A method, property or field of a C# type, or a function or table of C.</summary>
/// <param name="Path">Its file, relative to the root, with /.</param>
/// <param name="Type">The innermost type that it stands in; empty in C.</param>
/// <param name="Name">Its own name; several members may have the same.</param>
/// <param name="Text">All of it with its attributes, without comments and literals.</param>
public sealed record SourceMember(string Path, string Type, string Name, string Text)
{
    public string Folder => Path[..(Path.LastIndexOf('/') + 1)];
}
