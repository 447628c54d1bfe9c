using System;
using Xenolith.Abi.Contract;
using Xenolith.Kernel;

namespace Xenolith.Domains;

/// <summary>
/// The state of a domain's virtual hardware as Xen's stream of records (public/hvm/save.h): header, a record a kind and vCPU, end.
/// Saved and loaded while the domain stands still (<see cref="Domain.TryStandStill"/>), with its lock held.
/// </summary>
public static class HvmContext
{
    internal const string CutShort = "a record that the buffer cuts short, or of another length";

    /// <summary>Writes all records there are.</summary>
    /// <param name="cpuid">EAX of the machine's CPUID leaf 1.</param>
    public static void Save(Domain domain, uint cpuid, ref ContextWriter writer)
    {
        var header = new HvmSaveHeader
        {
            Magic = HvmContextConstants.Magic,
            Version = HvmContextConstants.Version,
            Changeset = ulong.MaxValue,
            Cpuid = cpuid,
            TscKilohertz = (uint)(domain.Services.Clock.TscFrequency / 1000),
        };
        writer.Add(HvmRecord.Header, 0, in header);
        SaveRecords(domain, ref writer);
        writer.Add(HvmRecord.End, 0, default);
    }

    /// <summary>Writes the records between header and end, in the order of their numbers.</summary>
    public static void SaveRecords(Domain domain, ref ContextWriter writer)
    {
        ulong tsc = domain.Services.Clock.Tsc;
        foreach (Vcpu vcpu in domain.MadeVcpus)
        {
            // One that is down stays down when nothing is loaded for it.
            if (!vcpu.IsOnline)
                continue;
            vcpu.TakeHere();
            CpuRecord.Save(vcpu, tsc, out HvmHwCpu cpu);
            vcpu.Cpu.LetGo();
            writer.Add(HvmRecord.Cpu, vcpu.Id, in cpu);
        }
        foreach (Vcpu vcpu in domain.MadeVcpus)
            writer.Add(HvmRecord.LocalApic, vcpu.Id, vcpu.Apic.Hidden);
        foreach (Vcpu vcpu in domain.MadeVcpus)
        {
            HvmHwLapicRegisters registers = default;
            vcpu.Apic.SaveRegisters(registers.Data);
            writer.Add(HvmRecord.LocalApicRegisters, vcpu.Id, in registers);
        }
        writer.Add(HvmRecord.PciInterrupts, 0, default(Wires));
        writer.Add(HvmRecord.IsaInterrupts, 0, 0UL);
        writer.Add(HvmRecord.PciLink, 0, 0UL);
        foreach (Vcpu vcpu in domain.MadeVcpus)
        {
            vcpu.TakeHere();
            MtrrRecord.Save(vcpu, out HvmHwMtrr mtrr);
            vcpu.Cpu.LetGo();
            writer.Add(HvmRecord.Mtrr, vcpu.Id, in mtrr);
        }
        foreach (Vcpu vcpu in domain.MadeVcpus)
            writer.Add(HvmRecord.MachineCheck, vcpu.Id, default(HvmVmceVcpu));
        foreach (Vcpu vcpu in domain.MadeVcpus)
            writer.Add(HvmRecord.TscAdjust, vcpu.Id, new HvmTscAdjust { Value = domain.Policies.Msrs.Own(vcpu).TscAdjust });
        foreach (Vcpu vcpu in domain.MadeVcpus)
            MsrRecord.Save(vcpu, ref writer);
        ExposureRecord.Save(domain, ref writer);
        foreach (Vcpu vcpu in domain.MadeVcpus)
            HypercallTlbRecord.Save(vcpu, ref writer);
        ViewRecords.Save(domain, ref writer);
    }

    /// <summary>
    /// Takes a stream over, record by record: what came before a bad one stays. ENODATA: no header, or no end; ENODEV: a record of hardware
    /// that the domain does not have; EINVAL: anything else. Other CPUs are answered after each record.
    /// </summary>
    /// <param name="problem">What is bad, in words.</param>
    public static Errno Load(Domain domain, ref ContextReader reader, out string? problem)
    {
        ulong tsc = domain.Services.Clock.Tsc;
        problem = "no header in front";
        if (!reader.TryNext() || reader.Descriptor.TypeCode != (ushort)HvmRecord.Header || !reader.TryTakeExtended(out HvmSaveHeader header))
            return Errno.ENODATA;
        problem = "a header of something else, or of another version";
        if (header.Magic != HvmContextConstants.Magic || header.Version != HvmContextConstants.Version)
            return Errno.EINVAL;
        // Those that something is loaded for come up again.
        foreach (Vcpu vcpu in domain.MadeVcpus)
            vcpu.TakeOffline();
        int framesLeft = ViewRecords.MostFrames;
        while (reader.TryNext())
        {
            problem = null;
            var code = (HvmRecord)reader.Descriptor.TypeCode;
            if (code == HvmRecord.End)
                return Errno.None;
            if (IsMissingHardware(code))
            {
                problem = "a record of hardware that the domain does not have";
                return Errno.ENODEV;
            }
            problem = LoadRecord(domain, tsc, ref reader, ref framesLeft);
            domain.Services.Messages.Poll();
            if (problem is not null)
                return Errno.EINVAL;
        }
        problem = "no record that ends it";
        return Errno.ENODATA;
    }

    /// <summary>Whether 4.17 has such a record, of a device that a PVH domain has not.</summary>
    private static bool IsMissingHardware(HvmRecord code) => code is HvmRecord.Pic or HvmRecord.IoApic
        or (>= HvmRecord.Pit and <= HvmRecord.PowerManagementTimer) or HvmRecord.CpuXsave or HvmRecord.ViridianDomain or HvmRecord.ViridianVcpu;

    private static string? LoadRecord(Domain domain, ulong tsc, ref ContextReader reader, ref int framesLeft)
    {
        HvmSaveDescriptor descriptor = reader.Descriptor;
        var code = (HvmRecord)descriptor.TypeCode;
        if (code is HvmRecord.PciInterrupts or HvmRecord.IsaInterrupts or HvmRecord.PciLink)
            return LoadWires(code, ref reader);
        if (code == HvmRecord.Exposure)
            return ExposureRecord.TryLoad(domain, ref reader);
        if (code == HvmRecord.View)
            return ViewRecords.TryLoad(domain, ref reader, ref framesLeft);
        if (!IsPerVcpu(code))
            return "a record of an unknown kind";
        if (descriptor.Instance >= domain.MadeVcpus.Length)
            return "a record of a vCPU that is not there";
        Vcpu vcpu = domain.Vcpus[descriptor.Instance];
        switch (code)
        {
            case HvmRecord.Cpu:
                return CpuRecord.TryRead(ref reader, out HvmHwCpu cpu) ? LoadCpu(vcpu, tsc, in cpu) : CutShort;
            case HvmRecord.LocalApic:
                if (!reader.TryTakeExtended(out HvmHwLapic hidden))
                    return CutShort;
                return vcpu.Apic.TryLoadHidden(in hidden) ? null : "no IA32_APIC_BASE that can be";
            case HvmRecord.LocalApicRegisters:
                if (!reader.TryTakeExtended(out HvmHwLapicRegisters registers))
                    return CutShort;
                vcpu.Apic.LoadRegisters(registers.Data);
                return null;
            case HvmRecord.Mtrr:
                return reader.TryTake(out HvmHwMtrr mtrr) ? LoadMtrr(vcpu, in mtrr) : CutShort;
            case HvmRecord.MachineCheck:
                if (!reader.TryTakeExtended(out HvmVmceVcpu machineCheck))
                    return CutShort;
                return machineCheck.Capabilities == 0 ? null : "machine-check banks, which a vCPU does not have";
            case HvmRecord.HypercallTlb:
                return HypercallTlbRecord.TryLoad(vcpu, ref reader);
            case HvmRecord.VcpuView:
                return ViewRecords.TryLoad(vcpu, ref reader);
            case HvmRecord.TscAdjust:
                if (!reader.TryTake(out HvmTscAdjust adjust))
                    return CutShort;
                domain.Policies.Msrs.Own(vcpu).TscAdjust = adjust.Value;
                return null;
            default:
                return MsrRecord.TryLoad(vcpu, ref reader);
        }
    }

    /// <summary>Whether there is a record of the kind for each vCPU.</summary>
    public static bool IsPerVcpu(HvmRecord code) => code is HvmRecord.Cpu or HvmRecord.LocalApic or HvmRecord.LocalApicRegisters or HvmRecord.Mtrr
        or HvmRecord.CpuXsave or HvmRecord.ViridianVcpu or HvmRecord.MachineCheck or HvmRecord.TscAdjust or HvmRecord.CpuMsrs
        or HvmRecord.HypercallTlb or HvmRecord.VcpuView;

    /// <summary>Whether it is a record of ours.</summary>
    public static bool IsOwn(HvmRecord code) => code is >= HvmRecord.Exposure and <= HvmRecord.VcpuView;

    /// <summary>Wires of a PCI bus, ISA interrupts and the router between them: Xen keeps them for every domain, and nothing here drives them.</summary>
    private static string? LoadWires(HvmRecord code, ref ContextReader reader)
    {
        bool isTaken = code == HvmRecord.PciInterrupts ? reader.TryTake(out Wires _) : reader.TryTake(out ulong _);
        return isTaken ? null : CutShort;
    }

    private readonly record struct Wires(ulong Low, ulong High);

    private static string? LoadCpu(Vcpu vcpu, ulong tsc, in HvmHwCpu record)
    {
        if (CpuRecord.Problem(vcpu.Domain, in record) is { } problem)
            return problem;
        vcpu.TakeHere();
        vcpu.ForgetDevices();
        CpuRecord.Load(vcpu, tsc, in record);
        vcpu.Cpu.LetGo();
        vcpu.IsInitialised = true;
        vcpu.Up();
        return null;
    }

    private static string? LoadMtrr(Vcpu vcpu, in HvmHwMtrr record)
    {
        vcpu.TakeHere();
        bool isLoaded = MtrrRecord.TryLoad(vcpu, in record);
        vcpu.Cpu.LetGo();
        return isLoaded ? null : "more memory ranges than there are";
    }
}
