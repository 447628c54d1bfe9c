using Xunit;

namespace Xenolith.Tests.Unit.Machines;

/// <summary>Sequences that once showed a mistake. All of the machine is looked at after each step.</summary>
public sealed class MachineReplayTests
{
    /// <summary>The vCPU goes on where it is, and its account says that it runs: the timeout of its poll has passed already.</summary>
    [Fact]
    public void A_wait_that_ends_before_the_vcpu_has_left_its_CPU_goes_on_as_running()
    {
        using DeedRunner runner = SequenceRun.Replay("""
            write d0v0 10000 : 004001000000000001000000000000000100000000000000+0
            write d0v0 14000 : 01000000+0
            call d0v0 1d 3 10000 # SCHEDOP_poll
            """);
        Assert.Equal(0, runner.Result);
        Assert.True(runner.Machine.Control.Vcpus[0].IsRunning);
        runner.End();
    }

    /// <summary>What is printed does the same when it is read.</summary>
    [Fact]
    public void A_line_is_the_step_that_it_was_printed_of()
    {
        var deed = new Deed(DeedKind.Write, 3, 1, [0x10000, 7], [1, 0, 2, 0, 0], "A_NAME");
        Deed read = Assert.Single(Deed.Parse(deed.ToString()));
        Assert.Equal("write d3v1 10000 7 : 010002+2 # A_NAME", deed.ToString());
        Assert.Equal(deed.ToString(), read.ToString());
        Assert.Equal(deed.Bytes, read.Bytes);
    }
}
