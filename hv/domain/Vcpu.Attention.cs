using System.Threading;

namespace Xenolith.Domains;

/// <summary>The one word that the run loop reads before an entry.</summary>
public sealed partial class Vcpu
{
    private int _attention;

    /// <summary>What the run loop has to look at before the vCPU's next entry.</summary>
    public Attention Attention => (Attention)Volatile.Read(ref _attention);

    /// <summary>Has the run loop look at something before the vCPU's next entry. A full barrier: what was written before is seen there.</summary>
    public void Notify(Attention what) => Interlocked.Or(ref _attention, (int)what);

    /// <summary>What there is to look at; what comes from now on is there the next time.</summary>
    public Attention TakeAttention() => (Attention)Interlocked.Exchange(ref _attention, 0);
}
