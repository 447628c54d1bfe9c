using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Domains;

/// <summary>What the words altp2m=mixed, altp2m_count= and altp2m_options=self-first,lost-virq give a domain: it makes views of its own memory.</summary>
internal static class OwnViews
{
    private static readonly byte[] s_page = new byte[8192];

    public static void Run()
    {
        var tests = new TestRun("domains");
        SharedState.Map();
        tests.Start("views by words");
        var argument = new HvmAltp2mOp { DomainState = new HvmAltp2mDomainState { State = 1 } };
        tests.Success(Altp2mCalls.Call(Altp2mOp.SetDomainState, DomainIds.Self, ref argument), "on");
        long most = (long)BootRecord.Number("views=", 0);
        for (long made = 1; made < most; made++)
        {
            argument.View = new HvmAltp2mView { DefaultAccess = (ushort)MemoryAccess.Default };
            tests.Success(Altp2mCalls.Call(Altp2mOp.CreateP2m, DomainIds.Self, ref argument), "each");
            tests.Equal(argument.View.View, made, "its number");
        }

        argument.View = new HvmAltp2mView { DefaultAccess = (ushort)MemoryAccess.Default };
        tests.Error(Altp2mCalls.Call(Altp2mOp.CreateP2m, DomainIds.Self, ref argument), Errno.EINVAL, "one more");
        ulong gfn = (Xen.AddressOf(ref s_page[0]) >> 12) + 1;
        argument.MemAccess = new HvmAltp2mMemAccess { View = 1, Access = (ushort)MemoryAccess.Read, Gfn = gfn };
        tests.Success(Altp2mCalls.Call(Altp2mOp.SetMemAccess, DomainIds.Self, ref argument), "rights");
        argument.SuppressVe = new HvmAltp2mSuppressVe { View = 1, SuppressVe = 77, Gfn = gfn };
        tests.Success(Altp2mCalls.Call(Altp2mOp.GetSuppressVe, DomainIds.Self, ref argument), "get_suppress_ve");
        tests.Equal(argument.SuppressVe.SuppressVe, 0, "it is told itself");
        var bind = new EvtchnBindVirq { Virq = (uint)Virq.LostRemap };
        tests.Success(Hypercalls.EventBindVirq(ref bind), "the VIRQ of remaps that are lost");
        argument = default;
        tests.Success(Altp2mCalls.Call(Altp2mOp.SetDomainState, DomainIds.Self, ref argument), "off");
        tests.Finish();
    }
}
