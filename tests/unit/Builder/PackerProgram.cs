using System;
using System.Diagnostics;
using System.IO;
using System.Threading.Tasks;
using Xunit;

namespace Xenolith.Tests.Unit.Builder;

/// <summary>A packer of the host, for tests against the real thing.</summary>
internal static class PackerProgram
{
    /// <summary>Skips the test that asks when the host lacks the program.</summary>
    public static void Need(string name) => Assert.SkipUnless(File.Exists(PathOf(name)), $"the {name} program is not installed");

    /// <summary>What the program makes of the data, given to its standard input. Arguments are separated by blanks.</summary>
    public static byte[] Run(string name, string arguments, byte[] data)
    {
        var start = new ProcessStartInfo(PathOf(name), arguments) { RedirectStandardInput = true, RedirectStandardOutput = true };
        using Process process = Process.Start(start)!;
        var feeding = Task.Run(() =>
        {
            process.StandardInput.BaseStream.Write(data);
            process.StandardInput.Close();
        });
        using var output = new MemoryStream();
        process.StandardOutput.BaseStream.CopyTo(output);
        feeding.Wait();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{name} {arguments}: exit code {process.ExitCode}");
        return output.ToArray();
    }

    /// <summary>Samples of several kinds, the last ones large: repeats three megabytes apart, and machine code.</summary>
    public static byte[] Sample(int kind)
    {
        if (kind < CompressionSamples.Kinds)
        {
            return CompressionSamples.Sample(kind);
        }

        switch (kind - CompressionSamples.Kinds)
        {
            case 0:
                byte[] far = new byte[4 << 20];
                new Random(9).NextBytes(far.AsSpan(0, 1 << 20));
                far.AsSpan(0, 1 << 20).CopyTo(far.AsSpan(3 << 20));
                return far;
            case 1:
                return CompressionVectors.Soup(300_000);
            case 2:
                return CompressionVectors.Digits(300_000);
            default:
                // The host's own C# runtime is machine code for x86, more or less of it.
                byte[] code = File.ReadAllBytes(Environment.ProcessPath!);
                return code[..Math.Min(code.Length, 2 << 20)];
        }
    }

    public const int Kinds = CompressionSamples.Kinds + 4;

    private static string PathOf(string name) => Path.Combine("/usr/bin", name);
}
