using System.Globalization;
using System.IO;
using System.Text;

namespace Xenolith.Build.Guests;

/// <summary>
/// Writes a cpio archive in the "newc" form the Linux kernel unpacks as its initial file system
/// (Documentation/driver-api/early-userspace/buffer-format). Everything belongs to root and is of time 0, so that the
/// same contents give the same bytes; device nodes need no privilege, because nothing is made on the host.
/// </summary>
public sealed class CpioWriter(Stream output)
{
    private const uint RegularFile = 0x8000, Folder = 0x4000, Link = 0xA000, CharacterDevice = 0x2000;
    private uint _inode = 1;
    private long _written;

    /// <summary>Adds a folder.</summary>
    public void AddFolder(string path) => Add(path, Folder | 0x1ED, [], 0, 0);

    /// <summary>Adds a file anyone may run.</summary>
    public void AddProgram(string path, byte[] contents) => Add(path, RegularFile | 0x1ED, contents, 0, 0);

    /// <summary>Adds a plain file.</summary>
    public void AddFile(string path, byte[] contents) => Add(path, RegularFile | 0x1A4, contents, 0, 0);

    /// <summary>Adds a symbolic link.</summary>
    public void AddLink(string path, string target) => Add(path, Link | 0x1FF, Encoding.UTF8.GetBytes(target), 0, 0);

    /// <summary>Adds a character device node.</summary>
    public void AddDevice(string path, uint major, uint minor) => Add(path, CharacterDevice | 0x180, [], major, minor);

    /// <summary>Ends the archive.</summary>
    public void Finish() => Add("TRAILER!!!", 0, [], 0, 0);

    private void Add(string path, uint mode, byte[] contents, uint major, uint minor)
    {
        byte[] name = Encoding.UTF8.GetBytes(path);
        var header = new StringBuilder("070701", 110);
        uint links = (mode & 0xF000) == Folder ? 2u : 1u;
        foreach (uint field in (uint[])[_inode++, mode, 0, 0, links, 0, (uint)contents.Length, 0, 0, major, minor, (uint)name.Length + 1, 0])
        {
            header.Append(field.ToString("X8", CultureInfo.InvariantCulture));
        }

        Write(Encoding.ASCII.GetBytes(header.ToString()));
        Write(name);
        Write([0]);
        Align();
        Write(contents);
        Align();
    }

    private void Write(byte[] bytes)
    {
        output.Write(bytes);
        _written += bytes.Length;
    }

    private void Align()
    {
        while (_written % 4 != 0)
        {
            Write([0]);
        }
    }
}
