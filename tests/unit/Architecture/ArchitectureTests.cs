using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Xunit;

namespace Xenolith.Tests.Unit.Architecture;

/// <summary>The laws of the tree, on the tree as it is.</summary>
public sealed class ArchitectureTests
{
    [Fact]
    public void Projects_refer_only_downward() => Holds(SourceTree.Files(".csproj").SelectMany(ReferenceRule.Violations));

    [Fact]
    public void Namespaces_follow_folders() => Holds(SourceTree.Files(".cs").SelectMany(NamespaceRule.Violations));

    [Fact]
    public void Unsafe_code_stands_where_it_may_and_gives_its_reason() => Holds(SourceTree.Files(".cs").SelectMany(UnsafeRule.Violations));

    [Fact]
    public void Conditional_compilation_stays_in_the_runtime_stub() => Holds(SourceTree.Files(".cs").SelectMany(SourceRules.Conditionals));

    [Fact]
    public void Layers_keep_to_their_words() => Holds(SourceTree.Files(".cs").SelectMany(VocabularyRule.Violations));

    [Fact]
    public void Files_are_short() => Holds(SourceTree.Files(".cs", ".c", ".S").SelectMany(SourceRules.Length));

    [Fact]
    public void Sources_name_no_machine_paths() =>
        Holds(SourceTree.Files(".cs", ".csproj", ".props", ".targets", ".sh", ".ps1", ".md", ".ld", ".c", ".S", ".txt").SelectMany(SourceRules.Paths));

    [Fact]
    public void Hypervisor_makes_delegates_in_static_constructors_only()
    {
        string[] assemblies = ["Xenolith.Hal", "Xenolith.Mm", "Xenolith.Emulate", "Xenolith.Domains", "Xenolith.Abi", "Xenolith.Abi.Contract", "Xenolith"];
        Holds(assemblies.SelectMany(name => DelegateRule.Violations(Path.Combine(AppContext.BaseDirectory, name + ".dll"))));
    }

    private static void Holds(IEnumerable<string> violations)
    {
        string[] found = [.. violations];
        Assert.True(found.Length == 0, string.Join(Environment.NewLine, found));
    }
}
