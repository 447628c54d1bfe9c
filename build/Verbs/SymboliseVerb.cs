using System;
using System.CommandLine;
using System.IO;
using Xenolith.Build.Elf;
using Xenolith.Build.Host;
using Xenolith.Build.Images;
using Xenolith.Build.Symbols;
using Xenolith.Build.Terminal;
using Command = System.CommandLine.Command;

namespace Xenolith.Build.Verbs;

/// <summary><c>symbolise</c>: a console log with functions and lines behind its addresses.</summary>
internal static class SymboliseVerb
{
    public const string Name = "symbolise";

    /// <summary>Shown at the end of the verb's help.</summary>
    public const string Examples = """

        Examples:
          ./build.sh symbolise panic.txt                    a saved log
          ./build.sh run | ./build.sh symbolise             what comes out now, when it has ended
          ./build.sh symbolise < panic.txt > named.txt      or paste it, and end with Ctrl-D
          ./build.sh symbolise --image old/xenolith.debug panic.txt
        """;

    public static Command Create(Report report)
    {
        var file = new Argument<string?>("FILE") { Description = "The log; without it, standard input", Arity = ArgumentArity.ZeroOrOne };
        var image = new Option<string>("--image") { Description = "The image that printed it, or its debug twin", DefaultValueFactory = _ => ImageCatalog.Hypervisor.DebugOutput };
        var command = new Command(Name, "Put function, offset and source line behind each address of a console log.") { file, image };
        command.SetAction(parsed => Run(parsed.GetValue(file), parsed.GetValue(image)!, report));
        return command;
    }

    private static int Run(string? file, string image, Report report)
    {
        var symboliser = new LogSymboliser(ElfFile.Load(Existing(image, "no such image; ./build.sh image makes out/xenolith.debug, --image names another")));
        using TextReader log = file is null ? Console.In : new StreamReader(Existing(file, "no such log"));
        symboliser.Copy(log, Console.Out);
        if (!symboliser.HasSeenBuild)
        {
            report.Note("the log does not say which build it is of; the names are right only if it is this one");
        }

        return 0;
    }

    private static string Existing(string path, string problem) => File.Exists(path) ? path : throw new BuildFailure($"{path}: {problem}");
}
