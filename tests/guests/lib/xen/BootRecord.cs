namespace Xenolith.Guests;

/// <summary>hvm_start_info as the hypervisor left it (Xen public header arch-x86/hvm/start_info.h).</summary>
public static class BootRecord
{
    /// <summary>Physical address.</summary>
    public static ulong Address { get; internal set; }

    public static uint Magic => Memory.Read32(Address);
    public static uint Version => Memory.Read32(Address + 4);
    public static uint Flags => Memory.Read32(Address + 8);
    public static uint ModuleCount => Memory.Read32(Address + 12);
    public static ulong ModuleList => Memory.Read64(Address + 16);
    public static ulong CommandLine => Memory.Read64(Address + 24);
    public static ulong Rsdp => Memory.Read64(Address + 32);
    public static ulong MemoryMap => Memory.Read64(Address + 40);
    public static uint MemoryMapEntries => Memory.Read32(Address + 48);

    /// <summary>The decimal number after the name, as in <c>seed=7</c> for "seed="; <paramref name="otherwise"/> when the name does not stand there.</summary>
    public static ulong Number(string name, ulong otherwise)
    {
        ulong at = CommandLine;
        if (at == 0)
        {
            return otherwise;
        }

        for (byte before = (byte)' '; Memory.Read8(at) != 0; before = Memory.Read8(at), at++)
        {
            int matched = 0;
            while (before == ' ' && matched < name.Length && Memory.Read8(at + (ulong)matched) == name[matched])
            {
                matched++;
            }

            if (matched != name.Length)
            {
                continue;
            }

            ulong value = 0;
            for (at += (ulong)matched; Memory.Read8(at) is >= (byte)'0' and <= (byte)'9'; at++)
            {
                value = (value * 10) + (ulong)(Memory.Read8(at) - '0');
            }

            return value;
        }

        return otherwise;
    }

    /// <summary>Whether the word stands in the command line, between spaces or at its ends.</summary>
    public static bool HasWord(string word)
    {
        ulong at = CommandLine;
        if (at == 0)
        {
            return false;
        }

        while (Memory.Read8(at) != 0)
        {
            while (Memory.Read8(at) == ' ')
            {
                at++;
            }

            int matched = 0;
            while (matched < word.Length && Memory.Read8(at + (ulong)matched) == word[matched])
            {
                matched++;
            }

            byte after = Memory.Read8(at + (ulong)matched);
            if (matched == word.Length && after is 0 or (byte)' ' && word.Length > 0)
            {
                return true;
            }

            while (Memory.Read8(at) is not (0 or (byte)' '))
            {
                at++;
            }
        }

        return false;
    }
}
