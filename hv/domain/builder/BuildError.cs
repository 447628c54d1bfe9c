namespace Xenolith.Domains;

/// <summary>Why the initial domain could not be built. docs/boot-errors.md lists each with its cause and its mend.</summary>
public enum BuildErrorKind
{
    NoModule,
    ModuleOutsideMemory,
    ModuleTooBig,
    NotAKernel,
    Truncated,
    WrongClass,
    WrongMachine,
    MalformedHeader,
    NoSegments,
    TooManySegments,
    SegmentsOverlap,
    SegmentOutsideMemory,
    NoEntryNote,
    EntryOutsideSegments,
    UnsupportedCompression,
    CorruptPayload,
    PayloadTooBig,
    NoRoomToUnpack,
    InitrdDoesNotFit,
    CommandLineTooLong,
    BadMemoryOption,
    MemoryNotAvailable,
    MemoryTooSmall,
    BadDomainOption,
    OutOfMemory,
    TooManyVcpus,
    BadDomainWord,
    NoRamdisk,
    NameTaken,
    ModuleWithoutPurpose,
    NoSuchCpu,
}

/// <summary>A refusal to build: its kind, and one sentence that names the thing at fault and the mend.</summary>
public sealed class BuildError(BuildErrorKind kind, string message)
{
    public BuildErrorKind Kind { get; } = kind;

    public string Message { get; } = message;

    public override string ToString() => Message;
}
