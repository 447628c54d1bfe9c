using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.RegularExpressions;
using Xenolith.Build.Sources;

namespace Xenolith.Tests.Unit.Architecture;

/// <summary>What a layer may not name. Comments may: they explain.</summary>
internal static partial class VocabularyRule
{
    private static readonly (string Folder, string What, Regex Words)[] Layers =
    [
        ("kernel/", "a Xen concept", XenConcept()),
        ("drivers/", "a Xen concept", XenConcept()),
        ("hv/hal/", "a hypercall", HypercallName()),
        ("hv/abi/", "a vendor's control block", ControlBlock()),
    ];

    public static IEnumerable<string> Violations(SourceFile file)
    {
        foreach ((string folder, string what, Regex words) in Layers)
        {
            if (!file.Path.StartsWith(folder, StringComparison.Ordinal))
            {
                continue;
            }

            string[] lines = CSharpText.WithoutComments(file.Text).Replace("\r\n", "\n").Split('\n');
            foreach ((string line, int number) in lines.Select((line, index) => (line, index + 1)))
            {
                foreach (Match match in words.Matches(line))
                {
                    yield return $"{file.Path}({number}): {folder} names {what}: {match.Value}";
                }
            }
        }
    }

    // "Xenolith" is ours; "grant" only as a word or the start of a name (grants, GrantTable), not in "granularity".
    [GeneratedRegex(@"\w*hypercall\w*|\w*evtchn\w*|\w*event_?channel\w*|\bdom_?id\w*|\w*Dom(ain)?Id\b|(?-i:\b[Gg]rants?(?![a-z])\w*)|\bXen(?!olith)\w*|\bxen\b|\bdom0\w*|\bp2m\b|\bgfn\b", RegexOptions.IgnoreCase)]
    private static partial Regex XenConcept();

    // The exit's own name is allowed: that an instruction called the hypervisor is the HAL's business, which call it was is not.
    [GeneratedRegex(@"\b(?!Hypercall\b)\w*hypercall\w*|\w*evtchn\w*|\w*event_?channel\w*|\bXENMEM\w*|\bXENVER\w*|\w+Op_\w+|\bdom_?id\b|\bDomainId\b", RegexOptions.IgnoreCase)]
    private static partial Regex HypercallName();

    [GeneratedRegex(@"\b\w*(Vmcs|Vmcb|VmRead|VmWrite)\w*|\bHal\.(Vmx|Svm)\b")]
    private static partial Regex ControlBlock();
}
