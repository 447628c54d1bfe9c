using System;
using System.Collections.Generic;
using System.Runtime.CompilerServices;
using Xenolith.Runtime;
using static Xenolith.Tests.Features.Verdict;

namespace Xenolith.Tests.Features;

/// <summary>Classes, casts, interfaces, delegates, statics.</summary>
internal static unsafe class ObjectFeatures
{
    public static void Run()
    {
        Feature("classes and virtual methods", &Classes);
        Feature("casts", &Casts);
        Feature("cast violation", &CastViolation);
        Feature("interfaces, one implementer", &OneImplementer);
        Feature("interfaces, two implementers", &TwoImplementers);
        Feature("interfaces, six implementers", &ManyImplementers);
        Feature("generic interfaces and variance", &Variance);
        Feature("default interface methods", &DefaultMethods);
        Feature("static abstract members", &StaticAbstract);
        Feature("delegates to static methods", &StaticDelegates);
        Feature("delegates to instance methods", &InstanceDelegates);
        Feature("delegates to interface methods", &InterfaceDelegates);
        Feature("closures and lambdas", &Closures);
        Feature("function pointers", &FunctionPointers);
        Feature("static fields and lazy constructors", &Statics);
        Feature("generic statics", &GenericStatics);
        Feature("object equality and hash codes", &Equality);
        Feature("finally and using", &FinallyAndUsing);
        Feature("throw", &Throw);
        Feature("types as objects", &Types);
    }

    private class Animal
    {
        public int Legs = 4;
        public virtual int Sound() => 1;
        public override string ToString() => "animal";
    }

    private class Dog : Animal
    {
        public int Tail = 7;
        public override int Sound() => 2;
    }

    private sealed class Puppy : Dog
    {
        public override int Sound() => base.Sound() + 10;
    }

    private static void Classes()
    {
        Animal animal = Opaque.Of<Animal>(new Animal());
        Animal dog = Opaque.Of<Animal>(new Dog());
        Animal puppy = Opaque.Of<Animal>(new Puppy());
        Expect(animal.Sound() == 1 && dog.Sound() == 2 && puppy.Sound() == 12);
        Expect(puppy.Legs == 4 && ((Dog)puppy).Tail == 7);
        Expect(dog.ToString() == "animal");
    }

    private static void Casts()
    {
        object puppy = Opaque.Of<object>(new Puppy());
        object text = Opaque.Of<object>("text");
        object numbers = Opaque.Of<object>(new int[3]);
        object dogs = Opaque.Of<object>(new Dog[1]);
        Expect(puppy is Animal && puppy is Dog && puppy is Puppy && puppy is not string);
        Expect(text is string && text is not Animal && text is IEquatable<string>);
        Expect(numbers is int[] && numbers is not long[] && numbers is Array);
        Expect(numbers is uint[]);
        Expect(dogs is Animal[] && dogs is object[] && dogs is not Puppy[]);
        Expect((puppy as Dog) is not null && (text as Dog) is null);
        Expect(((Animal)puppy).Sound() == 12);
        Expect(((Animal[])dogs).Length == 1);
        Expect(Opaque.Of<object?>(null) is not Animal && (Animal?)Opaque.Of<object?>(null) is null);
    }

    private static void CastViolation()
    {
        ExpectFault(FaultKind.InvalidCast, &CastTextToDog);
        ExpectFault(FaultKind.InvalidCast, &CastTextToInterface);
        ExpectFault(FaultKind.InvalidCast, &CastTextToArray);
        ExpectFault(FaultKind.InvalidCast, &UnboxWrongly);
    }

    private static void CastTextToDog() => Expect(((Dog)Opaque.Of<object>("text")).Tail == 0);
    private static void CastTextToInterface() => Expect(((IShape)Opaque.Of<object>("text")).Area() == 0);
    private static void CastTextToArray() => Expect(((int[])Opaque.Of<object>("text")).Length == 0);
    private static void UnboxWrongly() => Expect((long)Opaque.Of<object>(1) == 0);

    private interface IShape { int Area(); int Sides() => 0; }
    private sealed class Square(int side) : IShape { public int Area() => side * side; public int Sides() => 4; }
    private sealed class Strip(int length) : IShape { public int Area() => length; }
    private struct Dot : IShape { public int Size; public int Area() => Size; }
    private class Third : IShape { public virtual int Area() => 3; }
    private sealed class Fourth : Third { public override int Area() => 4; }
    private sealed class Fifth : Third, IShape { int IShape.Area() => 5; }

    private interface ILonely { int Answer(int question); }
    private sealed class Lonely : ILonely { public int Answer(int question) => question + 1; }
    private static void OneImplementer()
    {
        ILonely lonely = Opaque.Of<ILonely>(new Lonely());
        Expect(lonely.Answer(41) == 42);
    }

    private interface IPair { int Number(long a, long b, long c, long d, long e, double f); }
    private sealed class Left : IPair { public int Number(long a, long b, long c, long d, long e, double f) => (int)(a + b + c + d + e + (long)f); }
    private sealed class Right : IPair { public int Number(long a, long b, long c, long d, long e, double f) => (int)(a * b * c * d * e * (long)f); }
    private static void TwoImplementers()
    {
        for (int i = 0; i < 3; i++)
        {
            IPair left = Opaque.Of<IPair>(new Left());
            IPair right = Opaque.Of<IPair>(new Right());
            Expect(left.Number(1, 2, 3, 4, 5, 6.0) == 21);
            Expect(right.Number(1, 2, 3, 4, 5, 6.0) == 720);
        }
    }

    private static void ManyImplementers()
    {
        IShape[] shapes = Opaque.Of<IShape[]>([new Square(3), new Strip(8), new Dot { Size = 6 }, new Third(), new Fourth(), new Fifth()]);
        for (int round = 0; round < 3; round++)
        {
            int sum = 0;
            foreach (IShape shape in shapes)
                sum = sum * 10 + shape.Area();
            Expect(sum == 986345);
        }
    }

    private static void DefaultMethods()
    {
        IShape[] shapes = Opaque.Of<IShape[]>([new Square(3), new Strip(8), new Dot(), new Third(), new Fourth(), new Fifth()]);
        Expect(shapes[0].Sides() == 4);
        for (int i = 1; i < shapes.Length; i++)
            Expect(shapes[i].Sides() == 0);
    }

    private interface ISource<out T> { T Next(); }
    private interface ISink<in T> { int Take(T value); }
    private sealed class PuppySource : ISource<Puppy> { public Puppy Next() => new Puppy(); }
    private sealed class DogSource : ISource<Dog> { public Dog Next() => new Dog(); }
    private sealed class AnimalSink : ISink<Animal> { public int Take(Animal value) => value.Sound(); }
    private sealed class DogSink : ISink<Dog> { public int Take(Dog value) => value.Tail; }
    private static void Variance()
    {
        object source = Opaque.Of<object>(new PuppySource());
        Expect(source is ISource<Animal> && source is ISource<Puppy> && source is not ISource<string>);
        ISource<Animal>[] sources = Opaque.Of<ISource<Animal>[]>([new PuppySource(), new DogSource()]);
        Expect(sources[0].Next().Sound() == 12 && sources[1].Next().Sound() == 2);
        ISink<Dog>[] sinks = Opaque.Of<ISink<Dog>[]>([new AnimalSink(), new DogSink()]);
        Expect(sinks[0].Take(new Puppy()) == 12 && sinks[1].Take(new Puppy()) == 7);
    }

    private interface IUnit<T> where T : IUnit<T> { static abstract int Scale { get; } static abstract T Make(int value); int Value { get; } }
    private readonly record struct Metre(int Value) : IUnit<Metre> { public static int Scale => 1000; public static Metre Make(int value) => new(value); }
    private readonly record struct Inch(int Value) : IUnit<Inch> { public static int Scale => 25; public static Inch Make(int value) => new(value); }
    private static int Millimetres<T>(int value) where T : IUnit<T> => T.Make(value).Value * T.Scale;
    private static void StaticAbstract() => Expect(Millimetres<Metre>(Opaque.Of(2)) == 2000 && Millimetres<Inch>(Opaque.Of(4)) == 100);

    private delegate int Operation(int left, int right);
    private static readonly Operation s_add = static (left, right) => left + right;
    private static int Multiply(int left, int right) => left * right;
    private static void StaticDelegates()
    {
        Operation add = Opaque.Of(s_add);
        Operation multiply = Opaque.Of<Operation>(Multiply);
        Expect(add(3, 4) == 7 && multiply(3, 4) == 12);
        Func<int, int, int> generic = Opaque.Of<Func<int, int, int>>(Multiply);
        Expect(generic(5, 6) == 30);
    }

    private sealed class Counter { public int Count; public int Add(int value) => Count += value; }
    private static void InstanceDelegates()
    {
        var counter = new Counter();
        Func<int, int> add = Opaque.Of<Func<int, int>>(counter.Add);
        Expect(add(5) == 5 && add(6) == 11 && counter.Count == 11);
        Func<int> sound = Opaque.Of<Func<int>>(Opaque.Of<Animal>(new Puppy()).Sound);
        Expect(sound() == 12);
        Expect(ReferenceEquals(add.Target, counter));
    }

    private static void InterfaceDelegates()
    {
        IShape[] shapes = Opaque.Of<IShape[]>([new Square(3), new Strip(8), new Third(), new Fourth(), new Fifth()]);
        int sum = 0;
        foreach (IShape shape in shapes)
        {
            Func<int> area = shape.Area;
            sum = sum * 10 + area();
        }
        Expect(sum == 98345);
    }

    private static void Closures()
    {
        int total = Opaque.Of(10);
        Action<int> add = value => total += value;
        Opaque.Of(add)(5);
        Opaque.Of(add)(6);
        Expect(total == 21);
        Func<int, Func<int, int>> curry = left => right => left * 100 + right;
        Expect(Opaque.Of(curry)(3)(4) == 304);
    }

    private static void FunctionPointers()
    {
        delegate*<int, int, int> multiply = &Multiply;
        nint address = Opaque.Of((nint)multiply);
        Expect(((delegate*<int, int, int>)address)(6, 7) == 42);
    }

    private static class Lazy
    {
        public static int Runs;
        public static readonly List<string> Words = Make();
        public static readonly string[] Table = ["zero", "one", "two"];
        private static List<string> Make()
        {
            Runs++;
            return ["a", "b", "c"];
        }
    }

    private static class Frozen
    {
        public static readonly int[] Numbers = [1, 2, 3];
        public static int Counter = 41;
        public static string Name = "frozen";
        public static object? Reference;
    }

    private static void Statics()
    {
        Expect(Lazy.Words.Count == 3 && Lazy.Words[2] == "c" && Lazy.Table[1] == "one" && Lazy.Runs == 1);
        Expect(Lazy.Words.Count == 3 && Lazy.Runs == 1);
        Frozen.Counter++;
        Frozen.Name = Opaque.Of("thawed");
        Frozen.Reference = Frozen.Numbers;
        Expect(Frozen.Counter == 42 && Frozen.Name == "thawed" && ((int[])Frozen.Reference)[2] == 3);
    }

    private static class PerType<T>
    {
        public static int Count;
        public static readonly List<T> Items = [];
    }

    private static void GenericStatics()
    {
        PerType<int>.Count = 1;
        PerType<string>.Count = 2;
        PerType<Dog>.Count = 3;
        PerType<string>.Items.Add("x");
        Expect(PerType<int>.Count == 1 && PerType<string>.Count == 2 && PerType<Dog>.Count == 3);
        Expect(PerType<string>.Items.Count == 1 && PerType<Dog>.Items.Count == 0);
    }

    private static void Equality()
    {
        object first = new Dog();
        object second = new Dog();
        Expect(first.Equals(first) && !first.Equals(second) && first.GetHashCode() == first.GetHashCode());
        Expect(Equals(Opaque.Of<object>("ab"), Opaque.Of<object>(string.Concat(Opaque.Of("a"), "b"))));
        Expect(Equals(Opaque.Of<object>(5), Opaque.Of<object>(5)) && !Equals(Opaque.Of<object>(5), Opaque.Of<object>(5L)));
    }

    private ref struct Resource(ref int log)
    {
        private readonly ref int _log = ref log;
        public void Dispose() => _log = _log * 10 + 2;
    }

    private static int UseAndFinally(ref int log)
    {
        try
        {
            using (new Resource(ref log))
                log = log * 10 + 1;
            return log;
        }
        finally
        {
            log = log * 10 + 3;
        }
    }

    private static void FinallyAndUsing()
    {
        int log = Opaque.Of(0);
        Expect(UseAndFinally(ref log) == 12 && log == 123);
    }

    private static void ThrowIt() => throw new InvalidOperationException(Opaque.Of("on purpose"));
    private static void Throw() => ExpectFault(FaultKind.Thrown, &ThrowIt);

    private static void Types()
    {
        Type dog = Opaque.Of(typeof(Dog));
        Expect(dog == typeof(Dog) && dog != typeof(Puppy));
        Expect(typeof(Metre).IsValueType && !typeof(Dog).IsValueType && typeof(FaultKind).IsEnum);
        Expect(Is<Dog>(dog) && !Is<Puppy>(dog) && Is<Metre>(typeof(Metre)) && Is<string>(Opaque.Of(typeof(string))));
    }
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool Is<T>(Type type) => type == typeof(T);
}
