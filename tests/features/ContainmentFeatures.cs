using System;
using System.Collections.Generic;
using Xenolith.Kernel;
using Xenolith.Runtime;
using static Xenolith.Tests.Features.Verdict;

namespace Xenolith.Tests.Features;

/// <summary>Faults of the kernel's top that end one piece of work and nothing else, the way the hypervisor ends a guest.</summary>
// unsafe: method pointers, so that no delegate is needed.
internal static unsafe class ContainmentFeatures
{
    private const int Many = 1000;

    private static bool s_cameBack;

    public static void Run()
    {
        UnguardedFeature("work that is not violated", &Undisturbed);
        UnguardedFeature("a contained index", &Indices);
        UnguardedFeature("a contained overflow", &Overflows);
        UnguardedFeature("a contained use of null", &NullReferences);
        UnguardedFeature("a contained division by zero", &Divisions);
        UnguardedFeature("a contained argument", &Arguments);
        UnguardedFeature("a fault deep in contained work", &Depth);
        UnguardedFeature("contained work inside contained work", &Nested);
        UnguardedFeature("arenas after a contained fault", &Arenas);
        UnguardedFeature("contained faults again and again", &Repeatedly);
        UnguardedFeature("a guarded call inside contained work", &GuardedInside);
        UnguardedFeature("frames after contained faults", &Frames);
    }

    /// <summary>Contains everything, and keeps what it was told.</summary>
    private sealed class Container : FaultContainment
    {
        public int Count { get; private set; }
        public string Words { get; private set; } = "";
        public ulong Rip { get; private set; }

        public override bool TryContain(string fault, ulong rip)
        {
            Count++;
            Words = fault;
            Rip = rip;
            return true;
        }
    }

    /// <summary>Work that violates something at its end.</summary>
    private sealed class Work(delegate*<void> violation) : ContainedCall
    {
        private readonly delegate*<void> _violation = violation;

        /// <summary>1: begun, 2: finished.</summary>
        public int Progress { get; private set; }

        protected override void Run()
        {
            Progress = 1;
            _violation();
            Progress = 2;
        }
    }

    private static Container Contain()
    {
        var container = new Container();
        Boot.Current.Containment = container;
        return container;
    }

    private static void Nothing()
    {
    }

    private static void Undisturbed()
    {
        Container container = Contain();
        var work = new Work(&Nothing);
        Expect(work.TryRun() && work.Progress == 2 && container.Count == 0);
    }

    private static void ExpectContained(delegate*<void> violation, string words)
    {
        Container container = Contain();
        var work = new Work(violation);
        int here = Opaque.Of(42);
        Expect(!work.TryRun());
        Expect(work.Progress == 1 && container.Count == 1 && container.Words == words && container.Rip != 0);
        Expect(here == 42 && Opaque.Of(new object()) is not null);
    }

    private static void ReadBehind() => Expect(Opaque.Of(new int[3])[Opaque.Of(3)] == 0);
    private static void Indices() => ExpectContained(&ReadBehind, "an index outside its array or span");

    private static void AddTooMuch() => Expect(checked(Opaque.Of(int.MaxValue) + Opaque.Of(1)) == 0);
    private static void Overflows() => ExpectContained(&AddTooMuch, "an arithmetic overflow");

    private static void UseNull() => Expect(Opaque.Of<int[]?>(null)!.Length == 0);
    private static void NullReferences() => ExpectContained(&UseNull, "a null reference");

    private static void DivideByZero() => Expect(Opaque.Of(1) / Opaque.Of(0) == 0);
    private static void Divisions() => ExpectContained(&DivideByZero, "a division by zero");

    private static void SliceTooFar() => Expect(Opaque.Of(new byte[4]).AsSpan().Slice(Opaque.Of(5)).Length == 0);
    private static void Arguments() => ExpectContained(&SliceTooFar, "an argument out of range");

    private static int Descend(int depth) => depth == 0 ? Opaque.Of(new int[1])[Opaque.Of(1)] : Descend(depth - 1) + Opaque.Of(1);
    private static void ReadDeepDown() => Expect(Descend(100) == 0);
    private static void Depth() => ExpectContained(&ReadDeepDown, "an index outside its array or span");

    private static void InnerAndOuter()
    {
        var inner = new Work(&ReadBehind);
        Expect(!inner.TryRun() && inner.Progress == 1);
        ReadBehind();
    }
    private static void Nested()
    {
        Container container = Contain();
        var work = new Work(&InnerAndOuter);
        Expect(!work.TryRun() && work.Progress == 1 && container.Count == 2);
    }

    private static void FaultInOwnArena()
    {
        using (Arena.Create(1 << 20, null).Open())
        {
            object[] kept = Opaque.Of(new object[16]);
            kept[Opaque.Of(16)] = kept;
        }
    }
    private static void Arenas()
    {
        // What is made afterwards has to be immortal again: a static would not take anything shorter-lived.
        ExpectContained(&FaultInOwnArena, "an index outside its array or span");
        s_kept = new List<int>();
        for (int i = 0; i < Many; i++)
            s_kept.Add(i);
        Expect(s_kept.Count == Many && s_kept[Many - 1] == Many - 1);
    }
    private static List<int>? s_kept;

    private static void Repeatedly()
    {
        Container container = Contain();
        var work = new Work(&ReadBehind);
        var other = new Work(&UseNull);
        for (int i = 0; i < Many; i++)
            Expect(!work.TryRun() && !other.TryRun());
        Expect(container.Count == 2 * Many);
    }

    private static void GuardAFault()
    {
        ExpectFault(FaultKind.IndexOutOfRange, &ReadBehind);
        s_cameBack = true;
    }
    private static void GuardedInside()
    {
        Container container = Contain();
        s_cameBack = false;
        var work = new Work(&GuardAFault);
        Expect(work.TryRun() && work.Progress == 2 && container.Count == 0 && s_cameBack);
    }

    private static void Frames()
    {
        Container container = Contain();
        FrameAllocator frames = Boot.Current.Frames;
        ulong before = frames.FreeFrames;
        Expect(frames.TryAllocate(0, FrameAllocator.HypervisorOwner, FrameType.Unspecified, out Mfn mfn));
        Expect(!new Work(&ReadBehind).TryRun() && container.Count == 1);
        Boot.Current.Memory.Frame(mfn).Fill(0x5A);
        frames.Free(mfn, 0);
        Expect(frames.FreeFrames == before);
    }
}
