using System;
using System.Runtime;
using System.Threading;

namespace Xenolith.Kernel;

/// <summary>Who answers which interrupt vector.</summary>
public sealed class Interrupts
{
    /// <summary>The first vector that is not an exception's.</summary>
    public const byte FirstVector = 32;

    // The interrupt entries have no object at hand, so there is one table an image.
    private static Interrupts? s_current;

    private readonly InterruptHandler?[] _handlers = new InterruptHandler?[256];
    private ulong _unexpected;

    /// <summary>The table that the interrupt entries use.</summary>
    public static Interrupts Current => s_current!;

    /// <summary>Interrupts that came on vectors nobody handles.</summary>
    public ulong Unexpected => Interlocked.Read(ref _unexpected);

    /// <summary>Makes the table; before it, every interrupt is a panic.</summary>
    internal static void Install() => s_current = new Interrupts();

    /// <summary>Sets the handler of a vector.</summary>
    public void Register(byte vector, InterruptHandler handler)
    {
        if (vector < FirstVector)
        {
            throw new ArgumentOutOfRangeException(nameof(vector));
        }

        _handlers[vector] = handler;
    }

    // unsafe: the frame lies on the stack that the interrupt entry made.
    [RuntimeExport("kernel_interrupt")]
    private static unsafe void Enter(InterruptFrame* frame)
    {
        if (frame->Vector >= FirstVector)
        {
            Current.Dispatch((byte)frame->Vector);
        }
        else
        {
            Fault.Handle(ref *frame);
        }
    }

    private void Dispatch(byte vector)
    {
        if (_handlers[vector] is { } handler)
        {
            handler.Handle();
        }
        else
        {
            Interlocked.Increment(ref _unexpected);
        }
    }
}
