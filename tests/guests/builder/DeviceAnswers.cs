using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Builder;

/// <summary>The builder as a device model: answers requests of its child, well and badly.</summary>
internal static class DeviceAnswers
{
    private const ulong Window = 0x6200_0000, Place = Window >> 12;
    private const ulong Patience = 5_000_000_000, Short = 100_000_000;
    private const uint DataIsPointer = 1 << 20, Backward = 1 << 22;

    private static readonly ulong[] s_registers = new ulong[8];
    private static ulong s_last;
    private static ushort s_child, s_server;
    private static uint s_port;

    private enum Answer { Right, Never, BadState, Destroyed }

    public static void Run(TestRun tests)
    {
        tests.Start("a domain whose ports and registers the builder answers for, and that it sends events");
        if (!BootFiles.IsThere)
        {
            tests.Skip("no file was loaded to build a domain of");
            return;
        }

        Begin(tests);
        Serve(Answer.Right);
        End(tests, 0);
        tests.Start("a device model that never answers");
        Begin(tests);
        Serve(Answer.Never);
        Control.Describe(s_child, out DomainInformation information);
        tests.Equal(information.Flags & (uint)DomainStateFlags.Shutdown, 0, "its domain has not ended");
        Finish(tests);
        tests.Start("a device model that answers with a state that there is not");
        Begin(tests);
        Serve(Answer.BadState);
        End(tests, (uint)ShutdownReason.Crash);
        tests.Start("a device model that takes its server away instead of an answer");
        Begin(tests);
        Serve(Answer.Destroyed);
        // The first step reads all ones then.
        End(tests, 0x81);
    }

    private static void Begin(TestRun tests)
    {
        tests.Success(Control.Create(Control.Pvh(1), out s_child), "createdomain");
        tests.Success(ChildImage.Build(s_child, BootFiles.Own, BootRecord.HasWord("no-external") ? "child device" : "child device external", 0, 0), "building it");
        tests.Success(DeviceServers.Create(s_child, out s_server), "a server");
        tests.Success(DeviceServers.Acquire(s_child, s_server, 1, Place), "its page");
        tests.Success(Map(IoRangeType.Port, DeviceChild.Ports, DeviceChild.LastPort), "its ports");
        tests.Success(Map(IoRangeType.Memory, DeviceChild.Registers, DeviceChild.LastRegister), "its registers");
        tests.Success(DeviceServers.MapMemory(s_child, s_server, ForwardedAccess.Write), "its memory");
        tests.Success(DeviceServers.SetType(s_child, Layout.FrameOf(DeviceChild.ForwardedPage), 1, HvmMemoryType.IoreqServer), "a frame of that");
        tests.Success(DeviceServers.SetState(s_child, s_server, 1), "on");
        var bind = new EvtchnBindInterdomain { RemoteDomain = s_child, RemotePort = Memory.Read32(Window + IoRequestLayout.Port) };
        tests.Success(Hypercalls.EventBindInterdomain(ref bind), "its port");
        s_port = bind.LocalPort;
        tests.Success(Control.Call(DomctlOp.Unpausedomain, s_child), "unpausedomain");
    }

    private static long Map(IoRangeType type, ulong first, ulong last) => DeviceServers.Range(DmOp.MapIoRangeToIoreqServer, s_child, s_server, type, first, last);

    private static void End(TestRun tests, uint reason)
    {
        tests.True(HasEnded(Patience), "it ends");
        Control.Describe(s_child, out DomainInformation information);
        tests.Equal(information.Flags >> DomctlLimits.ShutdownShift & 0xFF, reason, "what it says");
        Finish(tests);
    }

    private static void Finish(TestRun tests)
    {
        Events.Close(s_port);
        DeviceServers.Drop(Place);
        tests.Success(Control.Call(DomctlOp.Destroydomain, s_child), "destroydomain");
    }

    private static bool HasEnded(ulong patience)
    {
        ulong end = Clock.Now + patience;
        while (Clock.Now < end)
        {
            Control.Describe(s_child, out DomainInformation information);
            if ((information.Flags & (uint)DomainStateFlags.Shutdown) != 0)
            {
                return true;
            }

            Events.Poll(s_port, Clock.Now + 1_000_000);
        }

        return false;
    }

    /// <summary>Answers until the child has ended, or, badly, once.</summary>
    private static void Serve(Answer answer)
    {
        ulong end = Clock.Now + Patience;
        while (Clock.Now < end)
        {
            if (Watch.Await(s_port, Short) && StateOf() == IoRequestState.Ready)
            {
                Take(answer);
                if (answer != Answer.Right)
                {
                    return;
                }
            }
            else if (HasEnded(1))
            {
                return;
            }
        }
    }

    private static uint Word => Memory.Read32(Window + IoRequestLayout.Control);

    private static IoRequestState StateOf() => (IoRequestState)(Word >> IoRequestLayout.StateShift & 0xF);

    private static void SetState(uint state)
    {
        uint word = Word & ~(0xFu << IoRequestLayout.StateShift);
        Memory.Write32(Window + IoRequestLayout.Control, word | (state << IoRequestLayout.StateShift));
    }

    private static void Take(Answer answer)
    {
        SetState((uint)IoRequestState.InProcess);
        switch (answer)
        {
            case Answer.Right:
                Execute();
                SetState((uint)IoRequestState.ResponseReady);
                Events.Send(s_port);
                break;
            case Answer.Never:
                // Events without an answer are none.
                Events.Send(s_port);
                Events.Send(s_port);
                break;
            case Answer.BadState:
                SetState(9);
                Events.Send(s_port);
                break;
            case Answer.Destroyed:
                DeviceServers.Destroy(s_child, s_server);
                break;
        }
    }

    private static void Execute()
    {
        uint word = Word;
        bool isRead = (word & IoRequestLayout.Read) != 0;
        bool isPort = word >> IoRequestLayout.TypeShift == (uint)IoRequestType.Port;
        ulong address = Memory.Read64(Window + IoRequestLayout.Address);
        ulong data = Memory.Read64(Window + IoRequestLayout.Data);
        uint count = Memory.Read32(Window + IoRequestLayout.Count), size = Memory.Read32(Window + IoRequestLayout.Bytes);
        if ((word & DataIsPointer) == 0)
        {
            data = isPort ? Port((ushort)address, size, isRead, data) : Register(address, size, isRead, data);
            Memory.Write64(Window + IoRequestLayout.Data, data);
            return;
        }

        // A repeated instruction, whose data lies in the child's memory.
        for (uint i = 0; i < count; i++)
        {
            ulong at = (word & Backward) == 0 ? data + (i * size) : data - (i * size);
            ulong window = ChildImage.See(s_child, at);
            ulong value = 0;
            for (uint b = 0; b < size && !isRead; b++)
            {
                value |= (ulong)Memory.Read8(window + b) << (int)(b * 8);
            }

            value = Port((ushort)address, size, isRead, value);
            for (uint b = 0; b < size && isRead; b++)
            {
                Memory.Write8(window + b, (byte)(value >> (int)(b * 8)));
            }

            ChildImage.Unsee();
        }
    }

    private static ulong Port(ushort port, uint size, bool isRead, ulong data)
    {
        if (!isRead)
        {
            s_last = data & Mask(size);
            return data;
        }

        if (port != DeviceChild.Echo && s_last == DeviceChild.HappensNow)
        {
            Happen(port);
        }

        return port == DeviceChild.Echo ? s_last : DeviceChild.Pattern;
    }

    private static void Happen(ushort port)
    {
        const byte invalidOpcode = 6, generalProtection = 13, pageFault = 14, nonMaskable = 2;
        switch (port)
        {
            case DeviceChild.Undefined:
                Inject(invalidOpcode, InjectedEventType.HardwareException);
                break;
            case DeviceChild.Protection:
                Inject(generalProtection, InjectedEventType.HardwareException, DeviceChild.ProtectionCode);
                break;
            case DeviceChild.PageFault:
                Inject(pageFault, InjectedEventType.HardwareException, 2, DeviceChild.PageFaultAddress);
                break;
            case DeviceChild.Software:
                Inject(DeviceChild.SoftwareVector, InjectedEventType.SoftwareInterrupt, length: 2);
                break;
            case DeviceChild.External:
                Inject(DeviceChild.ExternalVector, InjectedEventType.ExternalInterrupt);
                break;
            case DeviceChild.Message:
                var argument = new DmOpArgument { InjectMsi = new DmOpInjectMsi { Data = DeviceChild.MessageVector, Address = LocalApic.Address } };
                DeviceModelCalls.Call(DmOp.InjectMsi, s_child, ref argument);
                break;
            case DeviceChild.Nmi:
                Inject(nonMaskable, InjectedEventType.Nmi);
                break;
        }
    }

    private static void Inject(byte vector, InjectedEventType type, uint code = uint.MaxValue, ulong cr2 = 0, byte length = 0)
    {
        var argument = new DmOpArgument
        {
            InjectEvent = new DmOpInjectEvent { Vector = vector, Type = (byte)type, ErrorCode = code, Cr2 = cr2, InstructionLength = length },
        };
        DeviceModelCalls.Call(DmOp.InjectEvent, s_child, ref argument);
    }

    private static ulong Register(ulong address, uint size, bool isRead, ulong data)
    {
        if (address < DeviceChild.Registers)
        {
            s_last = data & Mask(size);
            return data;
        }

        ref ulong register = ref s_registers[(int)((address - DeviceChild.Registers) / 8)];
        int shift = (int)(address & 7) * 8;
        if (isRead)
        {
            return register >> shift;
        }

        register = (register & ~(Mask(size) << shift)) | ((data & Mask(size)) << shift);
        return data;
    }

    private static ulong Mask(uint size) => ulong.MaxValue >> (int)(64 - (size * 8));
}
