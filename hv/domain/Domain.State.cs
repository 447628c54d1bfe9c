using System.Threading;
using Xenolith.Abi.Contract;
using Xenolith.Hal;
using Xenolith.Mm;

namespace Xenolith.Domains;

/// <summary>Running, paused, shut down; and what the guest said about itself.</summary>
public sealed partial class Domain
{
    /// <summary>Whether the domain has stopped for good (or until a toolstack resumes it).</summary>
    public bool IsShutDown => Volatile.Read(ref _shutDown) == Ended;

    private const int Ending = 1, Ended = 2;

    private int _shutDown;

    /// <summary>Why, when it has.</summary>
    public ShutdownReason ShutdownReason { get; private set; }

    /// <summary>How many hold the domain back; it runs at 0.</summary>
    public int PauseCount { get; private set; }

    /// <summary>vCPUs that wait in SCHEDOP_poll. Changes with the run queues held.</summary>
    internal int PollerCount { get; set; }

    /// <summary>
    /// The vector of HVM_PARAM_CALLBACK_IRQ's type 2, injected without EOI; 0: events are announced otherwise or not at all.
    /// </summary>
    public byte CallbackVector { get; private set; }

    /// <summary>
    /// Sets HVM_PARAM_CALLBACK_IRQ. Any value is taken, but only type 2, a vector, has an effect: without a PIC and an I/O APIC
    /// Xen 4.17 does nothing for the others, and a vector set before stays.
    /// </summary>
    public void SetCallback(ulong value)
    {
        Parameters[(int)HvmParameter.CallbackIrq] = value;
        if (value >> 56 != (ulong)CallbackVia.Vector)
            return;
        CallbackVector = (byte)value;
        foreach (Vcpu vcpu in Vcpus)
        {
            if (vcpu.HasPendingUpcall)
                vcpu.Wake();
        }
    }

    /// <summary>
    /// Takes over the width of the mode that the calling vCPU runs in for shared_info, and writes what the hypervisor keeps
    /// there anew. Called where Xen does: when the callback is set and when the hypercall page is.
    /// </summary>
    public void LatchSharedInfoWidth(Vcpu caller)
    {
        bool is64Bit = caller.Is64BitCaller;
        if (is64Bit == SharedInfo.Is64Bit)
            return;
        SharedInfo.Is64Bit = is64Bit;
        SharedInfo.PublishWallClock(WallClockAtStart);
        foreach (Vcpu vcpu in Vcpus)
            vcpu.PublishTime();
    }

    /// <summary>What the guest said it would stop for (SCHEDOP_shutdown_code); it wins over what it stops with. Null: nothing said.</summary>
    public ShutdownReason? StatedReason { get; set; }

    /// <summary>Stops the domain. Only the first call counts.</summary>
    public void Shutdown(ShutdownReason reason)
    {
        if (Interlocked.CompareExchange(ref _shutDown, Ending, 0) != 0)
            return;
        ShutdownReason = StatedReason ?? reason;
        Volatile.Write(ref _shutDown, Ended);
        Services.Log.Info($"domain {Id} ({Name}) {Describe(ShutdownReason)}");
        RefreshStates();
        // The first CPU sees to what its end means.
        Services.Messages.Kick(0);
        if (!Suspension.TryAnnounce(ShutdownReason))
            Services.Virqs.Raise(Virq.DomExc);
        Services.OnEnd?.HasEnded(this);
    }

    /// <summary>XEN_DOMCTL_resumedomain: goes on where it shut down. Nothing happens to one that has not, or that is being taken apart.</summary>
    public void Resume()
    {
        if (IsDying || Interlocked.CompareExchange(ref _shutDown, 0, Ended) != Ended)
            return;
        StatedReason = null;
        RefreshStates();
    }

    /// <summary>Ends the domain because of what it did or what was found; says why on the console.</summary>
    public void Crash(string reason)
    {
        if (IsShutDown)
            return;
        Services.Log.Error($"domain {Id} ({Name}) is ended: {reason}");
        Shutdown(ShutdownReason.Crash);
    }

    /// <summary>Holds all vCPUs back.</summary>
    public void Pause()
    {
        PauseCount++;
        RefreshStates();
    }

    /// <summary>Takes back one <see cref="Pause"/>.</summary>
    public void Unpause()
    {
        PauseCount--;
        RefreshStates();
    }

    private void RefreshStates()
    {
        foreach (Vcpu vcpu in Vcpus)
            vcpu.RefreshState();
    }

    private static string Describe(ShutdownReason reason) => reason switch
    {
        ShutdownReason.Poweroff => "powers off",
        ShutdownReason.Reboot => "asks for a reboot",
        ShutdownReason.Suspend => "suspends",
        ShutdownReason.Crash => "has crashed",
        ShutdownReason.Watchdog => "is stopped by its watchdog",
        ShutdownReason.SoftReset => "asks for a soft reset",
        _ => "shuts down for a reason nobody knows",
    };
}
