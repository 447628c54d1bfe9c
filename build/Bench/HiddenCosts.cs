using System;
using System.Globalization;

namespace Xenolith.Build.Bench;

/// <summary>
/// What the hypervisor executed for one run of an operation, as far as its kind tells more than its number: on a processor
/// each of these takes from tens to hundreds of cycles.
/// </summary>
/// <param name="Instructions">All of the hypervisor's instructions.</param>
/// <param name="Entries">VMLAUNCH, VMRESUME, VMRUN: how often the guest was entered.</param>
/// <param name="ControlReads">VMREAD.</param>
/// <param name="ControlWrites">VMWRITE, and the loads and stores of the rest of a guest's state (VMLOAD, VMSAVE, VMPTRLD, VMCLEAR).</param>
/// <param name="MsrReads">RDMSR.</param>
/// <param name="MsrWrites">WRMSR.</param>
/// <param name="TlbFlushes">INVEPT, INVVPID, INVLPGA, INVLPG, INVPCID and writes of CR3.</param>
/// <param name="Locked">Locked instructions, XCHG with memory among them.</param>
public readonly record struct HiddenCosts(
    int Instructions, int Entries, int ControlReads, int ControlWrites, int MsrReads, int MsrWrites, int TlbFlushes, int Locked)
{
    /// <summary>Counts one more instruction.</summary>
    /// <param name="text">As Bochs's disassembler writes it.</param>
    public HiddenCosts And(string text)
    {
        HiddenCosts sum = this with { Instructions = Instructions + 1 };
        int space = text.IndexOf(' ', StringComparison.Ordinal);
        string name = space < 0 ? text : text[..space];
        return name switch
        {
            "vmlaunch" or "vmresume" or "vmrun" => sum with { Entries = Entries + 1 },
            "vmread" => sum with { ControlReads = ControlReads + 1 },
            "vmwrite" or "vmload" or "vmsave" or "vmptrld" or "vmclear" => sum with { ControlWrites = ControlWrites + 1 },
            "rdmsr" => sum with { MsrReads = MsrReads + 1 },
            "wrmsr" => sum with { MsrWrites = MsrWrites + 1 },
            "invept" or "invvpid" or "invlpga" or "invlpg" or "invpcid" => sum with { TlbFlushes = TlbFlushes + 1 },
            "lock" => sum with { Locked = Locked + 1 },
            "xchg" when text.Contains('[', StringComparison.Ordinal) => sum with { Locked = Locked + 1 },
            "mov" when text.StartsWith("mov cr3,", StringComparison.Ordinal) => sum with { TlbFlushes = TlbFlushes + 1 },
            _ => sum,
        };
    }

    /// <summary>In short: entries, control-block reads+writes, MSR reads+writes, flushes, locked.</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Entries} {ControlReads}+{ControlWrites} {MsrReads}+{MsrWrites} {TlbFlushes} {Locked}");
}
