using Xenolith.Abi;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xunit;

namespace Xenolith.Tests.Unit.Abi;

/// <summary>The administrator's rules take from Xen's policy and add nothing to it.</summary>
public sealed class CallPolicyTests
{
    [Theory]
    [InlineData("", true, true, true)]
    [InlineData("0:XEN_DOMCTL_destroydomain:1", true, true, false)]
    [InlineData("0:XEN_DOMCTL_*:1", false, true, false)]
    [InlineData("*:XEN_DOMCTL_pausedomain:*", false, true, true)]
    [InlineData("1:XEN_DOMCTL_pausedomain:*", true, true, true)]
    [InlineData("0:XEN_DOMCTL_pausedomain:2", true, true, true)]
    [InlineData("0:XEN_DOMCTL_pausedomain:1,*:XENMEM_populate_physmap:1", false, false, true)]
    [InlineData("0:*:1", false, false, false)]
    public void Rules_forbid_what_they_name(string rules, bool pauses, bool fills, bool destroys)
    {
        using var control = new ControlFixture();
        Domain domain = control.Make();
        Assert.Null(CallPolicy.TryParse(rules, out CallPolicy? policy));
        control.Guest.Dispatcher.Policy = policy!;
        Assert.Equal(pauses ? 0 : -(long)Errno.EPERM, control.Call(DomctlOp.Pausedomain, domain.Id));
        Assert.Equal(fills ? 1 : 0, control.Populate(domain.Id, 1));
        Assert.Equal(destroys ? 0 : -(long)Errno.EPERM, control.Call(DomctlOp.Destroydomain, domain.Id));
    }

    /// <summary>A rule for one domain does not touch calls about none.</summary>
    [Fact]
    public void Creation_is_about_nobody_yet()
    {
        using var control = new ControlFixture();
        CallPolicy.TryParse("0:XEN_DOMCTL_createdomain:1", out CallPolicy? policy);
        control.Guest.Dispatcher.Policy = policy!;
        Assert.Equal(0, control.Create(ControlFixture.Pvh(), out _));
        CallPolicy.TryParse("0:XEN_DOMCTL_createdomain:*", out policy);
        control.Guest.Dispatcher.Policy = policy!;
        Assert.Equal(-(long)Errno.EPERM, control.Create(ControlFixture.Pvh(), out _));
    }

    /// <summary>getdomaininfo of an id that nobody has is about the next domain, which a rule may be about.</summary>
    [Fact]
    public void Who_is_found_is_asked_about()
    {
        using var control = new ControlFixture();
        control.Make();
        CallPolicy.TryParse("0:XEN_DOMCTL_getdomaininfo:5", out CallPolicy? policy);
        control.Guest.Dispatcher.Policy = policy!;
        Assert.Equal(0, control.Call(DomctlOp.Getdomaininfo, 1));
        Assert.Equal(0, control.Create(ControlFixture.Pvh(), out _, wanted: 5));
        Assert.Equal(-(long)Errno.EPERM, control.Call(DomctlOp.Getdomaininfo, 5));
        Assert.Equal(-(long)Errno.EPERM, control.Call(DomctlOp.Getdomaininfo, 4));
    }

    [Fact]
    public void Xenstores_domain_looks_at_all_and_touches_none()
    {
        using var control = new ControlFixture();
        Assert.Equal(0, control.Create(ControlFixture.Pvh() with { Flags = 0x13 }, out ushort id));
        Assert.Equal((uint)DomainStateFlags.XenstoreDomain, control.Describe(id).Flags & (uint)DomainStateFlags.XenstoreDomain);
        Domain store = control.Machine.Services.Domains.Find(id)!;
        CallPolicy policy = CallPolicy.Default();
        Assert.True(policy.Allows(Permission.Xenstore, store, control.Guest.Domain, 0, 0));
        Assert.False(policy.Allows(Permission.Target, store, control.Guest.Domain, 0, 0));
        Assert.False(policy.Allows(Permission.Privileged, store, control.Guest.Domain, 0, 0));
        Assert.False(policy.Allows(Permission.Xenstore, control.Make(), control.Guest.Domain, 0, 0));
    }

    [Fact]
    public void Rules_give_nobody_more()
    {
        using var plain = new ControlFixture(isPrivileged: false, id: 3);
        CallPolicy.TryParse("5:XEN_DOMCTL_*:*", out CallPolicy? policy);
        plain.Guest.Dispatcher.Policy = policy!;
        Assert.Equal(-(long)Errno.EPERM, plain.Call(DomctlOp.Getdomaininfo, 3));
    }

    [Theory]
    [InlineData("0")]
    [InlineData("0:XEN_DOMCTL_pausedomain")]
    [InlineData("0:XEN_DOMCTL_pausedoman:1")]
    [InlineData("0:XEN_NOTHING*:1")]
    [InlineData("x:XEN_DOMCTL_pausedomain:1")]
    [InlineData("0:XEN_DOMCTL_pausedomain:")]
    [InlineData("0:XEN_DOMCTL_pausedomain:32752")]
    [InlineData("0:XEN_DOMCTL_pausedomain:99999999999")]
    public void Rules_that_mean_nothing_are_refused(string rules)
    {
        Assert.NotNull(CallPolicy.TryParse(rules, out CallPolicy? policy));
        Assert.Null(policy);
    }

    [Fact]
    public void There_are_32_rules_at_most()
    {
        string rule = "0:XEN_DOMCTL_pausedomain:1";
        Assert.Null(CallPolicy.TryParse(string.Join(',', System.Linq.Enumerable.Repeat(rule, 32)), out _));
        Assert.NotNull(CallPolicy.TryParse(string.Join(',', System.Linq.Enumerable.Repeat(rule, 33)), out _));
    }
}
