namespace Xenolith.Hal.Vmx;

/// <summary>The fields that nearly every exit needs: on a host, fields like all others.</summary>
public sealed partial class Vmcs
{
    private VmcsImage _image;

    /// <summary>On a host nothing is entered that would use it.</summary>
    internal ref VmcsImage Image => ref _image;

    public ulong GuestRip
    {
        get => Read(VmcsField.GuestRip);
        set => Write(VmcsField.GuestRip, value);
    }

    public ulong GuestRflags
    {
        get => Read(VmcsField.GuestRflags);
        set => Write(VmcsField.GuestRflags, value);
    }

    public ulong GuestInterruptibility
    {
        get => Read(VmcsField.GuestInterruptibility);
        set => Write(VmcsField.GuestInterruptibility, value);
    }

    public ulong GuestEfer
    {
        get => Read(VmcsField.GuestEfer);
        set => Write(VmcsField.GuestEfer, value);
    }

    public ulong GuestCsAccessRights
    {
        get => Read(VmcsField.GuestCsAccessRights);
        set => Write(VmcsField.GuestCsAccessRights, value);
    }

    public ulong GuestSsAccessRights
    {
        get => Read(VmcsField.GuestSsAccessRights);
        set => Write(VmcsField.GuestSsAccessRights, value);
    }

    public uint ExitReason => Read32(VmcsField.ExitReason);

    public byte ExitInstructionLength => (byte)Read(VmcsField.ExitInstructionLength);

    public uint IdtVectoringInformation => Read32(VmcsField.IdtVectoringInformation);

    internal bool HasChanges => false;

    internal void WriteChanges()
    {
    }

    internal void WriteAll()
    {
    }
}
