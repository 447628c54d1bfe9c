using Xenolith.Mm;

namespace Xenolith.Emulate;

/// <summary>What came of looking for an operand.</summary>
public enum OperandResult : byte
{
    /// <summary>It is there.</summary>
    Found,
    /// <summary>Its linear address does not translate: <see cref="OperandMemory.Fault"/> says why.</summary>
    Fault,
    /// <summary>It is in no memory.</summary>
    NoMemory,
    /// <summary>Its right forbids it, and whoever is to be told has been.</summary>
    Forbidden,
}

/// <summary>Memory of a guest that an instruction names by linear addresses, for instructions that are executed by software as a whole.</summary>
public abstract class OperandMemory
{
    /// <summary>Why the last operand did not translate.</summary>
    public PageFault Fault { get; protected set; }

    /// <summary>Finds an operand, which ends in its page.</summary>
    /// <param name="frame">The frame that it is in, to be accessed at the address's offset before the next but one operand is looked for.</param>
    public abstract OperandResult Find(ulong linear, bool isWrite, out MmioDevice? frame);
}
