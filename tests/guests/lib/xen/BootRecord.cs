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
