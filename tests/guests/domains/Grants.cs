using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Domains;

/// <summary>
/// Two domains that share pages by grants. One page is the mailbox through which each tells the other how far it is; the second ends
/// while both have mapped pages of the other.
/// </summary>
internal static class Grants
{
    private const ushort Granter = 0, Grantee = 1, Nobody = 0x7000;

    // References of the granter's table, and its pages.
    private const uint Mailbox = 8, Fixed = 9, Others = 10, Fleeting = 11, Empty = 12;
    private const int MailboxPage = PoolPage.FirstFree + 1, FixedPage = PoolPage.FirstFree + 2, FleetingPage = PoolPage.FirstFree + 3;

    // Where what is mapped goes, in either domain.
    private const int FirstPlace = PoolPage.FirstFree + 8, SecondPlace = PoolPage.FirstFree + 9, ThirdPlace = PoolPage.FirstFree + 10, OwnPage = PoolPage.FirstFree + 11;

    // The grantee's grant to the granter.
    private const uint Answer = 8;

    // Words of the mailbox: what the granter has done, and the grantee.
    private const ulong GranterAt = 8, GranteeAt = 16;

    private const uint ReadOnly = GrantMapFlags.Host | GrantMapFlags.ReadOnly;
    private const int Both = GrantEntryFlags.Reading | GrantEntryFlags.Writing;
    private const ulong FixedText = 0x1111, FleetingText = 0x2222, AnswerText = 0x3333;
    private const int Patience = 400;
    private const ulong Pause = 50;

    /// <summary>The initial domain.</summary>
    public static void Give()
    {
        Sleeper.Start();
        var tests = new TestRun("domains");
        tests.Start("pages granted to another domain");
        tests.Success(GrantTable.Start(), "the table");
        GrantTable.GiveBack(FirstPlace);
        Memory.Write64(GrantTable.AddressOf(FixedPage), FixedText);
        Memory.Write64(GrantTable.AddressOf(FleetingPage), FleetingText);
        GrantTable.Grant(Fixed, FixedPage, Grantee, GrantEntryFlags.PermitAccess | GrantEntryFlags.ReadOnly);
        GrantTable.Grant(Others, FixedPage, Nobody);
        GrantTable.Grant(Fleeting, FleetingPage, Grantee);
        GrantTable.Grant(Mailbox, MailboxPage, Grantee);
        ulong mailbox = GrantTable.AddressOf(MailboxPage);
        tests.True(WaitFor(mailbox + GranteeAt, 1), "the other maps the mailbox and another page");
        tests.Equal(GrantTable.Marks(Mailbox), Both, "marks of the mailbox");
        tests.Equal(GrantTable.Marks(Fixed), GrantEntryFlags.Reading, "marks of a page for reading");
        tests.Equal(GrantTable.Marks(Fleeting), Both, "marks of a page that goes");
        tests.Equal(GrantTable.GiveBack(FleetingPage), 1, "giving that back");
        Memory.Write64(mailbox + GranterAt, 1);
        tests.True(WaitFor(mailbox + GranteeAt, 2), "the other is done with it");
        tests.Equal(GrantTable.Marks(Fleeting), 0, "its marks after that");

        tests.Start("a page of the other domain");
        GnttabMapGrantRef mapped = GrantTable.Map(Grantee, Answer, FirstPlace);
        tests.Equal(mapped.Status, 0, "mapping");
        tests.Equal((long)Memory.Read64(GrantTable.AddressOf(FirstPlace)), (long)AnswerText, "what is in it");
        Memory.Write64(mailbox + GranterAt, 2);

        tests.Start("the other domain's end");
        tests.True(WaitForMarks(Mailbox), "what it had mapped is given back");
        tests.Equal(GrantTable.Marks(Fixed), 0, "of every grant");
        tests.True(WaitForEnd(), "it is gone");
        tests.Equal((long)Memory.Read64(GrantTable.AddressOf(FirstPlace)), (long)AnswerText, "its page is still there");
        Memory.Write64(GrantTable.AddressOf(FirstPlace), 0);
        tests.Equal(GrantTable.Map(Grantee, Answer, ThirdPlace).Status, (long)GrantStatus.BadDomain, "it grants no more");
        tests.Equal(GrantTable.Unmap(mapped.Handle, FirstPlace), 0, "unmapping");
        tests.Equal(GrantTable.Unmap(mapped.Handle, FirstPlace), (long)GrantStatus.BadHandle, "unmapping again");
        tests.Finish();
    }

    /// <summary>The domain beside it, unprivileged.</summary>
    public static void Take()
    {
        Sleeper.Start();
        var tests = new TestRun("domains");
        tests.Start("mapping another domain's pages");
        tests.Success(GrantTable.Start(), "the table");
        GrantTable.GiveBack(FirstPlace);
        GrantTable.GiveBack(SecondPlace);
        GrantTable.GiveBack(ThirdPlace);
        for (int i = 0; i < Patience && GrantTable.Map(Granter, Mailbox, FirstPlace).Status != 0; i++)
        {
            Sleeper.Sleep(Pause);
        }

        ulong mailbox = GrantTable.AddressOf(FirstPlace);
        ReadOnlyPage(tests);
        Refusals(tests);
        Copies(tests);

        tests.Start("a page that its owner gives back");
        GnttabMapGrantRef fixedPage = GrantTable.Map(Granter, Fixed, SecondPlace, ReadOnly);
        GnttabMapGrantRef fleeting = GrantTable.Map(Granter, Fleeting, ThirdPlace);
        tests.Equal(fixedPage.Status | fleeting.Status, 0, "mapping");
        Memory.Write64(mailbox + GranteeAt, 1);
        tests.True(WaitFor(mailbox + GranterAt, 1), "the owner gives it back");
        tests.Equal((long)Memory.Read64(GrantTable.AddressOf(ThirdPlace)), (long)FleetingText, "it is still there");
        tests.Equal(GrantTable.Unmap(fleeting.Handle, ThirdPlace), 0, "unmapping");
        tests.Equal(GrantTable.Map(Granter, Fleeting, ThirdPlace).Status, (long)GrantStatus.BadPage, "mapping it again");

        tests.Start("a page for the other domain");
        Memory.Write64(GrantTable.AddressOf(OwnPage), AnswerText);
        GrantTable.Grant(Answer, OwnPage, Granter);
        Memory.Write64(mailbox + GranteeAt, 2);
        tests.True(WaitFor(mailbox + GranterAt, 2), "the other maps it");
        tests.Equal(GrantTable.Marks(Answer), Both, "marks");
        tests.Finish();
    }

    private static void ReadOnlyPage(TestRun tests)
    {
        tests.Start("a page for reading only");
        tests.Equal(GrantTable.Map(Granter, Fixed, SecondPlace).Status, (long)GrantStatus.GeneralError, "mapping for writing");
        GnttabMapGrantRef mapped = GrantTable.Map(Granter, Fixed, SecondPlace, ReadOnly);
        tests.Equal(mapped.Status, 0, "mapping");
        ulong page = GrantTable.AddressOf(SecondPlace);
        tests.Equal((long)Memory.Read64(page), (long)FixedText, "what is in it");
        Memory.Write64(page, 0xBAD);
        tests.Equal((long)Memory.Read64(page), (long)FixedText, "what is written there is dropped");
        tests.Error(Xen.Call(Hypercall.GrantTableOp, (ulong)GrantTableOp.QuerySize, page, 1), Errno.EFAULT, "an argument there");
        tests.Equal(GrantTable.Unmap(mapped.Handle, SecondPlace), 0, "unmapping");
        tests.Equal((long)Memory.Read64(page), -1, "nothing is there");
    }

    private static void Refusals(TestRun tests)
    {
        tests.Start("what another domain does not grant");
        tests.Equal(GrantTable.Map(Granter, Others, SecondPlace).Status, (long)GrantStatus.GeneralError, "a page for somebody else");
        tests.Equal(GrantTable.Map(Granter, Empty, SecondPlace).Status, (long)GrantStatus.GeneralError, "an empty entry");
        tests.Equal(GrantTable.Map(Granter, 1 << 20, SecondPlace).Status, (long)GrantStatus.BadGntref, "past the table");
        tests.Equal(GrantTable.Map(Nobody, Mailbox, SecondPlace).Status, (long)GrantStatus.BadDomain, "of nobody");
        tests.Equal(GrantTable.Unmap(77, SecondPlace), (long)GrantStatus.BadHandle, "a handle of nobody's");
        ulong list = 0;
        var setup = new GnttabSetupTable { Domain = Granter, FrameCount = 1, FrameList = Xen.AddressOf(ref list) };
        tests.Success(Xen.Call(Hypercall.GrantTableOp, (ulong)GrantTableOp.SetupTable, Xen.AddressOf(ref setup), 1), "setup_table");
        tests.Equal(setup.Status, (long)GrantStatus.PermissionDenied, "its status");
        var version = new GnttabGetVersion { Domain = Granter };
        tests.Error(Xen.Call(Hypercall.GrantTableOp, (ulong)GrantTableOp.GetVersion, Xen.AddressOf(ref version), 1), Errno.EPERM, "get_version");
        ulong index = 0x100, frame = Layout.FrameOf(SecondPlace);
        int error = 99;
        var foreign = new AddToPhysmapBatch
        {
            Domain = DomainIds.Self, Space = (ushort)MapSpace.GmfnForeign, Size = 1, ForeignDomain = Granter,
            Indices = Xen.AddressOf(ref index), Gpfns = Xen.AddressOf(ref frame), Errors = Xen.AddressOf(ref error),
        };
        tests.Success(Xen.Call(Hypercall.MemoryOp, (ulong)MemoryOp.AddToPhysmapBatch, ref foreign), "gmfn_foreign");
        tests.Equal(error, -(long)Errno.EPERM, "its error");
    }

    private static void Copies(TestRun tests)
    {
        tests.Start("copies from and to another domain's pages");
        const ushort source = GrantCopyFlags.SourceIsGrant, target = GrantCopyFlags.DestinationIsGrant;
        ulong own = Layout.FrameOf(OwnPage), page = GrantTable.AddressOf(OwnPage);
        Memory.Write64(page, 0);
        tests.Equal(GrantTable.Copy(Fixed, Granter, own, DomainIds.Self, source), 0, "from a grant");
        tests.Equal((long)Memory.Read64(page), (long)FixedText, "what came");
        tests.Equal(GrantTable.Copy(own, DomainIds.Self, Mailbox, Granter, target), 0, "to a grant");
        tests.Equal((long)Memory.Read64(GrantTable.AddressOf(FirstPlace)), (long)FixedText, "what came there");
        tests.Equal(GrantTable.Copy(Fleeting, Granter, Mailbox, Granter, source | target), 0, "between grants");
        tests.Equal((long)Memory.Read64(GrantTable.AddressOf(FirstPlace)), (long)FleetingText, "what came last");
        tests.Equal(GrantTable.Copy(own, DomainIds.Self, Fixed, Granter, target), (long)GrantStatus.GeneralError, "to a grant for reading only");
        tests.Equal(GrantTable.Copy(Others, Granter, own, DomainIds.Self, source), (long)GrantStatus.GeneralError, "from somebody else's");
        tests.Equal(GrantTable.Copy(own, Granter, own, DomainIds.Self, 0), (long)GrantStatus.PermissionDenied, "from a frame of the other");
    }

    private static bool WaitFor(ulong address, ulong value)
    {
        for (int i = 0; i < Patience && Memory.Read64(address) != value; i++)
        {
            Sleeper.Sleep(Pause);
        }

        return Memory.Read64(address) == value;
    }

    private static bool WaitForMarks(uint reference)
    {
        for (int i = 0; i < Patience && GrantTable.Marks(reference) != 0; i++)
        {
            Sleeper.Sleep(Pause);
        }

        return GrantTable.Marks(reference) == 0;
    }

    private static bool WaitForEnd()
    {
        var size = new GnttabQuerySize { Domain = Grantee };
        for (int i = 0; i < Patience; i++)
        {
            if (Hypercalls.GrantQuerySize(ref size) == 0 && size.Status == (short)GrantStatus.BadDomain)
            {
                return true;
            }

            Sleeper.Sleep(Pause);
        }

        return false;
    }
}
