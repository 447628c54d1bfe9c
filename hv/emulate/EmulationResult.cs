namespace Xenolith.Emulate;

/// <summary>How the emulation of one instruction ended.</summary>
public enum EmulationResult
{
    /// <summary>Done: registers, flags and RIP are those after the instruction.</summary>
    Done,
    /// <summary>A repeated instruction did its budget's worth; registers say how far, RIP still points at it.</summary>
    Again,
    /// <summary>Somebody else has to make an access good first: nothing has changed, and the instruction is emulated again when that is done.</summary>
    Waits,
    /// <summary>The bytes are no instruction: inject #UD.</summary>
    Undefined,
    /// <summary>A memory operand or the code itself did not translate: <c>Fault</c> says where and why.</summary>
    Fault,
    /// <summary>A segment's limit or rights forbid it: inject #GP(0), or #SS(0) when <c>IsStackFault</c>.</summary>
    Protection,
    /// <summary>A real instruction that is not emulated here: <c>Reason</c> says which kind. Nothing has been done.</summary>
    Refused,
}
