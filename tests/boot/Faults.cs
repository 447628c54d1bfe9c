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
    private const string ProcessorFile = "InducedProcessorFaults.cs";
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
        .. Processors(machine),
    ];

    // What takes two CPUs, or befalls the one that did not boot.
    private static IEnumerable<BootTest> Processors(TestMachine machine) =>
    [
        Violation("lock-order", machine, "lock order: CPU 0 takes the lock \"lower\" \\(rank 9\\) while it holds the lock \"upper\" \\(rank 11\\)", "TakeInWrongOrder"),
        Violation("lock-twice", machine, "deadlock: CPU 0 waits for the lock \"once\" \\(rank 0\\), which it holds already", "TakeTwice"),
        CheckOfMachine("machine-check", machine, "CheckMachine", "no bank reports an error"),
        .. machine.Kind == MachineKind.Qemu
            ? [CheckOfMachine("machine-check-bank", machine, "CheckMachineWithBank", "bank 0: status 0xb200000000000400, not corrected, context corrupt")]
            : Array.Empty<BootTest>(),
        OnBoth(Of("deadlock", machine,
        [
            "panic: deadlock: CPU 0 waits for the lock \"kept\" \\(rank 0\\), which CPU 1 holds", "on CPU 0 of 2", Frame("Deadlock", LineOf("deadlock"), ProcessorFile),
            "CPU 1 was stopped at rip 0x[0-9a-f]{16}, holds 1 lock: \"kept\"", Frame("KeepLock", @"\d+", ProcessorFile),
        ], "")),
        OnBoth(Of("watchdog", machine,
        [
            "panic: watchdog: CPU 1 has not passed its run loop for 1 s", "on CPU 0 of 2", "CPU 1 was stopped at rip",
            Frame("SpinForEver", @"\d+", ProcessorFile),
        ], "watchdog watchdog_timeout=1")),
        OnOther("shootdown", machine, "panic: exception #PF page fault, error code 0x0000", "ReadOnce"),
        OnOther("other-non-maskable", machine, "panic: exception non-maskable interrupt", "AwaitInterrupt", @"\d+"),
        OnOther("other-null-read", machine, "panic: exception #PF page fault, error code 0x0000", "ReadNull"),
        OnOther("other-stack-overflow", machine, "panic: exception #DF double fault, error code 0x0000", "Descend"),
        OnOther("other-index", machine, "panic: an index outside its array or span", "ReadBehind"),
    ];

    private static BootTest OnBoth(BootTest test) => test with { Cpus = 2, Limit = TimeSpan.FromSeconds(test.Machine.Kind == MachineKind.Qemu ? 40 : 150) };

    private static BootTest CheckOfMachine(string fault, TestMachine machine, string method, string words) => Of(fault, machine,
    [
        "panic: exception #MC machine check, error code 0x0000", "machine check on CPU 0: MCG_STATUS 0x", words, .. s_allRegisters,
        Frame(method, LineOf(fault), ProcessorFile),
    ]);

    // The first CPU is shown too, wherever it is by then.
    private static BootTest OnOther(string fault, TestMachine machine, string words, string method, string? line = null) => OnBoth(Of(fault, machine,
    [
        words, "on CPU 1 of 2", Frame(method, line ?? LineOf(fault), ProcessorFile), Frame(@"[\w.]*SecondaryCpus\.(Start|Run)", @"\d+", "SecondaryCpus.Image.cs", ""),
        "CPU 0 was stopped at rip", Frame(@"\w+", @"\d+", ProcessorFile),
    ], ""));

    private static BootTest Exception(string fault, TestMachine machine, string name, string method, params ReadOnlySpan<string> words) =>
        Of(fault, machine, [.. words, "panic: exception " + name, .. s_allRegisters, Frame(method, LineOf(fault), FileOf(fault))]);

    private static BootTest Violation(string fault, TestMachine machine, string words, string method) =>
        Of(fault, machine, ["panic: " + words, .. s_position, Frame(method, LineOf(fault), FileOf(fault))]);

    // Where it arrives is the CPU's choice, at the instruction that asks for it or while the result is awaited.
    private static BootTest NonMaskable(TestMachine machine) =>
        Of("non-maskable", machine, ["panic: exception non-maskable interrupt", .. s_allRegisters, Frame("InterruptSelf", @"\d+")]);

    // QEMU's machines halt and Bochs's restart, so that both ways to stop are seen.
    private static BootTest Of(string fault, TestMachine machine, IEnumerable<string> expected) =>
        Of(fault, machine, [.. expected, Frame(@"[\w.]*KernelStart\.Start", @"\d+", "KernelStart.Image.cs", "")], "");

    private static BootTest Of(string fault, TestMachine machine, IEnumerable<string> expected, string options) => new("fault-" + fault, machine)
    {
        Image = ImageCatalog.Features.Output,
        Arguments = $"{Options} induce={fault} {options}" + (Halts(machine) ? " noreboot" : ""),
        Expected = ["^inducing " + fault, .. expected, Halts(machine) ? "halted, because of noreboot" : "restarting the machine"],
        Forbidden = ["panic inside a panic", "the fault had no effect", "came back"],
        IsToPanic = true,
        End = Halts(machine) ? ExpectedEnd.Halt : ExpectedEnd.Reset,
    };

    private static bool Halts(TestMachine machine) => machine.Kind == MachineKind.Qemu;

    private static string Frame(string method, string line, string file = File, string? type = null) =>
        $@"#\d+ {Address} {type ?? $@"Xenolith\.Tests\.Features\.{file[..^3]}\."}{method} \+0x[0-9a-f]+ \({file.Replace(".", @"\.", StringComparison.Ordinal)}:{line}\)";

    /// <summary>The number of the line that commits the fault; it bears the fault's name in a comment.</summary>
    private static string LineOf(string fault) =>
        TryFindLine(File, fault) ?? TryFindLine(ProcessorFile, fault) ?? throw new BuildFailure($"no line commits the fault {fault}");

    private static string FileOf(string fault) => TryFindLine(File, fault) is null ? ProcessorFile : File;

    private static string? TryFindLine(string file, string fault)
    {
        string[] lines = System.IO.File.ReadAllLines(Tree.At("tests", "features", file));
        int index = Array.FindIndex(lines, line => line.EndsWith("// induce: " + fault, StringComparison.Ordinal));
        return index >= 0 ? $"{index + 1}" : null;
    }
}
