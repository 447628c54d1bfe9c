using System;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Kernel;
using Xenolith.Mm;

namespace Xenolith.Abi.Calls;

/// <summary>domctl: the state of a domain's virtual hardware, as a stream of records (public/hvm/save.h).</summary>
internal static class DomctlContextOps
{
    /// <summary>Bytes of a stream for the domain and for each of its vCPUs: more than any has, and little enough for one pass.</summary>
    private const uint BytesPerPart = 8192;

    private const string NotItself = "not of the caller itself";

    private const string TooMuch = "its views have more of their own than a context carries";

    public static long Get(ref HypercallCall call, ref DomctlOps.Frame frame)
    {
        Domain domain = frame.Target!;
        if (domain == call.Domain)
            return call.Fail(Errno.EINVAL, NotItself);
        if (!domain.TryStandStill(call.Vcpu))
            return call.Restart();
        long result = ViewRecords.Fit(domain) ? Get(ref call, ref frame, domain) : call.Fail(Errno.E2BIG, TooMuch);
        domain.Unpause();
        return result;
    }

    private static long Get(ref HypercallCall call, ref DomctlOps.Frame frame, Domain domain)
    {
        ref DomctlHvmContext argument = ref frame.Argument.HvmContext;
        uint cpuid = call.Services.Cpuid is { } host ? host.Read(1, 0).Eax : 0;
        var counter = ContextWriter.Counter;
        HvmContext.Save(domain, cpuid, ref counter);
        frame.CopiesBack = frame.CopiesBackFailure = true;
        if (argument.Buffer == 0)
        {
            argument.Size = (uint)counter.Length;
            return 0;
        }
        if (argument.Size < counter.Length)
            return call.Fail(Errno.ENOSPC, "not enough room");
        var writer = new ContextWriter(call.Access, call.Handle<byte>(argument.Buffer).Address, argument.Size);
        HvmContext.Save(domain, cpuid, ref writer);
        argument.Size = (uint)writer.Length;
        return writer.HasFailed ? call.Fault() : 0;
    }

    public static long Set(ref HypercallCall call, ref DomctlOps.Frame frame)
    {
        Domain domain = frame.Target!;
        DomctlHvmContext argument = frame.Argument.HvmContext;
        if (domain == call.Domain)
            return call.Fail(Errno.EINVAL, NotItself);
        uint most = BytesPerPart * (1 + (uint)domain.MadeVcpus.Length) + (domain.Altp2mMode == Altp2mMode.Disabled ? 0 : ViewRecords.MostBytes);
        if (argument.Size > most)
            return call.Fail(Errno.ENOMEM, "larger than any domain's context");
        if (!IsReadable(ref call, argument.Buffer, argument.Size))
            return call.Fault();
        if (domain.IsDying)
            return call.Fail(Errno.EINVAL, "the domain is being taken apart");
        if (!domain.TryStandStill(call.Vcpu))
            return call.Restart();
        var reader = new ContextReader(call.Access, call.Handle<byte>(argument.Buffer).Address, argument.Size);
        Errno error = HvmContext.Load(domain, ref reader, out string? problem);
        domain.Unpause();
        return error == Errno.None ? 0 : call.Fail(error, problem!);
    }

    public static long GetOne(ref HypercallCall call, ref DomctlOps.Frame frame)
    {
        ref DomctlHvmContextPartial argument = ref frame.Argument.HvmContextPartial;
        Domain domain = frame.Target!;
        if (domain == call.Domain)
            return call.Fail(Errno.EINVAL, NotItself);
        if (argument.TypeCode <= (uint)HvmRecord.Header || argument.TypeCode > HvmContextConstants.LastCode && !HvmContext.IsOwn((HvmRecord)Math.Min(argument.TypeCode, ushort.MaxValue)))
            return call.Fail(Errno.EINVAL, "no such record");
        var code = (HvmRecord)argument.TypeCode;
        bool isPerVcpu = HvmContext.IsPerVcpu(code);
        if (argument.Instance >= (isPerVcpu ? domain.MadeVcpus.Length : code == HvmRecord.View ? Altp2m.MaximumLimit : 1))
            return call.Fail(Errno.ENOENT, "no such vCPU");
        if (!domain.TryStandStill(call.Vcpu))
            return call.Restart();
        if (code == HvmRecord.View && !ViewRecords.Fit(domain))
        {
            domain.Unpause();
            return call.Fail(Errno.E2BIG, TooMuch);
        }
        var only = new HvmSaveDescriptor { TypeCode = (ushort)code, Instance = (ushort)argument.Instance };
        var counter = ContextWriter.Counter with { Only = only };
        HvmContext.SaveRecords(domain, ref counter);
        long result = counter.HasFound ? Write(ref call, ref frame, domain, only, counter.Length)
            : call.Fail(isPerVcpu ? Errno.ENODATA : Errno.ENOENT, "the domain has no such record now");
        domain.Unpause();
        return result;
    }

    private static long Write(ref HypercallCall call, ref DomctlOps.Frame frame, Domain domain, HvmSaveDescriptor only, ulong length)
    {
        ref DomctlHvmContextPartial argument = ref frame.Argument.HvmContextPartial;
        frame.CopiesBack = true;
        if (argument.Buffer != 0)
        {
            if (argument.BufferSize < length)
                return call.Fail(Errno.ENOBUFS, "not enough room");
            var writer = new ContextWriter(call.Access, call.Handle<byte>(argument.Buffer).Address, length) { Only = only };
            HvmContext.SaveRecords(domain, ref writer);
            if (writer.HasFailed)
                return call.Fault();
        }
        argument.BufferSize = length;
        return 0;
    }

    /// <summary>Whether all of the buffer is there, so that a stream is not taken over in part for want of the rest.</summary>
    private static bool IsReadable(ref HypercallCall call, ulong buffer, uint length)
    {
        for (ulong at = 0; at < length; at = (at | Page.OffsetMask) + 1)
        {
            if (!call.Handle<byte>(buffer).TryReadElement(call.Access, at, out _))
                return false;
        }
        return length == 0 || call.Handle<byte>(buffer).TryReadElement(call.Access, length - 1, out _);
    }
}
