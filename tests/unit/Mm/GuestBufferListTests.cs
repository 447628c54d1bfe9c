using System;
using System.Linq;
using System.Runtime.InteropServices;
using Xenolith.Domains;
using Xenolith.Kernel;
using Xenolith.Mm;
using Xenolith.Tests.Unit.Harness;
using Xunit;

namespace Xenolith.Tests.Unit.Mm;

/// <summary>Handles that are guest-physical, and lists of frames in their place.</summary>
public sealed class GuestBufferListTests : IDisposable
{
    private const ulong First = 0x200, Second = 0x201, Data = 0x210;

    private readonly TestMachine _machine = new();
    private readonly Domain _domain;

    public GuestBufferListTests()
    {
        _domain = _machine.CreateDomain();
        TestMachine.EnterLongMode(_domain.Vcpus[0], 0xFFFF_F000);
        Access.BeginPhysical(mayBeLists: true);
    }

    public void Dispose() => _machine.Dispose();

    private GuestAccess Access => _domain.Vcpus[0].Access;

    [Fact]
    public void A_guest_physical_handle_needs_no_page_tables()
    {
        byte[] data = [.. Enumerable.Range(0, 0x1800).Select(i => (byte)(i * 3))];
        Assert.True(Access.CopyOut(0x20_0800, data));
        byte[] back = new byte[data.Length];
        Assert.True(_domain.Memory.TryRead(0x20_0800, back));
        Assert.Equal(data, back);
        Assert.True(Access.CopyIn(0x20_0800, back));
        Assert.True(Access.TryResolve(0x20_0800, AccessKind.Write, out Gfn gfn));
        Assert.Equal(new Gfn(0x200), gfn);
        Access.EndPhysical();
        Assert.False(Access.CopyIn(0x20_0800, back));
    }

    [Theory]
    [InlineData(0x1_0000_0000_0000UL)] // past 48 bits
    [InlineData(0x7FFF_FFFF_FFFF_F000UL)]
    [InlineData(0x5000_0000UL)] // no memory
    [InlineData(0x3F_FFFDUL)] // over the end of it
    public void An_address_without_memory_is_out_of_reach(ulong address) => Assert.False(Access.CopyIn(address, new byte[8]));

    [Fact]
    public void A_list_leads_to_its_frames_in_order()
    {
        WriteList(First, 3 * 0x1000, 0, Data + 5, Data, Data + 9);
        byte[] data = [.. Enumerable.Range(0, 0x2000).Select(i => (byte)(i * 5))];
        Assert.True(Access.CopyOut(Handle(First, 0x800), data));
        Assert.Equal(data[0], Read((Data + 5) * 0x1000 + 0x800));
        Assert.Equal(data[0x800], Read(Data * 0x1000));
        Assert.Equal(data[0x1FFF], Read((Data + 9) * 0x1000 + 0x7FF));
        byte[] back = new byte[data.Length];
        Assert.True(Access.CopyIn(Handle(First, 0x800), back));
        Assert.Equal(data, back);
    }

    [Fact]
    public void A_second_page_goes_on_where_the_first_is_full()
    {
        ulong[] frames = [.. Enumerable.Repeat(Data, GuestBufferLists.FramesPerPage)];
        WriteList(First, 511 * 0x1000, Second << 12, frames);
        WriteList(Second, 0, 0, Data + 1, Data + 2);
        Assert.True(Access.CopyOut(Handle(First, 510 * 0x1000), [0x33]));
        Assert.Equal(0x33, Read((Data + 2) * 0x1000));
        Assert.True(Access.CopyOut(Handle(First, 508 * 0x1000 + 0xFFF), [0x44, 0x55]));
        Assert.Equal(0x44, Read(Data * 0x1000 + 0xFFF));
        Assert.Equal(0x55, Read((Data + 1) * 0x1000));
    }

    [Theory]
    [InlineData(0x1000UL, true)]
    [InlineData(0xFFFUL, false)]
    [InlineData(0UL, false)]
    public void A_buffer_ends_where_its_length_says_for_the_page_that_is_looked_up(ulong length, bool reaches)
    {
        WriteList(First, length, 0, Data);
        Assert.Equal(reaches, Access.CopyIn(Handle(First, 0xFFF), new byte[1]));
    }

    [Theory]
    [InlineData("past the frames")]
    [InlineData("too many frames")]
    [InlineData("a frame past the address space")]
    [InlineData("a next page that is not aligned")]
    [InlineData("no next page")]
    [InlineData("no memory for the list")]
    [InlineData("a device for a frame")]
    public void What_is_no_list_is_out_of_reach(string what)
    {
        ulong offset = 0, head = First;
        WriteList(First, 0x100_0000, 0, Data);
        switch (what)
        {
            case "past the frames":
                offset = 0x1000;
                break;
            case "too many frames":
                Write(First * 0x1000 + 8, 510);
                break;
            case "a frame past the address space":
                Write(First * 0x1000 + 24, 1UL << 36);
                break;
            case "a next page that is not aligned":
                Write(First * 0x1000 + 16, (Second << 12) + 8);
                WriteList(Second, 0, 0, Data);
                offset = 509 * 0x1000;
                break;
            case "no next page":
                offset = 509 * 0x1000;
                break;
            case "no memory for the list":
                head = 0x5000;
                break;
            case "a device for a frame":
                Assert.True(_domain.P2m.TrySet(new Gfn(0x6000), new Mfn(0xFEE00), 0, P2mType.Mmio));
                Write(First * 0x1000 + 24, 0x6000);
                break;
        }
        Assert.False(Access.CopyIn(Handle(head, offset), new byte[1]));
        Assert.False(Access.CopyOut(Handle(head, offset), [1]));
    }

    /// <summary>A list that leads back to its front, or round in circles behind it, ends; how long it takes to see is bounded by the pages of a list.</summary>
    [Fact]
    public void A_list_in_circles_ends()
    {
        ulong[] frames = [.. Enumerable.Repeat(Data, GuestBufferLists.FramesPerPage)];
        WriteList(First, 0x3FFF_FFFF, First << 12, frames);
        Assert.False(Access.CopyIn(Handle(First, 509 * 0x1000), new byte[1]));
        WriteList(First, 0x3FFF_FFFF, Second << 12, frames);
        WriteList(Second, 0, Second << 12, frames);
        Assert.True(Access.CopyIn(Handle(First, 511UL * 509 * 0x1000), new byte[1]));
        Assert.False(Access.CopyIn(Handle(First, 512UL * 509 * 0x1000), new byte[1]));
    }

    [Fact]
    public void Lists_are_nothing_to_whom_they_are_not_shown()
    {
        WriteList(First, 0x1000, 0, Data);
        Assert.True(Access.CopyIn(Handle(First, 0), new byte[1]));
        Access.BeginPhysical(mayBeLists: false);
        Assert.False(Access.CopyIn(Handle(First, 0), new byte[1]));
    }

    /// <summary>The guest changes the list between two looks: each look is at what stands there then.</summary>
    [Fact]
    public void Nothing_of_a_list_is_remembered()
    {
        WriteList(First, 0x1000, 0, Data);
        Assert.True(Access.CopyOut(Handle(First, 0), [1]));
        WriteList(First, 0x1000, 0, Data + 1);
        Assert.True(Access.CopyOut(Handle(First, 0), [2]));
        Assert.Equal((1, 2), (Read(Data * 0x1000), Read((Data + 1) * 0x1000)));
        Assert.True(_domain.P2m.TryDepopulate(new Gfn(First)));
        Assert.False(Access.CopyOut(Handle(First, 0), [3]));
    }

    private static ulong Handle(ulong gfn, ulong offset) => 1UL << 63 | gfn << 30 | offset;

    private void WriteList(ulong gfn, ulong length, ulong next, params ulong[] frames)
    {
        ulong[] words = [length, (ulong)frames.Length, next, .. frames];
        Assert.True(_domain.Memory.TryWrite(gfn * 0x1000, MemoryMarshal.AsBytes<ulong>(words)));
    }

    private void Write(ulong physical, ulong value) => Assert.True(_domain.Memory.TryWrite(physical, BitConverter.GetBytes(value)));

    private byte Read(ulong physical)
    {
        byte[] one = new byte[1];
        Assert.True(_domain.Memory.TryRead(physical, one));
        return one[0];
    }
}
