using System;
using Xenolith.Kernel;

namespace Xenolith.Domains;

/// <summary>
/// Which boot module is what. The first is the initial domain's kernel. The second is its initrd, unless it begins with the word
/// <c>domain</c>. Each module from the second on that does so is the kernel of a further domain, and the one behind it is that
/// domain's initrd if the words say <c>ramdisk</c>.
/// </summary>
public sealed class DomainPlan
{
    private DomainPlan(DomainSpecification[] domains, BootModule? initialRamdisk)
    {
        Domains = domains;
        InitialRamdisk = initialRamdisk;
    }

    /// <summary>The domains beside the initial one, in the order of their modules.</summary>
    public DomainSpecification[] Domains { get; }

    /// <summary>The initial domain's initrd; null: none.</summary>
    public BootModule? InitialRamdisk { get; }

    /// <summary>Sorts the modules. Null: <paramref name="plan"/> is set; otherwise the error names the module, the word and the mend.</summary>
    public static BuildError? TryMake(BootInformation boot, out DomainPlan? plan)
    {
        plan = null;
        BootModule[] modules = boot.Modules;
        var found = new DomainSpecification[modules.Length];
        int count = 0;
        BootModule? initialRamdisk = null;
        for (int i = 1; i < modules.Length; i++)
        {
            string text = ModuleCommandLine.Of(modules[i].CommandLine, boot.LoaderName);
            string file = ModuleCommandLine.FileOf(modules[i].CommandLine, boot.LoaderName);
            if (!DomainWords.BeginDomain(text))
            {
                if (i != 1)
                {
                    return DomainWords.MessageAbout(i + 1, file)
                        .Add("nobody asks for it; begin its words with domain if it is a kernel, or write ramdisk on the module before it if it is that domain's initrd")
                        .ToError(BuildErrorKind.ModuleWithoutPurpose);
                }

                initialRamdisk = modules[i];
                continue;
            }

            var domain = new DomainSpecification { ModuleNumber = i + 1, Kernel = modules[i], File = file };
            BuildError? error = DomainWords.TryRead(text, file, domain);
            if (error is null && domain.HasRamdisk)
            {
                error = TryTakeRamdisk(boot, ++i, file, domain);
            }

            error ??= NameIt(domain, file, found, count);
            if (error is not null)
            {
                return error;
            }

            found[count++] = domain;
        }

        plan = new DomainPlan(found[..count], initialRamdisk);
        return null;
    }

    private static BuildError? TryTakeRamdisk(BootInformation boot, int at, string file, DomainSpecification domain)
    {
        BootModule[] modules = boot.Modules;
        if (at == modules.Length || DomainWords.BeginDomain(ModuleCommandLine.Of(modules[at].CommandLine, boot.LoaderName)))
        {
            return DomainWords.MessageAbout(domain.ModuleNumber, file)
                .Add("\"ramdisk\" needs a module behind it that is no domain; give the initrd there, or leave the word out").ToError(BuildErrorKind.NoRamdisk);
        }

        domain.Ramdisk = modules[at];
        return null;
    }

    private static BuildError? NameIt(DomainSpecification domain, string file, DomainSpecification[] found, int count)
    {
        if (domain.Name.Length == 0)
        {
            domain.Name = new BuildMessage().Add("module").Add((ulong)domain.ModuleNumber).ToString();
        }

        bool isTaken = domain.Name == InitialDomainBuilder.Name;
        for (int i = 0; i < count; i++)
        {
            isTaken |= found[i].Name == domain.Name;
        }

        return isTaken
            ? DomainWords.MessageAbout(domain.ModuleNumber, file).Add("\"name=").Add(domain.Name).Add("\" is the name of another domain; choose a different one")
                .ToError(BuildErrorKind.NameTaken)
            : null;
    }
}
