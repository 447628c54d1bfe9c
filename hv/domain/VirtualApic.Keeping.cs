using System;
using System.Runtime.CompilerServices;
using System.Threading;
using Xenolith.Hal;

namespace Xenolith.Domains;

/// <summary>
/// An APIC that the CPU keeps (SDM vol. 3, chapter 30). It works on the same registers; what it does not do by itself comes here as
/// on a CPU that keeps none. While software has the APIC switched off the CPU may not deliver, since it knows nothing of that switch.
/// </summary>
public sealed partial class VirtualApic
{
    /// <summary>Whether the CPU can keep the APIC.</summary>
    private readonly bool _canBeKept;

    /// <summary>Whether <see cref="TryGetInterrupt"/> names what the caller is to inject; otherwise the CPU delivers it.</summary>
    public bool IsInjected { get; private set; }

    /// <summary>
    /// Has each interrupt injected, since somebody wants to hear of it before the guest does; or leaves it to the CPU again, where that can. Until then every access to a register
    /// exits, by which a priority could come down unseen. On the vCPU's own CPU.
    /// </summary>
    public void InjectAll(bool wanted)
    {
        if (!_canBeKept || IsInjected == wanted)
            return;
        IsInjected = wanted;
        KeepingChanged();
        _vcpu.Notify(Attention.Interrupts);
    }

    /// <summary>Whether the CPU has to be told something before the next entry, by <see cref="Synchronise"/>.</summary>
    public bool HasNews
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Volatile.Read(ref _news) != 0;
    }

    private bool IsDelivered => !IsInjected && IsEnabled && _isSoftwareEnabled;

    private ApicInterface Interface => !IsEnabled || IsInjected ? ApicInterface.None
        : !IsX2Apic ? ApicInterface.Page
        : _isSoftwareEnabled ? ApicInterface.Msrs : ApicInterface.None;

    /// <summary>Takes what was requested since, and tells the CPU what it is to keep from the next entry on. On the vCPU's own CPU.</summary>
    public void Synchronise()
    {
        bool changed = (Interlocked.And(ref _news, PostedWords) & KeepingChange) != 0;
        TakePosted();
        if (changed)
        {
            _vcpu.Cpu.KeepApic(new ApicKeeping(Interface, IsDelivered, HighestOrNone(ApicRegister.Request), HighestOrNone(ApicRegister.InService)));
        }
        else if (IsDelivered)
        {
            _vcpu.Cpu.AnnounceApicRequest(HighestOrNone(ApicRegister.Request));
        }
    }

    /// <summary>Does what a write brings about that the CPU has carried out itself.</summary>
    /// <param name="offset">Of the register in the page.</param>
    public void CompleteWrite(uint offset)
    {
        offset &= 0xFF0;
        uint value = this[offset];
        switch (offset)
        {
            case ApicRegister.Id:
                WriteIdentity();
                break;
            case ApicRegister.SelfIpi when IsX2Apic:
                SendCommand(value | SelfShorthand, 0);
                break;
            default:
                Write(offset, value);
                break;
        }
    }

    /// <summary>The registers have changed in a way that the CPU does not see by itself.</summary>
    private void KeepingChanged()
    {
        if (_canBeKept)
            Interlocked.Or(ref _news, KeepingChange);
    }

    private byte HighestOrNone(uint register) => (byte)Math.Max(_registers.Highest(register), 0);
}
