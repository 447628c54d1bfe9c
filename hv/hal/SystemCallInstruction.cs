namespace Xenolith.Hal;

/// <summary>SYSCALL and the two forms of SYSRET.</summary>
public enum SystemCallInstruction : byte
{
    Call,
    /// <summary>To 32-bit code.</summary>
    Return32,
    /// <summary>To 64-bit code.</summary>
    Return64,
}
