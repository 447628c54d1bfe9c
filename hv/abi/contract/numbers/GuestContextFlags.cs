using System;

namespace Xenolith.Abi.Contract;

/// <summary>What a <see cref="VcpuGuestContext"/> says beside registers: VGCF_* (public/arch-x86/xen.h).</summary>
[Flags]
public enum GuestContextFlags : ulong
{
    [XenConstant("VGCF_i387_valid")] FloatingPointValid = 1,
    [XenConstant("VGCF_online")] Online = 0x20,
}
