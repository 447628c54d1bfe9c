using System;
using Iced.Intel;

namespace Xenolith.Emulate;

/// <summary>The bytes of one instruction, as the decoder's source. Made once and refilled.</summary>
internal sealed class InstructionBytes : CodeReader
{
    private readonly byte[] _bytes = new byte[InstructionDecoder.MaximumLength];
    private int _length;
    private int _next;

    /// <summary>Room for the bytes; <see cref="Start"/> says how many were filled.</summary>
    public Span<byte> Room => _bytes;

    public void Start(int length)
    {
        _length = length;
        _next = 0;
    }

    public override int ReadByte() => _next < _length ? _bytes[_next++] : -1;
}
