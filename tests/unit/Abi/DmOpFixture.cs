using System;
using Xenolith.Abi.Contract;
using Xenolith.Domains;

namespace Xenolith.Tests.Unit.Abi;

/// <summary>A caller that makes dm_ops on another domain: the control domain, or a device model.</summary>
internal sealed class DmOpFixture : IDisposable
{
    /// <summary>Where the second buffer lies.</summary>
    public const ulong Second = CallFixture.Results;

    private const ulong Buffers = CallFixture.List;

    public DmOpFixture(bool is64Bit = true, bool isPrivileged = true, ushort id = 0, int budget = 64, int vcpus = 2, CreateFlags flags = CreateFlags.Hvm | CreateFlags.Hap)
    {
        Guest = new CallFixture(is64Bit: is64Bit, isPrivileged: isPrivileged, id: id, budget: budget);
        Target = Guest.Machine.CreateDomain(2, vcpus, 7, isPrivileged: false, flags: flags);
    }

    public CallFixture Guest { get; }

    public Domain Target { get; }

    public long Call(DmOp operation, DmOpArgument argument = default) => Call(operation, argument, out _);

    public long Call(DmOp operation, DmOpArgument argument, out DmOpArgument answer, ulong? secondSize = null)
    {
        argument.Operation = (uint)operation;
        Guest.Write(CallFixture.Argument, argument);
        long result = CallWith(Target.Id, secondSize is null ? 1u : 2u, CallFixture.Argument, 32, Second, secondSize ?? 0);
        answer = Guest.Read<DmOpArgument>(CallFixture.Argument);
        return result;
    }

    /// <summary>A call with that many buffers, the first two of them as given.</summary>
    public long CallWith(ulong domain, ulong count, ulong first, ulong firstSize, ulong second = 0, ulong secondSize = 0)
    {
        if (Guest.Is64Bit)
        {
            Guest.WriteArray<DmOpBuffer>(Buffers, new DmOpBuffer { Address = first, Size = firstSize }, new DmOpBuffer { Address = second, Size = secondSize });
        }
        else
        {
            Guest.WriteArray<DmOpBuffer32>(Buffers, new DmOpBuffer32 { Address = (uint)first, Size = (uint)firstSize },
                new DmOpBuffer32 { Address = (uint)second, Size = (uint)secondSize });
        }
        return Guest.Call(Hypercall.DmOp, domain, count, Buffers);
    }

    public void Dispose() => Guest.Dispose();
}
