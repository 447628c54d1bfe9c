using System;
using Xenolith.Hal.Svm;
using Xenolith.Hal.Vmx;
using Xenolith.Kernel;
using Xunit;

namespace Xenolith.Tests.Unit.Hal;

public sealed class PageFormatTests
{
    private static readonly EptFormat s_ept = new(hasExecuteOnly: true, has1GPages: true);
    private static readonly NptFormat s_npt = new(has1GPages: false);

    [Fact]
    public void EptLeafBits()
    {
        // Read, write, execute; memory type 6; ignore PAT; accessed, dirty; suppress #VE.
        Assert.Equal(0x8000_0000_1234_5377, s_ept.Leaf(new Mfn(0x12345), 1, Rights.All, Caching.WriteBack));
        Assert.Equal(0x8000_0000_1220_03F5, s_ept.Leaf(new Mfn(0x12200), 2, Rights.ReadExecute, Caching.WriteBack));
        Assert.Equal(0x8000_0000_1234_5343, s_ept.Leaf(new Mfn(0x12345), 1, Rights.ReadWrite, Caching.Uncached));
        Assert.Equal(0x8000_0000_1234_5374, s_ept.Leaf(new Mfn(0x12345), 1, Rights.Execute, Caching.WriteBack));
    }

    [Fact]
    public void NptLeafBits()
    {
        Assert.Equal(0x1234_5067UL, s_npt.Leaf(new Mfn(0x12345), 1, Rights.All, Caching.WriteBack));
        Assert.Equal(0x8000_0000_1234_5065, s_npt.Leaf(new Mfn(0x12345), 1, Rights.Read, Caching.WriteBack));
        Assert.Equal(0x8000_0000_1220_00FF, s_npt.Leaf(new Mfn(0x12200), 2, Rights.ReadWrite, Caching.Uncached));
    }

    [Theory]
    [InlineData(Rights.Read)]
    [InlineData(Rights.ReadWrite)]
    [InlineData(Rights.ReadExecute)]
    [InlineData(Rights.All)]
    public void RightsSurvive(Rights rights)
    {
        for (int level = 1; level <= 3; level++)
        {
            PageTableFormat[] formats = [s_ept, s_npt];
            foreach (PageTableFormat format in formats)
            {
                ulong entry = format.Leaf(new Mfn(1UL << 18), level, rights, Caching.WriteBack);
                Assert.True(format.IsPresent(entry));
                Assert.True(PageTableFormat.IsLeaf(entry, level));
                Assert.Equal(rights, format.RightsOf(entry));
                Assert.Equal(new Mfn(1UL << 18), PageTableFormat.FrameOf(entry));
            }
        }
    }

    [Fact]
    public void TablesAreNoLeavesAndAllowEverything()
    {
        PageTableFormat[] formats = [s_ept, s_npt];
        foreach (PageTableFormat format in formats)
        {
            ulong entry = format.Table(new Mfn(77));
            Assert.True(format.IsPresent(entry));
            Assert.False(PageTableFormat.IsLeaf(entry, 2));
            Assert.False(PageTableFormat.IsLeaf(entry, 4));
            Assert.Equal(Rights.All, format.RightsOf(entry));
            Assert.Equal(new Mfn(77), PageTableFormat.FrameOf(entry));
            Assert.False(format.IsPresent(format.Absent));
            Assert.False(format.IsPresent(0));
        }
    }

    [Fact]
    public void NestedTablesLetTheGuestInAsAUser()
    {
        const ulong user = 4;
        Assert.Equal(user, s_npt.Table(new Mfn(1)) & user);
        Assert.Equal(user, s_npt.Leaf(new Mfn(1), 1, Rights.Read, Caching.WriteBack) & user);
    }

    [Fact]
    public void RightsThatTheCpuCannotExpressAreRefused()
    {
        Assert.Throws<ArgumentException>(() => s_ept.Leaf(new Mfn(1), 1, Rights.Write, Caching.WriteBack));
        Assert.Throws<ArgumentException>(() => s_npt.Leaf(new Mfn(1), 1, Rights.Execute, Caching.WriteBack));
        Assert.Throws<ArgumentException>(() => new EptFormat(false, false).Leaf(new Mfn(1), 1, Rights.Execute, Caching.WriteBack));
    }

    [Fact]
    public void NoRightsMeansNotPresent()
    {
        Assert.False(s_ept.IsPresent(s_ept.Leaf(new Mfn(1), 1, Rights.None, Caching.WriteBack)));
        Assert.False(s_npt.IsPresent(s_npt.Leaf(new Mfn(1), 1, Rights.None, Caching.WriteBack)));
    }

    /// <summary>The CPU finds nothing, and the leaf splits like any other.</summary>
    [Theory]
    [InlineData(Caching.WriteBack)]
    [InlineData(Caching.Uncached)]
    public void AWithheldLeafKeepsItsFrame(Caching caching)
    {
        foreach ((PageTableFormat format, ulong usedByCpu) in new (PageTableFormat, ulong)[] { (s_ept, 7), (s_npt, 1) })
        {
            ulong entry = format.Leaf(new Mfn(0x12200), 2, Rights.Withheld, caching);
            Assert.Equal(0UL, entry & usedByCpu);
            Assert.True(format.IsPresent(entry) && PageTableFormat.IsLeaf(entry, 2));
            Assert.Equal(Rights.Withheld, format.RightsOf(entry));
            Assert.Equal(new Mfn(0x12200), PageTableFormat.FrameOf(entry));
            Assert.Equal(caching, format.CachingOf(entry, 2));
        }
    }

    [Fact]
    public void OnlyAConvertibleLeafOfEptLeavesVeUnsuppressed()
    {
        Assert.Equal(0x1234_5375UL, s_ept.Leaf(new Mfn(0x12345), 1, Rights.ReadExecute | Rights.Convertible, Caching.WriteBack));
        Assert.Equal(0x0010_0000_1234_5370UL, s_ept.Leaf(new Mfn(0x12345), 1, Rights.Withheld | Rights.Convertible, Caching.WriteBack));
        Assert.Equal(Rights.Read | Rights.Convertible, s_ept.RightsOf(s_ept.Leaf(new Mfn(1), 1, Rights.Read | Rights.Convertible, Caching.WriteBack)));
        Assert.Equal(1UL, s_ept.Absent >> 63);
        Assert.Equal(s_npt.Leaf(new Mfn(1), 1, Rights.Read, Caching.WriteBack), s_npt.Leaf(new Mfn(1), 1, Rights.Read | Rights.Convertible, Caching.WriteBack));
    }

    /// <summary>The CPU sets the flag when it has noted the write, and the leaf is an open one by that.</summary>
    [Fact]
    public void ALoggedLeafOfEptLacksDirty()
    {
        ulong entry = s_ept.Leaf(new Mfn(0x12345), 1, Rights.All | Rights.Logged, Caching.WriteBack);
        Assert.Equal(0x8000_0000_1234_5177, entry);
        Assert.Equal(Rights.All | Rights.Logged, s_ept.RightsOf(entry));
        Assert.Equal(s_ept.Leaf(new Mfn(0x12345), 1, Rights.All, Caching.WriteBack), entry | (1 << 9));
        Assert.Equal(Caching.WriteBack, s_ept.CachingOf(entry, 1));
    }

    [Fact]
    public void EptPointerSaysWhetherFlagsAreUsed() => Assert.Equal(0x5_005EUL, EptFormat.Pointer(new Mfn(0x50), hasFlags: true));

    [Fact]
    public void EptPointerHasFourLevelsAndWriteBack() => Assert.Equal(0x5_001EUL, EptFormat.Pointer(new Mfn(0x50)));
}
