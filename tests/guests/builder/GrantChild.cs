using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Builder;

/// <summary>A domain that the builder has built, and that does not keep to what it has granted.</summary>
internal static class GrantChild
{
    /// <summary>Grants to the builder: one whose entry is cleared and page given back, one whose page is taken out of the domain's memory.</summary>
    public const uint GivenBack = 8, Removed = 9;

    /// <summary>The builder's grant to this domain.</summary>
    public const uint Builders = 8;

    public const ulong GivenBackText = 0x1111, RemovedText = 0x2222, BuildersText = 0x3333, Answer = 0x4444;

    private const int GivenBackPage = PoolPage.FirstFree + 1, RemovedPage = PoolPage.FirstFree + 2, Place = PoolPage.FirstFree + 3;

    /// <summary>Takes back what the other has mapped, without a word.</summary>
    public static void Withdraw()
    {
        Child.Require(GrantTable.Start() == 0);
        Grant();
        Child.Wait();
        Child.Require(GrantTable.Marks(GivenBack) == (GrantEntryFlags.Reading | GrantEntryFlags.Writing) && GrantTable.Marks(Removed) == GrantEntryFlags.Reading);
        GrantTable.Grant(GivenBack, 0, 0, 0);
        Child.Require(GrantTable.GiveBack(GivenBackPage) == 1);
        var argument = new RemoveFromPhysmap { Domain = DomainIds.Self, Gpfn = Layout.FrameOf(RemovedPage) };
        Child.Require(Hypercalls.MemoryRemoveFromPhysmap(ref argument) == 0);
        Child.Send();
        Child.Wait();
        Child.Require(GrantTable.Marks(GivenBack) == 0 && GrantTable.Marks(Removed) == 0);
    }

    /// <summary>Maps a page of the builder's, and ends while each has mapped one of the other's.</summary>
    public static void Vanish()
    {
        Child.Require(GrantTable.Start() == 0 && GrantTable.GiveBack(Place) == 1);
        Child.Require(GrantTable.Map(0, Builders, Place).Status == 0);
        Child.Require(Memory.Read64(GrantTable.AddressOf(Place)) == BuildersText);
        Memory.Write64(GrantTable.AddressOf(Place), Answer);
        Grant();
        Child.Wait();
    }

    private static void Grant()
    {
        Memory.Write64(GrantTable.AddressOf(GivenBackPage), GivenBackText);
        Memory.Write64(GrantTable.AddressOf(RemovedPage), RemovedText);
        GrantTable.Grant(GivenBack, GivenBackPage, 0);
        GrantTable.Grant(Removed, RemovedPage, 0);
        Child.Send();
    }
}
