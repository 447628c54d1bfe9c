using System.Linq;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Kernel;
using Xunit;

namespace Xenolith.Tests.Unit.Builder;

/// <summary>What the boot modules' words ask for, and what is said of words that ask for nothing possible.</summary>
public sealed class DomainPlanTests
{
    private const ulong M = 1 << 20;

    [Theory]
    [InlineData("vmlinuz console=hvc0")]
    [InlineData("vmlinuz domain name=x")]
    public void TheFirstModuleIsTheInitialDomainsWhateverItSays(string first)
    {
        DomainPlan plan = Plan(first);
        Assert.Empty(plan.Domains);
        Assert.Null(plan.InitialRamdisk);
    }

    [Theory]
    [InlineData("initrd")]
    [InlineData("initrd some words")]
    [InlineData("initrd -- domain")]
    [InlineData("")]
    public void TheSecondModuleIsItsInitrdUnlessItBeginsADomain(string second)
    {
        DomainPlan plan = Plan("vmlinuz console=hvc0", second);
        Assert.Empty(plan.Domains);
        Assert.Equal(second, plan.InitialRamdisk!.CommandLine);
    }

    [Fact]
    public void EveryWordHasItsEffect()
    {
        DomainPlan plan = Plan("k", "i",
            "/boot/vmlinuz domain name=web-1 memory=256M vcpus=3 weight=512 cap=150 cpus=0-3,^2 privileged paused ramdisk expose=VCPUOP_up,XENFEAT_dom0 hide=vm_assist altp2m=external altp2m_count=512 altp2m_options=lost-virq,self-first on_reboot=destroy --  console=hvc0 -- single",
            "/boot/initrd", "hello domain memory=8M");
        Assert.Equal("i", plan.InitialRamdisk!.CommandLine);
        Assert.Equal(2, plan.Domains.Length);
        DomainSpecification web = plan.Domains[0];
        Assert.Equal(("web-1", 256 * M, 3, 512, 150, 0b1011UL), (web.Name, web.Memory, web.VcpuCount, web.Weight, web.Cap, web.Cpus));
        Assert.True(web.IsPrivileged);
        Assert.True(web.IsHeldBack);
        Assert.Equal(("VCPUOP_up,XENFEAT_dom0", "vm_assist"), (web.Expose, web.Hide));
        Assert.Equal((Altp2mMode.External, 512, Altp2mOptions.SelfFirst | Altp2mOptions.LostVirq), (web.Altp2mMode, web.MaximumViews, web.ViewOptions));
        Assert.Equal((Altp2mMode.Disabled, 10, (Altp2mOptions)0), (plan.Domains[1].Altp2mMode, plan.Domains[1].MaximumViews, plan.Domains[1].ViewOptions));
        Assert.False(web.RestartsOnReboot);
        Assert.Equal("console=hvc0 -- single", web.CommandLine);
        Assert.Equal("/boot/initrd", web.Ramdisk!.CommandLine);
        Assert.Equal(3, web.ModuleNumber);

        DomainSpecification plain = plan.Domains[1];
        Assert.Equal(("module5", 8 * M, 1, 256, 0, ulong.MaxValue), (plain.Name, plain.Memory, plain.VcpuCount, plain.Weight, plain.Cap, plain.Cpus));
        Assert.False(plain.IsPrivileged);
        Assert.False(plain.IsHeldBack);
        Assert.True(plain.RestartsOnReboot);
        Assert.Null(plain.Ramdisk);
        Assert.Equal("", plain.CommandLine);
    }

    [Fact]
    public void AFurtherDomainMayStandRightBehindTheInitialOne()
    {
        DomainPlan plan = Plan("k", "hello domain name=b memory=8M");
        Assert.Null(plan.InitialRamdisk);
        Assert.Equal("b", Assert.Single(plan.Domains).Name);
    }

    [Fact]
    public void Grub2LeavesTheFilesNameOut()
    {
        BuildError? error = DomainPlan.TryMake(Boot("GRUB 2.06", "", "domain name=b memory=8M -- a b"), out DomainPlan? plan);
        Assert.Null(error);
        Assert.Equal("a b", Assert.Single(plan!.Domains).CommandLine);
        error = DomainPlan.TryMake(Boot("GRUB 2.06", "", "domain memory=8"), out _);
        Assert.StartsWith("module 2: \"memory=8\"", error!.Message);
    }

    [Theory]
    [InlineData("memroy=8M", "\"memroy=8M\" is not a word for a domain; write name=, memory=")]
    [InlineData("console=hvc0", "\"console=hvc0\" is not a word for a domain")]
    [InlineData("domain", "\"domain\" is not a word for a domain")]
    [InlineData("privileged=yes", "\"privileged=yes\" is not a word")]
    [InlineData("paused=1", "\"paused=1\" is not a word")]
    [InlineData("vcpus", "\"vcpus\" is not a word")]
    [InlineData("vcpus=2 vcpus=3", "\"vcpus=3\" says vcpus a second time")]
    [InlineData("privileged privileged", "\"privileged\" says privileged a second time")]
    [InlineData("name=", "\"name=\" is not possible; write name= with 1 to 31")]
    [InlineData("name=a/b", "\"name=a/b\" is not possible")]
    [InlineData("name=12345678901234567890123456789012", "is not possible; write name= with 1 to 31")]
    [InlineData("vcpus=0", "\"vcpus=0\" is not possible; write vcpus= with a number from 1 to 128")]
    [InlineData("vcpus=129", "\"vcpus=129\" is not possible")]
    [InlineData("vcpus=99999999999999999999", "is not possible")]
    [InlineData("weight=0", "\"weight=0\" is not possible; write weight= with a number from 1 to 65535")]
    [InlineData("weight=65536", "\"weight=65536\" is not possible")]
    [InlineData("cap=6401", "\"cap=6401\" is not possible; write cap= with a number of per cent")]
    [InlineData("cap=-1", "\"cap=-1\" is not possible")]
    [InlineData("cpus=", "\"cpus=\" is not possible; write cpus=all")]
    [InlineData("cpus=64", "\"cpus=64\" is not possible")]
    [InlineData("cpus=3-1", "\"cpus=3-1\" is not possible")]
    [InlineData("cpus=1,", "\"cpus=1,\" is not possible")]
    [InlineData("cpus=1,^1", "\"cpus=1,^1\" is not possible")]
    [InlineData("altp2m=on", "\"altp2m=on\" is not possible; write altp2m=disabled, altp2m=mixed, altp2m=external or altp2m=limited")]
    [InlineData("altp2m=", "\"altp2m=\" is not possible")]
    [InlineData("altp2m_count=0", "\"altp2m_count=0\" is not possible; write altp2m_count= with a number from 1 to 512")]
    [InlineData("altp2m_count=513", "\"altp2m_count=513\" is not possible")]
    [InlineData("altp2m_options=all", "\"altp2m_options=all\" is not possible; write altp2m_options= with self-first, lost-virq, or both and a comma")]
    [InlineData("altp2m_options=", "\"altp2m_options=\" is not possible")]
    [InlineData("altp2m_options=self-first,", "\"altp2m_options=self-first,\" is not possible")]
    [InlineData("on_reboot=preserve", "\"on_reboot=preserve\" is not possible; write on_reboot=restart or on_reboot=destroy")]
    public void ABadWordIsNamedWithItsModuleAndItsMend(string words, string message)
    {
        BuildError error = Refusal("kernel domain memory=8M " + words + " -- memory=1");
        Assert.Equal(BuildErrorKind.BadDomainWord, error.Kind);
        Assert.StartsWith("module 2 (kernel): ", error.Message);
        Assert.Contains(message, error.Message);
        Assert.True(error.Message.Length < BuildMessage.Capacity, error.Message);
    }

    [Theory]
    [InlineData("memory=256", "\"memory=256\" is not possible; write memory= with a number and its unit, like memory=256M")]
    [InlineData("memory=1M", "2M is the least")]
    [InlineData("memory=M", "\"memory=M\" is not possible")]
    [InlineData("memory=99999999999T", "is not possible")]
    [InlineData("name=a", "says no memory=; write how much the domain gets, like memory=256M")]
    [InlineData("name=a -- memory=8M", "says no memory=")]
    public void MemoryIsAskedForInSoManyWords(string words, string message)
    {
        BuildError error = Refusal("kernel domain " + words);
        Assert.Equal(BuildErrorKind.BadDomainWord, error.Kind);
        Assert.Contains(message, error.Message);
    }

    [Theory]
    [InlineData(0, "0-3", 0xFUL)]
    [InlineData(1, "all", ulong.MaxValue)]
    [InlineData(2, "all,^0", ulong.MaxValue - 1)]
    [InlineData(3, "63", 1UL << 63)]
    [InlineData(4, "0-63", ulong.MaxValue)]
    [InlineData(5, "1,3,5-6", 0b110_1010UL)]
    public void ListsOfCpusAreAsForXl(int number, string text, ulong expected)
    {
        Assert.True(CpuList.TryParse(text, out ulong cpus), $"{number}");
        Assert.Equal(expected, cpus);
    }

    [Theory]
    [InlineData("a domain memory=8M ramdisk")]
    [InlineData("a domain memory=8M ramdisk", "b domain memory=8M")]
    public void ARamdiskNeedsItsModule(params string[] modules)
    {
        BuildError error = Refusal(modules);
        Assert.Equal(BuildErrorKind.NoRamdisk, error.Kind);
        Assert.StartsWith("module 2 (a): \"ramdisk\" needs a module behind it", error.Message);
    }

    [Theory]
    [InlineData("a domain memory=8M name=x", "b domain memory=8M name=x")]
    [InlineData("i", "b domain memory=8M name=initial")]
    [InlineData("a domain memory=8M name=module3", "b domain memory=8M")]
    public void NamesAreUnique(params string[] modules)
    {
        BuildError error = Refusal(modules);
        Assert.Equal(BuildErrorKind.NameTaken, error.Kind);
        Assert.StartsWith("module 3 (b): \"name=", error.Message);
    }

    [Theory]
    [InlineData("initrd", "microcode.bin")]
    [InlineData("a domain memory=8M", "initrd")]
    public void AModuleThatNobodyAsksForIsRefused(params string[] modules)
    {
        BuildError error = Refusal(modules);
        Assert.Equal(BuildErrorKind.ModuleWithoutPurpose, error.Kind);
        Assert.Contains("nobody asks for it", error.Message);
        Assert.StartsWith("module 3 (", error.Message);
    }

    private static DomainPlan Plan(params string[] modules)
    {
        BuildError? error = DomainPlan.TryMake(Boot("", modules), out DomainPlan? plan);
        Assert.True(error is null, error?.Message);
        return plan!;
    }

    private static BuildError Refusal(params string[] modules)
    {
        BuildError? error = DomainPlan.TryMake(Boot("", [.. modules.Prepend("k")]), out DomainPlan? plan);
        Assert.Null(plan);
        Assert.NotNull(error);
        return error;
    }

    private static BootInformation Boot(string loader, params string[] modules) => new()
    {
        CommandLine = "", LoaderName = loader, MemoryMap = [], Modules = [.. modules.Select(text => new BootModule(0x100000, 4096, text))],
    };
}
