using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Xenolith.Build.Host;

namespace Xenolith.Build.Toolchain;

/// <summary>Which program turns assemblies into an object file.</summary>
public enum ObjectToolchain
{
    /// <summary>The pinned ilc package.</summary>
    Ilc,

    /// <summary>A bflat on PATH. Nobody has run this path yet.</summary>
    Bflat,
}

/// <summary>Assemblies to one relocatable object: NativeAOT's compiler.</summary>
public static class ObjectCompiler
{
    private const string CoreLibrary = "Xenolith.RuntimeStub";

    /// <summary>Compiles <paramref name="input"/> with everything it references.</summary>
    /// <param name="toolchain">ilc or bflat.</param>
    /// <param name="input">The top assembly.</param>
    /// <param name="references">All other assemblies, the core library among them.</param>
    /// <param name="output">The object file.</param>
    /// <param name="note">Told of library methods that cannot be translated; they panic when called.</param>
    public static void Compile(ObjectToolchain toolchain, string input, IReadOnlyList<string> references, string output, Action<string> note)
    {
        Command command = toolchain == ObjectToolchain.Ilc ? Ilc(input, references, output) : Bflat(input, references, output);
        (int exitCode, string text) = command.Capture();
        if (exitCode != 0)
        {
            // ilc reports what it lacks as an exception; its own stack says nothing to a user.
            string[] said = [.. text.Split('\n').Select(line => line.TrimEnd()).Where(line => line.Length > 0 && !line.StartsWith("   at ", StringComparison.Ordinal) && !line.Contains("--- End of", StringComparison.Ordinal)).Distinct()];
            throw new BuildFailure($"compiling {Path.GetFileName(input)} to machine code failed\n{string.Join('\n', said)}\ncommand: {command}");
        }

        // ilc replaces a method it cannot translate (a missing member, mostly) by one that throws, and goes on.
        string[] untranslated = [.. text.Split('\n').Where(line => line.Contains("will always throw", StringComparison.Ordinal)).Select(line => line.Trim())];
        foreach (string line in untranslated.Where(IsOfLibrary))
        {
            note(line);
        }

        string[] ours = [.. untranslated.Where(line => !IsOfLibrary(line))];
        if (ours.Length > 0)
        {
            File.Delete(output);
            throw new BuildFailure($"compiling {Path.GetFileName(input)} to machine code: these methods cannot be translated\n{string.Join('\n', ours)}");
        }
    }

    private static bool IsOfLibrary(string line) => line.Contains(": Iced.", StringComparison.Ordinal);

    private static Command Ilc(string input, IReadOnlyList<string> references, string output)
    {
        var command = new Command(Packages.Ilc, input, "-o", output, "--systemmodule", CoreLibrary);
        foreach (string reference in references)
        {
            command.With("-r", reference);
        }

        // Without this the exports of an assembly are not roots, and stubs could not call them. Iced has none, and the
        // facade holds no code.
        foreach (string assembly in references.Append(input).Select(Path.GetFileNameWithoutExtension).OfType<string>())
        {
            if (assembly is not ("Iced" or "netstandard"))
            {
                command.With($"--generateunmanagedentrypoints:{assembly},HIDDEN");
            }
        }

        // --nativelib: the image has no Main; its entry is a stub. --noinlinetls: otherwise -O emits .tdata. TailCallOpt=0 keeps the frames a backtrace should show.
        return command.With("--targetos", "linux", "--targetarch", "x64", "--nativelib", "-O", "--noinlinetls", "-g", "--codegenopt:TailCallOpt=0");
    }

    private static Command Bflat(string input, IReadOnlyList<string> references, string output)
    {
        string program = Command.Find("bflat") ?? throw new BuildFailure("--toolchain bflat: no bflat on PATH (https://flattened.net); leave the option out to use the pinned ilc package");

        // bflat compiles C# or a single assembly's IL; references are passed as it documents them.
        return new Command(program, "build", input, "-c", "--stdlib:none", "--libc:none", "-Ot", "-g", "--no-reflection", "--no-stacktrace-data",
                "--no-globalization", "--no-exception-messages", "--os:linux", "--arch:x64", "-o", output)
            .With(references.SelectMany(reference => new[] { "-r", reference }));
    }
}
