using System;
using Xenolith.Kernel;

namespace Xenolith.Drivers;

/// <summary>Power control by ACPI (ACPI Specification 6.5, 4.8.3.2, 4.8.3.6, 16.1), then by what PCs and emulators have besides.</summary>
public sealed class AcpiPower : PowerControl
{
    private const ushort SciEnable = 1 << 0;
    private const ushort SleepEnable = 1 << 13;
    private const int SleepTypeShift = 10;
    private const ushort SleepMask = SleepEnable | (7 << SleepTypeShift);
    private const ushort BochsShutdown = 0x8900;
    private const byte MemorySpace = 0;
    private const byte IoSpace = 1;

    private readonly MachineDescription _machine;
    private readonly HaltingPower _otherwise;
    private readonly Log _log;
    private readonly CommandLine _options;
    private readonly ulong _resetAddress;

    /// <param name="machine">Registers and sleep types.</param>
    /// <param name="space">For mapping the reset register.</param>
    /// <param name="options">reboot=.</param>
    /// <param name="log">Where it says what it does.</param>
    public AcpiPower(MachineDescription machine, AddressSpace space, CommandLine options, Log log)
    {
        _machine = machine;
        _options = options;
        _log = log;
        _otherwise = new HaltingPower(log, Boot.NoReboot);
        if (machine.Reset is { Space: MemorySpace, Address: not 0 and < 1UL << 40 } reset)
        {
            _resetAddress = space.MapPhysical(reset.Address, 1, Rights.ReadWrite, Caching.Uncached);
        }
    }

    /// <inheritdoc/>
    public override void Off()
    {
        _log.Always("switching the machine off"u8);
        if (_machine.Off is { } types && _machine.Pm1aControl != 0)
        {
            SwitchAcpiOn();
            Sleep(_machine.Pm1aControl, types.A);
            if (_machine.Pm1bControl != 0)
            {
                Sleep(_machine.Pm1bControl, types.B);
            }

            Restart.Wait();
        }

        // Bochs and old QEMU machines take the word for the deed; elsewhere nobody listens at this port.
        ReadOnlySpan<byte> word = "Shutdown"u8;
        for (int i = 0; i < word.Length; i++)
        {
            Cpu.Out8(BochsShutdown, word[i]);
        }

        _otherwise.Off();
    }

    /// <inheritdoc/>
    public override void Reset()
    {
        if (!Boot.NoReboot)
        {
            _log.Always("restarting the machine"u8);
            if (_options.ListHas("reboot", "acpi", true))
            {
                ByRegister();
            }
            else if (_options.ListHas("reboot", "kbd", false))
            {
                Restart.Keyboard();
                Restart.Wait();
            }
            else if (_options.ListHas("reboot", "triple", false))
            {
                Restart.TripleFault();
            }

            Restart.Now();
        }

        _otherwise.Reset();
    }

    /// <inheritdoc/>
    public override void Halt() => _otherwise.Halt();

    private static void Sleep(ushort port, byte type)
    {
        ushort control = (ushort)((Cpu.In16(port) & ~SleepMask) | (type << SleepTypeShift));
        Cpu.Out16(port, control);
        Cpu.Out16(port, (ushort)(control | SleepEnable));
    }

    private void SwitchAcpiOn()
    {
        if (_machine.SmiCommand == 0 || _machine.AcpiEnable == 0 || (Cpu.In16(_machine.Pm1aControl) & SciEnable) != 0)
        {
            return;
        }

        Cpu.Out8(_machine.SmiCommand, _machine.AcpiEnable);
        for (int i = 0; i < 1_000_000 && (Cpu.In16(_machine.Pm1aControl) & SciEnable) == 0; i++)
        {
            Cpu.Pause();
        }
    }

    // unsafe: a reset register in memory is a device register, mapped by the constructor.
    private unsafe void ByRegister()
    {
        if (_machine.Reset is not { } reset)
        {
            return;
        }

        if (reset.Space == IoSpace && reset.Address is not 0 and <= 0xFFFF)
        {
            Cpu.Out8((ushort)reset.Address, reset.Value);
        }
        else if (_resetAddress != 0)
        {
            *(byte*)_resetAddress = reset.Value;
        }

        Restart.Wait();
    }
}
