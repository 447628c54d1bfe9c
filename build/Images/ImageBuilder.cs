using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Xenolith.Build.Abi;
using Xenolith.Build.Elf;
using Xenolith.Build.Host;
using Xenolith.Build.Scan;
using Xenolith.Build.Stubs;
using Xenolith.Build.Symbols;
using Xenolith.Build.Terminal;
using Xenolith.Build.Toolchain;

namespace Xenolith.Build.Images;

/// <summary>C# source to bootable images: compile, translate, assemble the stubs, link, name the functions, link again, scan.</summary>
public sealed class ImageBuilder(Report report, ObjectToolchain toolchain)
{
    private const string Facade = "runtime-stub/facade/Xenolith.NetStandardFacade.csproj";

    /// <summary>Builds images; what is up to date is left alone.</summary>
    public void Build(params IReadOnlyList<ImageDefinition> images)
    {
        foreach (string path in AbiGenerator.Generate(Tree.Root, check: false))
        {
            report.Note($"written from the hypercall table: {path}");
        }

        foreach (IGrouping<string?, ImageDefinition> edition in images.GroupBy(image => image.Edition))
        {
            IEnumerable<string> projects = edition.Select(image => image.Project);
            if (File.Exists(Tree.At(Facade)))
            {
                projects = projects.Append(Facade);
            }

            report.Step(edition.Key is null ? "compile C#" : $"compile C#, edition {edition.Key}", () => Compiler.BuildFreestanding([.. projects], edition.Key));
        }

        foreach (ImageDefinition image in images)
        {
            Build(image);
        }
    }

    private void Build(ImageDefinition image)
    {
        string work = Path.Combine(Tree.Objects, image.Name);
        Directory.CreateDirectory(work);
        Directory.CreateDirectory(Path.GetDirectoryName(image.Output)!);
        (string input, List<string> references) = Assemblies(image);
        string script = Tree.At(image.LinkerScript);
        if (!File.Exists(script))
        {
            throw new BuildFailure($"{image.Name}: the linker script {image.LinkerScript} is missing");
        }

        string code = Path.Combine(work, "code.o");
        string[] inputs = [input, .. references];
        if (IsStale(code, inputs))
        {
            report.Step($"{image.Name}: translate to machine code", () => ObjectCompiler.Compile(toolchain, input, references, code, report.Note));
        }

        string stubs = Path.Combine(work, "stubs.o");
        byte[] stubObject = RelocatableWriter.Write(StubCatalog.Collect(image.StubFolders));
        if (!File.Exists(stubs) || !File.ReadAllBytes(stubs).AsSpan().SequenceEqual(stubObject))
        {
            File.WriteAllBytes(stubs, stubObject);
        }

        // This program is an input too: its tables and rules shape the result.
        if (IsStale(image.Output, code, stubs, script, typeof(ImageBuilder).Assembly.Location, Tree.At("build", "Scan", "roots.txt")) || IsStale(image.DebugOutput, code, stubs, script))
        {
            report.Step($"{image.Name}: link", () => Link(image, work, [code, stubs], script, inputs));
        }
    }

    private static (string Input, List<string> References) Assemblies(ImageDefinition image)
    {
        string folder = Tree.ImageAssemblies(image.Assembly, image.Edition);
        string input = Path.Combine(folder, image.Assembly + ".dll");
        var references = Directory.GetFiles(folder, "*.dll").Where(path => path != input).Order(StringComparer.Ordinal).ToList();
        AddIfMissing(Path.Combine(Tree.ImageAssemblies("Xenolith.NetStandardFacade", image.Edition), "netstandard.dll"));
        AddIfMissing(Packages.IcedAssembly);
        return (input, references);

        void AddIfMissing(string path)
        {
            if (File.Exists(path) && !references.Exists(reference => Path.GetFileName(reference) == Path.GetFileName(path)))
            {
                references.Add(path);
            }
        }
    }

    private void Link(ImageDefinition image, string work, List<string> objects, string script, string[] assemblies)
    {
        string linked = Path.Combine(work, "linked");
        string debugScript = DebugScript(script, work);
        objects.Insert(0, RuntimeRemainders(work));
        if (image.WithSymbolTable)
        {
            List<FunctionEntry> functions = LinkWithSymbols(image, work, objects, debugScript, assemblies, linked);
            if (image.Scanned)
            {
                Scan(image, linked, functions, assemblies);
            }
        }
        else
        {
            Linker.Link(debugScript, objects, linked, strip: false);
        }

        string stripped = Path.Combine(work, "stripped");
        Linker.Link(script, objects, stripped, strip: true);
        RequireSameContents(image, linked, stripped);
        File.Move(linked, image.DebugOutput, overwrite: true);
        File.Move(stripped, image.Output, overwrite: true);
    }

    // The table's size moves code, which changes the table; its encoding is relative to the first function, so this
    // settles after a round or two.
    private static List<FunctionEntry> LinkWithSymbols(ImageDefinition image, string work, List<string> objects, string script, string[] assemblies, string linked)
    {
        var names = new FunctionNames(assemblies);
        Dictionary<string, UnwindRule> unwind = UnwindTable.Read(ElfFile.Load(objects.Find(path => Path.GetFileName(path) == "code.o")!));
        string tableObject = Path.Combine(work, "symbols.o");
        objects.Add(tableObject);
        byte[] table = SymbolTableWriter.Write([]);
        const int mostRounds = 6;
        for (int round = 0; round < mostRounds; round++)
        {
            var contents = new StubObject();
            contents.Data("symbol_table", ".symbols", align: 8).Bytes(table);
            File.WriteAllBytes(tableObject, RelocatableWriter.Write(contents));
            Linker.Link(script, objects, linked, strip: false);
            List<FunctionEntry> functions = SymbolCollector.Collect(ElfFile.Load(linked), names, unwind);
            byte[] next = SymbolTableWriter.Write(functions);
            if (next.AsSpan().SequenceEqual(table))
            {
                return functions;
            }

            table = next;
        }

        throw new BuildFailure($"{image.Name}: the symbol table did not settle in {mostRounds} links; is .symbols placed before the code in {image.LinkerScript}?");
    }

    // ilc adds a start-up function for shared libraries, which nothing calls here. What it refers to has to resolve.
    private static string RuntimeRemainders(string work)
    {
        string path = Path.Combine(work, "remainders.ld");
        File.WriteAllText(path, "PROVIDE(RhpReversePInvoke = __managed__Startup);\nPROVIDE(RhpReversePInvokeReturn = __managed__Startup);\n");
        return path;
    }

    // The image itself unwinds by its symbol table; a debugger wants the compiler's tables. They go behind everything else,
    // in no segment, so that no address changes.
    private static string DebugScript(string script, string work)
    {
        const string discarded = "*(.eh_frame)";
        string text = File.ReadAllText(script);
        int end = text.LastIndexOf("/DISCARD/", StringComparison.Ordinal);
        if (end < 0 || text.IndexOf(discarded, end, StringComparison.Ordinal) < 0)
        {
            return script;
        }

        string path = Path.Combine(work, "debug.ld");
        text = text[..end] + ".eh_frame ALIGN(4096) : { *(.eh_frame) } :NONE\n  " + text[end..].Replace(discarded, "", StringComparison.Ordinal);
        File.WriteAllText(path, text);
        return path;
    }

    private static void RequireSameContents(ImageDefinition image, string linked, string stripped)
    {
        ElfFile debug = ElfFile.Load(linked);
        ElfFile bare = ElfFile.Load(stripped);
        foreach (ElfSection section in bare.Sections.Where(section => section is { Allocated: true, ZeroFill: false }))
        {
            if (debug.Section(section.Name) is not { } twin || twin.Address != section.Address || !debug.Contents(twin).Span.SequenceEqual(bare.Contents(section).Span))
            {
                throw new BuildFailure($"{image.Name}: section {section.Name} differs between the image and its debug twin");
            }
        }
    }

    private static void Scan(ImageDefinition image, string linked, List<FunctionEntry> functions, string[] assemblies)
    {
        IReadOnlyList<Finding> findings = ImageScan.Run(ElfFile.Load(linked), functions, new AssemblyGraph(assemblies), ScanPolicy.Load());
        if (findings.Count > 0)
        {
            throw new BuildFailure($"{image.Name}: the image scan refuses it\n{string.Join('\n', findings)}");
        }
    }

    private static bool IsStale(string output, params IEnumerable<string> inputs)
    {
        if (!File.Exists(output))
        {
            return true;
        }

        DateTime built = File.GetLastWriteTimeUtc(output);
        return inputs.Any(input => File.GetLastWriteTimeUtc(input) > built);
    }
}
