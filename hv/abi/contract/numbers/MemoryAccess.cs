namespace Xenolith.Abi.Contract;

/// <summary>What a guest may do with a page, beside what the page is: xenmem_access_t (public/memory.h).</summary>
public enum MemoryAccess : byte
{
    [XenConstant("XENMEM_access_n")] None = 0,
    [XenConstant("XENMEM_access_r")] Read = 1,
    [XenConstant("XENMEM_access_w")] Write = 2,
    [XenConstant("XENMEM_access_rw")] ReadWrite = 3,
    [XenConstant("XENMEM_access_x")] Execute = 4,
    [XenConstant("XENMEM_access_rx")] ReadExecute = 5,
    [XenConstant("XENMEM_access_wx")] WriteExecute = 6,
    [XenConstant("XENMEM_access_rwx")] All = 7,
    /// <summary>Read and execute until the first write, read and write from then on.</summary>
    [XenConstant("XENMEM_access_rx2rw")] ReadExecuteToReadWrite = 8,
    /// <summary>Nothing until the first access, which is told of; everything from then on.</summary>
    [XenConstant("XENMEM_access_n2rwx")] NoneToAll = 9,
    /// <summary>What new pages get.</summary>
    [XenConstant("XENMEM_access_default")] Default = 10,
}
