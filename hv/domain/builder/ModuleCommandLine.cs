using System;

namespace Xenolith.Domains;

/// <summary>
/// The words that a boot module's string holds for its kernel. Loaders differ, as Xen's users know: by multiboot 1 the string
/// starts with the file's name, and GRUB 2 leaves it out (people write a word like "placeholder" in its stead, which then
/// reaches the kernel).
/// </summary>
public static class ModuleCommandLine
{
    /// <summary>Linux takes 2,047 characters on x86 (COMMAND_LINE_SIZE); longer lines are refused rather than cut.</summary>
    public const int MaximumLength = 2047;

    /// <summary>The command line inside the module's string.</summary>
    /// <param name="loaderName">The loader's name for itself: "GRUB 2.06" is GRUB 2, "GNU GRUB 0.97" is not.</param>
    public static string Of(string moduleText, string loaderName)
    {
        ReadOnlySpan<char> text = SkipSpaces(moduleText.AsSpan());
        if (!IsGrub2(loaderName.AsSpan()))
        {
            int end = 0;
            while (end < text.Length && text[end] != ' ')
            {
                end++;
            }

            text = SkipSpaces(text[end..]);
        }

        return new string(text);
    }

    /// <summary>The name of the module's file, without its folders; empty when the loader does not pass it.</summary>
    public static string FileOf(string moduleText, string loaderName)
    {
        if (IsGrub2(loaderName.AsSpan()))
        {
            return "";
        }

        ReadOnlySpan<char> text = SkipSpaces(moduleText.AsSpan());
        int end = text.IndexOf(' ');
        text = end < 0 ? text : text[..end];
        for (int slash = text.IndexOf('/'); slash >= 0; slash = text.IndexOf('/'))
        {
            text = text[(slash + 1)..];
        }

        return new string(text);
    }

    private static ReadOnlySpan<char> SkipSpaces(ReadOnlySpan<char> text)
    {
        int start = 0;
        while (start < text.Length && text[start] == ' ')
        {
            start++;
        }

        return text[start..];
    }

    // "GRUB " and a major version that is not 0: GRUB 2 began at 1.9x.
    private static bool IsGrub2(ReadOnlySpan<char> loader)
    {
        for (int i = 0; i + 5 < loader.Length; i++)
        {
            if (loader[i] == 'G' && loader[i + 1] == 'R' && loader[i + 2] == 'U' && loader[i + 3] == 'B' && loader[i + 4] == ' ')
            {
                return loader[i + 5] != '0';
            }
        }

        return false;
    }
}
