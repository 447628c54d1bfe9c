using System;
using System.Collections.Generic;
using System.Linq;

namespace Xenolith.Build.Scan;

/// <summary>
/// The most stack that calls from a root can take, or why there is no bound. Functions that call each other in a circle
/// are taken together (Tarjan's strongly connected components): as many of the circle's largest frames as the policy
/// says can be there at once.
/// </summary>
public sealed class StackBound
{
    private readonly CodeImage _image;
    private readonly ScanPolicy _policy;
    private readonly Dictionary<CodeFunction, (long Bytes, CodeFunction? Deepest)> _known = [];
    private readonly Dictionary<CodeFunction, int> _order = [];
    private readonly Dictionary<CodeFunction, int> _lowest = [];
    private readonly Stack<CodeFunction> _open = [];
    private readonly HashSet<CodeFunction> _isOpen = [];

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
        if (!_known.ContainsKey(function))
        {
            Visit(function);
        }

        return _known[function].Bytes;
    }

    /// <summary>The deepest chain from a function, with each frame's bytes.</summary>
    public IReadOnlyList<string> Chain(CodeFunction function)
    {
        var chain = new List<string>();
        for (CodeFunction? at = function; at is not null; at = _known.GetValueOrDefault(at).Deepest)
        {
            chain.Add($"{at.Name} ({at.Frame})");
        }

        return chain;
    }

    private void Visit(CodeFunction function)
    {
        _order[function] = _lowest[function] = _order.Count;
        _open.Push(function);
        _isOpen.Add(function);
        foreach (CodeFunction next in Successors(function))
        {
            if (!_order.ContainsKey(next))
            {
                Visit(next);
                _lowest[function] = Math.Min(_lowest[function], _lowest[next]);
            }
            else if (_isOpen.Contains(next))
            {
                _lowest[function] = Math.Min(_lowest[function], _order[next]);
            }
        }

        if (_lowest[function] == _order[function])
        {
            Close(function);
        }
    }

    private void Close(CodeFunction function)
    {
        var circle = new HashSet<CodeFunction>();
        CodeFunction member;
        do
        {
            member = _open.Pop();
            _isOpen.Remove(member);
            circle.Add(member);
        }
        while (member != function);

        long most = 0;
        CodeFunction? deepest = null;
        foreach (CodeFunction next in circle.SelectMany(Successors).Where(next => !circle.Contains(next)))
        {
            if (_known[next].Bytes > most)
            {
                (most, deepest) = (_known[next].Bytes, next);
            }
        }

        long own = Frames(circle, function);
        foreach (CodeFunction each in circle)
        {
            _known[each] = (own + most, deepest);
            if (each.DynamicFrame && !_policy.Names("may-grow-frame", each))
            {
                Unbounded.Add((each, "its frame grows by an amount known only at run time"));
            }
        }
    }

    private long Frames(HashSet<CodeFunction> circle, CodeFunction function)
    {
        if (circle.Count == 1 && !Successors(function).Contains(function))
        {
            return function.Frame;
        }

        int? frames = circle.Select(_policy.Recursion).Max();
        if (frames is null)
        {
            Unbounded.Add((function, $"recursion: {string.Join(" → ", Circle(circle, function))}"));
        }

        return circle.Max(member => (long)member.Frame) * (frames ?? 1);
    }

    // The shortest way from a function back to itself.
    private List<string> Circle(HashSet<CodeFunction> circle, CodeFunction function)
    {
        var parents = new Dictionary<CodeFunction, CodeFunction>();
        var waiting = new Queue<CodeFunction>([function]);
        while (waiting.TryDequeue(out CodeFunction? at))
        {
            foreach (CodeFunction next in Successors(at).Where(circle.Contains))
            {
                if (next == function)
                {
                    var names = new List<string> { function.Name };
                    for (CodeFunction step = at; step != function; step = parents[step])
                    {
                        names.Insert(0, step.Name);
                    }

                    names.Insert(0, function.Name);
                    return names;
                }

                if (parents.TryAdd(next, at))
                {
                    waiting.Enqueue(next);
                }
            }
        }

        return [function.Name];
    }

    private IEnumerable<CodeFunction> Successors(CodeFunction function) =>
        _image.Successors(function, _policy).Where(next => !_policy.Names("lazy-helper", next));
}
