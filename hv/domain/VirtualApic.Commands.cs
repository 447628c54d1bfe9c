namespace Xenolith.Domains;

/// <summary>Inter-processor interrupts (SDM vol. 3, 11.6). They reach the vCPUs of the same domain.</summary>
public sealed partial class VirtualApic
{
    private const uint CommandBusy = 1 << 12;
    private const uint CommandAssert = 1 << 14;
    private const uint CommandLogical = 1 << 11;
    private const uint SelfShorthand = 1 << 18;
    private const uint BroadcastX2Apic = uint.MaxValue;

    private enum DeliveryMode { Fixed, LowestPriority, Smi, Reserved, Nmi, Init, StartUp, External }

    private void SendCommand(uint command, uint destination)
    {
        var mode = (DeliveryMode)((command >> 8) & 7);
        byte vector = (byte)command;
        if (mode is DeliveryMode.Fixed or DeliveryMode.LowestPriority && vector < FirstLegalVector)
        {
            ReportError(SendIllegalVector);
            return;
        }
        // The INIT level de-assert of old processors says nothing any more.
        if (mode == DeliveryMode.Init && (command & CommandAssert) == 0)
            return;

        uint shorthand = (command >> 18) & 3;
        bool logical = (command & CommandLogical) != 0;
        Vcpu? lowest = null;
        foreach (Vcpu target in _vcpu.Domain.Vcpus)
        {
            bool isMeant = shorthand switch
            {
                0 => target.Apic.IsMeant(destination, logical, IsX2Apic),
                1 => target == _vcpu,
                2 => true,
                _ => target != _vcpu,
            };
            if (!isMeant)
                continue;
            if (mode != DeliveryMode.LowestPriority)
                Deliver(target, mode, vector);
            else if (lowest == null || target.Apic.ProcessorPriority < lowest.Apic.ProcessorPriority)
                lowest = target;
        }
        lowest?.Apic.Raise(vector);
    }

    private void Deliver(Vcpu target, DeliveryMode mode, byte vector)
    {
        switch (mode)
        {
            case DeliveryMode.Fixed:
                target.Apic.Raise(vector);
                break;
            case DeliveryMode.Nmi:
                target.RaiseNmi();
                break;
            case DeliveryMode.Init when target != _vcpu:
                target.ReceiveInit();
                break;
            case DeliveryMode.StartUp when target != _vcpu:
                target.ReceiveStartup(vector);
                break;
        }
    }

    /// <summary>Whether this APIC accepts a message to the destination (SDM vol. 3, 11.6.2, 11.12.9 and 11.12.10).</summary>
    private bool IsMeant(uint destination, bool logical, bool senderIsX2Apic)
    {
        if (!IsEnabled)
            return false;
        uint broadcast = senderIsX2Apic ? BroadcastX2Apic : 0xFF;
        if (destination == broadcast)
            return true;
        if (!logical)
            return destination == Id;
        if (IsX2Apic)
        {
            uint own = X2ApicLogicalId;
            return own >> 16 == destination >> 16 && (own & destination & 0xFFFF) != 0;
        }
        uint address = this[ApicRegister.LogicalDestination] >> 24;
        bool isFlat = this[ApicRegister.DestinationFormat] >> 28 == 0xF;
        return isFlat
            ? (address & destination) != 0
            : address >> 4 == (destination >> 4 & 0xF) && (address & destination & 0xF) != 0;
    }
}
