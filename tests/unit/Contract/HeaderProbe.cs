using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text;

namespace Xenolith.Tests.Unit.Contract;

/// <summary>Asks a C compiler what headers say, Xen's public ones or others. The probe prints one number a line; the numbers come back in order.</summary>
internal static class HeaderProbe
{
    private static readonly string[] Headers =
    [
        "xen.h", "errno.h", "features.h", "memory.h", "version.h", "grant_table.h", "vcpu.h", "sched.h", "event_channel.h", "physdev.h",
        "callback.h", "nmi.h", "platform.h", "sysctl.h", "domctl.h", "pmu.h", "argo.h", "hypfs.h", "kexec.h", "elfnote.h",
        "arch-x86/cpuid.h", "arch-x86/hvm/start_info.h", "hvm/save.h", "hvm/hvm_op.h", "hvm/params.h", "hvm/dm_op.h", "hvm/ioreq.h", "hvm/e820.h", "hvm/hvm_vcpu.h",
        "xsm/flask_op.h", "io/console.h", "io/xs_wire.h", "io/netif.h", "vm_event.h",
    ];

    /// <summary>Why the probe can't run here, or null.</summary>
    public static string? Missing(bool narrow)
    {
        if (!File.Exists("/usr/include/xen/xen.h"))
            return "no public headers of Xen at /usr/include/xen (Debian: apt-get install libxen-dev)";
        if (!TryRun("gcc", ["--version"], out _, out _))
            return "no gcc (Debian: apt-get install gcc)";
        if (!narrow)
            return null;
        string directory = Directory.CreateTempSubdirectory("xenolith-probe").FullName;
        try
        {
            string source = Path.Combine(directory, "empty.c");
            File.WriteAllText(source, "#include <stdio.h>\nint main(void) { return 0; }\n");
            return TryRun("gcc", ["-m32", "-o", Path.Combine(directory, "empty"), source], out _, out _)
                ? null : "gcc -m32 links nothing (Debian: apt-get install gcc-multilib)";
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    /// <summary>The values of the expressions with Xen's public headers, compiled for one width.</summary>
    public static decimal[] Evaluate(IReadOnlyList<string> expressions, bool narrow) => Evaluate(expressions, XenHeaders(), ["-w"], narrow);

    /// <summary>The same with what <paramref name="beginning"/> includes, and further words for the compiler.</summary>
    /// <exception cref="InvalidOperationException">It does not compile; says what the compiler said.</exception>
    public static decimal[] Evaluate(IReadOnlyList<string> expressions, string beginning, string[] options, bool narrow)
    {
        string directory = Directory.CreateTempSubdirectory("xenolith-probe").FullName;
        try
        {
            string source = Path.Combine(directory, "probe.c"), program = Path.Combine(directory, "probe");
            File.WriteAllText(source, Source(expressions, beginning));
            if (!TryRun("gcc", [.. options, narrow ? "-m32" : "-m64", "-o", program, source], out _, out string errors))
                throw new InvalidOperationException("the probe does not compile:\n" + errors);
            if (!TryRun(program, [], out string output, out _))
                throw new InvalidOperationException("the probe does not run");
            return output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(line => decimal.Parse(line, CultureInfo.InvariantCulture)).ToArray();
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static string XenHeaders()
    {
        var text = new StringBuilder();
        text.Append("#include <stdint.h>\n");
        text.Append("#define __XEN_INTERFACE_VERSION__ 0x00040d00\n#define __XEN_TOOLS__ 1\n");
        text.Append("#define uint64_aligned_t uint64_t __attribute__((aligned(8)))\n");
        foreach (string header in Headers)
            text.Append("#include <xen/").Append(header).Append(">\n");
        return text.ToString();
    }

    private static string Source(IReadOnlyList<string> expressions, string beginning)
    {
        var text = new StringBuilder(beginning);
        text.Append("#include <stddef.h>\n#include <stdio.h>\n");
        // A negative value prints with its sign, an unsigned one of 64 bits without: the comparison is on numbers, not on bits. The
        // question is not whether it is below 0: of an unsigned one that is a warning.
        text.Append("#define P(x) do { if ((x) == 0 || (x) > 0) printf(\"%llu\\n\", (unsigned long long)(x)); else printf(\"%lld\\n\", (long long)(x)); } while (0)\n");
        text.Append("int main(void)\n{\n");
        foreach (string expression in expressions)
            text.Append("    P(").Append(expression).Append(");\n");
        return text.Append("    return 0;\n}\n").ToString();
    }

    private static bool TryRun(string file, string[] arguments, out string output, out string errors)
    {
        output = errors = "";
        try
        {
            var start = new ProcessStartInfo(file) { RedirectStandardOutput = true, RedirectStandardError = true };
            foreach (string argument in arguments)
                start.ArgumentList.Add(argument);
            using Process process = Process.Start(start)!;
            var reading = process.StandardError.ReadToEndAsync();
            output = process.StandardOutput.ReadToEnd();
            errors = reading.Result;
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
