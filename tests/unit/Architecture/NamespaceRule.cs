using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.RegularExpressions;
using Xenolith.Build.Sources;

namespace Xenolith.Tests.Unit.Architecture;

/// <summary>Which namespace a folder's sources declare.</summary>
internal static partial class NamespaceRule
{
    // The longest matching folder decides.
    private static readonly (string Folder, string[] Namespaces)[] Folders =
    [
        ("runtime-stub/", ["System", "Internal", "Microsoft", "Xenolith.Runtime"]),
        ("kernel/", ["Xenolith.Kernel"]),
        ("drivers/", ["Xenolith.Drivers"]),
        ("hv/abi/contract/", ["Xenolith.Abi.Contract"]),
        ("hv/abi/", ["Xenolith.Abi"]),
        ("hv/hal/vmx/", ["Xenolith.Hal.Vmx"]),
        ("hv/hal/svm/", ["Xenolith.Hal.Svm"]),
        ("hv/hal/", ["Xenolith.Hal"]),
        ("hv/mm/", ["Xenolith.Mm"]),
        ("hv/emulate/", ["Xenolith.Emulate"]),
        ("hv/domain/", ["Xenolith.Domains"]),
        ("hv/", ["Xenolith"]),
        ("build/", ["Xenolith.Build"]),
        ("tests/unit/", ["Xenolith.Tests"]),
        ("tests/guests/", ["Xenolith.Guests"]),
        ("tests/features/", ["Xenolith.Tests"]),
        ("tests/boot/", ["Xenolith.Tests.Boot"]),
    ];

    /// <summary>A namespace that is not the folder's. Stubs are the build program's, wherever they lie.</summary>
    public static IEnumerable<string> Violations(SourceFile file)
    {
        (string folder, string[] namespaces) = Folders
            .Where(entry => file.Path.StartsWith(entry.Folder, StringComparison.Ordinal))
            .OrderByDescending(entry => entry.Folder.Length)
            .FirstOrDefault();
        if (folder is null || file.Path.EndsWith(".stub.cs", StringComparison.Ordinal))
        {
            yield break;
        }

        string code = CSharpText.WithoutCommentsAndLiterals(file.Text);
        bool exact = folder == "hv/";
        foreach (string name in Declaration().Matches(code).Select(match => match.Groups[1].Value))
        {
            if (!namespaces.Any(allowed => name == allowed || (!exact && name.StartsWith(allowed + ".", StringComparison.Ordinal))))
            {
                yield return $"{file.Path}: namespace {name}, where {string.Join(" or ", namespaces)} belongs";
            }
        }
    }

    [GeneratedRegex(@"^\s*namespace\s+([\w.]+)", RegexOptions.Multiline)]
    private static partial Regex Declaration();
}
