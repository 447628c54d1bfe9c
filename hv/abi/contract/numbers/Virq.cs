namespace Xenolith.Abi.Contract;

/// <summary>Virtual interrupts: VIRQ_* (public/xen.h).</summary>
public enum Virq : uint
{
    [XenConstant("VIRQ_TIMER")] Timer = 0,
    [XenConstant("VIRQ_DEBUG")] Debug = 1,
    [XenConstant("VIRQ_CONSOLE")] Console = 2,
    [XenConstant("VIRQ_DOM_EXC")] DomExc = 3,
    [XenConstant("VIRQ_TBUF")] Tbuf = 4,
    [XenConstant("VIRQ_DEBUGGER")] Debugger = 6,
    [XenConstant("VIRQ_XENOPROF")] Xenoprof = 7,
    [XenConstant("VIRQ_CON_RING")] ConRing = 8,
    [XenConstant("VIRQ_PCPU_STATE")] PcpuState = 9,
    [XenConstant("VIRQ_MEM_EVENT")] MemEvent = 10,
    [XenConstant("VIRQ_ARGO")] Argo = 11,
    [XenConstant("VIRQ_ENOMEM")] Enomem = 12,
    [XenConstant("VIRQ_XENPMU")] Xenpmu = 13,
    [XenConstant("VIRQ_ARCH_0")] Arch0 = 16,
    [XenConstant("VIRQ_ARCH_1")] Arch1 = 17,
    [XenConstant("VIRQ_ARCH_2")] Arch2 = 18,
    [XenConstant("VIRQ_ARCH_3")] Arch3 = 19,
    [XenConstant("VIRQ_ARCH_4")] Arch4 = 20,
    [XenConstant("VIRQ_ARCH_5")] Arch5 = 21,
    [XenConstant("VIRQ_ARCH_6")] Arch6 = 22,
    [XenConstant("VIRQ_ARCH_7")] Arch7 = 23,
    /// <summary>Ours: remaps of the domain's own views have lost the frames that they show.</summary>
    [XenUnstated("ours; docs/altp2m.md", Name = "XENOLITH_VIRQ_lost_remap")] LostRemap = 0x4D00,
}
