namespace Xenolith.Hal.Vmx;

/// <summary>The fields that nearly every exit needs.</summary>
public sealed partial class Vmcs
{
    private VmcsImage _image;
    private bool _hasChanges;

    /// <summary>For the entry stub, which stores RIP from it and fills it after the exit.</summary>
    internal ref VmcsImage Image => ref _image;

    public ulong GuestRip
    {
        get => _image.Rip;
        set => _image.Rip = value;
    }

    public ulong GuestRflags
    {
        get => _image.Rflags;
        set
        {
            _image.Rflags = value;
            _hasChanges = true;
        }
    }

    public ulong GuestInterruptibility
    {
        get => _image.Interruptibility;
        set
        {
            _image.Interruptibility = value;
            _hasChanges = true;
        }
    }

    public ulong GuestEfer
    {
        get => _image.Efer;
        set
        {
            _image.Efer = value;
            Write(VmcsField.GuestEfer, value);
        }
    }

    public ulong GuestCsAccessRights
    {
        get => _image.CsAccessRights;
        set
        {
            _image.CsAccessRights = value;
            Write(VmcsField.GuestCsAccessRights, value);
        }
    }

    public ulong GuestSsAccessRights
    {
        get => _image.SsAccessRights;
        set
        {
            _image.SsAccessRights = value;
            Write(VmcsField.GuestSsAccessRights, value);
        }
    }

    public uint ExitReason => (uint)_image.ExitReason;

    public byte ExitInstructionLength => (byte)_image.InstructionLength;

    public uint IdtVectoringInformation => (uint)_image.IdtVectoringInformation;

    /// <summary>Whether <see cref="WriteChanges"/> has something to do before an entry.</summary>
    internal bool HasChanges => _hasChanges;

    /// <summary>Brings what was written here into the structure, RIP aside, which the entry stub writes.</summary>
    internal void WriteChanges()
    {
        Write(VmcsField.GuestRflags, _image.Rflags);
        Write(VmcsField.GuestInterruptibility, _image.Interruptibility);
        _hasChanges = false;
    }

    /// <summary>Brings all of it into the structure, for whoever reads that.</summary>
    internal void WriteAll()
    {
        WriteChanges();
        Write(VmcsField.GuestRip, _image.Rip);
    }
}
