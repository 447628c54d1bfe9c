using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Text;

namespace Xenolith.Build.Host;

/// <summary>A host program with its arguments.</summary>
public sealed class Command
{
    private readonly List<string> _arguments = [];
    private readonly Dictionary<string, string> _environment = [];

    /// <summary>Creates the command; <paramref name="program"/> is a path or a name on PATH.</summary>
    public Command(string program, params IEnumerable<string> arguments)
    {
        Program = program;
        _arguments.AddRange(arguments);
    }

    /// <summary>Path or name.</summary>
    public string Program { get; }

    /// <summary>Arguments, unquoted.</summary>
    public IReadOnlyList<string> Arguments => _arguments;

    /// <summary>Where it runs; the root of the tree unless set.</summary>
    public string WorkingFolder { get; init; } = Tree.Root;

    /// <summary>Appends arguments.</summary>
    public Command With(params IEnumerable<string> arguments)
    {
        _arguments.AddRange(arguments);
        return this;
    }

    /// <summary>Sets an environment variable of the child.</summary>
    public Command WithVariable(string name, string value)
    {
        _environment[name] = value;
        return this;
    }

    /// <summary>
    /// The same command in a session of its own, so that Ctrl-C at the terminal does not reach it. Where there is no setsid, the
    /// command itself.
    /// </summary>
    public Command InOwnSession() =>
        Find("setsid") is null ? this : new Command("setsid", _arguments.Prepend(Program)) { WorkingFolder = WorkingFolder };

    /// <summary>The command line as one can paste it into a shell.</summary>
    public override string ToString() => string.Join(' ', _arguments.Prepend(Program).Select(Quote));

    /// <summary>What a process is started with; the caller decides on redirection.</summary>
    public ProcessStartInfo StartInfo()
    {
        var start = new ProcessStartInfo(Program) { WorkingDirectory = WorkingFolder, UseShellExecute = false };
        foreach (string argument in _arguments)
        {
            start.ArgumentList.Add(argument);
        }

        foreach ((string name, string value) in _environment)
        {
            start.Environment[name] = value;
        }

        return start;
    }

    /// <summary>Runs it with stdin, stdout and stderr of this program and returns its exit code.</summary>
    public int RunAttached()
    {
        using Process process = Start(StartInfo());
        process.WaitForExit();
        return process.ExitCode;
    }

    /// <summary>Runs it and returns its exit code and everything it printed.</summary>
    public (int ExitCode, string Output) Capture()
    {
        ProcessStartInfo start = StartInfo();
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        start.RedirectStandardInput = true;
        using Process process = Start(start);
        process.StandardInput.Close();
        var output = new StringBuilder();
        void Collect(object sender, DataReceivedEventArgs line)
        {
            lock (output)
            {
                if (line.Data is not null)
                {
                    output.AppendLine(line.Data);
                }
            }
        }

        process.OutputDataReceived += Collect;
        process.ErrorDataReceived += Collect;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        process.WaitForExit();
        return (process.ExitCode, output.ToString());
    }

    /// <summary>Runs it; a non-zero exit code fails the build with the program's output.</summary>
    public string Require(string purpose)
    {
        (int exitCode, string output) = Capture();
        if (exitCode != 0)
        {
            throw new BuildFailure($"{purpose} failed ({Path.GetFileName(Program)} returned {exitCode})\n{output.TrimEnd()}\ncommand: {this}");
        }

        return output;
    }

    /// <summary>The full path of a program on PATH, or null.</summary>
    public static string? Find(string program)
    {
        string[] suffixes = OperatingSystem.IsWindows() ? [".exe", ".cmd", ""] : [""];
        string path = Environment.GetEnvironmentVariable("PATH") ?? "";

        // Debian leaves the sbin folders out of an ordinary user's PATH.
        IEnumerable<string> folders = path.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        if (!OperatingSystem.IsWindows())
        {
            folders = folders.Concat(["/usr/sbin", "/sbin", "/opt/homebrew/opt/lld/bin"]);
        }

        return folders
            .SelectMany(folder => suffixes.Select(suffix => Path.Combine(folder, program + suffix)))
            .FirstOrDefault(File.Exists);
    }

    private static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start) ?? throw new BuildFailure($"{start.FileName} did not start");
        }
        catch (System.ComponentModel.Win32Exception error)
        {
            throw new BuildFailure($"{start.FileName} did not start: {error.Message}; `./build.sh doctor` says what is missing", error);
        }
    }

    private static string Quote(string argument) =>
        argument.Length > 0 && argument.All(c => char.IsAsciiLetterOrDigit(c) || "-_./=:,+@%".Contains(c, StringComparison.Ordinal))
            ? argument
            : "'" + argument.Replace("'", "'\\''", StringComparison.Ordinal) + "'";
}
