using System.Collections.Generic;
using System.Linq;

namespace Xenolith.Build.Scan;

/// <summary>What can run between two VM entries: everything reachable from the roots, with the way it was reached.</summary>
public sealed class Reachability
{
    private readonly Dictionary<CodeFunction, CodeFunction?> _parents = [];

    /// <summary>Follows calls breadth first, so that the chains shown are the shortest.</summary>
    /// <param name="image">The code.</param>
    /// <param name="roots">Where to start.</param>
    /// <param name="policy">Its cuts are not followed: they never return.</param>
    public Reachability(CodeImage image, IEnumerable<CodeFunction> roots, ScanPolicy policy)
    {
        var waiting = new Queue<CodeFunction>();
        foreach (CodeFunction root in roots)
        {
            if (_parents.TryAdd(root, null))
            {
                waiting.Enqueue(root);
            }
        }

        while (waiting.TryDequeue(out CodeFunction? function))
        {
            // What a static constructor does on first use is the lazy rule's business.
            foreach (CodeFunction next in image.Successors(function, policy))
            {
                if (!policy.Names("lazy-helper", next) && _parents.TryAdd(next, function))
                {
                    waiting.Enqueue(next);
                }
            }
        }
    }

    /// <summary>Every function reached.</summary>
    public IReadOnlyCollection<CodeFunction> Functions => _parents.Keys;

    /// <summary>The way from a root to a function, by name.</summary>
    public IReadOnlyList<string> Chain(CodeFunction function)
    {
        var chain = new List<string>();
        for (CodeFunction? at = function; at is not null; at = _parents.GetValueOrDefault(at))
        {
            chain.Add(at.Name);
        }

        chain.Reverse();
        return chain;
    }
}
