using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Hypercalls;

/// <summary>xen_version (Xen public header version.h).</summary>
internal static class VersionTests
{
    private const int Scratch = PoolPage.FirstFree;

    public static void Run(TestRun tests)
    {
        tests.Start("xen_version version");
        tests.Equal(Call(VersionOp.Version, 0), 4 << 16 | 17, "version");
        tests.Equal(Call(VersionOp.Version, Hostile.NonCanonical), 4 << 16 | 17, "the argument is not looked at");

        Text(tests, "xen_version extraversion", VersionOp.Extraversion, 16);
        Text(tests, "xen_version capabilities", VersionOp.Capabilities, 1024);
        Text(tests, "xen_version changeset", VersionOp.Changeset, 64);
        Text(tests, "xen_version commandline", VersionOp.Commandline, 1024);

        tests.Start("xen_version compile_info");
        ulong page = Page;
        Memory.Fill(page, 4096, 0xEE);
        tests.Success(Call(VersionOp.CompileInfo, page), "compile_info");
        tests.True(Memory.Read8(page) is not (0 or 0xEE), "a compiler's name");
        tests.Equal(Memory.Read8(page + 144), 0xEE, "the byte after the structure");
        Hostile.Check(tests, Hypercall.XenVersion, (ulong)VersionOp.CompileInfo);

        tests.Start("xen_version platform_parameters");
        Memory.Write64(page, 0);
        tests.Success(Call(VersionOp.PlatformParameters, page), "platform_parameters");
        tests.Equal((long)Memory.Read64(page), NarrowCalls.IsOn ? 0 : unchecked((long)0xFFFF_8000_0000_0000), "virt_start");
        Hostile.Check(tests, Hypercall.XenVersion, (ulong)VersionOp.PlatformParameters);

        Features(tests);

        tests.Start("xen_version pagesize");
        tests.Equal(Call(VersionOp.Pagesize, 0), 4096, "pagesize");
        tests.Error(Call(VersionOp.Pagesize, page), Errno.EINVAL, "with an argument");

        tests.Start("xen_version guest_handle");
        Memory.Fill(page, 32, 0xEE);
        tests.Success(Call(VersionOp.GuestHandle, page), "guest_handle");
        tests.Equal(Memory.Read8(page + 16), 0xEE, "the byte after the handle");
        Hostile.Check(tests, Hypercall.XenVersion, (ulong)VersionOp.GuestHandle);

        tests.Start("xen_version unknown operation");
        tests.Error(Xen.Call(Hypercall.XenVersion, 99, page), Errno.ENOSYS, "99");
        tests.Error(Xen.Call(Hypercall.XenVersion, 0xFFFF_FFFF, page), Errno.ENOSYS, "0xffffffff");
    }

    private static ulong Page => Layout.FrameOf(Scratch) * Layout.PageSize;

    private static long Call(VersionOp operation, ulong argument) => Xen.Call(Hypercall.XenVersion, (ulong)operation, argument);

    private static void Text(TestRun tests, string name, VersionOp operation, int size)
    {
        tests.Start(name);
        ulong page = Page;
        Memory.Fill(page, 4096, 0xEE);
        tests.Success(Call(operation, page), "the call");
        tests.Between(Memory.StringLength(page, size), 0, size - 1, "length of the text");
        tests.Equal(Memory.Read8(page + (ulong)size), 0xEE, "the byte after the text");
        Hostile.Check(tests, Hypercall.XenVersion, (ulong)operation);
        ulong across = page + (ulong)(Layout.PageSize - (size / 2));
        tests.Success(Call(operation, across), "into two pages");
    }

    private static void Features(TestRun tests)
    {
        tests.Start("xen_version get_features");
        var info = new FeatureInfo();
        tests.Success(Xen.Call(Hypercall.XenVersion, (ulong)VersionOp.GetFeatures, ref info), "submap 0");
        tests.True(Has(info, Feature.AutoTranslatedPhysmap), "auto_translated_physmap");
        tests.True(Has(info, Feature.HvmCallbackVector), "hvm_callback_vector");
        tests.True(Has(info, Feature.HvmSafePvclock), "hvm_safe_pvclock");
        tests.True(Has(info, Feature.MemoryOpVnodeSupported), "memory_op_vnode_supported");
        tests.True(Has(info, Feature.Dom0), "dom0");
        tests.True(!Has(info, Feature.HvmPirqs), "no hvm_pirqs");
        tests.True(Has(info, Feature.WritablePageTables), "writable_page_tables");
        info = new FeatureInfo { SubmapIndex = 1 };
        tests.Error(Xen.Call(Hypercall.XenVersion, (ulong)VersionOp.GetFeatures, ref info), Errno.EINVAL, "submap 1");
        Hostile.Check(tests, Hypercall.XenVersion, (ulong)VersionOp.GetFeatures);
    }

    private static bool Has(FeatureInfo info, Feature feature) => (info.Submap >> (int)feature & 1) != 0;
}
