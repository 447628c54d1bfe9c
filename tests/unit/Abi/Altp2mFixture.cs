using System;
using Xenolith.Abi.Contract;
using Xenolith.Domains;

namespace Xenolith.Tests.Unit.Abi;

/// <summary>Who makes HVMOP_altp2m's subops: the control domain on another, or that one on itself.</summary>
internal sealed class Altp2mFixture : IDisposable
{
    private readonly Domain _other;

    /// <param name="isInside">Whether the domain whose views they are makes the calls.</param>
    /// <param name="mode">Its mode.</param>
    public Altp2mFixture(bool isInside = false, Altp2mMode mode = Altp2mMode.Mixed, bool is64Bit = true, int budget = 64)
    {
        Guest = new CallFixture(is64Bit: is64Bit, isPrivileged: !isInside, id: isInside ? (ushort)7 : (ushort)0, budget: budget);
        _other = Guest.Machine.CreateDomain(4, 2, isInside ? (ushort)0 : (ushort)7, isPrivileged: isInside);
        IsInside = isInside;
        Target.Parameters[(int)HvmParameter.Altp2m] = (ulong)mode;
    }

    public CallFixture Guest { get; }

    public bool IsInside { get; }

    /// <summary>Whose views they are.</summary>
    public Domain Target => IsInside ? Guest.Domain : _other;

    public long Call(Altp2mOp operation, ref HvmAltp2mOp argument)
    {
        argument.Version = InterfaceVersions.Altp2m;
        argument.Command = (uint)operation;
        argument.Domain = Target.Id;
        return AsIs(ref argument);
    }

    /// <summary>The argument as it is; a 32-bit caller's lists stand where it has them.</summary>
    public long AsIs(ref HvmAltp2mOp argument)
    {
        if (!Guest.Is64Bit && argument.Command == (uint)Altp2mOp.SetMemAccessMulti)
        {
            ref HvmAltp2mSetMemAccessMulti list = ref argument.SetMemAccessMulti;
            list.Pfns |= list.Accesses << 32;
            list.Accesses = ulong.MaxValue;
        }
        return Guest.Call(Hypercall.HvmOp, (ulong)HvmOp.Altp2m, ref argument);
    }

    public void Dispose() => Guest.Dispose();
}
