using Xenolith.Domains;

namespace Xenolith;

/// <summary>Accesses that a device model of the domain makes good, if one answers for them. The domain's lock is held.</summary>
internal static class DeviceModels
{
    /// <summary>What became of an access.</summary>
    internal enum Outcome
    {
        /// <summary>No device model answers for it.</summary>
        Unclaimed,
        Answered,

        /// <summary>The device model was asked just now: the vCPU waits.</summary>
        Asked,
    }

    /// <summary>Whether the vCPU's accesses have to be looked at. Needs no lock.</summary>
    public static bool Concern(Vcpu vcpu) => vcpu.Domain.IoServers.AreThere || vcpu.HasDeviceAnswers;

    /// <param name="data">What was read, for an answered read; no more than its size.</param>
    public static Outcome Access(Vcpu vcpu, in IoRequest request, out ulong data)
    {
        return TryReplay(vcpu, in request, out data) ? Outcome.Answered
            : vcpu.Domain.IoServers.TrySend(vcpu, in request) ? Outcome.Asked : Outcome.Unclaimed;
    }

    /// <summary>The same for a write to memory whose writes a device model asks for.</summary>
    public static Outcome AccessMemory(Vcpu vcpu, in IoRequest request) => TryReplay(vcpu, in request, out _) ? Outcome.Answered
        : vcpu.Domain.IoServers.TrySendMemory(vcpu, in request) ? Outcome.Asked : Outcome.Unclaimed;

    private static bool TryReplay(Vcpu vcpu, in IoRequest request, out ulong data)
    {
        data = 0;
        if (vcpu.NextAnswer(in request) is { } answer)
        {
            data = answer & (ulong.MaxValue >> (64 - request.Size * 8));
            return true;
        }

        return false;
    }
}
