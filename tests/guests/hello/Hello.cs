using System.Runtime;

namespace Xenolith.Guests.Hello;

/// <summary>The smallest guest: it starts, says so, and powers off.</summary>
internal static class Hello
{
    [RuntimeExport("guest_main")]
    private static void Main()
    {
        var tests = new TestRun("hello");
        GuestConsole.WriteLine("Hello from a C# guest.");

        tests.Start("start_info");
        tests.Equal(BootRecord.Magic, Abi.Contract.StartInfoConstants.Magic, "magic");
        tests.Finish();
    }
}
