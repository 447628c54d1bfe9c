using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Builder;

/// <summary>Children that take back what they have granted, or end, while it is mapped: who maps it keeps it until it lets go.</summary>
internal static class Ends
{
    private const int FirstPlace = PoolPage.FirstFree + 1, SecondPlace = PoolPage.FirstFree + 3, ThirdPlace = PoolPage.FirstFree + 4, Own = PoolPage.FirstFree + 5;

    private const uint ForReading = GrantMapFlags.Host | GrantMapFlags.ReadOnly;

    public static void Run(TestRun tests)
    {
        GrantTable.GiveBack(SecondPlace);
        GrantTable.GiveBack(ThirdPlace);
        GrantTable.Start();
        ulong before = Watch.SettledFrames();
        Withdrawal(tests);
        Zombie(tests);
        Foreign(tests);
        tests.Start("no frame is lost by grants that end otherwise");
        tests.Equal((long)(before - Watch.SettledFrames()), 0, "free frames less");
    }

    private static bool CanBuild(TestRun tests)
    {
        if (!BootFiles.IsThere)
        {
            tests.Skip("no files were loaded to build a domain of");
        }

        return BootFiles.IsThere;
    }

    private static void Withdrawal(TestRun tests)
    {
        tests.Start("a child takes back what is mapped");
        if (!CanBuild(tests))
        {
            return;
        }

        Partner partner = Partner.Start(tests, BootFiles.Own, "child withdraw", ShutdownReason.Poweroff);
        GnttabMapGrantRef first = GrantTable.Map(partner.Id, GrantChild.GivenBack, FirstPlace);
        GnttabMapGrantRef second = GrantTable.Map(partner.Id, GrantChild.Removed, SecondPlace, ForReading);
        tests.Equal(first.Status | second.Status, 0, "mapping");
        partner.Send(tests);
        partner.Await(tests, "it has taken them back");
        tests.Equal((long)Memory.Read64(GrantTable.AddressOf(FirstPlace)), (long)GrantChild.GivenBackText, "a page that it gave back");
        tests.Equal((long)Memory.Read64(GrantTable.AddressOf(SecondPlace)), (long)GrantChild.RemovedText, "a page that it removed");
        Memory.Write64(GrantTable.AddressOf(FirstPlace), GrantChild.Answer);
        tests.Equal((long)Memory.Read64(GrantTable.AddressOf(FirstPlace)), (long)GrantChild.Answer, "what is written to the first");
        GnttabMapGrantRef third = GrantTable.Map(partner.Id, GrantChild.GivenBack, ThirdPlace);
        tests.Equal(third.Status, 0, "mapping the first once more while it is mapped");
        tests.Equal((long)Memory.Read64(GrantTable.AddressOf(ThirdPlace)), (long)GrantChild.Answer, "what is there");
        tests.Equal(GrantTable.Unmap(third.Handle, ThirdPlace), 0, "unmapping that");
        tests.Equal(GrantTable.Unmap(first.Handle, FirstPlace), 0, "unmapping the first");
        tests.Equal(GrantTable.Unmap(second.Handle, SecondPlace), 0, "unmapping the second");
        tests.Equal(GrantTable.Map(partner.Id, GrantChild.GivenBack, FirstPlace).Status, (long)GrantStatus.GeneralError, "mapping the first again");
        tests.Equal(GrantTable.Map(partner.Id, GrantChild.Removed, SecondPlace).Status, (long)GrantStatus.BadPage, "mapping the second again");
        partner.Send(tests);
        partner.AwaitDeath(tests, ShutdownReason.Poweroff);
        partner.Destroy(tests);
    }

    private static void Zombie(TestRun tests)
    {
        tests.Start("a child dies while a page of it is mapped");
        if (!CanBuild(tests))
        {
            return;
        }

        Partner partner = Partner.Build(tests, BootFiles.Own, "child vanish", ShutdownReason.Crash);
        Memory.Write64(GrantTable.AddressOf(Own), GrantChild.BuildersText);
        GrantTable.Grant(GrantChild.Builders, Own, partner.Id);
        partner.Run(tests);
        tests.Equal((long)Memory.Read64(GrantTable.AddressOf(Own)), (long)GrantChild.Answer, "what it wrote to the builder's page");
        tests.Equal(GrantTable.Marks(GrantChild.Builders), GrantEntryFlags.Reading | GrantEntryFlags.Writing, "that page's marks");
        GnttabMapGrantRef mapped = GrantTable.Map(partner.Id, GrantChild.GivenBack, FirstPlace);
        tests.Equal(mapped.Status, 0, "mapping");
        partner.Send(tests);
        partner.AwaitDeath(tests, ShutdownReason.Crash);
        tests.Success(Events.Close(partner.Port), "the port is closed");
        tests.Equal((long)Memory.Read64(GrantTable.AddressOf(FirstPlace)), (long)GrantChild.GivenBackText, "its page after its death");
        tests.Success(Control.Call(DomctlOp.Destroydomain, partner.Id), "destroydomain");
        tests.Equal(GrantTable.Marks(GrantChild.Builders), 0, "marks of what it had mapped");
        tests.Success(Control.Describe(partner.Id, out DomainInformation zombie), "getdomaininfo");
        tests.Equal(zombie.Domain, partner.Id, "it is still there");
        tests.Equal(zombie.Flags & (uint)DomainStateFlags.Dying, (uint)DomainStateFlags.Dying, "it is dying");
        tests.Equal((long)zombie.TotalPages, 1, "its pages");
        tests.Success(Control.Call(DomctlOp.Destroydomain, partner.Id), "destroydomain again");
        tests.Equal((long)Memory.Read64(GrantTable.AddressOf(FirstPlace)), (long)GrantChild.GivenBackText, "its page after its end");
        Memory.Write64(GrantTable.AddressOf(FirstPlace), GrantChild.Answer);
        tests.Equal((long)Memory.Read64(GrantTable.AddressOf(FirstPlace)), (long)GrantChild.Answer, "what is written there");
        tests.True(GrantTable.Map(partner.Id, GrantChild.Removed, SecondPlace).Status < 0, "mapping another is refused");
        Watch.TakeDeaths();
        tests.Equal(GrantTable.Unmap(mapped.Handle, FirstPlace), 0, "unmapping");
        tests.True(Watch.AwaitAnyDeath(), "VIRQ_DOM_EXC for its end");
        tests.Error(Control.Call(DomctlOp.Pausedomain, partner.Id), Errno.ESRCH, "it is gone");
        tests.Equal((long)Memory.Read64(GrantTable.AddressOf(FirstPlace)), -1, "nothing is there");
    }

    /// <summary>The same by a mapping that a control domain may make of any page: of a domain that never ran.</summary>
    private static void Foreign(TestRun tests)
    {
        tests.Start("a domain is destroyed while pages of it are mapped by privilege");
        tests.Success(Control.Create(Control.Pvh(1), out ushort id), "createdomain");
        tests.Success(Control.SetMaximumMemory(id, 64), "max_mem");
        tests.Equal(Limits.Populate(id, 0, 16, 0), 16, "64 KiB");
        tests.Success(ChildImage.Map(id, 3, 2), "mapping two pages");
        Memory.Write64(ChildImage.Window, GrantChild.Answer);
        tests.Success(Control.Call(DomctlOp.Destroydomain, id), "destroydomain");
        tests.Equal(PagesOfDying(id), 2, "its pages");
        tests.Equal((long)Memory.Read64(ChildImage.Window), (long)GrantChild.Answer, "what is there");
        tests.Error(Control.Create(Control.Pvh(1), out _, id), Errno.EEXIST, "another domain of its id");
        tests.Success(ChildImage.Unmap(1), "unmapping one");
        tests.Equal(PagesOfDying(id), 1, "its pages");
        var remove = new RemoveFromPhysmap { Domain = DomainIds.Self, Gpfn = (ChildImage.Window >> 12) + 1 };
        tests.Success(Hypercalls.MemoryRemoveFromPhysmap(ref remove), "unmapping the other");
        tests.Equal(PagesOfDying(id), -1, "it is gone");
    }

    /// <summary>-1: there is none of that id, or it is not dying.</summary>
    private static long PagesOfDying(ushort id) =>
        Control.Describe(id, out DomainInformation information) == 0 && information.Domain == id && (information.Flags & (uint)DomainStateFlags.Dying) != 0
            ? (long)information.TotalPages : -1;
}
