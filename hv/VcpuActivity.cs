using Xenolith.Domains;
using Xenolith.Kernel;

namespace Xenolith;

/// <summary>For a panic's report: whose vCPU another CPU works for.</summary>
internal sealed class VcpuActivity(Machine machine) : CpuActivity
{
    public override void Describe(int cpu, ref LineText text)
    {
        // Its domain is not taken apart while a run loop has it, and that CPU has been stopped.
        if (cpu >= machine.Loops.Length || machine.Loops[cpu].Current is not { } vcpu)
        {
            return;
        }

        text.Append(", works for domain ");
        text.Append(vcpu.Domain.Id, null);
        text.Append(" (");
        text.Append(vcpu.Domain.Name);
        text.Append(") vCPU ");
        text.Append((uint)vcpu.Id, null);
    }
}
