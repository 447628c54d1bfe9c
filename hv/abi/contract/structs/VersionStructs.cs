using System.Runtime.InteropServices;

namespace Xenolith.Abi.Contract;

/// <summary>XENVER_compile_info: four strings, zero-terminated.</summary>
[XenStruct("struct xen_compile_info", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct CompileInfo
{
    /// <summary>The compiler.</summary>
    [XenField("compiler")] public Bytes64 Compiler;
    /// <summary>Who.</summary>
    [XenField("compile_by")] public Bytes16 CompiledBy;
    /// <summary>Where.</summary>
    [XenField("compile_domain")] public Bytes32 CompileDomain;
    /// <summary>When.</summary>
    [XenField("compile_date")] public Bytes32 CompileDate;
}

/// <summary>XENVER_platform_parameters.</summary>
[XenStruct("struct xen_platform_parameters", XenLayout.Wide)]
[StructLayout(LayoutKind.Sequential)]
public struct PlatformParameters
{
    /// <summary>Where the hypervisor's part of a paravirtual guest's address space starts.</summary>
    [XenField("virt_start")] public ulong VirtualStart;
}

/// <summary>XENVER_platform_parameters. As a 32-bit caller lays it out.</summary>
[XenStruct("struct xen_platform_parameters", XenLayout.Narrow)]
[StructLayout(LayoutKind.Sequential)]
public struct PlatformParameters32
{
    /// <summary>Where the hypervisor's part of a paravirtual guest's address space starts.</summary>
    [XenField("virt_start")] public uint VirtualStart;
}

/// <summary>XENVER_get_features.</summary>
[XenStruct("struct xen_feature_info", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct FeatureInfo
{
    /// <summary>In: which 32 features.</summary>
    [XenField("submap_idx")] public uint SubmapIndex;
    /// <summary>Out: XENFEAT_* bits.</summary>
    [XenField("submap")] public uint Submap;
}

/// <summary>XENVER_build_id; the id follows.</summary>
[XenStruct("struct xen_build_id", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct BuildId
{
    /// <summary>In: room; out: bytes.</summary>
    [XenField("len")] public uint Length;
}
