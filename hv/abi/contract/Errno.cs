namespace Xenolith.Abi.Contract;

/// <summary>
/// Xen's error numbers (public/errno.h), positive; a hypercall returns them negated. The two aliases of the header
/// (EWOULDBLOCK, EDEADLOCK) are left out: a C# enum member with a second name prints as either.
/// </summary>
public enum Errno
{
    /// <summary>Success.</summary>
    [XenUnstated("success")]
    None = 0,
    /// <summary>Operation not permitted.</summary>
    [XenConstant("XEN_EPERM")]
    EPERM = 1,
    /// <summary>No such file or directory.</summary>
    [XenConstant("XEN_ENOENT")]
    ENOENT = 2,
    /// <summary>No such process.</summary>
    [XenConstant("XEN_ESRCH")]
    ESRCH = 3,
    /// <summary>Interrupted system call. Inside the hypervisor only: no guest sees it.</summary>
    [XenUnstated("public/errno.h, under __XEN__")]
    EINTR = 4,
    /// <summary>I/O error.</summary>
    [XenConstant("XEN_EIO")]
    EIO = 5,
    /// <summary>No such device or address.</summary>
    [XenConstant("XEN_ENXIO")]
    ENXIO = 6,
    /// <summary>Arg list too long.</summary>
    [XenConstant("XEN_E2BIG")]
    E2BIG = 7,
    /// <summary>Exec format error.</summary>
    [XenConstant("XEN_ENOEXEC")]
    ENOEXEC = 8,
    /// <summary>Bad file number.</summary>
    [XenConstant("XEN_EBADF")]
    EBADF = 9,
    /// <summary>No child processes.</summary>
    [XenConstant("XEN_ECHILD")]
    ECHILD = 10,
    /// <summary>Try again.</summary>
    [XenConstant("XEN_EAGAIN")]
    EAGAIN = 11,
    /// <summary>Out of memory.</summary>
    [XenConstant("XEN_ENOMEM")]
    ENOMEM = 12,
    /// <summary>Permission denied.</summary>
    [XenConstant("XEN_EACCES")]
    EACCES = 13,
    /// <summary>Bad address.</summary>
    [XenConstant("XEN_EFAULT")]
    EFAULT = 14,
    /// <summary>Device or resource busy.</summary>
    [XenConstant("XEN_EBUSY")]
    EBUSY = 16,
    /// <summary>File exists.</summary>
    [XenConstant("XEN_EEXIST")]
    EEXIST = 17,
    /// <summary>Cross-device link.</summary>
    [XenConstant("XEN_EXDEV")]
    EXDEV = 18,
    /// <summary>No such device.</summary>
    [XenConstant("XEN_ENODEV")]
    ENODEV = 19,
    /// <summary>Not a directory.</summary>
    [XenConstant("XEN_ENOTDIR")]
    ENOTDIR = 20,
    /// <summary>Is a directory.</summary>
    [XenConstant("XEN_EISDIR")]
    EISDIR = 21,
    /// <summary>Invalid argument.</summary>
    [XenConstant("XEN_EINVAL")]
    EINVAL = 22,
    /// <summary>File table overflow.</summary>
    [XenConstant("XEN_ENFILE")]
    ENFILE = 23,
    /// <summary>Too many open files.</summary>
    [XenConstant("XEN_EMFILE")]
    EMFILE = 24,
    /// <summary>No space left on device.</summary>
    [XenConstant("XEN_ENOSPC")]
    ENOSPC = 28,
    /// <summary>Read-only file system.</summary>
    [XenConstant("XEN_EROFS")]
    EROFS = 30,
    /// <summary>Too many links.</summary>
    [XenConstant("XEN_EMLINK")]
    EMLINK = 31,
    /// <summary>Math argument out of domain of func.</summary>
    [XenConstant("XEN_EDOM")]
    EDOM = 33,
    /// <summary>Math result not representable.</summary>
    [XenConstant("XEN_ERANGE")]
    ERANGE = 34,
    /// <summary>Resource deadlock would occur.</summary>
    [XenConstant("XEN_EDEADLK")]
    EDEADLK = 35,
    /// <summary>File name too long.</summary>
    [XenConstant("XEN_ENAMETOOLONG")]
    ENAMETOOLONG = 36,
    /// <summary>No record locks available.</summary>
    [XenConstant("XEN_ENOLCK")]
    ENOLCK = 37,
    /// <summary>Function not implemented.</summary>
    [XenConstant("XEN_ENOSYS")]
    ENOSYS = 38,
    /// <summary>Directory not empty.</summary>
    [XenConstant("XEN_ENOTEMPTY")]
    ENOTEMPTY = 39,
    /// <summary>No data available.</summary>
    [XenConstant("XEN_ENODATA")]
    ENODATA = 61,
    /// <summary>Timer expired.</summary>
    [XenConstant("XEN_ETIME")]
    ETIME = 62,
    /// <summary>Not a data message.</summary>
    [XenConstant("XEN_EBADMSG")]
    EBADMSG = 74,
    /// <summary>Value too large for defined data type.</summary>
    [XenConstant("XEN_EOVERFLOW")]
    EOVERFLOW = 75,
    /// <summary>Illegal byte sequence.</summary>
    [XenConstant("XEN_EILSEQ")]
    EILSEQ = 84,
    /// <summary>Interrupted system call should be restarted. Inside the hypervisor only: no guest sees it.</summary>
    [XenUnstated("public/errno.h, under __XEN__")]
    ERESTART = 85,
    /// <summary>Socket operation on non-socket.</summary>
    [XenConstant("XEN_ENOTSOCK")]
    ENOTSOCK = 88,
    /// <summary>Message too large.</summary>
    [XenConstant("XEN_EMSGSIZE")]
    EMSGSIZE = 90,
    /// <summary>Operation not supported on transport endpoint.</summary>
    [XenConstant("XEN_EOPNOTSUPP")]
    EOPNOTSUPP = 95,
    /// <summary>Address already in use.</summary>
    [XenConstant("XEN_EADDRINUSE")]
    EADDRINUSE = 98,
    /// <summary>Cannot assign requested address.</summary>
    [XenConstant("XEN_EADDRNOTAVAIL")]
    EADDRNOTAVAIL = 99,
    /// <summary>No buffer space available.</summary>
    [XenConstant("XEN_ENOBUFS")]
    ENOBUFS = 105,
    /// <summary>Transport endpoint is already connected.</summary>
    [XenConstant("XEN_EISCONN")]
    EISCONN = 106,
    /// <summary>Transport endpoint is not connected.</summary>
    [XenConstant("XEN_ENOTCONN")]
    ENOTCONN = 107,
    /// <summary>Connection timed out.</summary>
    [XenConstant("XEN_ETIMEDOUT")]
    ETIMEDOUT = 110,
    /// <summary>Connection refused.</summary>
    [XenConstant("XEN_ECONNREFUSED")]
    ECONNREFUSED = 111,
}
