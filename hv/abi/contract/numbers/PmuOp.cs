namespace Xenolith.Abi.Contract;

/// <summary>xenpmu_op: XENPMU_* (public/pmu.h).</summary>
public enum PmuOp : uint
{
    [XenConstant("XENPMU_mode_get")] ModeGet = 0,
    [XenConstant("XENPMU_mode_set")] ModeSet = 1,
    [XenConstant("XENPMU_feature_get")] FeatureGet = 2,
    [XenConstant("XENPMU_feature_set")] FeatureSet = 3,
    [XenConstant("XENPMU_init")] Init = 4,
    [XenConstant("XENPMU_finish")] Finish = 5,
    [XenConstant("XENPMU_lvtpc_set")] LvtpcSet = 6,
    [XenConstant("XENPMU_flush")] Flush = 7,
}
