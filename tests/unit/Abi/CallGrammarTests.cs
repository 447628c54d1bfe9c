using System;
using System.Collections.Generic;
using System.Linq;
using Xenolith.Abi.Contract;
using Xenolith.Abi.Contract.Table;
using Xunit;

namespace Xenolith.Tests.Unit.Abi;

public sealed class CallGrammarTests
{
    private static CallShape Shape(Enum operation) => CallGrammar.Shapes.Single(shape => operation.Equals(shape.Row.Operation));

    private static string Fields(CallStructure? structure) =>
        string.Join(' ', structure!.Fields.Select(field => $"{field.Name}@{field.Offset}:{field.Size}={field.Kind}"));

    [Fact]
    public void Every_row_that_can_be_called_has_a_shape() =>
        Assert.Equal(HypercallTable.Rows.Select(row => row.Name).Order(), CallGrammar.Shapes.Select(shape => shape.Row.Name).Order());

    [Fact]
    public void Fields_lie_where_each_layout_has_them()
    {
        CallShape shape = Shape(MemoryOp.PopulatePhysmap);
        Assert.Equal("ExtentStart@0:8=FrameList ExtentCount@8:8=Count ExtentOrder@16:4=Order Flags@20:4=Flags Domain@24:2=Domain", Fields(shape.Wide));
        Assert.Equal("ExtentStart@0:4=FrameList ExtentCount@4:4=Count ExtentOrder@8:4=Order Flags@12:4=Flags Domain@16:2=Domain", Fields(shape.Narrow));
    }

    [Fact]
    public void A_union_shows_what_its_operation_uses() =>
        Assert.Equal("Command@0:4=Operation InterfaceVersion@4:4=Operation Domain@8:2=Domain Count@16:4=Count", Fields(Shape(DomctlOp.MaxVcpus).Wide));

    [Fact]
    public void Operations_stand_where_the_selector_looks()
    {
        Assert.Equal((ulong)EventChannelOp.Send, Shape(EventChannelOp.Send).Words[0].Value);
        Assert.Equal((ulong)DomctlOp.Pausedomain, Shape(DomctlOp.Pausedomain).Wide!.Fields[0].Value);
        Assert.Equal(ValueKind.Argument, Shape(DomctlOp.Pausedomain).Words[0].Kind);
        Assert.Equal(ValueKind.Vcpu, Shape(VcpuOp.Up).Words[1].Kind);
        Assert.True(Shape(GrantTableOp.MapGrantRef).IsArray);
        Assert.False(Shape(EventChannelOp.Send).IsArray);
    }

    /// <summary>Ours take numbers alone, and each row its own.</summary>
    [Fact]
    public void A_row_may_say_itself_what_its_arguments_are()
    {
        Assert.Equal((ValueKind[])[ValueKind.Operation, ValueKind.Domain, ValueKind.Port], Shape(V2EventOp.BindInterdomain).Words.Select(word => word.Kind));
        Assert.Equal((ValueKind[])[ValueKind.Operation, ValueKind.Virq, ValueKind.Vcpu], Shape(V2EventOp.BindVirq).Words.Select(word => word.Kind));
        Assert.Equal((ValueKind[])[ValueKind.Operation, ValueKind.Argument, ValueKind.Count, ValueKind.Plain, ValueKind.Cookie], Shape(V2HctlbOp.Batch).Words.Select(word => word.Kind));
        Assert.Equal(ValueKind.PhysicalFrameList, Shape(V2MemoryOp.Populate).Words[1].Kind);
        Assert.Equal((ValueKind[])[ValueKind.Operation, ValueKind.Vcpu, ValueKind.Frame, ValueKind.Frame, ValueKind.TablePages], Shape(VcpuOp.HctlbInsert).Words.Select(word => word.Kind));
    }

    [Fact]
    public void No_field_leaves_its_structure_or_lies_in_another() => Assert.All(CallGrammar.Shapes, shape =>
    {
        foreach (CallStructure structure in new[] { shape.Wide, shape.Narrow }.OfType<CallStructure>())
            Assert.All(structure.Fields, field => Assert.True(field.Offset >= 0 && field.Size > 0 && field.Offset + field.Size <= structure.Size, field.Name));
    });
}
