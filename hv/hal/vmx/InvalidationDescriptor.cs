using System.Runtime.InteropServices;

namespace Xenolith.Hal.Vmx;

/// <summary>The operand of INVEPT (EPT pointer, 0) and of INVVPID (VPID, linear address) (Intel SDM vol. 3, 31.3).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct InvalidationDescriptor
{
    public ulong Low;
    public ulong High;
}
