using System;
using Xenolith.Kernel;
using Xenolith.Mm;

namespace Xenolith.Domains;

/// <summary>
/// The page of 64 stubs that a guest asks for by MSR: stub n, at 32 n, loads n and calls the hypervisor in the machine's
/// own way. The stub of iret, which HVM guests do not have, is UD2 (as Xen's).
/// </summary>
public static class HypercallPage
{
    public const int StubSize = 32;
    public const int Stubs = 64;

    private const int Iret = 23;

    /// <summary>Writes the stubs into a frame.</summary>
    /// <param name="usesVmcall">VMCALL (Intel), otherwise VMMCALL (AMD).</param>
    public static void Write(Span<byte> page, bool usesVmcall)
    {
        page[..Page.Size].Clear();
        for (int number = 0; number < Stubs; number++)
        {
            Span<byte> stub = page.Slice(number * StubSize, StubSize);
            if (number == Iret)
            {
                // ud2
                stub[0] = 0x0F;
                stub[1] = 0x0B;
                continue;
            }

            // mov eax, number; vmcall or vmmcall; ret
            stub[0] = 0xB8;
            stub[1] = (byte)number;
            stub[5] = 0x0F;
            stub[6] = 0x01;
            stub[7] = usesVmcall ? (byte)0xC1 : (byte)0xD9;
            stub[8] = 0xC3;
        }
    }

    /// <summary>Fills the guest's frame. False: it is not memory that the guest may write.</summary>
    public static bool TryInstall(GuestMemory memory, Gfn gfn, bool usesVmcall)
    {
        P2mEntry entry = memory.P2m.Lookup(gfn);
        if (entry.Type != P2mType.Ram)
        {
            return false;
        }

        Write(memory.Physical.Frame(entry.Mfn), usesVmcall);
        memory.P2m.MarkWritten(gfn);
        return true;
    }
}
