using System;
using System.Collections.Generic;
using System.Linq;
using Mono.Cecil;
using Xenolith.Build.Sources;
using Xunit;

namespace Xenolith.Tests.Unit.Architecture;

/// <summary>Each rule refuses what it must and lets the rest pass.</summary>
public sealed class RuleSampleTests
{
    [Theory]
    [InlineData("kernel/Xenolith.Kernel.csproj", "hv/hal/Xenolith.Hal.csproj", 1)]
    [InlineData("hv/mm/Xenolith.Mm.csproj", "hv/domain/Xenolith.Domains.csproj", 1)]
    [InlineData("hv/mm/Xenolith.Mm.csproj", "hv/hal/Xenolith.Hal.csproj", 0)]
    [InlineData("hv/abi/Xenolith.Abi.csproj", "drivers/Xenolith.Drivers.csproj", 1)]
    [InlineData("hv/new/Xenolith.New.csproj", "kernel/Xenolith.Kernel.csproj", 1)]
    [InlineData("tests/unit/Xenolith.Tests.Unit.csproj", "hv/Xenolith.csproj", 0)]
    public void References(string project, string reference, int violations) =>
        Assert.Equal(violations, ReferenceRule.Violations(new SourceFile(
            project, $"<Project><ItemGroup><ProjectReference Include=\"$(XenolithRoot){reference}\" /></ItemGroup></Project>")).Count());

    [Theory]
    [InlineData("kernel/a/B.cs", "namespace Xenolith.Kernel;", 0)]
    [InlineData("kernel/a/B.cs", "namespace Xenolith.Mm;", 1)]
    [InlineData("hv/hal/vmx/B.cs", "namespace Xenolith.Hal;", 1)]
    [InlineData("hv/Machine.cs", "namespace Xenolith;", 0)]
    [InlineData("hv/Machine.cs", "namespace Xenolith.Domains;", 1)]
    [InlineData("hv/Machine.cs", "// namespace Xenolith.Domains;\nnamespace Xenolith;", 0)]
    [InlineData("hv/hal/vmx/VmxEntry.stub.cs", "namespace Xenolith.Build.Stubs;", 0)]
    public void Namespaces(string path, string text, int violations) =>
        Assert.Equal(violations, NamespaceRule.Violations(new SourceFile(path, text)).Count());

    [Theory]
    [InlineData("hv/abi/A.cs", "// reads a page\nunsafe { }", 1)]
    [InlineData("hv/mm/P2m.cs", "// reads a page\nunsafe { }", 1)]
    [InlineData("hv/mm/GuestMemory.cs", "// reads a page\nunsafe { }", 0)]
    [InlineData("kernel/A.cs", "unsafe { }", 1)]
    [InlineData("kernel/A.cs", "unsafe { } // the direct map is addressed", 0)]
    [InlineData("hv/abi/A.cs", "string s = \"unsafe\"; // unsafe", 0)]
    public void Unsafe_code(string path, string text, int violations) =>
        Assert.Equal(violations, UnsafeRule.Violations(new SourceFile(path, text)).Count());

    [Theory]
    [InlineData("hv/mm/A.cs", "#if IMAGE\n#endif", 1)]
    [InlineData("hv/mm/A.cs", "// #if IMAGE", 0)]
    [InlineData("runtime-stub/A.cs", "#if CHECKED\n#endif", 0)]
    public void Conditionals(string path, string text, int violations) =>
        Assert.Equal(violations, SourceRules.Conditionals(new SourceFile(path, text)).Count());

    [Theory]
    [InlineData("kernel/A.cs", "int hypercallCount;", 1)]
    [InlineData("kernel/A.cs", "ushort domainId;", 1)]
    [InlineData("kernel/A.cs", "GrantTable table;", 1)]
    [InlineData("kernel/A.cs", "int granularity; // a grant", 0)]
    [InlineData("kernel/A.cs", "Log.Line(\"Xen says\");", 1)]
    [InlineData("kernel/A.cs", "using Xenolith.Kernel;", 0)]
    [InlineData("hv/hal/A.cs", "ExitReason.Hypercall", 0)]
    [InlineData("hv/hal/A.cs", "HypercallNumber n;", 1)]
    [InlineData("hv/abi/A.cs", "VmcsField.GuestRip", 1)]
    [InlineData("hv/abi/A.cs", "vcpu.Cpu.Rip", 0)]
    public void Vocabulary(string path, string text, int violations) =>
        Assert.Equal(violations, VocabularyRule.Violations(new SourceFile(path, text)).Count());

    [Fact]
    public void Length()
    {
        string text = string.Concat(Enumerable.Repeat("line\n", SourceRules.MostLines + 1));
        Assert.Single(SourceRules.Length(new SourceFile("hv/A.cs", text)));
        Assert.Empty(SourceRules.Length(new SourceFile("hv/A.g.cs", text)));
        Assert.Empty(SourceRules.Length(new SourceFile("hv/A.cs", "line\n")));
    }

    [Theory]
    [InlineData("/tm{0}p/x", 1)]
    [InlineData("\"/wor{0}k/main\"", 1)]
    [InlineData("out/wor{0}k/x", 0)]
    [InlineData("/usr/include/xen", 0)]
    public void Machine_paths(string text, int violations) =>
        Assert.Equal(violations, SourceRules.Paths(new SourceFile("a.md", string.Format(System.Globalization.CultureInfo.InvariantCulture, text, ""))).Count());

    [Fact]
    public void Delegates()
    {
        using AssemblyDefinition assembly = AssemblyDefinition.ReadAssembly(typeof(RuleSampleTests).Assembly.Location);
        string[] found = [.. DelegateRule.Violations(Sample(assembly, nameof(DelegateSamples)))];
        Assert.Contains(found, violation => violation.Contains(nameof(DelegateSamples.Lambda), StringComparison.Ordinal));
        Assert.Contains(found, violation => violation.Contains(nameof(DelegateSamples.MethodGroup), StringComparison.Ordinal));
        Assert.Contains(found, violation => violation.Contains(nameof(DelegateSamples.Closure), StringComparison.Ordinal));
        Assert.DoesNotContain(found, violation => violation.Contains(nameof(DelegateSamples.UseField), StringComparison.Ordinal));
        Assert.Equal(3, found.Length);
    }

    private static IEnumerable<TypeDefinition> Sample(AssemblyDefinition assembly, string name) =>
        assembly.MainModule.GetTypes().Where(type => type.FullName.Contains("/" + name, StringComparison.Ordinal) || type.Name == name);

    [Theory]
    [InlineData("a // b\nc", "a     \nc")]
    [InlineData("a /* b\nc */ d", "a     \n     d")]
    [InlineData("x(\"// no\") // yes", "x(       )       ")]
    [InlineData("x('\"') y", "x(   ) y")]
    [InlineData("@\"a\"\"b\" c", "@       c")]
    [InlineData("\"\"\"a\nunsafe\"\"\" c", "    \n          c")]
    public void Text_without_comments_and_literals(string source, string expected) =>
        Assert.Equal(expected, CSharpText.WithoutCommentsAndLiterals(source));

    private static class DelegateSamples
    {
        private static readonly Func<int, int> Field = static x => x + 1;

        public static int Lambda() => Apply(static x => x + 2);

        public static int MethodGroup() => Apply(Twice);

        public static int Closure(int y) => Apply(x => x + y);

        public static int UseField() => Apply(Field);

        private static int Twice(int x) => 2 * x;

        private static int Apply(Func<int, int> function) => function(1);
    }
}
