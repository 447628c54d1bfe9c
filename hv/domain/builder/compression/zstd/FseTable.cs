using System;
using System.Numerics;

namespace Xenolith.Domains;

/// <summary>
/// The decoding table of a finite-state entropy code (RFC 8878, 4.1): each state has a symbol, and says with how many bits
/// read and what base the next state is found.
/// </summary>
internal sealed class FseTable(int maximumLog)
{
    private const int MaximumSymbols = 256;

    // symbol << 24 | bits << 16 | base of the next state
    private readonly uint[] _states = new uint[1 << maximumLog];

    /// <summary>How many bits the first state takes.</summary>
    public int Log { get; private set; }

    /// <summary>Whether there is a table, for streams that say to use the last one again.</summary>
    public bool IsBuilt { get; private set; }

    public void Forget() => IsBuilt = false;

    public int SymbolOf(uint state) => (int)(_states[state] >> 24);

    /// <summary>Goes to the next state.</summary>
    public void Advance(ref uint state, ref ReverseBitReader bits)
    {
        uint entry = _states[state];
        state = (entry & 0xFFFF) + bits.Read((int)(entry >> 16) & 0xFF);
    }

    /// <summary>Reads a description of at most <paramref name="symbols"/> symbols and builds its table. <paramref name="size"/>: its bytes.</summary>
    public bool TryRead(ReadOnlySpan<byte> input, int symbols, out int size)
    {
        Span<short> states = stackalloc short[MaximumSymbols];
        if (!FseProbabilities.TryRead(input, maximumLog, states[..symbols], out int log, out int count, out size))
        {
            return false;
        }

        Build(states[..count], log);
        return true;
    }

    /// <summary>A table of one state: no bits, always this symbol.</summary>
    public void BuildSingle(byte symbol)
    {
        _states[0] = (uint)symbol << 24;
        Log = 0;
        IsBuilt = true;
    }

    /// <summary>Builds the table of 2^<paramref name="log"/> states; the counts of <paramref name="states"/> add up to that.</summary>
    public void Build(ReadOnlySpan<short> states, int log)
    {
        int size = 1 << log;
        Span<ushort> next = stackalloc ushort[MaximumSymbols];
        int last = size - 1;
        for (int symbol = 0; symbol < states.Length; symbol++)
        {
            if (states[symbol] == FseProbabilities.LessThanOne)
            {
                _states[last--] = (uint)symbol;
                next[symbol] = 1;
            }
            else
            {
                next[symbol] = (ushort)states[symbol];
            }
        }

        // The step is odd, so it visits every state once before it is back at 0.
        int step = (size >> 1) + (size >> 3) + 3;
        int at = 0;
        for (int symbol = 0; symbol < states.Length; symbol++)
        {
            for (int i = 0; i < states[symbol]; i++)
            {
                _states[at] = (uint)symbol;
                do
                {
                    at = (at + step) & (size - 1);
                }
                while (at > last);
            }
        }

        for (int state = 0; state < size; state++)
        {
            uint symbol = _states[state];
            uint number = next[(int)symbol]++;
            int bits = log - BitOperations.Log2(number);
            _states[state] = (symbol << 24) | ((uint)bits << 16) | ((number << bits) - (uint)size);
        }

        Log = log;
        IsBuilt = true;
    }
}
