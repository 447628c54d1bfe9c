using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Xenolith.Build.Emulators;
using Xenolith.Build.Host;
using Xenolith.Build.Images;

namespace Xenolith.Tests.Boot;

/// <summary>
/// Bugs committed on purpose inside an image (tests/features/InducedFaults.cs): each has to be named, shown with registers and the C# line
/// that went wrong, and followed by a clean stop.
/// </summary>
internal static class Faults
{
    private const string File = "InducedFaults.cs";
    private const string Options = "loglvl=all console=com1";
    private const string Address = "0x[0-9a-f]{16}";
    private const string Number = "[0-9a-f]{16}";

    // An exception comes with all registers, a violation that the runtime finds with those that mean something there.
    private static readonly string[] s_allRegisters = [$"  rip {Number}  cs  {Number}  rfl {Number}", $"  rax {Number}  rbx {Number}  rcx {Number}", $"  r14 {Number}  r15 {Number}  cr2 {Number}"];
    private static readonly string[] s_position = [$"  rip {Number}  rsp {Number}  rbp {Number}"];

    public static IEnumerable<BootTest> All() => new[] { TestMachine.QemuSvm, TestMachine.BochsVmx }.SelectMany(On);

    private static IEnumerable<BootTest> On(TestMachine machine) =>
    [
        Exception("null-read", machine, "#PF page fault, error code 0x0000", "ReadNull", "a null reference"),
        Exception("null-write", machine, "#PF page fault, error code 0x0002", "WriteNull", "a null reference"),
        Exception("wild-jump", machine, "#PF page fault, error code 0x0010", "JumpNowhere"),
        Exception("stack-overflow", machine, "#DF double fault, error code 0x0000", "Descend", "a stack overflow: the guard page"),
        Exception("divide", machine, "#DE divide error, error code 0x0000", "Divide"),
        Exception("general-protection", machine, "#GP general protection, error code 0x0000", "ReadNonCanonical"),
        Exception("write-constant", machine, "#PF page fault, error code 0x0003", "WriteConstant"),
        Exception("write-code", machine, "#PF page fault, error code 0x0003", "WriteCode"),
        Exception("execute-data", machine, "#PF page fault, error code 0x0011", "ExecuteData"),
        Violation("index", machine, "an index outside its array or span", "IndexOutside"),
        Violation("overflow", machine, "an arithmetic overflow", "Overflow"),
        Violation("throw", machine, "thrown on purpose", "Throw"),
        Violation("assertion", machine, "two and two are five", "FailAssertion"),
        NonMaskable(machine),
    ];

    private static BootTest Exception(string fault, TestMachine machine, string name, string method, params ReadOnlySpan<string> words) =>
        Of(fault, machine, [.. words, "panic: exception " + name, .. s_allRegisters, Frame(method, LineOf(fault))]);

    private static BootTest Violation(string fault, TestMachine machine, string words, string method) =>
        Of(fault, machine, ["panic: " + words, .. s_position, Frame(method, LineOf(fault))]);

    // Where it arrives is the CPU's choice, at the instruction that asks for it or while the result is awaited.
    private static BootTest NonMaskable(TestMachine machine) =>
        Of("non-maskable", machine, ["panic: exception non-maskable interrupt", .. s_allRegisters, Frame("InterruptSelf", @"\d+")]);

    // QEMU's machines halt and Bochs's restart, so that both ways to stop are seen.
    private static BootTest Of(string fault, TestMachine machine, IEnumerable<string> expected) => new("fault-" + fault, machine)
    {
        Image = ImageCatalog.Features.Output,
        Arguments = $"{Options} induce={fault}" + (Halts(machine) ? " noreboot" : ""),
        Expected = ["^inducing " + fault, .. expected, Frame(@"[\w.]*KernelStart\.Start", @"\d+", "KernelStart.Image.cs", ""), Halts(machine) ? "halted, because of noreboot" : "restarting the machine"],
        Forbidden = ["panic inside a panic", "the fault had no effect", "came back"],
        IsToPanic = true,
        End = Halts(machine) ? ExpectedEnd.Halt : ExpectedEnd.Reset,
    };

    private static bool Halts(TestMachine machine) => machine.Kind == MachineKind.Qemu;

    private static string Frame(string method, string line, string file = File, string type = @"Xenolith\.Tests\.Features\.InducedFaults\.") =>
        $@"#\d+ {Address} {type}{method} \+0x[0-9a-f]+ \({file.Replace(".", @"\.", StringComparison.Ordinal)}:{line}\)";

    /// <summary>The number of the line that commits the fault; it bears the fault's name in a comment.</summary>
    private static string LineOf(string fault)
    {
        string[] lines = System.IO.File.ReadAllLines(Tree.At("tests", "features", File));
        int index = Array.FindIndex(lines, line => line.EndsWith("// induce: " + fault, StringComparison.Ordinal));
        return index >= 0 ? $"{index + 1}" : throw new BuildFailure($"{File} has no line that commits the fault {fault}");
    }
}
