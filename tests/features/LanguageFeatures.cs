using System;
using System.Collections.Generic;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using static Xenolith.Tests.Features.Verdict;

namespace Xenolith.Tests.Features;

/// <summary>Forms of the language that the compiler turns into the features of the others.</summary>
internal static unsafe class LanguageFeatures
{
    private static int s_initialised;

    [ModuleInitializer]
    internal static void Initialise() => s_initialised++;

    public static void Run()
    {
        Feature("module initialisers", &ModuleInitialisers);
        Feature("required, init and field", &Properties);
        Feature("primary constructors", &PrimaryConstructors);
        Feature("collection expressions", &CollectionExpressions);
        Feature("params spans", &ParamsSpans);
        Feature("list patterns", &ListPatterns);
        Feature("local functions", &LocalFunctions);
        Feature("ref fields and ref structs behind interfaces", &RefStructs);
        Feature("covariant returns", &CovariantReturns);
        Feature("interfaces that implement interfaces", &Diamonds);
        Feature("new T() in code that classes share", &SharedConstructors);
        Feature("static abstract members in code that classes share", &SharedStaticAbstract);
        Feature("GetType", &TypeOfObject);
        Feature("enums and structs as objects", &ValuesAsObjects);
        Feature("static constructors in a circle", &Circle);
        Feature("unmanaged function pointers", &UnmanagedPointers);
        Feature("strings from parts", &StringsFromParts);
        Feature("goto and labelled loops", &Goto);
    }

    private static void ModuleInitialisers() => Expect(s_initialised == 1);

    private sealed class Account
    {
        public required string Owner { get; init; }
        public int Balance { get; set => field = value < 0 ? 0 : value; }
    }
    private static void Properties()
    {
        Account account = Opaque.Of(new Account { Owner = "me" });
        account.Balance = Opaque.Of(-5);
        Expect(account.Balance == 0 && account.Owner == "me");
        account.Balance = 7;
        Expect(account.Balance == 7);
    }

    private class Base(int x) { public int X => x; }
    private sealed class Derived(int x, int y) : Base(x * 2) { public int Y { get; } = y; }
    private static void PrimaryConstructors()
    {
        Derived derived = Opaque.Of(new Derived(3, 4));
        Expect(derived.X == 6 && derived.Y == 4);
    }

    private static void CollectionExpressions()
    {
        int[] first = [1, 2, Opaque.Of(3)];
        int[] all = [0, .. first, 4];
        List<int> list = [.. all, 5];
        Span<int> span = [7, 8];
        ReadOnlySpan<string> texts = ["a", Opaque.Of("b")];
        Expect(all.Length == 5 && all[3] == 3 && list.Count == 6 && list[5] == 5 && span[1] == 8 && texts[1] == "b");
    }

    private static int Sum(params ReadOnlySpan<int> values)
    {
        int sum = 0;
        foreach (int value in values)
            sum += value;
        return sum;
    }
    private static void ParamsSpans() => Expect(Sum() == 0 && Sum(1, 2, Opaque.Of(3)) == 6);

    private static void ListPatterns()
    {
        int[] numbers = Opaque.Of<int[]>([1, 2, 3]);
        ReadOnlySpan<byte> bytes = "\u007FELF"u8;
        Expect(numbers is [1, _, 3] and [.., > 2] && numbers is not [] && bytes is [0x7F, (byte)'E', .. var rest] && rest.Length == 2);
    }

    private static void LocalFunctions()
    {
        int offset = Opaque.Of(10);
        int Shifted(int value) => value + offset;
        static int Factorial(int n) => n <= 1 ? 1 : n * Factorial(n - 1);
        Expect(Shifted(5) == 15 && Factorial(Opaque.Of(6)) == 720);
    }

    private interface ITotal { int Total(); }
    private ref struct Window(ref int first, Span<int> rest) : ITotal
    {
        public ref int First = ref first;
        private readonly Span<int> _rest = rest;
        public int Total() => First + Sum(_rest);
    }
    private static int TotalOf<T>(scoped ref T item) where T : ITotal, allows ref struct => item.Total();
    private static void RefStructs()
    {
        int first = 1;
        Window window = new(ref first, [10, 20]);
        window.First = 5;
        Expect(first == 5 && TotalOf(ref window) == 35);
    }

    private class Producer { public virtual object Make() => new object(); }
    private sealed class TextProducer : Producer { public override string Make() => "text"; }
    private static void CovariantReturns()
    {
        Producer producer = Opaque.Of<Producer>(new TextProducer());
        Expect(producer.Make() is "text" && ((TextProducer)producer).Make().Length == 4);
    }

    private interface IRoot { int Value(); }
    private interface ILeft : IRoot { int IRoot.Value() => 1; }
    private interface IRight : ILeft { int IRoot.Value() => 2; }
    private sealed class OfLeft : ILeft { }
    private sealed class OfRight : ILeft, IRight { }
    private sealed class Own : IRight { public int Value() => 3; }
    private static void Diamonds()
    {
        IRoot[] roots = Opaque.Of<IRoot[]>([new OfLeft(), new OfRight(), new Own()]);
        Expect(roots[0].Value() == 1 && roots[1].Value() == 2 && roots[2].Value() == 3);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static T Make<T>() where T : new() => new T();
    private static void SharedConstructors()
        => Expect(Make<List<int>>().Count == 0 && Make<Producer>().Make() is not null && Make<int>() == 0 && Make<TextProducer>().Make() == "text");

    private interface INumbered { static abstract int Number { get; } }
    private sealed class One : INumbered { public static int Number => 1; }
    private sealed class Two : INumbered { public static int Number => 2; }
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int NumberOf<T>() where T : class, INumbered => T.Number;
    private static void SharedStaticAbstract() => Expect(NumberOf<One>() == 1 && NumberOf<Two>() == 2);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool IsExactly<T>(object value) => value.GetType() == typeof(T);
    private static void TypeOfObject()
    {
        object producer = Opaque.Of<object>(new TextProducer());
        Expect(producer.GetType() == typeof(TextProducer) && IsExactly<TextProducer>(producer) && !IsExactly<Producer>(producer) && IsExactly<int>(5));
    }

    private enum Level : short { Low = -1, High = 300 }
    [Flags]
    private enum Rights : byte { Read = 1, Write = 2 }
    private struct Plain { public int A; public long B; }
    private static void ValuesAsObjects()
    {
        object low = Opaque.Of<object>(Level.Low);
        Expect(low.Equals(Level.Low) && !low.Equals(Level.High) && low.ToString() == "-1" && Opaque.Of(Level.High).ToString() == "300");
        Expect(Opaque.Of(Rights.Read | Rights.Write).HasFlag(Rights.Write) && !Opaque.Of(Rights.Read).HasFlag(Rights.Write));
        object plain = Opaque.Of<object>(new Plain { A = 1, B = 2 });
        Expect(plain.Equals(new Plain { A = 1, B = 2 }) && !plain.Equals(new Plain { A = 1, B = 3 }) && plain.GetHashCode() == new Plain { A = 1, B = 2 }.GetHashCode());
    }

    private static class First { public static readonly List<int> Items = [Second.Items is null ? 0 : 1]; }
    private static class Second { public static readonly List<int> Items = [First.Items is null ? 0 : 1]; }
    private static void Circle() => Expect(First.Items[0] == 1 && Second.Items[0] == 0);

    [UnmanagedCallersOnly]
    private static int Increment(int value) => value + 1;
    private static void UnmanagedPointers()
    {
        nint address = Opaque.Of((nint)(delegate* unmanaged<int, int>)&Increment);
        Expect(((delegate* unmanaged<int, int>)address)(41) == 42);
    }

    private static void StringsFromParts()
    {
        string name = Opaque.Of("world");
        string text = $"hello {name}!";
        text += "?";
        Expect(text == "hello world!?" && text.Length == 13);
    }

    private static void Goto()
    {
        int found = 0;
        for (int i = 1; i < 10; i++)
        {
            for (int j = 1; j < 10; j++)
            {
                if (i * j == Opaque.Of(42))
                {
                    found = i * 10 + j;
                    goto done;
                }
            }
        }
    done:
        Expect(found == 67);
    }
}
