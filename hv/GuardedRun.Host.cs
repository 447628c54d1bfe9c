using System;
using Xenolith.Domains;

namespace Xenolith;

/// <summary>On the host a fault is an exception; it ends the guest on whose behalf the run loop worked, as in the image.</summary>
internal sealed class GuardedRun(RunLoop loop, Domain domain)
{
    /// <summary>Nothing to do on the host.</summary>
    public static void Begin(Machine machine)
    {
    }

    /// <summary>Runs the loop. False: a fault was contained, and the loop was left in the middle.</summary>
    public bool TryRun()
    {
        try
        {
            loop.Run(domain);
            return true;
        }
        catch (Exception fault) when (fault is IndexOutOfRangeException or OverflowException or NullReferenceException
            or DivideByZeroException or ArgumentOutOfRangeException or InvalidCastException)
        {
            if (!loop.TryBlame($"a fault of the hypervisor on its behalf: {fault.Message}"))
            {
                throw;
            }

            return false;
        }
    }
}
