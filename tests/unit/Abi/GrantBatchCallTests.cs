using System.Runtime.CompilerServices;
using Xenolith.Abi.Contract;
using Xenolith.Mm;
using Xunit;

namespace Xenolith.Tests.Unit.Abi;

/// <summary>grant_table_op: the operations that come in arrays.</summary>
public sealed class GrantBatchCallTests
{
    private const ulong Target = 0x231;

    private static T One<T>(CallFixture guest, GrantTableOp operation, T argument) where T : unmanaged
    {
        guest.Write(CallFixture.Argument, argument);
        Assert.Equal(0, guest.Call(Hypercall.GrantTableOp, (ulong)operation, CallFixture.Argument, 1));
        return guest.Read<T>(CallFixture.Argument);
    }

    [Theory]
    [InlineData(GrantTableOp.MapGrantRef)]
    [InlineData(GrantTableOp.UnmapGrantRef)]
    [InlineData(GrantTableOp.Copy)]
    [InlineData(GrantTableOp.SwapGrantRef)]
    public void Counts_and_pointers(GrantTableOp operation)
    {
        using var guest = new CallFixture();
        Assert.Equal(0, guest.Call(Hypercall.GrantTableOp, (ulong)operation, CallFixture.NotCanonical, 0));
        Assert.Equal(-(long)Errno.EFAULT, guest.Call(Hypercall.GrantTableOp, (ulong)operation, CallFixture.NotCanonical, 1));
        Assert.Equal(-(long)Errno.EINVAL, guest.Call(Hypercall.GrantTableOp, (ulong)operation, CallFixture.NotCanonical, 0xFFFF_FFFF));
        Assert.Equal(0, guest.Call(Hypercall.GrantTableOp, (ulong)operation, CallFixture.NotCanonical, 0x1_0000_0000));
        Assert.Equal(0, guest.Call(Hypercall.GrantTableOp, (ulong)operation, CallFixture.List, 130));
        Assert.Equal(2, guest.Restarts);
        Assert.Equal(-(long)Errno.EFAULT, guest.Call(Hypercall.GrantTableOp, (ulong)operation, 0x3F_F000, 0x7FFF_FFFF));
    }

    [Theory]
    [InlineData((ushort)0, 8u, 0u, GrantStatus.BadGntref)] // neither for the CPU nor for a device
    [InlineData((ushort)5, 8u, GrantMapFlags.Host, GrantStatus.BadDomain)]
    [InlineData(DomainIds.Self, 8u, GrantMapFlags.Host, GrantStatus.BadDomain)]
    [InlineData((ushort)0, 1u << 20, GrantMapFlags.Host, GrantStatus.BadGntref)]
    [InlineData((ushort)0, 8u, GrantMapFlags.Host, GrantStatus.GeneralError)]
    public void Mapping(ushort domain, uint reference, uint flags, GrantStatus expected)
    {
        using var guest = new CallFixture();
        var result = One(guest, GrantTableOp.MapGrantRef, new GnttabMapGrantRef { Domain = domain, Reference = reference, Flags = flags, Status = 99 });
        Assert.Equal((short)expected, result.Status);
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(uint.MaxValue)]
    public void No_handle_is_good(uint handle)
    {
        using var guest = new CallFixture();
        Assert.Equal((short)GrantStatus.BadHandle, One(guest, GrantTableOp.UnmapGrantRef, new GnttabUnmapGrantRef { Handle = handle }).Status);
    }

    [Theory]
    [InlineData(1u, 9u)]
    [InlineData(2u, 300u)]
    public void Entries_swap(uint version, uint other)
    {
        using var guest = new CallFixture();
        guest.Domain.GrantTable.SetVersion(version);
        guest.Domain.GrantTable.TryGrow(2);
        for (ulong i = 0; i < 2; i++)
        {
            guest.Domain.GrantTable.FrameFor(i, out var frame);
            guest.Domain.Lend(frame!, new Gfn(0xF0000 + i));
        }
        ulong size = version == 1 ? (ulong)Unsafe.SizeOf<GrantEntryV1>() : (ulong)Unsafe.SizeOf<GrantEntryV2>();
        guest.Write(0xF000_0000 + 8 * size, 0x1111UL);
        guest.Write(0xF000_0000 + other * size, 0x2222UL);
        Assert.Equal((short)GrantStatus.Okay, One(guest, GrantTableOp.SwapGrantRef, new GnttabSwapGrantRef { ReferenceA = 8, ReferenceB = other }).Status);
        Assert.Equal(0x2222UL, guest.Read<ulong>(0xF000_0000 + 8 * size));
        Assert.Equal(0x1111UL, guest.Read<ulong>(0xF000_0000 + other * size));
        Assert.Equal((short)GrantStatus.BadGntref, One(guest, GrantTableOp.SwapGrantRef, new GnttabSwapGrantRef { ReferenceA = 8, ReferenceB = 100_000 }).Status);
        Assert.Equal((short)GrantStatus.Okay, One(guest, GrantTableOp.SwapGrantRef, new GnttabSwapGrantRef { ReferenceA = 8, ReferenceB = 8 }).Status);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_copy_between_own_frames(bool is64Bit)
    {
        using var guest = new CallFixture(is64Bit: is64Bit);
        for (ulong i = 0; i < 512; i++)
            guest.Write((CallFixture.SpareGfn << 12) + i * 8, 0xA0000 + i);
        short status = is64Bit
            ? One(guest, GrantTableOp.Copy, new GnttabCopy
            {
                SourceGmfn = CallFixture.SpareGfn, SourceDomain = DomainIds.Self, SourceOffset = 8, DestinationGmfn = Target,
                DestinationDomain = DomainIds.Self, DestinationOffset = 16, Length = 4000, Status = 99,
            }).Status
            : One(guest, GrantTableOp.Copy, new GnttabCopy32
            {
                SourceGmfn = (uint)CallFixture.SpareGfn, SourceDomain = DomainIds.Self, SourceOffset = 8, DestinationGmfn = (uint)Target,
                DestinationDomain = DomainIds.Self, DestinationOffset = 16, Length = 4000, Status = 99,
            }).Status;
        Assert.Equal((short)GrantStatus.Okay, status);
        Assert.Equal((0UL, 0xA0001UL, 0xA0000 + 500UL, 0UL),
            (guest.Read<ulong>((Target << 12) + 8), guest.Read<ulong>((Target << 12) + 16), guest.Read<ulong>((Target << 12) + 4008), guest.Read<ulong>((Target << 12) + 4016)));
    }

    [Theory]
    [InlineData((ushort)5, DomainIds.Self, CallFixture.SpareGfn, Target, 16, 0, GrantStatus.BadDomain)]
    [InlineData((ushort)0, DomainIds.Self, CallFixture.SpareGfn, Target, 16, 0, GrantStatus.PermissionDenied)]
    [InlineData(DomainIds.Self, (ushort)5, CallFixture.SpareGfn, Target, 16, 0, GrantStatus.BadDomain)]
    [InlineData(DomainIds.Self, (ushort)0, CallFixture.SpareGfn, Target, 16, 0, GrantStatus.PermissionDenied)]
    [InlineData(DomainIds.Self, DomainIds.Self, 0xF9999UL, Target, 5000, 0, GrantStatus.BadPage)]
    [InlineData(DomainIds.Self, DomainIds.Self, CallFixture.SpareGfn, ulong.MaxValue, 5000, 0, GrantStatus.BadPage)]
    [InlineData(DomainIds.Self, DomainIds.Self, CallFixture.SpareGfn, Target, 5000, 0, GrantStatus.BadCopyArg)]
    [InlineData(DomainIds.Self, DomainIds.Self, CallFixture.SpareGfn, Target, 65535, 0, GrantStatus.BadCopyArg)]
    [InlineData(DomainIds.Self, DomainIds.Self, CallFixture.SpareGfn, Target, 0, 0, GrantStatus.Okay)]
    [InlineData(DomainIds.Self, DomainIds.Self, 1UL << 20, Target, 16, 1, GrantStatus.BadGntref)]
    [InlineData((ushort)0, DomainIds.Self, 8UL, Target, 16, 1, GrantStatus.GeneralError)]
    [InlineData((ushort)5, DomainIds.Self, 8UL, Target, 16, 1, GrantStatus.BadDomain)]
    [InlineData(DomainIds.Self, DomainIds.Self, CallFixture.SpareGfn, 1UL << 20, 16, 2, GrantStatus.BadGntref)]
    public void A_copy_has_its_errors_in_order(ushort from, ushort to, ulong source, ulong target, int length, int flags, GrantStatus expected)
    {
        using var guest = new CallFixture();
        var result = One(guest, GrantTableOp.Copy, new GnttabCopy
        {
            SourceGmfn = source, SourceDomain = from, DestinationGmfn = target, DestinationDomain = to, Length = (ushort)length, Flags = (ushort)flags,
        });
        Assert.Equal((short)expected, result.Status);
    }
}
