namespace Xenolith.Abi.Contract;

/// <summary>console_io: CONSOLEIO_* (public/xen.h).</summary>
public enum ConsoleIoOp : uint
{
    [XenConstant("CONSOLEIO_write")] Write = 0,
    [XenConstant("CONSOLEIO_read")] Read = 1,
}
