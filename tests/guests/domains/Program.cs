using System.Runtime;
using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Domains;

/// <summary>
/// A part in a play of several domains; the command line names which. The boot tests put the cast together and judge what each says.
/// Without a part: what a domain finds that is alone.
/// </summary>
internal static class Program
{
    [RuntimeExport("guest_main")]
    private static void Main()
    {
        if (BootRecord.HasWord("strict"))
        {
            Permissions.Run();
        }
        else if (BootRecord.HasWord("alone") || BootRecord.CommandLine == 0)
        {
            Permissions.RunAlone();
        }
        else if (BootRecord.HasWord("wait"))
        {
            Wait();
        }
        else if (BootRecord.Number("until=", 0) is var domain and not 0)
        {
            Await((ushort)domain);
        }
        else if (BootRecord.HasWord("watch"))
        {
            Peers.Watch();
        }
        else if (BootRecord.HasWord("peer"))
        {
            Peers.Visit();
        }
        else if (BootRecord.HasWord("granter"))
        {
            Grants.Give();
        }
        else if (BootRecord.HasWord("grantee"))
        {
            Grants.Take();
        }
        else if (BootRecord.HasWord("memory"))
        {
            Remains.Run();
        }
        else if (BootRecord.HasWord("flood"))
        {
            Flood();
        }
        else if (BootRecord.HasWord("talk"))
        {
            Talk.Run();
        }
        else if (BootRecord.HasWord("exposed"))
        {
            Exposed();
        }
        else if (BootRecord.HasWord("views"))
        {
            OwnViews.Run();
        }
        else if (BootRecord.HasWord("reboot"))
        {
            Xen.Shutdown(ShutdownReason.Reboot);
        }
        else if (BootRecord.HasWord("crash"))
        {
            GuestConsole.WriteLine("guest domains: about to crash");
            Xen.Shutdown(ShutdownReason.Crash);
        }
        else
        {
            Permissions.RunAlone();
        }
    }

    /// <summary>
    /// Looks at what the words expose=VCPUOP_register_runstate_phys_area,XENFEAT_runstate_phys_area and hide=SCHEDOP_watchdog,vm_assist make of what it is shown.
    /// </summary>
    private static void Exposed()
    {
        var tests = new TestRun("domains");
        tests.Start("what is shown and hidden by words");
        var area = new VcpuRegisterRunstateMemoryArea { Address = ulong.MaxValue };
        tests.Success(Hypercalls.VcpuRegisterRunstatePhysArea(0, ref area), "the runstate's area, of 4.18");
        var time = new VcpuRegisterTimeMemoryArea { Address = ulong.MaxValue };
        tests.Error(Hypercalls.VcpuRegisterVcpuTimePhysArea(0, ref time), Errno.ENOSYS, "the time's area, of 4.18");
        var information = new FeatureInfo();
        tests.Success(Hypercalls.VersionGetFeatures(ref information), "features");
        tests.Equal(information.Submap & (3u << (int)Feature.RunstatePhysArea), 1u << (int)Feature.RunstatePhysArea, "of 4.18");
        var watchdog = new SchedWatchdog { Id = 99, Timeout = 1 };
        tests.Error(Hypercalls.SchedWatchdog(ref watchdog), Errno.ENOSYS, "the watchdog");
        tests.Error(Hypercalls.VmAssistEnable(VmAssistType.RunstateUpdateFlag), Errno.ENOSYS, "vm_assist");
        tests.Success(Hypercalls.SchedYield(), "yield");
        tests.Finish();
    }

    /// <summary>Says every second that it lives, seconds= times, and powers off.</summary>
    private static void Wait()
    {
        Sleeper.Start();
        ulong seconds = BootRecord.Number("seconds=", 1);
        for (ulong second = 1; second <= seconds; second++)
        {
            Sleeper.Sleep(1000);
            GuestConsole.Write("guest domains: waited ");
            GuestConsole.WriteDecimal((long)second);
            GuestConsole.EndLine();
        }

        GuestConsole.WriteLine("guest domains: waited enough");
    }

    /// <summary>Waits for a domain to have begun, the last of those made anew.</summary>
    private static void Await(ushort domain)
    {
        Sleeper.Start();
        var found = default(DomainInformation);
        var argument = new Sysctl { DomainList = new SysctlDomainList { First = domain, Maximum = 1, Buffer = Xen.AddressOf(ref found) } };
        while (MachineControl.Call(SysctlOp.Getdomaininfolist, ref argument) != 0 || argument.DomainList.Count == 0)
        {
            Sleeper.Sleep(100);
        }

        GuestConsole.WriteLine("guest domains: waited enough");
    }

    /// <summary>Writes lines= lines as fast as it can, and powers off.</summary>
    private static void Flood()
    {
        ulong lines = BootRecord.Number("lines=", 1000);
        for (ulong line = 0; line < lines; line++)
        {
            GuestConsole.Write("flood ");
            GuestConsole.WriteDecimal((long)line);
            GuestConsole.EndLine();
        }
    }
}
