using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Builder;

/// <summary>Instructions of the child that answers have executed by software: strings, the listener's own bytes, code and page tables that may not be used.</summary>
internal static partial class Monitor
{
    private const ulong CopyOffset = 0x400;

    /// <summary>REP MOVSQ.</summary>
    private static readonly byte[] s_copy = [0xF3, 0x48, 0xA5];

    /// <summary>LEA RBX, [RAX + 1234h].</summary>
    private static readonly byte[] s_lea = [0x48, 0x8D, 0x98, 0x34, 0x12, 0, 0];

    /// <summary>PUSH RAX; POP RBX.</summary>
    private static readonly byte[] s_pushAndPop = [0x50, 0x5B];

    /// <summary>XSAVE [RDI], which nobody emulates.</summary>
    private static readonly byte[] s_save = [0x0F, 0xAE, 0x27];

    private static readonly Registers s_atCopy = new() { Rsi = MonitorChild.DataAddress + DataOffset, Rdi = MonitorChild.DataAddress + CopyOffset, Rcx = 3 };

    /// <summary>The vCPU goes on, with the instruction that the event is about executed by software.</summary>
    private static void Emulate(ref VmEventRequest request, VmEventFlags more = 0) => Resume(ref request, VmEventFlags.Emulate | more);

    private static ulong WordAt(ulong address)
    {
        ulong value = Memory.Read64(ChildImage.See(s_child.Id, address));
        ChildImage.Unsee();
        return value;
    }

    private static void WriteAt(ulong address, ulong value)
    {
        Memory.Write64(ChildImage.See(s_child.Id, address), value);
        ChildImage.Unsee();
    }

    /// <summary>Needs access rights.</summary>
    private static void Strings(TestRun tests)
    {
        tests.Start("a string that a right forbids to read, emulated");
        Copied(tests, 0, 11, 12, 13);
        tests.Start("a string that a right forbids to read, emulated without writing");
        Copied(tests, VmEventFlags.EmulateNoWrite, 1, 1, 1);
        tests.Start("a string that a right forbids to read, read as the listener has it");
        Copied(tests, VmEventFlags.SetEmulateReadData, 21, 22, 0);
        // As vm_event.h has it, the data goes before.
        Copied(tests, VmEventFlags.SetEmulateReadData | VmEventFlags.SetEmulateInstructionData, 21, 22, 0);
    }

    private static void Copied(TestRun tests, VmEventFlags more, params ulong[] expected)
    {
        Restrict(tests, MemoryAccess.All);
        for (ulong i = 0; i < 3; i++)
        {
            WriteAt(s_atCopy.Rsi + (i * 8), 11 + i);
            WriteAt(s_atCopy.Rdi + (i * 8), 1);
        }

        Restrict(tests, MemoryAccess.None);
        Provoke(tests, s_copy, in s_atCopy, VmEventReason.MemoryAccess, VmEventFlags.VcpuPaused, out VmEventRequest request);
        tests.Equal((long)request.MemoryAccess.Gfn, (long)DataFrame, "frame");
        if ((more & VmEventFlags.SetEmulateReadData) != 0)
        {
            request.ReadData = default;
            request.ReadData.Size = 16;
            request.ReadData.Data[0] = 21;
            request.ReadData.Data[8] = 22;
            request.ReadData.Data[16] = 0xFF;
        }

        Emulate(ref request, more);
        Registers after = Finish(tests);
        tests.Equal(Listener.Waiting, 0, "events after that");
        tests.Equal((long)after.Rcx, 0, "RCX");
        tests.Equal((long)after.Rsi, (long)s_atCopy.Rsi + 24, "RSI");
        tests.Equal((long)after.Rdi, (long)s_atCopy.Rdi + 24, "RDI");
        Restrict(tests, MemoryAccess.All);
        for (ulong i = 0; i < 3; i++)
        {
            tests.Equal((long)WordAt(s_atCopy.Rdi + (i * 8)), (long)expected[(int)i], "what is copied");
        }
    }

    private static void UnexecutableCode(TestRun tests)
    {
        ulong frame = MonitorChild.CodeAddress >> 12;
        tests.Start("code that may not be executed, emulated");
        tests.Success(MonitorErrors.Set(s_child.Id, frame, 1, MemoryAccess.ReadWrite), "the right of the code");
        var registers = new Registers { Rax = 1 };
        Provoke(tests, s_lea, in registers, VmEventReason.MemoryAccess, VmEventFlags.VcpuPaused, out VmEventRequest request);
        Emulate(ref request);
        tests.True(Listener.Next(out request), "an event of the next instruction");
        tests.Equal((long)request.Registers.Rip, (long)MonitorChild.CodeAddress + s_lea.Length, "RIP");
        tests.Equal((long)request.Registers.Rbx, 0x1235, "RBX");
        tests.Success(MonitorErrors.Set(s_child.Id, frame, 1, MemoryAccess.All), "the right of the code");
        Resume(ref request);
        Finish(tests);
    }

    /// <summary>The bytes that a breakpoint has taken the place of are executed there, and the breakpoint stays.</summary>
    private static void Replaced(TestRun tests)
    {
        tests.Start("the bytes of an answer, in a breakpoint's place");
        tests.Success(Enable(MonitorEvent.SoftwareBreakpoint), "on");
        if (!Xen.UsesVmcall && IsMissed(s_breakpoint, 3))
        {
            tests.Success(Disable(MonitorEvent.SoftwareBreakpoint), "off");
            tests.Skip("QEMU tells of no INT3 that is to exit");
            return;
        }

        var registers = new Registers { Rax = 5, Rdi = s_atData.Rdi };
        tests.Equal((long)Replace(tests, s_lea, in registers).Rbx, 0x1239, "RBX");
        tests.Equal((long)Replace(tests, s_pushAndPop, in registers).Rbx, 5, "RBX");
        Replace(tests, Execute.Store, in registers);
        tests.Equal((long)DataNow(), 5, "written");
        tests.Start("an instruction that is not emulated");
        tests.Success(Enable(MonitorEvent.EmulationUnimplemented), "on");
        Break(tests, s_save, in registers, out VmEventRequest request);
        Give(ref request, s_save);
        tests.True(Listener.Next(out request), "an event");
        tests.Equal((long)request.Reason, (long)VmEventReason.EmulationUnimplemented, "its reason");
        tests.Equal((long)request.Flags, (long)VmEventFlags.VcpuPaused, "its flags");
        tests.Equal((long)request.Registers.Rip, (long)MonitorChild.CodeAddress, "RIP");
        request.Registers.Rip += (ulong)s_save.Length;
        Resume(ref request, VmEventFlags.SetRegisters);
        Finish(tests);
        tests.Success(Disable(MonitorEvent.EmulationUnimplemented), "off");
        tests.Success(Disable(MonitorEvent.SoftwareBreakpoint), "off");
    }

    /// <summary>Has code run whose first byte is a breakpoint's, up to that.</summary>
    private static void Break(TestRun tests, byte[] code, in Registers registers, out VmEventRequest request)
    {
        byte[] broken = [.. code];
        broken[0] = s_breakpoint[0];
        Provoke(tests, broken, in registers, VmEventReason.SoftwareBreakpoint, VmEventFlags.VcpuPaused, out request);
    }

    private static Registers Replace(TestRun tests, byte[] code, in Registers registers)
    {
        Break(tests, code, in registers, out VmEventRequest request);
        Give(ref request, code);
        Registers after = Finish(tests);
        tests.Equal(Listener.Waiting, 0, "events after that");
        return after;
    }

    /// <summary>All 16 bytes, NOP behind what counts.</summary>
    private static void Give(ref VmEventRequest request, byte[] code)
    {
        for (int i = 0; i < 16; i++)
        {
            request.InstructionData[i] = i < code.Length ? code[i] : (byte)0x90;
        }

        Emulate(ref request, VmEventFlags.SetEmulateInstructionData);
    }

    /// <summary>The child's processor uses page tables of the child's that it may not use.</summary>
    private static void Walks(TestRun tests)
    {
        const ulong table = 0x7D_1000, linear = 0x7F_C000_0000 + DataOffset, accessed = 1 << 5, dirty = 1 << 6;
        tests.Start("page tables that may not be read");
        MapAnew(tests, 0x7D_0000, table, linear);
        Write(MonitorChild.DataPattern);
        tests.Success(MonitorErrors.Set(s_child.Id, table >> 12, 1, MemoryAccess.None), "the right of the page table");
        var registers = new Registers { Rdi = linear, Rax = Pattern };
        ProvokeWalk(tests, in registers, table, out VmEventRequest request);
        tests.Success(MonitorErrors.Set(s_child.Id, table >> 12, 1, MemoryAccess.All), "the right of the page table");
        Resume(ref request);
        Finish(tests);
        tests.Equal((long)DataNow(), unchecked((long)Pattern), "written");
        tests.Start("page tables that may not be read, the instruction emulated");
        Write(MonitorChild.DataPattern);
        tests.Success(MonitorErrors.Set(s_child.Id, table >> 12, 1, MemoryAccess.None), "the right of the page table");
        ProvokeWalk(tests, in registers, table, out request);
        Emulate(ref request);
        Finish(tests);
        tests.Equal((long)DataNow(), unchecked((long)Pattern), "written");
        tests.Equal(Listener.Waiting, 0, "events after that");
        tests.Start("page tables that may not be read, kept quiet of");
        Write(MonitorChild.DataPattern);
        WriteAt(table, WordAt(table) & ~(accessed | dirty));
        tests.Success(Enable(MonitorEvent.GuestPageFault), "kept quiet of");
        Listener.Begin(s_child, Execute.Store, in registers);
        Finish(tests);
        tests.Equal((long)DataNow(), unchecked((long)Pattern), "written");
        tests.Equal(Listener.Waiting, 0, "events");
        tests.Equal((long)(WordAt(table) & (accessed | dirty)), (long)(accessed | dirty), "the flags of the entry");
        tests.Start("page tables that may not be read, kept quiet of, and memory that may not be written");
        Write(MonitorChild.DataPattern);
        Restrict(tests, MemoryAccess.Read);
        Listener.Begin(s_child, Execute.Store, in registers);
        tests.True(Listener.Next(out request), "an event");
        tests.Equal((long)request.Reason, (long)VmEventReason.MemoryAccess, "its reason");
        tests.Equal((long)request.MemoryAccess.Gfn, (long)DataFrame, "frame");
        tests.Equal((long)request.MemoryAccess.Offset, (long)DataOffset, "offset");
        tests.True((request.MemoryAccess.Access & VmEventAccess.Write) != 0, "a write");
        tests.Equal((long)(request.MemoryAccess.Access & VmEventAccess.FaultInPageTables), 0, "no walk");
        tests.Equal((long)DataNow(), (long)MonitorChild.DataPattern, "not written yet");
        Emulate(ref request);
        Finish(tests);
        tests.Equal((long)DataNow(), unchecked((long)Pattern), "written");
        Restrict(tests, MemoryAccess.All);
        tests.Success(MonitorErrors.Set(s_child.Id, table >> 12, 1, MemoryAccess.All), "the right of the page table");
        tests.Success(Disable(MonitorEvent.GuestPageFault), "told of again");
    }

    private static void ProvokeWalk(TestRun tests, in Registers registers, ulong table, out VmEventRequest request)
    {
        Provoke(tests, Execute.Store, in registers, VmEventReason.MemoryAccess, VmEventFlags.VcpuPaused, out request);
        tests.Equal((long)request.MemoryAccess.Gfn, (long)(table >> 12), "frame");
        tests.True((request.MemoryAccess.Access & VmEventAccess.FaultInPageTables) != 0, "an access of the processor's own");
    }

    /// <summary>Maps the data a second time in the child, by tables that map nothing else.</summary>
    private static void MapAnew(TestRun tests, ulong directory, ulong table, ulong linear)
    {
        const ulong frame = 0x000F_FFFF_FFFF_F000, all = 7;
        tests.Success(Enable(MonitorEvent.GuestRequest), "on");
        Provoke(tests, s_request, default, VmEventReason.GuestRequest, 0, out VmEventRequest request);
        Finish(tests);
        request.Flags = 0;
        Listener.Answer(in request);
        tests.Success(Disable(MonitorEvent.GuestRequest), "off");
        ulong upper = WordAt((request.Registers.Cr3 & frame) + ((linear >> 39 & 0x1FF) * 8)) & frame;
        ulong place = upper + ((linear >> 30 & 0x1FF) * 8);
        tests.Equal((long)WordAt(place), 0, "nothing is there");
        WriteAt(table, MonitorChild.DataAddress | all);
        WriteAt(directory, table | all);
        WriteAt(place, directory | all);
    }
}
