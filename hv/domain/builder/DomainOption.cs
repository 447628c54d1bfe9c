using System;
using Xenolith.Kernel;

namespace Xenolith.Domains;

/// <summary>The option dom0: a list that names the kind of the initial domain (Xen's docs/misc/xen-command-line). Only PVH is built.</summary>
internal static class DomainOption
{
    /// <summary>Null: nothing in the list stands against a PVH domain. Items without effect are said on the console.</summary>
    public static BuildError? Check(ReadOnlySpan<char> value, Log log)
    {
        while (value.Length != 0)
        {
            int comma = value.IndexOf(',');
            ReadOnlySpan<char> item = comma < 0 ? value : value[..comma];
            value = comma < 0 ? default : value[(comma + 1)..];
            if (item.SequenceEqual("pvh".AsSpan()))
            {
                continue;
            }

            if (item.SequenceEqual("pv".AsSpan()))
            {
                return new BuildMessage().Add("dom0: pv domains are not supported; write dom0=pvh and boot a kernel with a PVH entry")
                    .ToError(BuildErrorKind.BadDomainOption);
            }

            if (!IsWithoutEffect(item))
            {
                return new BuildMessage().Add("dom0: \"").Add(item).Add("\" is not known; write dom0=pvh").ToError(BuildErrorKind.BadDomainOption);
            }

            log.Warning($"dom0: {item} is accepted, without effect");
        }

        return null;
    }

    private static bool IsWithoutEffect(ReadOnlySpan<char> item)
    {
        if (item.StartsWith("no-".AsSpan()))
        {
            item = item[3..];
        }

        int equals = item.IndexOf('=');
        if (equals >= 0)
        {
            item = item[..equals];
        }

        return item.SequenceEqual("verbose".AsSpan()) || item.SequenceEqual("shadow".AsSpan())
            || item.SequenceEqual("cpuid-faulting".AsSpan()) || item.SequenceEqual("msr-relaxed".AsSpan());
    }
}
