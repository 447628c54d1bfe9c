using Xenolith.Kernel;

namespace Xenolith.Hal;

/// <summary>What becomes of an exception that arises while another is delivered.</summary>
public enum FaultMerge
{
    /// <summary>The second is delivered; the first recurs when its instruction runs again.</summary>
    Serial,
    /// <summary>#DF with error code 0 takes the place of both.</summary>
    DoubleFault,
    /// <summary>The CPU shuts down.</summary>
    TripleFault,
}

/// <summary>The double-fault table (Intel SDM vol. 3, 6.15, table 6-5; AMD APM vol. 2, 8.2.9).</summary>
public static class DoubleFault
{
    private enum Class { Benign, Contributory, PageFault, DoubleFault }

    public static FaultMerge Merge(byte first, byte second)
    {
        Class one = ClassOf(first);
        Class two = ClassOf(second);
        if (two == Class.Benign)
            return FaultMerge.Serial;
        return one switch
        {
            Class.DoubleFault => FaultMerge.TripleFault,
            Class.PageFault => FaultMerge.DoubleFault,
            Class.Contributory => two == Class.PageFault ? FaultMerge.Serial : FaultMerge.DoubleFault,
            _ => FaultMerge.Serial,
        };
    }

    private static Class ClassOf(byte vector) => vector switch
    {
        ExceptionVector.DivideError or ExceptionVector.InvalidTss or ExceptionVector.SegmentNotPresent
            or ExceptionVector.StackFault or ExceptionVector.GeneralProtection or ExceptionVector.ControlProtection => Class.Contributory,
        ExceptionVector.PageFault or ExceptionVector.Virtualization => Class.PageFault,
        ExceptionVector.DoubleFault => Class.DoubleFault,
        _ => Class.Benign,
    };
}
