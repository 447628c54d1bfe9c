using System;
using System.Collections.Generic;
using System.Linq;

namespace Xenolith.Build.Scan;

/// <summary>The most stack that calls from a root can take, or why there is no bound.</summary>
public sealed class StackBound
{
    private readonly CodeImage _image;
    private readonly ScanPolicy _policy;
    private readonly Dictionary<CodeFunction, (long Bytes, CodeFunction? Deepest)> _known = [];
    private readonly List<CodeFunction> _path = [];

    /// <summary>Prepares the computation.</summary>
    public StackBound(CodeImage image, ScanPolicy policy)
    {
        _image = image;
        _policy = policy;
    }

    /// <summary>Functions without a bound met so far, with the reason.</summary>
    public List<(CodeFunction Function, string Reason)> Unbounded { get; } = [];

    /// <summary>Bytes of stack from a function down, its own frame included.</summary>
    public long Of(CodeFunction function)
    {
        if (_known.TryGetValue(function, out (long Bytes, CodeFunction? Deepest) known))
        {
            return known.Bytes;
        }

        _path.Add(function);
        if (function.DynamicFrame && Unbounded.TrueForAll(entry => entry.Function != function))
        {
            Unbounded.Add((function, "its frame grows by an amount known only at run time"));
        }

        long most = 0;
        CodeFunction? deepest = null;
        foreach (CodeFunction next in _image.Successors(function))
        {
            if (_policy.Names("cut", next))
            {
                continue;
            }

            int at = _path.IndexOf(next);
            long below = at < 0 ? Of(next) : Cycle(at);
            if (below > most)
            {
                (most, deepest) = (below, next);
            }
        }

        _path.RemoveAt(_path.Count - 1);
        long bytes = function.Frame + most;
        _known[function] = (bytes, deepest);
        return bytes;
    }

    /// <summary>The deepest chain from a function, with each frame's bytes.</summary>
    public IReadOnlyList<string> Chain(CodeFunction function)
    {
        var chain = new List<string>();
        for (CodeFunction? at = function; at is not null && chain.Count < 100; at = _known.GetValueOrDefault(at).Deepest)
        {
            chain.Add($"{at.Name} ({at.Frame})");
        }

        return chain;
    }

    // A cycle that is allowed to a depth costs its frames that many times over.
    private long Cycle(int at)
    {
        CodeFunction[] members = [.. _path.Skip(at)];
        int? depth = members.Select(_policy.Recursion).FirstOrDefault(allowed => allowed is not null);
        if (depth is null)
        {
            if (Unbounded.TrueForAll(entry => entry.Function != members[0]))
            {
                Unbounded.Add((members[0], $"recursion: {string.Join(" → ", members.Select(member => member.Name))} → {members[0].Name}"));
            }

            return 0;
        }

        return members.Sum(member => (long)member.Frame) * (depth.Value - 1);
    }
}
