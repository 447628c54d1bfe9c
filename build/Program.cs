namespace Xenolith.Build;

internal static class Program
{
    private static int Main(string[] arguments) => 0;
}
