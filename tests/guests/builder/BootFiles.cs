namespace Xenolith.Guests.Builder;

/// <summary>The files that come with the boot: a cpio archive of kernels, in its "newc" form, as the one module that Xen hands on.</summary>
internal static class BootFiles
{
    /// <summary>The builder's own file.</summary>
    public const string Own = "builder";

    /// <summary>A kernel that runs in protected mode without PAE.</summary>
    public const string Narrow = "c32";

    private const ulong Header = 110, SizeField = 54, NameSizeField = 94;

    public static bool IsThere => BootRecord.ModuleCount != 0;

    /// <summary>Address of a file's contents.</summary>
    public static bool Find(string name, out ulong contents) => Find(name, out contents, out _);

    /// <summary>Address and bytes of a file's contents.</summary>
    public static bool Find(string name, out ulong contents, out ulong size)
    {
        contents = size = 0;
        if (!IsThere)
        {
            return false;
        }

        ulong start = Memory.Read64(BootRecord.ModuleList), end = start + Memory.Read64(BootRecord.ModuleList + 8);
        for (ulong at = start; at + Header < end;)
        {
            ulong nameSize = Field(at + NameSizeField);
            ulong data = start + Aligned(at - start + Header + nameSize);
            if (IsNamed(at + Header, nameSize, name))
            {
                contents = data;
                size = Field(at + SizeField);
                return true;
            }

            at = start + Aligned(data - start + Field(at + SizeField));
        }

        return false;
    }

    private static bool IsNamed(ulong at, ulong size, string name)
    {
        bool isSame = size == (ulong)name.Length + 1;
        for (int i = 0; isSame && i < name.Length; i++)
        {
            isSame = Memory.Read8(at + (ulong)i) == name[i];
        }

        return isSame;
    }

    /// <summary>Eight hexadecimal digits.</summary>
    private static ulong Field(ulong at)
    {
        ulong value = 0;
        for (ulong i = 0; i < 8; i++)
        {
            ulong digit = Memory.Read8(at + i);
            value = (value << 4) | (digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10);
        }

        return value;
    }

    private static ulong Aligned(ulong offset) => (offset + 3) & ~3UL;
}
