using Xenolith.Kernel;

namespace Xenolith.Hal.Vmx;

/// <summary>
/// The host's state that an exit loads (Intel SDM vol. 3, 25.5, 28.5), taken from the CPU as the kernel has set it up. RSP is the
/// entry stub's to write. An exit sets the limits of GDTR and IDTR to 64 KiB; nothing here depends on them.
/// </summary>
internal static class VmxHostState
{
    public static void Write(Vmcs vmcs)
    {
        vmcs.Write(VmcsField.HostCr0, HostInstructions.ReadCr0());
        vmcs.Write(VmcsField.HostCr3, HostInstructions.ReadCr3());
        vmcs.Write(VmcsField.HostCr4, HostInstructions.ReadCr4());
        vmcs.Write(VmcsField.HostEfer, HostInstructions.ReadMsr(Msr.Efer));
        vmcs.Write(VmcsField.HostPat, HostInstructions.ReadMsr(Msr.Pat));

        SelectorImage selectors = default;
        HostInstructions.ReadSelectors(ref selectors);
        vmcs.Write(VmcsField.HostCsSelector, selectors.Cs);
        vmcs.Write(VmcsField.HostTrSelector, selectors.Tr);
        // 27.2.3: RPL and TI of the rest must be 0; 64-bit code does without all of them.
        vmcs.Write(VmcsField.HostSsSelector, selectors.Ss);
        vmcs.Write(VmcsField.HostDsSelector, 0);
        vmcs.Write(VmcsField.HostEsSelector, 0);
        vmcs.Write(VmcsField.HostFsSelector, 0);
        vmcs.Write(VmcsField.HostGsSelector, 0);
        vmcs.Write(VmcsField.HostFsBase, HostInstructions.ReadMsr(Msr.FsBase));
        vmcs.Write(VmcsField.HostGsBase, HostInstructions.ReadMsr(Msr.GsBase));

        DescriptorTableImage table = default;
        HostInstructions.ReadIdtr(ref table);
        vmcs.Write(VmcsField.HostIdtrBase, table.Base);
        HostInstructions.ReadGdtr(ref table);
        vmcs.Write(VmcsField.HostGdtrBase, table.Base);
        vmcs.Write(VmcsField.HostTrBase, HostInstructions.ReadTaskBase(selectors.Tr, table.Base));
        vmcs.Write(VmcsField.HostSysenterCs, 0);
        vmcs.Write(VmcsField.HostSysenterEsp, 0);
        vmcs.Write(VmcsField.HostSysenterEip, 0);
        vmcs.Write(VmcsField.HostRip, VmxInstructions.ExitAddress());
    }
}
