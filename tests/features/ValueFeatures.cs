using System;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Xenolith.Runtime;
using static Xenolith.Tests.Features.Verdict;

namespace Xenolith.Tests.Features;

/// <summary>Structs, records, enums, nullable values, boxing, patterns, arithmetic.</summary>
internal static unsafe class ValueFeatures
{
    public static void Run()
    {
        Feature("structs larger than registers", &LargeStructs);
        Feature("structs with references", &StructsWithReferences);
        Feature("record structs", &RecordStructs);
        Feature("record classes", &RecordClasses);
        Feature("tuples", &Tuples);
        Feature("nullable values", &Nullables);
        Feature("boxing and unboxing", &BoxingAndUnboxing);
        Feature("enums", &Enums);
        Feature("switch and patterns", &Patterns);
        Feature("checked arithmetic", &CheckedArithmetic);
        Feature("checked conversions of doubles", &CheckedDoubles);
        Feature("division by zero", &DivisionByZero);
        Feature("64-bit arithmetic", &WideArithmetic);
        Feature("bit operations", &Bits);
        Feature("floating point", &FloatingPoint);
        Feature("generics over values and references", &Generics);
        Feature("ref returns and ref locals", &References);
        Feature("explicit layout and fixed buffers", &Layouts);
        Feature("inline arrays", &InlineArrays);
        Feature("operators and conversions", &Operators);
        Feature("extension members", &Extensions);
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Wide { public ulong A, B, C, D, E, F, G, H, I, J, K, L; }
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Wide Twice(Wide value)
    {
        value.A *= 2;
        value.L *= 2;
        return value;
    }
    private static void LargeStructs()
    {
        Wide wide = Opaque.Of(new Wide { A = 1, F = 6, L = 12 });
        Wide twice = Twice(wide);
        Expect(wide.A == 1 && wide.L == 12 && twice.A == 2 && twice.F == 6 && twice.L == 24);
        var array = new Wide[3];
        array[1] = twice;
        array[2] = array[1];
        Expect(array[2].L == 24 && array[0].L == 0);
        array[2] = default;
        Expect(array[2].A == 0 && array[2].F == 0 && array[1].A == 2);
    }

    private struct Named { public string Name; public int Number; public object? Extra; }
    private static void StructsWithReferences()
    {
        var array = new Named[4];
        array[0] = Opaque.Of(new Named { Name = "first", Number = 1, Extra = array });
        array[3] = array[0];
        Span<Named> span = array;
        span.Slice(2).CopyTo(span);
        Expect(array[1].Name == "first" && array[3].Number == 1 && ReferenceEquals(array[1].Extra, array));
        object box = Opaque.Of<object>(array[3]);
        Expect(((Named)box).Name == "first");
    }

    private readonly record struct Frame(ulong Number);
    private readonly record struct Place(Frame Frame, uint Offset, DayKind Kind, string? Name);
    private static void RecordStructs()
    {
        var one = Opaque.Of(new Frame(5));
        Expect(one == new Frame(5) && one != new Frame(6) && one.Equals((object)new Frame(5)) && one.GetHashCode() == new Frame(5).GetHashCode());
        var place = Opaque.Of(new Place(one, 12, DayKind.Work, "here"));
        Expect(place == new Place(new Frame(5), 12, DayKind.Work, "here") && place != place with { Kind = DayKind.Rest });
        (Frame frame, uint offset, _, _) = place;
        Expect(frame.Number == 5 && offset == 12);
        Expect(Opaque.Of(new Frame(77)).ToString() == "Frame { Number = 77 }");
    }

    private record Person(string Name, int Age);
    private sealed record Employee(string Name, int Age, int Salary) : Person(Name, Age);
    private static void RecordClasses()
    {
        Person person = Opaque.Of(new Person("Ada", 36));
        Person older = person with { Age = 37 };
        Expect(person == new Person("Ada", 36) && person != older && older.Name == "Ada" && older.Age == 37);
        Person employee = Opaque.Of<Person>(new Employee("Ada", 36, 5));
        Expect(person != employee && employee == new Employee("Ada", 36, 5));
        Expect(person.GetHashCode() == new Person("Ada", 36).GetHashCode());
        Expect(person.ToString() == "Person { Name = Ada, Age = 36 }");
    }

    private static (int Sum, int Product) Both(int left, int right) => (left + right, left * right);
    private static void Tuples()
    {
        (int sum, int product) = Both(Opaque.Of(3), 4);
        Expect(sum == 7 && product == 12 && Both(1, 2) == (3, 2));
        (sum, product) = (product, sum);
        Expect(sum == 12 && product == 7);
        Expect((1, "a").Equals((1, Opaque.Of("a"))) && (1, 2L, "x", DayKind.Rest).GetHashCode() == (1, 2L, "x", DayKind.Rest).GetHashCode());
    }

    private static void Nullables()
    {
        int? none = Opaque.Of<int?>(null);
        int? some = Opaque.Of<int?>(5);
        Expect(!none.HasValue && some.HasValue && some.Value == 5 && (none ?? 7) == 7 && some + 1 == 6 && (none + 1) is null);
        Expect(some == 5 && none != 5 && none is null && some is 5);
        object? boxed = Opaque.Of<object?>(some);
        Expect(boxed is int and 5 && (int?)boxed == 5 && Opaque.Of<object?>(none) is null && (int?)Opaque.Of<object?>(null) is null);
        Frame? frame = Opaque.Of<Frame?>(new Frame(9));
        Expect(frame?.Number == 9);
        Place? place = Opaque.Of<Place?>(new Place(new Frame(1), 2, DayKind.Work, "n"));
        object box = Opaque.Of<object?>(place)!;
        Expect(((Place?)box)!.Value.Name == "n");
        ExpectFault(FaultKind.InvalidOperation, &ValueOfNothing);
    }
    private static void ValueOfNothing() => Expect(Opaque.Of<int?>(null)!.Value == 0);

    private static void BoxingAndUnboxing()
    {
        object number = Opaque.Of<object>(42);
        object day = Opaque.Of<object>(DayKind.Rest);
        Expect((int)number == 42 && number is int && number is not long && (DayKind)day == DayKind.Rest && (byte)day == 2);
        IComparable<int> comparable = Opaque.Of<IComparable<int>>(5);
        Expect(comparable.CompareTo(4) > 0 && number.Equals(42) && number.GetHashCode() == 42 && number.ToString() == "42");
        object wide = Opaque.Of<object>(new Wide { L = 3 });
        Expect(((Wide)wide).L == 3);
        ExpectFault(FaultKind.NullReference, &UnboxNull);
    }
    private static void UnboxNull() => Expect((int)Opaque.Of<object?>(null)! == 0);

    private enum DayKind : byte { Work = 1, Rest = 2 }
    [Flags]
    private enum Rights { None = 0, Read = 1, Write = 2, Execute = 4 }
    private static void Enums()
    {
        Rights rights = Opaque.Of(Rights.Read | Rights.Execute);
        Expect((rights & Rights.Execute) != 0 && (rights & Rights.Write) == 0 && (int)rights == 5 && (Rights)6 == (Rights.Write | Rights.Execute));
        Expect(System.Collections.Generic.EqualityComparer<DayKind>.Default.Equals(Opaque.Of(DayKind.Work), DayKind.Work));
    }

    private static int Classify(object? value) => value switch
    {
        null => 0,
        int and < 0 => 1,
        int n when n % 2 == 0 => 2,
        int => 3,
        string { Length: 0 } => 4,
        string s => 100 + s.Length,
        int[] and [1, .., 9] => 6,
        Person { Age: > 40, Name: "Old" } => 7,
        Frame(5) => 8,
        _ => 9,
    };
    private static int ByText(ReadOnlySpan<char> text) => text switch { "one" => 1, "two" => 2, "three" => 3, _ => 0 };
    private static int ByNumber(int number) => number switch { 0 => 10, 1 => 21, 2 => 32, 3 => 43, 4 => 54, 5 or 6 => 65, > 100 and < 200 => 7, _ => -1 };
    private static void Patterns()
    {
        Expect(Classify(null) == 0 && Classify(-3) == 1 && Classify(4) == 2 && Classify(5) == 3 && Classify("") == 4 && Classify("abc") == 103);
        Expect(Classify(Opaque.Of<int[]>([1, 5, 9])) == 6 && Classify(new Person("Old", 50)) == 7 && Classify(new Frame(5)) == 8 && Classify(new Frame(6)) == 9);
        Expect(ByText(Opaque.Of("two")) == 2 && ByText("four") == 0);
        Expect(ByNumber(Opaque.Of(3)) == 43 && ByNumber(6) == 65 && ByNumber(150) == 7 && ByNumber(-9) == -1);
    }

    private static void CheckedArithmetic()
    {
        Expect(checked(Opaque.Of(5) + 6) == 11 && unchecked(Opaque.Of(int.MaxValue) + 1) == int.MinValue);
        ExpectFault(FaultKind.Overflow, &AddTooMuch);
        ExpectFault(FaultKind.Overflow, &MultiplyTooMuch);
        ExpectFault(FaultKind.Overflow, &NarrowTooMuch);
        ExpectFault(FaultKind.Overflow, &SignTooMuch);
        ExpectFault(FaultKind.Overflow, &NegativeLength);
    }
    private static void AddTooMuch() => Expect(checked(Opaque.Of(int.MaxValue) + 1) == 0);
    private static void MultiplyTooMuch() => Expect(checked(Opaque.Of(1ul << 40) * (1ul << 40)) == 0);
    private static void NarrowTooMuch() => Expect(checked((byte)Opaque.Of(256)) == 0);
    private static void SignTooMuch() => Expect(checked((uint)Opaque.Of(-1)) == 0);
    private static void NegativeLength() => Expect(new byte[Opaque.Of(-1)].Length == 0);

    private static void CheckedDoubles()
    {
        Expect(checked((int)Opaque.Of(1234.9)) == 1234 && checked((ulong)Opaque.Of(1e19)) == 10000000000000000000 && checked((long)Opaque.Of(-5.5)) == -5);
        ExpectFault(FaultKind.Overflow, &DoubleTooLarge);
    }
    private static void DoubleTooLarge() => Expect(checked((int)Opaque.Of(3e9)) == 0);

    private static void DivisionByZero() => ExpectFault(FaultKind.DivideByZero, &DivideByZero);
    private static void DivideByZero() => Expect(Opaque.Of(5) / Opaque.Of(0) == 0);

    private static void WideArithmetic()
    {
        Expect(Math.BigMul(Opaque.Of(0xFFFFFFFFFFFFFFFFul), 0xFFFFFFFFFFFFFFFF, out ulong low) == 0xFFFFFFFFFFFFFFFE && low == 1);
        Expect(Math.BigMul(Opaque.Of(-3L), 5, out long signedLow) == -1 && signedLow == -15);
        Expect(Opaque.Of(0xFEDCBA9876543210ul) / 1000007 == 18364629992083 && Opaque.Of(-7L) % 3 == -1 && Opaque.Of(-7L) / 2 == -3);
        Expect(Opaque.Of(1ul) << Opaque.Of(63) == 0x8000000000000000 && Opaque.Of(-8L) >> 1 == -4 && Opaque.Of(-8L) >>> 60 == 15);
        Expect(Math.DivRem(Opaque.Of(17ul), 5ul) == (3ul, 2ul) && Math.Clamp(Opaque.Of(15), 0, 10) == 10 && Math.Abs(Opaque.Of(-4)) == 4);
    }

    private static void Bits()
    {
        Expect(System.Numerics.BitOperations.PopCount(Opaque.Of(0xF0F0ul)) == 8 && System.Numerics.BitOperations.LeadingZeroCount(Opaque.Of(1u)) == 31);
        Expect(System.Numerics.BitOperations.TrailingZeroCount(Opaque.Of(0x100ul)) == 8 && System.Numerics.BitOperations.TrailingZeroCount(0ul) == 64);
        Expect(System.Numerics.BitOperations.Log2(Opaque.Of(0x8000000000000000ul)) == 63 && System.Numerics.BitOperations.RotateLeft(0x80000001u, 4) == 0x18);
        Expect(System.Numerics.BitOperations.RoundUpToPowerOf2(Opaque.Of(33u)) == 64 && ulong.IsPow2(64) && byte.PopCount(Opaque.Of((byte)0xFF)) == 8);
        Expect(System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(Opaque.Of(0x11223344u)) == 0x44332211);
    }

    private static void FloatingPoint()
    {
        double x = Opaque.Of(1.5);
        Expect(x * 2 == 3.0 && (int)(x + 0.6) == 2 && (float)x == 1.5f && double.IsNaN(Opaque.Of(0.0) / 0.0));
    }

    private interface IMeasure { int Measure(); }
    private struct Small : IMeasure { public int Value; public int Measure() => ++Value; }
    private sealed class Large : IMeasure { public int Measure() => 100; }
    private static int MeasureTwice<T>(T item) where T : IMeasure => item.Measure() + item.Measure();
    private static T Choose<T>(bool first, T left, T right) => first ? left : right;
    private static T Create<T>() where T : new() => new T();
    private sealed class Pair<TFirst, TSecond>(TFirst first, TSecond second)
    {
        public TFirst First => first;
        public TSecond Second => second;
        public Pair<TSecond, TFirst> Swap() => new(second, first);
    }
    private static void Generics()
    {
        Expect(MeasureTwice(new Small()) == 3 && MeasureTwice(new Large()) == 200);
        Expect(Choose(Opaque.Of(false), "a", "b") == "b" && Choose(Opaque.Of(true), 1L, 2L) == 1);
        Pair<string, int> swapped = Opaque.Of(new Pair<int, string>(1, "x")).Swap();
        Expect(swapped.First == "x" && swapped.Second == 1);
        Expect(Create<Small>().Value == 0);
        Expect(Unsafe.SizeOf<Wide>() == 96 && sizeof(Small) == 4);
    }

    private static ref int Largest(Span<int> values)
    {
        int best = 0;
        for (int i = 1; i < values.Length; i++)
        {
            if (values[i] > values[best])
                best = i;
        }
        return ref values[best];
    }
    private static void References()
    {
        Span<int> values = [3, 9, 4];
        ref int largest = ref Largest(values);
        largest = -1;
        Expect(values[1] == -1 && Largest(values) == 4);
    }

    [StructLayout(LayoutKind.Explicit)]
    private struct Split { [FieldOffset(0)] public ulong Whole; [FieldOffset(0)] public uint Low; [FieldOffset(4)] public uint High; }
    private struct Fixed { public fixed uint Words[5]; }
    private static void Layouts()
    {
        var split = Opaque.Of(new Split { Whole = 0x1122334455667788 });
        Expect(split.Low == 0x55667788 && split.High == 0x11223344);
        Fixed buffer = default;
        for (int i = 0; i < 5; i++)
            buffer.Words[i] = (uint)i * 3;
        buffer = Opaque.Of(buffer);
        Expect(buffer.Words[4] == 12 && sizeof(Fixed) == 20);
    }

    [InlineArray(6)]
    private struct Six { private long _first; }
    private static void InlineArrays()
    {
        Six six = default;
        for (int i = 0; i < 6; i++)
            six[i] = i * i;
        Span<long> span = six;
        span[2] = 100;
        long sum = 0;
        foreach (long value in six)
            sum += value;
        Expect(sum == 0 + 1 + 100 + 9 + 16 + 25 && span.Length == 6 && six[^1] == 25);
        ExpectFault(FaultKind.IndexOutOfRange, &BeyondInlineArray);
    }
    private static void BeyondInlineArray()
    {
        Six six = default;
        Expect(six[Opaque.Of(6)] == 0);
    }

    private readonly struct Money(long cents)
    {
        public long Cents => cents;
        public static Money operator +(Money left, Money right) => new(left.Cents + right.Cents);
        public static Money operator checked -(Money left, Money right) => new(checked(left.Cents - right.Cents));
        public static Money operator -(Money left, Money right) => new(left.Cents - right.Cents);
        public static bool operator <(Money left, Money right) => left.Cents < right.Cents;
        public static bool operator >(Money left, Money right) => left.Cents > right.Cents;
        public static implicit operator Money(long cents) => new(cents);
        public static explicit operator long(Money money) => money.Cents;
    }
    private static void Operators()
    {
        Money sum = Opaque.Of<Money>(5) + 7;
        Expect((long)sum == 12 && sum > 11 && sum < 13 && (sum - 2).Cents == 10);
    }

    private static void Extensions() => Expect(Opaque.Of(21).Doubled == 42 && Opaque.Of(4).PlusOne() == 5);
}

/// <summary>Extension members, of both forms.</summary>
internal static class NumberExtensions
{
    extension(int value)
    {
        public int Doubled => value * 2;
    }

    public static int PlusOne(this int value) => value + 1;
}
