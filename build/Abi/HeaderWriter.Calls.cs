using System;
using System.Reflection;
using System.Text;
using Xenolith.Abi.Contract;
using Xenolith.Abi.Contract.Table;

namespace Xenolith.Build.Abi;

/// <summary>The part of include/xenolith.h about ways to make calls.</summary>
internal static partial class HeaderWriter
{
    private static void WriteCalls(StringBuilder text)
    {
        text.Append("\n/*\n * Ways to make calls. CPUID tells of them: while a domain is shown one, the leaf below has its signature in EBX, ECX, EDX, and the next one bits of\n");
        text.Append(" * enum xenolith_call_feature in EAX, entries of a table in EBX, tables that can be shared in ECX, and log2 of an entry's most pages in EDX.\n */\n");
        Constants(text, typeof(OwnCpuid));
        text.Append('\n');
        Enumeration<CallFeature>(text, feature => feature switch
        {
            CallFeature.Table => "hypercall TLBs: XENOLITH_VCPUOP_hctlb_query, insert, purge and share",
            CallFeature.Physical => "XENOLITH_CALL_F_GPA",
            CallFeature.HighNumbers => "calls from number 64 on",
            CallFeature.Lists => "struct xenolith_buffer_list",
            CallFeature.Strict => "XENOLITH_VCPUOP_hctlb_policy",
            CallFeature.User => "calls from user mode that a kernel allows",
            _ => throw new InvalidOperationException($"{feature} has no comment for C"),
        });
        text.Append("\n/* Or it into a call's number: all pointers of the call are guest-physical. */\n");
        Constants(text, typeof(CallFlags));
        text.Append("\n/* vcpu_op: cmd, vcpuid and three numbers, all in registers. */\n");
        foreach (VcpuOp operation in (VcpuOp[])[VcpuOp.HctlbQuery, VcpuOp.HctlbInsert, VcpuOp.HctlbPurge, VcpuOp.HctlbShare, VcpuOp.HctlbPolicy])
            Number(text, operation);
        text.Append("\n/* query: this, 0, 0 */\n");
        Enumeration<HypercallTlbQuery>(text, query => query switch
        {
            HypercallTlbQuery.Capacity => "entries of a table",
            HypercallTlbQuery.Used => "entries in use",
            HypercallTlbQuery.Table => "the vCPU whose table it is",
            HypercallTlbQuery.Policy => "1: strict",
            _ => throw new InvalidOperationException($"{query} has no comment for C"),
        });
        text.Append("\n/* insert: virtual page number, gfn, pages << 8 | flags; purge: virtual page number, pages or 0, flags */\n");
        Enumeration<HypercallTlbFlags>(text, flag => flag switch
        {
            HypercallTlbFlags.None => "calls only read there",
            HypercallTlbFlags.Writable => "calls may write there",
            HypercallTlbFlags.OfAddressSpace => "for the caller's page tables only",
            HypercallTlbFlags.Replace => "in the place of what it overlaps",
            HypercallTlbFlags.Pinned => "outlives a reset of the vCPU",
            HypercallTlbFlags.All => "all that there are",
            _ => throw new InvalidOperationException($"{flag} has no comment for C"),
        });
        WriteV2(text);
        text.Append("\n/* A page of a list; XENOLITH_BUFFER_LIST makes what is passed in the place of a guest-physical address, of 64 bits. */\n");
        Structure<BufferList>(text);
        text.Append("\n#define XENOLITH_BUFFER_LIST(first_page_gfn, offset) \\\n    ((uint64_t)1 << 63 | (uint64_t)(first_page_gfn) << 30 | (uint64_t)(offset))\n");
    }

    private static void WriteV2(StringBuilder text)
    {
        text.Append("\n/* Calls from 64 on: VMCALL or VMMCALL with numbers and guest-physical addresses, the operation first. docs/v2-calls.md */\n");
        Constants(text, typeof(V2Calls));
        foreach (HypercallGroup group in HypercallTable.Groups)
        {
            if (!group.IsV2)
                continue;
            text.Append($"\n/* {group.Self.Name}: {group.Parameters} */\n");
            Number(text, group.Number);
            foreach (HypercallRow row in group.Rows)
                Number(text, row.Operation!);
        }
        text.Append("\n/* A call of XENOLITH_V2_HCTLB_batch. */\n");
        Structure<HypercallTlbCall>(text);
        text.Append("\n/* What a kernel leaves to its user mode: bits for XENOLITH_V2_QUERY_set_user_calls. */\n");
        Enumeration<UserCalls>(text, AboutUserCall);
    }

    private static string AboutUserCall(UserCalls bit)
    {
        foreach (HypercallGroup group in HypercallTable.Groups)
        {
            foreach (HypercallRow row in group.Rows)
            {
                if (bit != UserCalls.None && row.User == bit)
                    return row.Name;
            }
        }
        return bit == UserCalls.None ? "nothing" : "all that there are";
    }

    private static void Constants(StringBuilder text, Type numbers)
    {
        foreach (FieldInfo field in numbers.GetFields(BindingFlags.Static | BindingFlags.Public))
            text.Append($"#define {field.GetCustomAttribute<XenUnstatedAttribute>()!.Name} 0x{Convert.ToUInt32(field.GetRawConstantValue()):X}\n");
    }
}
