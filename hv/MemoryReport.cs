using System;
using Xenolith.Domains;
using Xenolith.Kernel;

namespace Xenolith;

/// <summary>Where the machine's RAM is: free, in domains, in their nested page tables, and what the hypervisor keeps for itself.</summary>
/// <param name="Total">Whole frames of RAM in the boot loader's map, the image's own and the low MiB among them.</param>
/// <param name="Free">Frames that are free.</param>
/// <param name="Guests">Frames that are memory of domains.</param>
/// <param name="Tables">Frames of the domains' nested page tables.</param>
public readonly record struct MemoryReport(ulong Total, ulong Free, ulong Guests, ulong Tables)
{
    /// <summary>Everything else: the image, the frame table, the hypervisor's page tables, stacks and objects, and RAM that it leaves alone.</summary>
    public ulong Own => Total - Free - Guests - Tables;

    /// <summary>How it is now.</summary>
    public static MemoryReport Take(Machine machine)
    {
        ulong guests = 0, tables = 0;
        DomainTable domains = machine.Services.Domains;
        for (int i = 0; i < domains.Count; i++)
        {
            guests += domains[i].TotalPages;
            tables += domains[i].P2m.TableFrames;
        }

        return new MemoryReport(machine.Services.RamFrames, machine.Kernel.Frames.FreeFrames, guests, tables);
    }

    /// <summary>One line of it.</summary>
    public void Say(Log log) => log.Info(
        $"memory: {KibibytesOf(Total)} KiB of RAM: {KibibytesOf(Free)} free, {KibibytesOf(Guests)} in domains, {KibibytesOf(Tables)} their nested page tables, {KibibytesOf(Own)} own");

    private static ulong KibibytesOf(ulong frames) => frames << (Page.Shift - 10);
}
