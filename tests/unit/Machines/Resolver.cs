using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.InteropServices;
using Xenolith.Abi.Contract;
using Xenolith.Abi.Contract.Table;
using Xenolith.Domains;
using Xenolith.Kernel;
using Xenolith.Mm;

namespace Xenolith.Tests.Unit.Machines;

/// <summary>Turns intents into deeds, out of what the machine has at that moment.</summary>
internal sealed class Resolver(DeedRunner runner)
{
    private const int ListLength = 6;

    private readonly OwnSteps _own = new(runner);

    private WholeMachine Machine => runner.Machine;

    /// <summary>The deeds of a step, each to be done before the next is asked for.</summary>
    public IEnumerable<Deed> Resolve(Intent intent)
    {
        var picker = new Picker(Machine, intent.Picks);
        Domain domain = picker.Domain();
        Vcpu vcpu = domain.Vcpus[picker.Below(domain.Vcpus.Length)];
        return intent.Kind switch
        {
            IntentKind.Call => Call(CallGrammar.Shapes[intent.Shape], vcpu, picker),
            IntentKind.Entry => [Entry(domain, picker, picker.Domain().Id, picker.CommonFrame())],
            IntentKind.GrantAndMap => GrantAndMap(vcpu, picker),
            IntentKind.GrantAndUnmap => Unmap(vcpu, picker),
            IntentKind.GrantAndCopy => GrantAndCopy(vcpu, picker),
            IntentKind.Connect => Connect(vcpu, picker),
            IntentKind.Send => Make(vcpu, EventChannelOp.Send, new EvtchnSend { Port = (uint)picker.Port(domain) }),
            IntentKind.StartFifo => StartFifo(vcpu, picker),
            IntentKind.MapForeign => MapForeign(picker),
            IntentKind.Lend => Lend(vcpu, picker),
            IntentKind.NewDomain => NewDomain(picker),
            IntentKind.EndDomain => EndDomain(picker),
            IntentKind.Pause => Control(picker, picker.OneIn(2) ? DomctlOp.Pausedomain : DomctlOp.Unpausedomain),
            IntentKind.Go => [Deed.Of(picker.OneIn(4) ? DeedKind.Finish : DeedKind.Go, domain.Id, vcpu.Id)],
            IntentKind.Take => [Deed.Of(DeedKind.Take, domain.Id, vcpu.Id)],
            IntentKind.Mask => [Deed.Of(DeedKind.Mask, domain.Id, 0, picker.Port(domain), (ulong)picker.Below(2))],
            IntentKind.Halt => [Deed.Of(DeedKind.Halt, domain.Id, vcpu.Id)],
            IntentKind.Pass => [Deed.Pass(picker.Of<ulong>([1_000, 1_000_000, 6_000_000, 30_000_000, 2_000_000_000]))],
            IntentKind.Hog => [Deed.Of(DeedKind.Hog, 0, 0, picker.Of<ulong>([uint.MaxValue, 0, 1, 2, 3, 5, 8, 20, 90, 1030, 1040, 1100]))],
            IntentKind.Claim => Claim(picker),
            IntentKind.Populate => Give(vcpu, picker.Of([DomainIds.Self, picker.Domain().Id]), [picker.CommonFrame(), picker.Place(), picker.FarFrame(), picker.FarFrame()]),
            IntentKind.Tables => Control(picker, DomctlOp.SetPagingMempoolSize, new Domctl { PagingPool = new DomctlPagingPool { Bytes = picker.Of<ulong>([0, 0x8000, 0xA000, 1 << 20]) } }),
            IntentKind.Virq => Control(picker, DomctlOp.SetVirqHandler, new Domctl { VirqHandler = new DomctlVirqHandler { Virq = (uint)picker.Below(13) } }),
            IntentKind.ShowControl => _own.ShowControl(picker),
            IntentKind.PausedCall => OwnSteps.Pause(vcpu, picker),
            IntentKind.GoOnPaused => _own.GoOn(picker),
            IntentKind.BufferTable => OwnSteps.Table(vcpu, picker),
            IntentKind.BufferList => [OwnSteps.BufferList(vcpu, picker)],
            IntentKind.UserCall => OwnSteps.User(vcpu, picker),
            IntentKind.Flood => picker.OneIn(3) ? Flood(vcpu, picker) : [],
            _ => [Deed.Of(DeedKind.Budget, 0, 0, picker.Of<ulong>([64, 1, 2, 3, 16]))],
        };
    }

    /// <summary>A domain of the control domain's, with memory and vCPUs that run; for the beginning of a sequence too.</summary>
    public IEnumerable<Deed> NewDomain(Picker picker)
    {
        if (Machine.Domains.Count() > 4)
            yield break;
        Vcpu by = Machine.Control.Vcpus[0];
        uint vcpus = 1 + (uint)picker.Below(3);
        var settings = new DomctlCreateDomain
        {
            Flags = (uint)(CreateFlags.Hvm | CreateFlags.Hap), MaximumVcpus = vcpus, MaximumPort = picker.OneIn(4) ? 70u : 1023, MaximumGrantFrames = picker.OneIn(4) ? 1 : 4,
            MaximumMaptrackFrames = picker.OneIn(4) ? 1 : 4, GrantOptions = 2, Emulation = new DomainEmulation { Flags = (uint)EmulationFlags.LocalApic },
        };
        bool is64Bit = picker.OneIn(2);
        bool begins = !picker.OneIn(8);
        HashSet<Domain> before = [.. Machine.Domains];
        foreach (Deed deed in Domctl(by, DomctlOp.Createdomain, new Domctl { CreateDomain = settings }))
            yield return deed;
        if (Machine.Domains.FirstOrDefault(domain => !before.Contains(domain)) is not { } made)
            yield break;
        ushort id = made.Id;
        foreach (Deed deed in Domctl(by, DomctlOp.MaxVcpus, new Domctl { Domain = id, MaximumVcpus = new DomctlMaximumVcpus { Count = vcpus } }))
            yield return deed;
        foreach (Deed deed in Domctl(by, DomctlOp.MaxMem, new Domctl { Domain = id, MaximumMemory = new DomctlMaximumMemory { Kibibytes = 8 << 10 } }))
            yield return deed;
        foreach (Deed deed in Give(by, id, GuestLayout.Populated))
            yield return deed;
        foreach ((ExposureGroup group, ulong bits) in OwnSteps.Shown(picker))
        {
            foreach (Deed deed in Domctl(by, DomctlOp.Exposure, new Domctl { Domain = id, Exposure = new DomctlExposure { Command = ExposureOp.Set, Group = group, Bits = bits } }))
                yield return deed;
        }
        yield return Deed.Of(DeedKind.Boot, id, 0, is64Bit ? 64UL : 32);
        if (!begins)
            yield break;
        foreach (Deed deed in Domctl(by, DomctlOp.Unpausedomain, new Domctl { Domain = id }))
            yield return deed;
    }

    /// <summary>Memory for a domain at those frames.</summary>
    private IEnumerable<Deed> Give(Vcpu by, ushort id, ulong[] frames)
    {
        byte[] list = by.Is64BitCaller ? MemoryMarshal.AsBytes(frames.AsSpan()).ToArray() : MemoryMarshal.AsBytes(frames.Select(gfn => (uint)gfn).ToArray().AsSpan()).ToArray();
        yield return Write(by, GuestLayout.ListOf(by.Id), list);
        var wide = new MemoryReservation { ExtentStart = GuestLayout.ListOf(by.Id), ExtentCount = (ulong)frames.Length, Domain = id };
        var narrow = new MemoryReservation32 { ExtentStart = (uint)GuestLayout.ListOf(by.Id), ExtentCount = (uint)frames.Length, Domain = id };
        foreach (Deed deed in Make(by, MemoryOp.PopulatePhysmap, wide, narrow))
            yield return deed;
    }

    private IEnumerable<Deed> EndDomain(Picker picker)
    {
        ushort? id = picker.OneIn(3) && Machine.Ending.Any() ? Machine.Ending.First().Id : picker.Other(Machine.Control)?.Id;
        if (id is null || Machine.Domains.Count() < 2)
            yield break;
        bool isWhole = picker.OneIn(2);
        foreach (Deed deed in Domctl(Machine.Control.Vcpus[picker.Below(WholeMachine.ControlVcpus)], DomctlOp.Destroydomain, new Domctl { Domain = id.Value }, isWhole))
            yield return deed;
    }

    private IEnumerable<Deed> Control(Picker picker, DomctlOp operation, Domctl argument = default)
    {
        if (picker.Other(Machine.Control) is not { } other)
            return [];
        argument.Domain = other.Id;
        return Domctl(Machine.Control.Vcpus[picker.Below(WholeMachine.ControlVcpus)], operation, argument);
    }

    private IEnumerable<Deed> Domctl(Vcpu by, DomctlOp operation, Domctl argument, bool finishes = true)
    {
        argument.Command = (uint)operation;
        argument.InterfaceVersion = InterfaceVersions.Domctl;
        yield return Write(by, GuestLayout.ArgumentOf(by.Id), Bytes(argument));
        yield return new Deed(DeedKind.Call, by.Domain.Id, by.Id, [(ulong)Hypercall.Domctl, GuestLayout.ArgumentOf(by.Id)], Name: Row.NameOf(operation));
        if (finishes && runner.IsInCall(by))
            yield return Deed.Of(DeedKind.Finish, by.Domain.Id, by.Id);
    }

    private static Deed Entry(Domain granter, Picker picker, ushort user, ulong gfn, ulong? reference = null)
    {
        ulong flags = picker.Below(8) switch { 0 => 0, 1 => GrantEntryFlags.PermitAccess | GrantEntryFlags.ReadOnly, 2 => picker.Next & 0xFFFF, _ => GrantEntryFlags.PermitAccess };
        ulong at = reference ?? (ulong)picker.Below(16);
        ulong head = flags | (ulong)user << 16;
        if (granter.GrantTable.Version == 1)
            return Deed.Of(DeedKind.Entry, granter.Id, 0, at, head | gfn << 32);
        if (picker.OneIn(4))
            return Deed.Of(DeedKind.Entry, granter.Id, 0, at, GrantEntryFlags.Transitive | (ulong)user << 16 | (ulong)picker.Domain().Id << 32, (ulong)picker.Below(16));
        if (picker.OneIn(4))
            return Deed.Of(DeedKind.Entry, granter.Id, 0, at, head | GrantEntryFlags.SubPage | (ulong)(picker.Next & 0xFFF) << 32 | (ulong)(picker.Next & 0xFFF) << 48, gfn);
        return Deed.Of(DeedKind.Entry, granter.Id, 0, at, head, gfn);
    }

    private IEnumerable<Deed> GrantAndMap(Vcpu user, Picker picker)
    {
        Domain granter = picker.Domain();
        ulong reference = (ulong)picker.Below(16);
        if (!picker.OneIn(3))
            yield return Entry(granter, picker, user.Domain.Id, picker.CommonFrame(), reference);
        var argument = new GnttabMapGrantRef
        {
            HostAddress = picker.Place() << Page.Shift, Flags = picker.OneIn(3) ? GrantMapFlags.Host | GrantMapFlags.ReadOnly : GrantMapFlags.Host,
            Reference = (uint)reference, Domain = granter.Id,
        };
        foreach (Deed deed in MakeArray(user, GrantTableOp.MapGrantRef, Bytes(argument)))
            yield return deed;
    }

    private IEnumerable<Deed> Unmap(Vcpu user, Picker picker)
    {
        var handle = (uint)picker.Mapping(user.Domain);
        ulong place = picker.Place();
        if (user.Domain.GrantTable.Mappings.TryGet(handle, out GrantMapping mapping))
        {
            for (ulong gfn = GuestLayout.FirstPlace; gfn < GuestLayout.FirstPlace + GuestLayout.Places; gfn++)
            {
                P2mEntry entry = user.Domain.P2m.Lookup(new Gfn(gfn));
                if (entry.IsGrant && entry.Mfn == mapping.Mfn)
                    place = gfn;
            }
        }
        return MakeArray(user, GrantTableOp.UnmapGrantRef, Bytes(new GnttabUnmapGrantRef { HostAddress = place << Page.Shift, Handle = handle }));
    }

    private IEnumerable<Deed> GrantAndCopy(Vcpu user, Picker picker)
    {
        Domain granter = picker.Domain();
        ulong reference = (ulong)picker.Below(16);
        if (!picker.OneIn(3))
            yield return Entry(granter, picker, user.Domain.Id, picker.CommonFrame(), reference);
        bool reads = picker.OneIn(2);
        ulong gfn = picker.CommonFrame();
        ushort flags = reads ? GrantCopyFlags.SourceIsGrant : GrantCopyFlags.DestinationIsGrant;
        (ulong source, ulong destination) = reads ? (reference, gfn) : (gfn, reference);
        (ushort from, ushort to) = reads ? (granter.Id, DomainIds.Self) : (DomainIds.Self, granter.Id);
        byte[] wide = Bytes(new GnttabCopy { SourceGmfn = source, SourceDomain = from, DestinationGmfn = destination, DestinationDomain = to, Length = 64, Flags = flags });
        byte[] narrow = Bytes(new GnttabCopy32 { SourceGmfn = (uint)source, SourceDomain = from, DestinationGmfn = (uint)destination, DestinationDomain = to, Length = 64, Flags = flags });
        foreach (Deed deed in MakeArray(user, GrantTableOp.Copy, user.Is64BitCaller ? wide : narrow))
            yield return deed;
    }

    private IEnumerable<Deed> Connect(Vcpu by, Picker picker)
    {
        Domain far = picker.Domain();
        Vcpu other = far.Vcpus[picker.Below(far.Vcpus.Length)];
        foreach (Deed deed in Make(by, EventChannelOp.AllocUnbound, new EvtchnAllocUnbound { Domain = DomainIds.Self, RemoteDomain = far.Id }))
            yield return deed;
        if (runner.Result != 0)
            yield break;
        uint port = MemoryMarshal.Read<EvtchnAllocUnbound>(Read(by, GuestLayout.ArgumentOf(by.Id), 8)).Port;
        foreach (Deed deed in Make(other, EventChannelOp.BindInterdomain, new EvtchnBindInterdomain { RemoteDomain = by.Domain.Id, RemotePort = port }))
            yield return deed;
    }

    private IEnumerable<Deed> StartFifo(Vcpu by, Picker picker)
    {
        ulong gfn = GuestLayout.FirstFifo + (ulong)by.Id;
        foreach (Deed deed in Make(by, EventChannelOp.InitControl, new EvtchnInitControl { ControlGfn = gfn, Vcpu = (uint)by.Id }))
            yield return deed;
        if (runner.Result != 0 || picker.OneIn(6))
            yield break;
        gfn = GuestLayout.FirstFifo + 4 + (ulong)Private.PageCount(Private.Fifo(by.Domain.EventChannels)) % 4;
        foreach (Deed deed in Make(by, EventChannelOp.ExpandArray, new EvtchnExpandArray { ArrayGfn = gfn }))
            yield return deed;
    }

    private IEnumerable<Deed> MapForeign(Picker picker)
    {
        Vcpu by = Machine.Control.Vcpus[picker.Below(WholeMachine.ControlVcpus)];
        if (picker.Other(Machine.Control) is not { } owner)
            yield break;
        ulong list = GuestLayout.ListOf(by.Id);
        ulong gfn = picker.CommonFrame(), place = picker.Place();
        byte[] words = new byte[16];
        BinaryPrimitives.WriteUInt64LittleEndian(words, gfn);
        BinaryPrimitives.WriteUInt64LittleEndian(words.AsSpan(8), place);
        yield return Write(by, list, words);
        var wide = new AddToPhysmapBatch { Domain = DomainIds.Self, Space = (ushort)MapSpace.GmfnForeign, Size = 1, ForeignDomain = owner.Id, Indices = list, Gpfns = list + 8, Errors = list + 0x100 };
        var narrow = new AddToPhysmapBatch32
        {
            Domain = DomainIds.Self, Space = (ushort)MapSpace.GmfnForeign, Size = 1, ForeignDomain = owner.Id, Indices = (uint)list, Gpfns = (uint)list + 8, Errors = (uint)list + 0x100,
        };
        foreach (Deed deed in Make(by, MemoryOp.AddToPhysmapBatch, wide, narrow))
            yield return deed;
    }

    /// <summary>shared_info or a frame of the grant table comes to a place, or memory moves there.</summary>
    private IEnumerable<Deed> Lend(Vcpu by, Picker picker)
    {
        MapSpace space = picker.Of([MapSpace.SharedInfo, MapSpace.GrantTable, MapSpace.Gmfn]);
        ulong index = space switch
        {
            MapSpace.SharedInfo => 0,
            MapSpace.GrantTable => (picker.OneIn(4) ? MapIndices.GrantStatus : 0) | (uint)picker.Below(3),
            _ => picker.OneIn(2) ? picker.Place() : picker.CommonFrame(),
        };
        ulong gfn = picker.Below(5) switch { < 2 => picker.CommonFrame(), < 4 => picker.Place(), _ => picker.FarFrame() };
        var wide = new AddToPhysmap { Domain = DomainIds.Self, Space = (uint)space, Index = index, Gpfn = gfn };
        var narrow = new AddToPhysmap32 { Domain = DomainIds.Self, Space = (uint)space, Index = (uint)index, Gpfn = (uint)gfn };
        return Make(by, MemoryOp.AddToPhysmap, wide, narrow);
    }

    /// <summary>The control domain claims some frames for a domain, or gives its claim up.</summary>
    private IEnumerable<Deed> Claim(Picker picker)
    {
        Domain domain = picker.Domain();
        ulong total = picker.OneIn(3) ? 0 : domain.TotalPages + (ulong)picker.Below(8);
        var wide = new MemoryReservation { ExtentCount = total, Domain = domain.Id };
        var narrow = new MemoryReservation32 { ExtentCount = (uint)total, Domain = domain.Id };
        return Make(Machine.Control.Vcpus[picker.Below(WholeMachine.ControlVcpus)], MemoryOp.ClaimPages, wide, narrow);
    }

    /// <summary>The same again and again, until something is full: ports, or uses of one grant.</summary>
    private IEnumerable<Deed> Flood(Vcpu by, Picker picker)
    {
        const int times = 140;
        Domain other = picker.Domain();
        bool isPorts = picker.OneIn(2);
        if (!isPorts)
            yield return Deed.Of(DeedKind.Entry, other.Id, 0, 3, GrantEntryFlags.PermitAccess | (ulong)by.Domain.Id << 16 | GuestLayout.FirstCommon << 32, GuestLayout.FirstCommon);
        for (int i = 0; i < times; i++)
        {
            IEnumerable<Deed> calls = isPorts
                ? Make(by, EventChannelOp.AllocUnbound, new EvtchnAllocUnbound { Domain = DomainIds.Self, RemoteDomain = other.Id })
                : MakeArray(by, GrantTableOp.MapGrantRef, Bytes(new GnttabMapGrantRef
                {
                    HostAddress = (0x100 + (ulong)i) << Page.Shift, Flags = GrantMapFlags.Host | GrantMapFlags.ReadOnly, Reference = 3, Domain = other.Id,
                }));
            foreach (Deed deed in calls)
                yield return deed;
            if (isPorts && runner.Result is not 0)
                yield break;
        }
    }

    /// <summary>A call by the grammar alone.</summary>
    private IEnumerable<Deed> Call(CallShape shape, Vcpu by, Picker picker)
    {
        // Those who may not are told so at once; that is tried now and then.
        if (shape.Row.Permission is Permission.Privileged or Permission.DeviceModel && !by.Domain.IsPrivileged && !picker.OneIn(10))
            by = Machine.Control.Vcpus[picker.Below(WholeMachine.ControlVcpus)];
        // A domain that has stopped makes no calls any more.
        if (shape.Row.Operation is SchedOp.Shutdown && !picker.OneIn(6))
            yield break;
        bool is64Bit = by.Is64BitCaller;
        ulong argument = GuestLayout.ArgumentOf(by.Id);
        bool hasOwnList = shape.Group.IsV2 && shape.Row.Preemptible;
        foreach (Deed deed in hasOwnList ? [] : Lists(by, picker))
            yield return deed;
        // Numbers and operations that nobody has, too; and all pointers guest-physical.
        var values = new List<ulong> { picker.OneIn(200) ? picker.Value(ValueKind.Plain, by) : (ulong)shape.Group.Number | (picker.OneIn(6) ? CallFlags.Physical : 0) };
        ulong count = 1;
        foreach (CallField word in shape.Words)
        {
            ulong value = word switch
            {
                { Value: { } operation } => picker.OneIn(100) ? picker.Value(ValueKind.Plain, by) : operation,
                { Kind: ValueKind.Argument } => picker.OneIn(30) ? picker.Value(ValueKind.Buffer, by) : argument,
                _ => picker.Value(word.Kind, by),
            };
            if (word.Kind == ValueKind.Count)
                count = value;
            values.Add(value);
        }
        if (hasOwnList)
        {
            yield return OwnSteps.List(shape, by, picker);
        }
        else if (shape.StructureFor(is64Bit) is { } structure)
        {
            int copies = shape.IsArray ? (int)Math.Min(count, 3) : 1;
            byte[] image = new byte[structure.Size * copies];
            for (int i = 0; i < copies; i++)
            {
                if (shape.Group.Number == Hypercall.Multicall)
                    FillEntry(image.AsSpan(i * structure.Size), is64Bit, by, picker);
                else
                    Fill(image.AsSpan(i * structure.Size), structure, by, picker);
            }
            yield return Write(by, argument, image);
            if (shape.Group.Number == Hypercall.DmOp)
                yield return Write(by, GuestLayout.ListOf(by.Id), BufferOf(argument, image.Length, is64Bit));
        }
        yield return new Deed(DeedKind.Call, by.Domain.Id, by.Id, [.. values], Name: shape.Row.Name);
    }

    private static byte[] BufferOf(ulong address, int length, bool is64Bit) => is64Bit
        ? MemoryMarshal.AsBytes<ulong>([address, (ulong)length]).ToArray()
        : MemoryMarshal.AsBytes<uint>([(uint)address, (uint)length]).ToArray();

    private static void Fill(Span<byte> image, CallStructure structure, Vcpu by, Picker picker)
    {
        Span<byte> bytes = stackalloc byte[8];
        foreach (CallField field in structure.Fields)
        {
            ulong value = field.Value ?? picker.Value(field.Kind, by);
            BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
            bytes[..Math.Min(field.Size, 8)].CopyTo(image[field.Offset..]);
        }
    }

    /// <summary>An entry of a multicall: a call whose structure, if it takes one, is what lies in the list.</summary>
    private static void FillEntry(Span<byte> image, bool is64Bit, Vcpu by, Picker picker)
    {
        CallShape shape = picker.Of(CallGrammar.Shapes);
        int size = is64Bit ? 8 : 4;
        WriteWord(image, (ulong)shape.Group.Number);
        int at = 2 * size;
        foreach (CallField word in shape.Words)
        {
            WriteWord(image[at..], word.Value ?? picker.Value(word.Kind == ValueKind.Argument ? ValueKind.Buffer : word.Kind, by));
            at += size;
        }

        void WriteWord(Span<byte> to, ulong value)
        {
            if (is64Bit)
                BinaryPrimitives.WriteUInt64LittleEndian(to, value);
            else
                BinaryPrimitives.WriteUInt32LittleEndian(to, (uint)value);
        }
    }

    /// <summary>What pointers in structures mostly point at: guest frames or ports, as wide as the caller's words.</summary>
    private IEnumerable<Deed> Lists(Vcpu by, Picker picker)
    {
        if (picker.OneIn(2))
            yield break;
        bool ports = picker.OneIn(4);
        int size = by.Is64BitCaller && !ports ? 8 : 4;
        byte[] list = new byte[ListLength * 8];
        for (int i = 0; i < ListLength; i++)
        {
            ulong value = picker.Value(ports ? ValueKind.Port : ValueKind.Frame, by);
            if (size == 8)
                BinaryPrimitives.WriteUInt64LittleEndian(list.AsSpan(i * size), value);
            else
                BinaryPrimitives.WriteUInt32LittleEndian(list.AsSpan(i * size), (uint)value);
        }
        yield return Write(by, GuestLayout.ListOf(by.Id), list);
    }

    private IEnumerable<Deed> Make<T>(Vcpu by, Enum operation, T argument) where T : unmanaged => Make(by, operation, argument, argument);

    private IEnumerable<Deed> Make<TWide, TNarrow>(Vcpu by, Enum operation, TWide wide, TNarrow narrow) where TWide : unmanaged where TNarrow : unmanaged =>
        Issue(by, operation, by.Is64BitCaller ? Bytes(wide) : Bytes(narrow));

    private IEnumerable<Deed> MakeArray(Vcpu by, Enum operation, byte[] image) => Issue(by, operation, image, 1);

    private IEnumerable<Deed> Issue(Vcpu by, Enum operation, byte[] image, params ulong[] more)
    {
        Hypercall number = operation switch
        {
            EventChannelOp => Hypercall.EventChannelOp,
            GrantTableOp => Hypercall.GrantTableOp,
            _ => Hypercall.MemoryOp,
        };
        ulong argument = GuestLayout.ArgumentOf(by.Id);
        yield return Write(by, argument, image);
        yield return new Deed(DeedKind.Call, by.Domain.Id, by.Id, [(ulong)number, Convert.ToUInt64(operation), argument, .. more], Name: Row.NameOf(operation));
        if (runner.IsInCall(by))
            yield return Deed.Of(DeedKind.Finish, by.Domain.Id, by.Id);
    }

    private static Deed Write(Vcpu by, ulong at, byte[] bytes) => new(DeedKind.Write, by.Domain.Id, 0, [at], bytes);

    private static byte[] Read(Vcpu by, ulong at, int length)
    {
        byte[] bytes = new byte[length];
        by.Domain.Memory.TryRead(at, bytes);
        return bytes;
    }

    private static byte[] Bytes<T>(T value) where T : unmanaged => MemoryMarshal.AsBytes(MemoryMarshal.CreateSpan(ref value, 1)).ToArray();
}
