using System;
using System.Diagnostics.CodeAnalysis;

namespace Xenolith.Kernel;

/// <summary>What this image's kernel set up: the one place where code that has no object at hand (interrupts, panics, the top's entry) finds it.</summary>
public static class Boot
{
    private static KernelServices? s_services;
    private static AddressSpace? s_addressSpace;
    private static Log? s_log;

    /// <summary>The services, from the call of the drivers on.</summary>
    public static KernelServices Current => s_services ?? throw new InvalidOperationException("the kernel is not up yet");

    /// <summary>The hypervisor's address space, from the call of the drivers on.</summary>
    public static AddressSpace AddressSpace => s_addressSpace ?? throw new InvalidOperationException("the kernel is not up yet");

    /// <summary>The log, as soon as there is one.</summary>
    public static Log? Log => s_log;

    /// <summary>Whether the user wants a halt where the machine would restart; false until the command line has been read.</summary>
    public static bool NoReboot { get; internal set; }

    /// <summary>The services, if they are up.</summary>
    public static bool TryGetCurrent([NotNullWhen(true)] out KernelServices? services)
    {
        services = s_services;
        return services is not null;
    }

    internal static void SetLog(Log log) => s_log = log;

    internal static void SetServices(KernelServices services, AddressSpace addressSpace)
    {
        s_services = services;
        s_addressSpace = addressSpace;
    }
}
