using System;
using System.Collections.Generic;

namespace Xenolith.Abi.Contract.Table;

/// <summary>What a value of an example names, which only who makes the call can give.</summary>
public enum CallThing
{
    /// <summary>Nothing: the value is the number.</summary>
    None,

    /// <summary>A domain that the caller controls, with a vCPU and 16 pages from guest frame 0 on.</summary>
    Child,

    /// <summary>A device model's server of that domain.</summary>
    Server,

    /// <summary>A guest frame of the caller's own RAM, for the call alone.</summary>
    Frame,

    /// <summary>Another one.</summary>
    OtherFrame,

    /// <summary>A guest frame where the caller has nothing.</summary>
    Hole,

    /// <summary>The address of a list whose first element is <see cref="Hole"/>.</summary>
    List,

    /// <summary>The address of a page of zeroes that nothing else uses.</summary>
    Buffer,
}

/// <summary>A number, or what only the caller knows.</summary>
public readonly record struct ExampleValue(ulong Number, CallThing Thing)
{
    public static implicit operator ExampleValue(ulong number) => new(number, CallThing.None);

    public static implicit operator ExampleValue(CallThing thing) => new(0, thing);
}

/// <summary>
/// Values of an operation's structure with which the call gets far: as far as bits that mean nothing would be looked at. What is not stated is
/// zero, domains are the caller itself, or the child where the call is about another. A field that several structures have is named with its own.
/// </summary>
public sealed record CallExample(Enum Operation, params (string Field, ExampleValue Value)[] Values)
{
    private static readonly Dictionary<Enum, CallExample> s_all = Index(
    [
        new(MemoryOp.IncreaseReservation, ("ExtentCount", 1)),
        new(MemoryOp.DecreaseReservation, ("ExtentStart", CallThing.List), ("ExtentCount", 1)),
        new(MemoryOp.PopulatePhysmap, ("ExtentStart", CallThing.List), ("ExtentCount", 1)),
        new(MemoryOp.Exchange, ("ExtentStart", CallThing.List), ("ExtentCount", 1)),
        new(MemoryOp.AddToPhysmap, ("Space", (ulong)MapSpace.GrantTable), ("Gpfn", CallThing.Hole)),
        new(MemoryOp.AddToPhysmapBatch, ("Space", (ulong)MapSpace.GrantTable), ("Size", 1), ("Indices", CallThing.Buffer), ("Gpfns", CallThing.List),
            ("Errors", CallThing.Buffer)),
        new(MemoryOp.RemoveFromPhysmap, ("Gpfn", CallThing.Hole)),
        new(MemoryOp.ClaimPages, ("Domain", CallThing.Child)),
        new(MemoryOp.AcquireResource, ("Domain", CallThing.Child), ("Type", 1)),
        new(GrantTableOp.MapGrantRef, ("Flags", 2), ("Reference", 9)),
        new(GrantTableOp.Copy, ("SourceGmfn", CallThing.Frame), ("DestinationGmfn", CallThing.OtherFrame), ("Length", 8)),
        new(VcpuOp.SetSingleshotTimer, ("Deadline", 1UL << 50)),
        new(VcpuOp.RegisterVcpuInfo, ("Frame", CallThing.Frame)),
        new(VcpuOp.Initialise, ("VcpuHvmProtectedMode.Cr0", 0x11), ("CsLimit", uint.MaxValue), ("DsLimit", uint.MaxValue), ("SsLimit", uint.MaxValue), ("EsLimit", uint.MaxValue),
            ("TrLimit", 0x67), ("CsAttributes", 0xC9B), ("DsAttributes", 0xC93), ("SsAttributes", 0xC93), ("EsAttributes", 0xC93), ("TrAttributes", 0x8B)),
        new(EventChannelOp.BindPirq, ("Pirq", 0xFFFF)),
        new(EventChannelOp.InitControl, ("ControlGfn", CallThing.OtherFrame)),
        new(HvmOp.GetMemType, ("Pfn", CallThing.Frame)),
        new(HvmOp.SetEvtchnUpcallVector, ("Vector", 0x50)),
        new(SchedOp.Poll, ("Timeout", 1)),
        new(SchedOp.RemoteShutdown, ("Domain", CallThing.Child)),
        new(DmOp.GetIoreqServerInfo, ("Id", CallThing.Server), ("Flags", 1)),
        new(DmOp.MapIoRangeToIoreqServer, ("Id", CallThing.Server), ("Type", 1), ("First", 0xF000_0000), ("Last", 0xF000_0FFF)),
        new(DmOp.UnmapIoRangeFromIoreqServer, ("Id", CallThing.Server), ("Type", 1), ("First", 0xF000_0000), ("Last", 0xF000_0FFF)),
        new(DmOp.SetIoreqServerState, ("Id", CallThing.Server)),
        new(DmOp.DestroyIoreqServer, ("Id", 99)),
        new(DmOp.SetMemType, ("Count", 1)),
        new(DmOp.InjectEvent, ("Vector", 13), ("Type", 3)),
        new(DmOp.InjectMsi, ("Address", 0xFEE0_0000), ("Data", 0x50)),
        new(DmOp.MapMemTypeToIoreqServer, ("Id", CallThing.Server), ("Type", (ulong)HvmMemoryType.IoreqServer), ("Flags", (ulong)ForwardedAccess.Write)),
        new(DmOp.RelocateMemory, ("Count", 1), ("Source", 8), ("Destination", 0x100)),
        new(DmOp.PinMemoryCacheattr, ("Type", 6)),
        new(DomctlOp.Createdomain, ("Domain", 0), ("DomctlCreateDomain.Flags", (ulong)(CreateFlags.Hvm | CreateFlags.Hap)), ("MaximumVcpus", 1), ("MaximumPort", 1023), ("MaximumGrantFrames", 4),
            ("MaximumMaptrackFrames", 4), ("GrantOptions", 2), ("DomainEmulation.Flags", (ulong)EmulationFlags.LocalApic)),
        new(DomctlOp.Setvcpuaffinity, ("Flags", (ulong)AffinityFlags.Hard), ("Bytes", CallThing.List), ("Bits", 64)),
        new(DomctlOp.Getvcpuaffinity, ("Flags", (ulong)AffinityFlags.Hard), ("Bytes", CallThing.Buffer), ("Bits", 64)),
        new(DomctlOp.MaxMem, ("Kibibytes", 4096)),
        new(DomctlOp.MaxVcpus, ("Count", 1)),
        new(DomctlOp.Altp2m, ("Command", (ulong)Altp2mSettingOp.Set), ("Views", 10)),
        new(DomctlOp.Setvnumainfo, ("NodeCount", 1), ("VcpuCount", 1), ("RangeCount", 1), ("Distances", CallThing.Buffer), ("VcpuToNode", CallThing.Buffer),
            ("NodeToMachineNode", CallThing.Buffer), ("Ranges", CallThing.List)),
        new(SysctlOp.GetCpuPolicy, ("Index", 3)),
        new(SysctlOp.PageOfflineOp, ("Command", 2)),
        new(SysctlOp.CpupoolOp, ("Command", 3)),
    ]);

    /// <summary>What the row's field is to be.</summary>
    public static ExampleValue Of(CallShape shape, CallField field)
    {
        if (field.Value is { } fixedValue)
            return fixedValue;
        if (shape.Row.Operation is { } operation && s_all.TryGetValue(operation, out CallExample? example))
        {
            foreach ((string name, ExampleValue value) in example.Values)
            {
                if (name == field.Name || name == $"{field.Owner?.Name}.{field.Name}")
                    return value;
            }
        }
        if (field.Kind != ValueKind.Domain)
            return 0;
        return shape.Group.Number is Hypercall.Domctl or Hypercall.DmOp ? CallThing.Child : DomainIds.Self;
    }

    private static Dictionary<Enum, CallExample> Index(CallExample[] examples)
    {
        var index = new Dictionary<Enum, CallExample>();
        foreach (CallExample example in examples)
            index.Add(example.Operation, example);
        return index;
    }
}
