using System;
using Xenolith.Abi.Contract;

namespace Xenolith.Guests;

/// <summary>
/// The results of a guest: a line a test (<c>test NAME: passed</c>, <c>failed: why</c>, <c>skipped: why</c>), then
/// <c>guest NAME: N passed, N failed, N skipped</c> and power-off.
/// </summary>
public sealed class TestRun(string guest)
{
    private string? _name;
    private bool _failed;
    private bool _skipped;
    private int _passedCount, _failedCount, _skippedCount;

    /// <summary>What stands behind the names of the tests that follow: how they are run this time.</summary>
    public string Suffix { get; set; } = "";

    /// <summary>Ends the running test, if any, and starts another.</summary>
    public void Start(string name)
    {
        End();
        _name = name + Suffix;
        _failed = false;
        _skipped = false;
    }

    /// <summary>Both must be equal; the first difference of a test is its reason to fail.</summary>
    public void Equal(long actual, long expected, string what)
    {
        if (actual != expected && BeginFailure(what))
        {
            GuestConsole.WriteDecimal(actual);
            if (actual is < -4096 or > 9)
            {
                Bracketed((ulong)actual);
            }

            GuestConsole.Write(" instead of ");
            GuestConsole.WriteDecimal(expected);
            if (expected is < -4096 or > 9)
            {
                Bracketed((ulong)expected);
            }

            GuestConsole.EndLine();
        }
    }

    /// <summary>The call must have failed with that error.</summary>
    public void Error(long actual, Errno expected, string what) => Equal(actual, -(long)expected, what);

    /// <summary>The call must have returned 0.</summary>
    public void Success(long actual, string what) => Equal(actual, 0, what);

    public void True(bool condition, string what)
    {
        if (!condition && BeginFailure(what))
        {
            GuestConsole.WriteLine("does not hold");
        }
    }

    /// <summary>The value must lie in [low, high].</summary>
    public void Between(long actual, long low, long high, string what)
    {
        if ((actual < low || actual > high) && BeginFailure(what))
        {
            GuestConsole.WriteDecimal(actual);
            GuestConsole.Write(" is not within ");
            GuestConsole.WriteDecimal(low);
            GuestConsole.Write(" to ");
            GuestConsole.WriteDecimal(high);
            GuestConsole.EndLine();
        }
    }

    /// <summary>The run of code must have raised the exception, with the error code.</summary>
    public void Raises(Outcome outcome, byte vector, ulong errorCode, string what)
    {
        Equal(outcome.Faulted ? outcome.Vector : -1, vector, what);
        Equal((long)outcome.ErrorCode, (long)errorCode, what);
    }

    /// <summary>The run of code must have ended without exception.</summary>
    public void Completes(Outcome outcome, string what) => Equal(outcome.Faulted ? outcome.Vector : -1, -1, what);

    /// <summary>The running test does not apply here.</summary>
    public void Skip(string why)
    {
        if (_failed || _skipped)
        {
            return;
        }

        _skipped = true;
        Head();
        GuestConsole.Write(": skipped: ");
        GuestConsole.WriteLine(why);
    }

    /// <summary>Ends the last test, prints the counts and powers off, or ends otherwise.</summary>
    public void Finish(ShutdownReason reason = ShutdownReason.Poweroff)
    {
        End();
        GuestConsole.Write("guest ");
        GuestConsole.Write(guest);
        GuestConsole.Write(": ");
        GuestConsole.WriteDecimal(_passedCount);
        GuestConsole.Write(" passed, ");
        GuestConsole.WriteDecimal(_failedCount);
        GuestConsole.Write(" failed, ");
        GuestConsole.WriteDecimal(_skippedCount);
        GuestConsole.WriteLine(" skipped");
        Xen.Shutdown(reason);
    }

    private void End()
    {
        if (_name is null)
        {
            return;
        }

        if (_failed)
        {
            _failedCount++;
        }
        else if (_skipped)
        {
            _skippedCount++;
        }
        else
        {
            _passedCount++;
            Head();
            GuestConsole.WriteLine(": passed");
        }

        _name = null;
    }

    private bool BeginFailure(string what)
    {
        if (_failed)
        {
            return false;
        }

        _failed = true;
        Head();
        GuestConsole.Write(": failed: ");
        GuestConsole.Write(what);
        GuestConsole.Write(": ");
        return true;
    }

    private void Head()
    {
        GuestConsole.Write("test ");
        GuestConsole.Write(_name);
    }

    private static void Bracketed(ulong value)
    {
        GuestConsole.Write(" (");
        GuestConsole.WriteHex(value);
        GuestConsole.Write(")");
    }
}
