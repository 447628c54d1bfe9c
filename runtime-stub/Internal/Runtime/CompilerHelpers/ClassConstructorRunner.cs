using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using System.Threading;
using Xenolith.Runtime;

namespace System.Runtime.CompilerServices;

/// <summary>What the compiler keeps for a class whose static constructor runs lazily: the constructor, 0 once it ran.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct StaticClassConstructionContext
{
    internal nint cctorMethodAddress;
}

/// <summary>Runs static constructors: each once, on the CPU that comes first, in the immortal arena; the others wait.
/// One lock serves all, so constructors that need each other on two CPUs cannot deadlock; a class that needs itself
/// while its constructor runs sees what is there so far, as in .NET (ECMA-335 II.10.5.3.3).</summary>
internal static unsafe class ClassConstructorRunner
{
    private const nint Running = 1;

    private static nint s_owner;
    private static int s_depth;

    private static object CheckStaticClassConstructionReturnGCStaticBase(ref StaticClassConstructionContext context, object gcStaticBase)
    {
        Run(ref context);
        return gcStaticBase;
    }

    private static nint CheckStaticClassConstructionReturnNonGCStaticBase(ref StaticClassConstructionContext context, nint nonGcStaticBase)
    {
        Run(ref context);
        return nonGcStaticBase;
    }

    private static void Run(ref StaticClassConstructionContext context)
    {
        nint cpu = (nint)CpuState.Current;
        if (Volatile.Read(ref s_owner) != cpu)
        {
            while (Interlocked.CompareExchange(ref s_owner, cpu, 0) != 0)
                X86Base.Pause();
        }
        s_depth++;
        nint constructor = context.cctorMethodAddress;
        if (constructor is not (0 or Running))
        {
            context.cctorMethodAddress = Running;
            using (Arena.OpenImmortal())
                ((delegate*<void>)constructor)();
            Volatile.Write(ref context.cctorMethodAddress, 0);
        }
        if (--s_depth == 0)
            Volatile.Write(ref s_owner, 0);
    }
}
