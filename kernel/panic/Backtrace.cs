using System;

namespace Xenolith.Kernel;

/// <summary>
/// Walks a stack by the unwind rule of each function, from any point of execution. It reads only inside the bounds of
/// the stack it was given, so that a damaged stack ends the walk and does not fault.
/// </summary>
public ref struct Backtrace
{
    // A corrupt stack could otherwise loop for the length of the stack.
    private const int MostFrames = 64;

    private readonly SymbolTable _symbols;
    private readonly ulong _stackLow;
    private readonly ulong _stackHigh;
    private ulong _rip;
    private ulong _rsp;
    private ulong _rbp;
    private int _frames;
    private bool _ended;

    /// <summary>Prepares a walk.</summary>
    /// <param name="symbols">The image's symbol table.</param>
    /// <param name="rip">Where execution stands.</param>
    /// <param name="rsp">Its stack pointer.</param>
    /// <param name="rbp">Its RBP.</param>
    /// <param name="stackLow">Lowest readable address of the stack.</param>
    /// <param name="stackHigh">The address above the stack's last byte.</param>
    public Backtrace(SymbolTable symbols, ulong rip, ulong rsp, ulong rbp, ulong stackLow, ulong stackHigh)
    {
        _symbols = symbols;
        _rip = rip;
        _rsp = rsp;
        _rbp = rbp;
        _stackLow = stackLow;
        _stackHigh = stackHigh;
    }

    /// <summary>Formats the next frame as <c>#n 0xADDRESS Namespace.Type.Method +0x12 (File.cs:123)</c>.</summary>
    /// <param name="line">Where the text goes, ASCII or UTF-8; what does not fit is cut off.</param>
    /// <param name="length">Bytes written.</param>
    /// <returns>False when there is no further frame.</returns>
    public bool TryFormatNext(Span<byte> line, out int length)
    {
        var text = new FrameText(line);
        length = 0;
        if (_ended || _frames == MostFrames)
        {
            return false;
        }

        // After a call RIP points past it, perhaps into the next line or function.
        ulong lookup = _frames == 0 ? _rip : _rip - 1;
        text.Add("#"u8);
        text.AddDecimal((uint)_frames);
        text.Add(" 0x"u8);
        text.AddHexadecimal(_rip, 16);
        _frames++;
        if (_symbols.TryFind(lookup, out FunctionSymbol symbol))
        {
            text.Add(" "u8);
            if (symbol.TypeName.Length > 0)
            {
                text.Add(symbol.TypeName);
                text.Add("."u8);
            }

            text.Add(symbol.MethodName);
            text.Add(" +0x"u8);
            text.AddHexadecimal(_rip - symbol.Address, 1);
            if (symbol.FileName.Length > 0)
            {
                text.Add(" ("u8);
                text.Add(symbol.FileName);
                text.Add(":"u8);
                text.AddDecimal(symbol.Line);
                text.Add(")"u8);
            }

            StepOut(symbol);
        }
        else if (_frames == 1)
        {
            // A call through a bad pointer: RIP is nowhere, but the return address is on top of the stack.
            text.Add(" (no function)"u8);
            FunctionSymbol called = default;
            called.FrameOffset = 8;
            StepOut(called);
        }
        else
        {
            text.Add(" (no function)"u8);
            _ended = true;
        }

        length = text.Length;
        return true;
    }

    private void StepOut(FunctionSymbol symbol)
    {
        ulong frame = (symbol.FrameFromRbp ? _rbp : _rsp) + (ulong)symbol.FrameOffset;
        if (symbol.FrameOffset == 0 || frame <= _rsp || !TryRead(frame - 8, out ulong returnAddress) || returnAddress == 0)
        {
            _ended = true;
            return;
        }

        if (symbol.SavedRbpOffset != 0 && !TryRead(frame - (ulong)symbol.SavedRbpOffset, out _rbp))
        {
            _ended = true;
            return;
        }

        _rip = returnAddress;
        _rsp = frame;
    }

    private readonly unsafe bool TryRead(ulong address, out ulong value)
    {
        value = 0;
        if ((address & 7) != 0 || address < _stackLow || address >= _stackHigh || _stackHigh - address < 8)
        {
            return false;
        }

        // unsafe: the walk reads the raw words of a stack, between bounds the caller vouches for.
        value = *(ulong*)address;
        return true;
    }
}
