using Xenolith.Build.Symbols;
using Xunit;

namespace Xenolith.Tests.Unit.Build;

/// <summary>ilc's symbols are read back as C# names, here of this assembly's own types.</summary>
public class FunctionNameTests
{
    private static readonly FunctionNames s_names = new([typeof(FunctionNameTests).Assembly.Location]);

    [Theory]
    [InlineData("Xenolith_Tests_Unit_Xenolith_Tests_Unit_Build_NameSample__Plain", "Xenolith.Tests.Unit.Build.NameSample.Plain")]
    [InlineData("Xenolith_Tests_Unit_Xenolith_Tests_Unit_Build_NameSample__Plain_0", "Xenolith.Tests.Unit.Build.NameSample.Plain")]
    [InlineData("Xenolith_Tests_Unit_Xenolith_Tests_Unit_Build_NameSample__With_underscore", "Xenolith.Tests.Unit.Build.NameSample.With_underscore")]
    [InlineData("Xenolith_Tests_Unit_Xenolith_Tests_Unit_Build_NameSample__get_Value", "Xenolith.Tests.Unit.Build.NameSample.get_Value")]
    [InlineData("Xenolith_Tests_Unit_Xenolith_Tests_Unit_Build_NameSample___ctor", "Xenolith.Tests.Unit.Build.NameSample.ctor")]
    [InlineData("Xenolith_Tests_Unit_Xenolith_Tests_Unit_Build_NameSample_Inner__Get", "Xenolith.Tests.Unit.Build.NameSample.Inner.Get")]
    [InlineData("Xenolith_Tests_Unit_Xenolith_Tests_Unit_Build_NameSample_Pair_1<Int64>__Sum<Int32>", "Xenolith.Tests.Unit.Build.NameSample.Pair<Int64>.Sum")]
    [InlineData("kernel_load_idt", "kernel_load_idt")]
    [InlineData("Nobody__Knows", "Nobody__Knows")]
    public void ASymbolHasItsSourceName(string symbol, string expected) => Assert.Equal(expected, s_names.Resolve(symbol).ToString());
}

/// <summary>Names to find in metadata; nothing calls them.</summary>
internal sealed class NameSample
{
    public static int Value => 1;

    public static void Plain()
    {
    }

    public static void Plain(int number) => _ = number;

    public static void With_underscore()
    {
    }

    internal static class Inner
    {
        public static void Get()
        {
        }
    }

    internal struct Pair<T>
    {
        public static void Sum<TOther>()
        {
        }
    }
}
