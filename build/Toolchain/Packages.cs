using System;
using System.IO;
using Xenolith.Build.Host;

namespace Xenolith.Build.Toolchain;

/// <summary>The pinned NuGet packages, restored with this program's own project.</summary>
public static class Packages
{
    /// <summary>ilc, the IL compiler that bflat wraps, for this host.</summary>
    public static string Ilc
    {
        get
        {
            string tools = Path.Combine(Tree.Metadata("NuGetPackages"), Tree.Metadata("IlcPackage"), "tools");
            string program = Path.Combine(tools, OperatingSystem.IsWindows() ? "ilc.exe" : "ilc");
            if (!File.Exists(program))
            {
                throw new BuildFailure($"the IL compiler is not at {program}; run `dotnet restore build/Xenolith.Build.csproj`");
            }

            if (!OperatingSystem.IsWindows())
            {
                // NuGet does not keep the executable bit.
                UnixFileMode mode = File.GetUnixFileMode(program);
                if ((mode & UnixFileMode.UserExecute) == 0)
                {
                    File.SetUnixFileMode(program, mode | UnixFileMode.UserExecute);
                }
            }

            return program;
        }
    }

    /// <summary>The disassembler library as the image takes it.</summary>
    public static string IcedAssembly => Path.Combine(Tree.Metadata("NuGetPackages"), Tree.Metadata("IcedPackage"), "lib", "netstandard2.1", "Iced.dll");
}
