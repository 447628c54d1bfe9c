using System;
using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.Linq;
using Xenolith.Build.Host;
using Xenolith.Build.Terminal;
using Xenolith.Build.Verbs;

namespace Xenolith.Build;

internal static class Program
{
    private const string Examples = """

        Examples:
          ./build.sh run                                   a Linux shell on the hypervisor, in QEMU (AMD)
          ./build.sh run --machine bochs                   the same in Bochs (Intel)
          ./build.sh run --guest hello                     a test guest
          ./build.sh run --guest vmlinux --guest-args "console=hvc0" --initrd initramfs.cpio
          printf 'uname -a\npoweroff -f\n' | ./build.sh run
          ./build.sh test                                  everything
          ./build.sh test --boot --machine qemu --filter timers
          ./build.sh test --against xen                    the guests' results, here and on Debian's Xen
          ./build.sh bench --against xen                   instructions per operation, here and on Debian's Xen
          ./build.sh debug --break File.cs:123             gdb on the hypervisor
          ./build.sh symbolise panic.txt                   a log with function and line behind each address
          ./build.sh image                                 out/xenolith, for `qemu -kernel` and GRUB
          ./build.sh doctor                                what is missing, and the mend
        """;

    private static int Main(string[] arguments)
    {
        var report = new Report();
        var root = new RootCommand("Builds, runs and tests Xenolith, a hypervisor in C# that speaks Xen's ABI.");
        root.Subcommands.Add(RunVerb.Create(report));
        root.Subcommands.Add(TestVerb.Create(report));
        root.Subcommands.Add(BenchVerb.Create(report));
        root.Subcommands.Add(ImageVerb.Create(report));
        root.Subcommands.Add(DebugVerb.Create(report));
        root.Subcommands.Add(SymboliseVerb.Create(report));
        root.Subcommands.Add(DoctorVerb.Create());
        root.Subcommands.Add(CleanVerb.Create(report));
        HelpOption help = root.Options.OfType<HelpOption>().Single();
        help.Action = new HelpWithExamples((HelpAction)help.Action!);
        try
        {
            return root.Parse(arguments).Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
        }
        catch (BuildFailure failure)
        {
            report.Error(failure.Message);
            return 1;
        }
    }

    private sealed class HelpWithExamples(HelpAction inner) : SynchronousCommandLineAction
    {
        public override int Invoke(ParseResult parseResult)
        {
            int result = inner.Invoke(parseResult);
            if (parseResult.CommandResult.Command is RootCommand)
            {
                Console.Out.WriteLine(Examples.TrimEnd());
            }
            else if (parseResult.CommandResult.Command.Name == SymboliseVerb.Name)
            {
                Console.Out.WriteLine(SymboliseVerb.Examples.TrimEnd());
            }

            return result;
        }
    }
}
