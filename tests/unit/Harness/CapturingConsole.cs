using System;
using System.Text;
using Xenolith.Kernel;

namespace Xenolith.Tests.Unit.Harness;

/// <summary>A console that keeps what it shows.</summary>
public sealed class CapturingConsole : ConsoleDevice
{
    private readonly StringBuilder _text = new();

    public string Text => _text.ToString();

    public override void Write(ReadOnlySpan<byte> text) => _text.Append(Encoding.Latin1.GetString(text));

    public void Clear() => _text.Clear();
}
