using Xenolith.Domains;
using Xenolith.Kernel;

namespace Xenolith;

/// <summary>
/// The run loop inside a call that can be left: a bounds or overflow violation while it works for a guest ends that guest,
/// and the loop starts afresh.
/// </summary>
internal sealed class GuardedRun : ContainedCall
{
    private readonly RunLoop _loop;
    private readonly Domain _domain;

    public GuardedRun(Machine machine, RunLoop loop, Domain domain)
    {
        _loop = loop;
        _domain = domain;
        machine.Kernel.Containment = new Blame(loop);

        // Everything is made. An exit path that allocates from here on is a bug and panics.
        Runtime.Startup.EndBoot();
    }

    protected override void Run() => _loop.Run(_domain);

    private sealed class Blame(RunLoop loop) : FaultContainment
    {
        public override bool TryContain(string fault, ulong rip) => loop.TryBlame(fault);
    }
}
