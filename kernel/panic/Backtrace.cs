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
    private readonly bool _ripIsReturn;
    private int _frames;
    private bool _ended;

    /// <summary>Prepares a walk.</summary>
    /// <param name="symbols">The image's symbol table.</param>
    /// <param name="rip">Where execution stands.</param>
    /// <param name="rsp">Its stack pointer.</param>
    /// <param name="rbp">Its RBP.</param>
    /// <param name="stackLow">Lowest readable address of the stack.</param>
    /// <param name="stackHigh">The address above the stack's last byte.</param>
    /// <param name="ripIsReturn">Whether <paramref name="rip"/> is the address behind a call, not that of an instruction that failed.</param>
    public Backtrace(SymbolTable symbols, ulong rip, ulong rsp, ulong rbp, ulong stackLow, ulong stackHigh, bool ripIsReturn = false)
    {
        _ripIsReturn = ripIsReturn;
        _symbols = symbols;
        _rip = rip;
        _rsp = rsp;
        _rbp = rbp;
        _stackLow = stackLow;
        _stackHigh = stackHigh;
    }

    /// <summary>
    /// Formats the next frame as <c>#n 0xADDRESS Namespace.Type.Method +0x12 (File.cs:123)</c>. Calls of a function by itself are one line
    /// with their number, so that what began an endless recursion is seen.
    /// </summary>
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
        ulong lookup = _frames == 0 && !_ripIsReturn ? _rip : _rip - 1;
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

            ulong shown = _rip;
            uint more = 0;
            for (StepOut(symbol); !_ended && _rip == shown; StepOut(symbol))
            {
                more++;
            }

            if (more != 0)
            {
                text.Add(", and "u8);
                text.AddDecimal(more);
                text.Add(" times more"u8);
            }
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
        if (_frames == 1 && !_ripIsReturn && symbol.FrameOffset != 0 && TryFindUnfinishedFrame(symbol, frame, out ulong unfinished))
        {
            symbol.SavedRbpOffset = 0;
            frame = unfinished;
        }

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

    /// <summary>
    /// The unwind rule holds between a function's prologue and its epilogue. An instruction that failed may stand in one of them (a stack
    /// overflow does, most often): then less is on the stack than the rule says, RBP is still the caller's, and the first word that looks
    /// like a return address is one, as what is saved below it are registers.
    /// </summary>
    private readonly bool TryFindUnfinishedFrame(in FunctionSymbol symbol, ulong frame, out ulong unfinished)
    {
        unfinished = _rsp + 8;
        if (_rip == symbol.Address)
        {
            return true;
        }

        if (EndsInReturnAddress(frame))
        {
            return false;
        }

        for (; unfinished <= _rsp + (ulong)symbol.FrameOffset; unfinished += 8)
        {
            if (EndsInReturnAddress(unfinished))
            {
                return true;
            }
        }

        return false;
    }

    // Inside a function, that is: a function's own address may stand in a saved register.
    private readonly bool EndsInReturnAddress(ulong frame) =>
        TryRead(frame - 8, out ulong address) && _symbols.TryFind(address - 1, out FunctionSymbol caller) && address - 1 > caller.Address;

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
