namespace Xenolith.Kernel;

/// <summary>Machine checks: what the CPU's banks report (Intel SDM vol. 3, 16.3; AMD APM vol. 2, 9.3).</summary>
internal static class MachineCheck
{
    private const uint CapabilityMsr = 0x179;
    private const uint StatusMsr = 0x17A;
    private const uint FirstBankMsr = 0x400;
    private const ulong RestartValid = 1 << 0;
    private const ulong BankValid = 1UL << 63;
    private const ulong BankUncorrected = 1UL << 61;
    private const ulong BankMiscellaneous = 1UL << 59;
    private const ulong BankAddress = 1UL << 58;
    private const ulong BankContextCorrupt = 1UL << 57;

    /// <summary>Whether the CPU can't go on: it says so itself, an error was not corrected, or nothing explains the exception.</summary>
    public static bool IsFatal()
    {
        if (!Cpu.TryReadMsr(StatusMsr, out ulong global) || (global & RestartValid) == 0)
        {
            return true;
        }

        bool any = false;
        for (uint bank = 0; bank < Banks(); bank++)
        {
            ulong status = Read(bank, 1);
            any |= (status & BankValid) != 0;
            if ((status & BankValid) != 0 && (status & (BankUncorrected | BankContextCorrupt)) != 0)
            {
                return true;
            }
        }

        return !any;
    }

    /// <summary>Writes what is known, a line a bank.</summary>
    public static void Report()
    {
        LineText text = default;
        text.Append("machine check on CPU ");
        text.Append((uint)CurrentCpu.Number, null);
        text.Append(": MCG_STATUS 0x");
        text.Append(Cpu.TryReadMsr(StatusMsr, out ulong global) ? global : 0, "x16");
        text.Append((global & RestartValid) != 0 ? ", could go on" : ", can't go on where it was");
        Panic.Line(text.Written);
        bool any = false;
        for (uint bank = 0; bank < Banks(); bank++)
        {
            ulong status = Read(bank, 1);
            if ((status & BankValid) == 0)
            {
                continue;
            }

            any = true;
            text = default;
            text.Append("bank ");
            text.Append(bank, null);
            text.Append(": status 0x");
            text.Append(status, "x16");
            text.Append((status & BankUncorrected) != 0 ? ", not corrected" : ", corrected");
            text.Append((status & BankContextCorrupt) != 0 ? ", context corrupt" : "");
            if ((status & BankAddress) != 0)
            {
                text.Append(", address 0x");
                text.Append(Read(bank, 2), "x16");
            }

            if ((status & BankMiscellaneous) != 0)
            {
                text.Append(", misc 0x");
                text.Append(Read(bank, 3), "x16");
            }

            Panic.Line(text.Written);
        }

        if (!any)
        {
            Panic.Line("no bank reports an error"u8);
        }
    }

    /// <summary>A corrected error has been reported: makes room for the next.</summary>
    public static void Clear()
    {
        for (uint bank = 0; bank < Banks(); bank++)
        {
            if ((Read(bank, 1) & BankValid) != 0)
            {
                Cpu.TryWriteMsr(FirstBankMsr + (bank * 4) + 1, 0);
            }
        }

        Cpu.TryWriteMsr(StatusMsr, 0);
    }

    private static uint Banks() => Cpu.TryReadMsr(CapabilityMsr, out ulong value) ? (uint)value & 0xFF : 0;

    private static ulong Read(uint bank, uint register) => Cpu.TryReadMsr(FirstBankMsr + (bank * 4) + register, out ulong value) ? value : 0;
}
