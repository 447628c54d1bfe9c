namespace Xenolith.Abi.Contract;

/// <summary>platform_op: XENPF_* (public/platform.h).</summary>
public enum PlatformOp : uint
{
    [XenConstant("XENPF_settime32")] Settime32 = 17,
    [XenConstant("XENPF_add_memtype")] AddMemtype = 31,
    [XenConstant("XENPF_del_memtype")] DelMemtype = 32,
    [XenConstant("XENPF_read_memtype")] ReadMemtype = 33,
    [XenConstant("XENPF_microcode_update")] MicrocodeUpdate = 35,
    [XenConstant("XENPF_platform_quirk")] PlatformQuirk = 39,
    [XenConstant("XENPF_get_cpu_version")] GetCpuVersion = 48,
    [XenConstant("XENPF_efi_runtime_call")] EfiRuntimeCall = 49,
    [XenConstant("XENPF_firmware_info")] FirmwareInfo = 50,
    [XenConstant("XENPF_enter_acpi_sleep")] EnterAcpiSleep = 51,
    [XenConstant("XENPF_change_freq")] ChangeFreq = 52,
    [XenConstant("XENPF_getidletime")] Getidletime = 53,
    [XenConstant("XENPF_set_processor_pminfo")] SetProcessorPminfo = 54,
    [XenConstant("XENPF_get_cpuinfo")] GetCpuinfo = 55,
    [XenConstant("XENPF_cpu_online")] CpuOnline = 56,
    [XenConstant("XENPF_cpu_offline")] CpuOffline = 57,
    [XenConstant("XENPF_cpu_hotadd")] CpuHotadd = 58,
    [XenConstant("XENPF_mem_hotadd")] MemHotadd = 59,
    [XenConstant("XENPF_core_parking")] CoreParking = 60,
    [XenConstant("XENPF_resource_op")] ResourceOp = 61,
    [XenConstant("XENPF_settime64")] Settime64 = 62,
    [XenConstant("XENPF_get_symbol")] GetSymbol = 63,
}
