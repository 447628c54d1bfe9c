using System;
using Xenolith.Abi.Contract;

namespace Xenolith.Abi.Calls;

/// <summary>xen_version (public/version.h).</summary>
internal static class VersionOps
{
    private const uint Major = 4;
    private const uint Minor = 17;
    private const int ExtraVersionLength = 16;
    private const int CapabilitiesLength = 1024;
    private const int ChangeSetLength = 64;
    private const int CommandLineLength = 1024;

    /// <summary>Where a 64-bit paravirtual guest would find the hypervisor; 4.17 says so to any 64-bit guest.</summary>
    private const ulong HypervisorStart = 0xFFFF_8000_0000_0000;

    private static ReadOnlySpan<byte> ExtraVersionText => ".7-xenolith"u8;

    private static ReadOnlySpan<byte> CapabilitiesText => "hvm-3.0-x86_32 hvm-3.0-x86_32p hvm-3.0-x86_64 "u8;

    private static ReadOnlySpan<byte> DeniedText => "<denied>\0"u8;

    public static long Version(ref HypercallCall call) => (Major << 16) | Minor;

    public static long ExtraVersion(ref HypercallCall call)
    {
        Span<byte> text = stackalloc byte[ExtraVersionLength];
        return CopyOut(ref call, ExtraVersionText, text);
    }

    public static long CompileInformation(ref HypercallCall call)
    {
        CompileInfo information = default;
        "ilc, .NET 10"u8.CopyTo(information.Compiler);
        "xenolith"u8.CopyTo(information.CompiledBy);
        return call.TryWrite(call.A1, in information) ? 0 : call.Fault();
    }

    public static long Capabilities(ref HypercallCall call)
    {
        Span<byte> text = stackalloc byte[CapabilitiesLength];
        return CopyOut(ref call, CapabilitiesText, text);
    }

    public static long ChangeSet(ref HypercallCall call)
    {
        Span<byte> text = stackalloc byte[ChangeSetLength];
        return CopyOut(ref call, default, text);
    }

    public static long PlatformParameters(ref HypercallCall call)
    {
        if (call.Is64Bit)
            return call.TryWrite(call.A1, new PlatformParameters { VirtualStart = HypervisorStart }) ? 0 : call.Fault();
        return call.TryWrite(call.A1, default(PlatformParameters32)) ? 0 : call.Fault();
    }

    public static long Features(ref HypercallCall call)
    {
        if (!call.TryRead(call.A1, out FeatureInfo information))
            return call.Fault();
        if (information.SubmapIndex != 0)
            return call.Fail(Errno.EINVAL, "there is one submap of features, number 0");
        information.Submap = (uint)call.Domain.Exposure[ExposureGroup.Feature];
        if (!call.Domain.IsInitialDomain)
            information.Submap &= ~Bit(Feature.Dom0);
        return call.TryWrite(call.A1, in information) ? 0 : call.Fault();
    }

    public static long PageSize(ref HypercallCall call) =>
        call.Handle<byte>(call.A1).IsNull ? Kernel.Page.Size : call.Fail(Errno.EINVAL, "the argument must be null");

    /// <summary>The domain's UUID: all zeroes for one that no toolstack built.</summary>
    public static long GuestHandle(ref HypercallCall call) => call.TryWrite(call.A1, default(Bytes16)) ? 0 : call.Fault();

    /// <summary>The hypervisor's command line; a domain without privilege reads a refusal instead of an error.</summary>
    public static long CommandLine(ref HypercallCall call)
    {
        if (!call.Domain.IsPrivileged)
            return call.Access.CopyOut(call.Handle<byte>(call.A1).Address, DeniedText) ? 0 : call.Fault();
        Span<byte> text = stackalloc byte[CommandLineLength];
        text.Clear();
        string line = call.Services.CommandLine;
        int length = Math.Min(line.Length, CommandLineLength - 1);
        for (int i = 0; i < length; i++)
            text[i] = line[i] <= 0x7F ? (byte)line[i] : (byte)'?';
        return call.Access.CopyOut(call.Handle<byte>(call.A1).Address, text) ? 0 : call.Fault();
    }

    public static long BuildId(ref HypercallCall call) => call.Domain.IsPrivileged
        ? call.Fail(Errno.ENODATA, "the image carries no build id")
        : call.Fail(Errno.EPERM, "the build id is the control domain's to know");

    private static uint Bit(Feature feature) => 1u << (int)feature;

    private static long CopyOut(ref HypercallCall call, ReadOnlySpan<byte> text, Span<byte> buffer)
    {
        buffer.Clear();
        text.CopyTo(buffer);
        return call.Access.CopyOut(call.Handle<byte>(call.A1).Address, buffer) ? 0 : call.Fault();
    }
}
