using Xenolith.Kernel;

namespace Xenolith.Hal.Vmx;

/// <summary>The local APIC, where the CPU keeps it (Intel SDM vol. 3, chapter 30).</summary>
public sealed partial class VmxCpu
{
    private const PrimaryControls ApicPrimary = PrimaryControls.UseTprShadow | PrimaryControls.Cr8LoadExiting | PrimaryControls.Cr8StoreExiting;

    private const SecondaryControls ApicSecondary = SecondaryControls.VirtualizeApicAccesses | SecondaryControls.VirtualizeX2Apic
        | SecondaryControls.ApicRegisterVirtualization | SecondaryControls.VirtualInterruptDelivery;

    public override void AttachApic(Mfn registers, Mfn page)
    {
        if (!_virtualisation.KeepsApics)
            return;
        _vmcs.Write(VmcsField.VirtualApicAddress, registers.Address);
        _vmcs.Write(VmcsField.ApicAccessAddress, page.Address);
        // No exit tells of a lower priority: without delivery by the CPU nothing waits for one.
        _vmcs.Write(VmcsField.TprThreshold, 0);
        // Nor of an end of interrupt: nothing is level-triggered.
        _vmcs.Write(VmcsField.EoiExitBitmap0, 0);
        _vmcs.Write(VmcsField.EoiExitBitmap1, 0);
        _vmcs.Write(VmcsField.EoiExitBitmap2, 0);
        _vmcs.Write(VmcsField.EoiExitBitmap3, 0);
        KeepApic(default);
    }

    public override void KeepApic(ApicKeeping keeping)
    {
        if (!_virtualisation.KeepsApics)
            return;
        bool byMsrs = keeping.Interface == ApicInterface.Msrs;
        PrimaryControls primary = PrimaryControls.UseTprShadow;
        SecondaryControls secondary = SecondaryControls.ApicRegisterVirtualization;
        if (keeping.Interface == ApicInterface.None)
        {
            // Without a shadow of the task priority each access to the page is an exit (30.4.2).
            primary = PrimaryControls.Cr8LoadExiting | PrimaryControls.Cr8StoreExiting;
            secondary = 0;
        }
        else if (keeping.Delivers)
        {
            secondary |= SecondaryControls.VirtualInterruptDelivery;
        }
        secondary |= byMsrs ? SecondaryControls.VirtualizeX2Apic : SecondaryControls.VirtualizeApicAccesses;

        ulong before = _vmcs.Read(VmcsField.SecondaryControls);
        ulong after = (before & ~(ulong)ApicSecondary) | (ulong)secondary;
        _vmcs.Write(VmcsField.SecondaryControls, after);
        _vmcs.Write(VmcsField.PrimaryControls, (_vmcs.Read(VmcsField.PrimaryControls) & ~(ulong)ApicPrimary) | (ulong)primary);
        _keepsApicAsMsrs = byMsrs;
        WriteMsrBitmap();
        _vmcs.Write(VmcsField.GuestInterruptStatus, (uint)keeping.InService << 8 | keeping.Requested);
        _needsPreparation = true;
        // What is cached of the page was cached under the old control (29.4.5).
        if (((before ^ after) & (ulong)SecondaryControls.VirtualizeApicAccesses) != 0)
            InvalidateNested();
    }

    public override void AnnounceApicRequest(byte highest)
    {
        const ulong requested = 0xFF;
        ulong status = _vmcs.Read(VmcsField.GuestInterruptStatus);
        if ((status & requested) != highest)
            _vmcs.Write(VmcsField.GuestInterruptStatus, (status & ~requested) | highest);
    }
}
