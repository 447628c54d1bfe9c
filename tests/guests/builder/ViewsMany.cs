using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Builder;

/// <summary>How many views a domain may have: XENOLITH_DOMCTL_altp2m, and as many as there can be.</summary>
internal static class ViewsMany
{
    private const uint Most = 512, Unasked = ViewSettings.Unasked;

    private const uint Mebibytes = 128;

    /// <summary>Of tables, beside what each view may count on.</summary>
    private const ulong Pool = 4 << 20;

    public static void Run(TestRun tests)
    {
        Settings(tests);
        Few(tests);
        ulong before = Watch.SettledFrames();
        Many(tests);
        tests.Equal((long)Watch.SettledFrames(), (long)before, "free frames");
    }

    private static void Settings(TestRun tests)
    {
        tests.Start("altp2m, how many views a domain may have is said");
        Control.Create(Control.Pvh(1), out ushort id);
        tests.Success(ViewSettings.Get(id, out uint limit, out Altp2mOptions options), "get");
        tests.Equal(limit, Unasked, "views, unasked");
        tests.Equal((long)options, 0, "options, unasked");
        var argument = new Domctl { Altp2m = new DomctlAltp2m { Command = Altp2mSettingOp.Set + 1, Views = Most } };
        tests.Error(Control.Call(DomctlOp.Altp2m, id, ref argument), Errno.EOPNOTSUPP, "another command");
        tests.Error(Control.Call(DomctlOp.Altp2m, 0x1234, ref argument), Errno.ESRCH, "of nobody");
        tests.Error(ViewSettings.Set(0, Most, 0), Errno.EPERM, "of the caller");
        tests.Error(ViewSettings.Set(id, Most, (Altp2mOptions)(1UL << 63)), Errno.EINVAL, "an option that there is not");
        foreach (uint views in new uint[] { 0, Most + 1, 0x1_0001, uint.MaxValue })
        {
            tests.Error(ViewSettings.Set(id, views, 0), Errno.EINVAL, "a number that can't be");
        }

        tests.Success(ViewSettings.Set(id, Most, 0), "as many as can be");
        tests.Success(ViewSettings.Set(id, Most, 0), "the same again");
        tests.Error(ViewSettings.Set(id, Most - 1, 0), Errno.EBUSY, "another number");
        tests.Error(ViewSettings.Set(id, Most, Altp2mOptions.SelfFirst), Errno.EBUSY, "another option");
        tests.Success(ViewSettings.Get(id, out limit, out _), "get");
        tests.Equal(limit, Most, "views");
        Control.Call(DomctlOp.Destroydomain, id);
    }

    private static void Few(TestRun tests)
    {
        foreach (uint views in new uint[] { 1, 2, Unasked + 1 })
        {
            tests.Start("altp2m, few views, and one more");
            Altp2mPartner partner = Altp2mPartner.Start(tests, Altp2mMode.External, ViewSettings.Shown with { Limit = views });
            tests.Success(Altp2m.SetState(partner, 1), "on");
            tests.Error(ViewSettings.Set(partner.Id, Most, 0), Errno.EBUSY, "said while they are on");
            for (uint i = 1; i < views; i++)
            {
                tests.Success(Altp2mViews.Create(partner, (ushort)MemoryAccess.Default, out ushort view), "each");
                tests.Equal(view, i, "its number");
            }

            tests.Error(Altp2mViews.Create(partner, (ushort)MemoryAccess.Default, out _), Errno.EINVAL, "one more");
            tests.Success(Altp2m.SetState(partner, 0), "off");
            tests.Error(ViewSettings.Set(partner.Id, Most, 0), Errno.EBUSY, "said after they were on");
            partner.End();
        }
    }

    private static void Many(TestRun tests)
    {
        tests.Start("altp2m, 512 views of 128 MiB, each of which has a leaf");
        Altp2mPartner partner = Altp2mPartner.Start(tests, Altp2mMode.External, ViewSettings.Shown with { Limit = Most, Mebibytes = Mebibytes, Pool = Pool });
        ulong without = Watch.SettledFrames();
        tests.Success(Altp2m.SetState(partner, 1), "on");
        for (uint i = 1; i < Most; i++)
        {
            tests.Success(Altp2mViews.Create(partner, (ushort)MemoryAccess.Default, out ushort view), "each");
            tests.Equal(view, i, "its number");
        }

        tests.Error(Altp2mViews.Create(partner, (ushort)MemoryAccess.Default, out _), Errno.EINVAL, "one more");
        ulong empty = without - Watch.SettledFrames();
        for (ushort view = 0; view < Most; view++)
        {
            tests.Success(Altp2mViews.Switch(partner, view), "to each");
            tests.Equal((long)partner.Load(GrantTable.AddressOf(Altp2mChild.First)), (long)Altp2mChild.FirstText, "what is read there");
        }

        ulong used = without - Watch.SettledFrames();
        for (ushort view = 0; view < Most; view++)
        {
            var argument = new HvmAltp2mOp { Description = new Altp2mViewDescription { View = view } };
            tests.Success(partner.Call(Altp2mOp.Describe, ref argument), "describe");
            tests.Equal(argument.Description.View, view, "the view");
            tests.Between(argument.Description.TableFrames, 3, 9, "frames of its tables: a root, a leaf, and what is between");
            tests.Equal(argument.Description.Vcpus, view == Most - 1 ? 1 : 0, "vCPUs in it");
        }

        tests.Between((long)empty, Most, Most + 1, "frames of empty views, and of their list");
        tests.Success(Altp2m.SetState(partner, 0), "off");
        tests.Equal((long)Watch.SettledFrames(), (long)without, "free frames, when they are off");
        partner.End();
        Say("512 empty views: ", empty);
        Say("512 views with a leaf each: ", used);
    }

    private static void Say(string what, ulong frames)
    {
        GuestConsole.Write("memory of ");
        GuestConsole.Write(what);
        GuestConsole.WriteDecimal((long)frames);
        GuestConsole.WriteLine(" frames");
    }
}
