using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Xml.Linq;

namespace Xenolith.Tests.Unit.Architecture;

/// <summary>Which project may refer to which: dependencies point one way.</summary>
internal static class ReferenceRule
{
    // What stands in for .NET's own libraries in the image; anyone may use them.
    private static readonly string[] CoreLibrary = ["Xenolith.RuntimeStub", "Xenolith.NetStandardFacade"];

    private static readonly Dictionary<string, string[]> Allowed = new(StringComparer.Ordinal)
    {
        ["Xenolith.RuntimeStub"] = [],
        ["Xenolith.NetStandardFacade"] = ["Xenolith.RuntimeStub"],
        ["Xenolith.Kernel"] = [],
        ["Xenolith.Drivers"] = ["Xenolith.Kernel"],
        ["Xenolith.Abi.Contract"] = [],
        ["Xenolith.Hal"] = ["Xenolith.Kernel"],
        ["Xenolith.Mm"] = ["Xenolith.Kernel", "Xenolith.Hal", "Xenolith.Abi.Contract"],
        ["Xenolith.Emulate"] = ["Xenolith.Kernel", "Xenolith.Hal", "Xenolith.Mm"],
        ["Xenolith.Domains"] = ["Xenolith.Kernel", "Xenolith.Hal", "Xenolith.Mm", "Xenolith.Abi.Contract"],
        ["Xenolith.Abi"] = ["Xenolith.Kernel", "Xenolith.Hal", "Xenolith.Mm", "Xenolith.Domains", "Xenolith.Abi.Contract"],
        ["Xenolith"] =
        [
            "Xenolith.Kernel", "Xenolith.Drivers", "Xenolith.Abi.Contract", "Xenolith.Hal", "Xenolith.Mm", "Xenolith.Emulate",
            "Xenolith.Domains", "Xenolith.Abi",
        ],
    };

    /// <summary>What a project of the image refers to against the law. Projects of build/ and tests/ are free.</summary>
    public static IEnumerable<string> Violations(SourceFile project)
    {
        string name = Path.GetFileNameWithoutExtension(project.Path);
        if (project.Path.StartsWith("tests/", StringComparison.Ordinal) || project.Path.StartsWith("build/", StringComparison.Ordinal))
        {
            yield break;
        }

        if (!Allowed.TryGetValue(name, out string[]? allowed))
        {
            yield return $"{project.Path}: a project that no rule knows";
            yield break;
        }

        foreach (string reference in XDocument.Parse(project.Text).Descendants("ProjectReference")
            .Select(element => Path.GetFileNameWithoutExtension(((string?)element.Attribute("Include") ?? "").Replace('\\', '/')))
            .Where(reference => !CoreLibrary.Contains(reference) && !allowed.Contains(reference)))
        {
            yield return $"{project.Path}: must not refer to {reference}";
        }
    }
}
