namespace Xenolith.Hal;

/// <summary>The instructions that read or write a descriptor-table register or the task register.</summary>
public enum DescriptorTableInstruction : byte
{
    Sgdt,
    Sidt,
    Lgdt,
    Lidt,
    Sldt,
    Str,
    Lldt,
    Ltr,
}
