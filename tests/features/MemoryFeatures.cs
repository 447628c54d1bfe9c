using System;
using System.Buffers.Binary;
using System.Collections;
using System.Collections.Generic;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using System.Threading;
using Xenolith.Runtime;
using static Xenolith.Tests.Features.Verdict;

namespace Xenolith.Tests.Features;

/// <summary>Arrays, spans, strings, collections, blocks of memory, atomics.</summary>
internal static unsafe class MemoryFeatures
{
    public static void Run()
    {
        Feature("arrays", &Arrays);
        Feature("array bounds", &ArrayBounds);
        Feature("array stores", &ArrayStores);
        Feature("arrays of several dimensions", &ManyDimensions);
        Feature("jagged arrays", &Jagged);
        Feature("arrays as IEnumerable and IList", &ArraysAsInterfaces);
        Feature("null references", &NullReferences);
        Feature("spans", &Spans);
        Feature("span bounds", &SpanBounds);
        Feature("span searches", &SpanSearches);
        Feature("stackalloc", &StackAlloc);
        Feature("ranges and indices", &Ranges);
        Feature("literals in UTF-8", &Utf8Literals);
        Feature("block copies", &BlockCopies);
        Feature("filling and clearing", &Filling);
        Feature("deep stacks", &DeepStacks);
        Feature("unsafe and MemoryMarshal", &Casting);
        Feature("byte order", &ByteOrder);
        Feature("strings", &Strings);
        Feature("numbers as text", &Formatting);
        Feature("text as numbers", &Parsing);
        Feature("encodings", &Encodings);
        Feature("List<T>", &Lists);
        Feature("iterators", &Iterators);
        Feature("interlocked and volatile", &Atomics);
    }

    private static void Arrays()
    {
        int[] numbers = Opaque.Of<int[]>([5, 6, 7]);
        long sum = 0;
        foreach (int number in numbers)
            sum += number;
        Expect(sum == 18 && numbers.Length == 3 && numbers[^1] == 7);
        var large = new ulong[10000];
        large[9999] = 1;
        Expect(large[0] == 0 && large[9998] == 0 && large[9999] == 1);
        Array.Resize(ref numbers, 5);
        Expect(numbers.Length == 5 && numbers[2] == 7 && numbers[4] == 0 && Array.IndexOf(numbers, 6) == 1);
        Array.Copy(numbers, 0, numbers, 1, 3);
        Expect(numbers[1] == 5 && numbers[2] == 6 && numbers[3] == 7);
        Expect(Array.Empty<string>().Length == 0);
    }

    private static void ArrayBounds()
    {
        ExpectFault(FaultKind.IndexOutOfRange, &ReadBehind);
        ExpectFault(FaultKind.IndexOutOfRange, &ReadBefore);
        ExpectFault(FaultKind.IndexOutOfRange, &WriteBehind);
        ExpectFault(FaultKind.IndexOutOfRange, &StoreBehind);
    }
    private static void ReadBehind() => Expect(Opaque.Of(new int[3])[Opaque.Of(3)] == 0);
    private static void ReadBefore() => Expect(Opaque.Of(new int[3])[Opaque.Of(-1)] == 0);
    private static void WriteBehind() => Opaque.Of(new byte[3])[Opaque.Of(100)] = 1;
    private static void StoreBehind() => Opaque.Of(new object[3])[Opaque.Of(3)] = "x";

    private static void ArrayStores()
    {
        object[] texts = Opaque.Of<object[]>(new string[2]);
        texts[0] = "fine";
        texts[1] = null!;
        Expect((string)texts[0] == "fine");
        ExpectFault(FaultKind.ArrayTypeMismatch, &StoreWrongly);
        ExpectFault(FaultKind.ArrayTypeMismatch, &AddressWrongly);
        ExpectFault(FaultKind.ArrayTypeMismatch, &SpanWrongly);
    }
    private static void StoreWrongly() => Opaque.Of<object[]>(new string[2])[0] = new object();
    private static void AddressWrongly() => Touch(ref Opaque.Of<object[]>(new string[2])[0]);
    private static void SpanWrongly() => Expect(Opaque.Of<object[]>(new string[2]).AsSpan().Length == 0);
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Touch(ref object place) => place = "x";

    private static void ManyDimensions()
    {
        int[,] table = Opaque.Of(new int[3, 4]);
        for (int i = 0; i < 3; i++)
        {
            for (int j = 0; j < 4; j++)
                table[i, j] = i * 10 + j;
        }
        Expect(table[2, 3] == 23 && table.Length == 12 && table.GetLength(1) == 4 && table.Rank == 2);
        string[,,] cube = Opaque.Of(new string[2, 2, 2]);
        cube[1, 0, 1] = "here";
        Expect(cube[1, 0, 1] == "here" && cube[0, 0, 1] is null);
        int[,] literal = { { 1, 2 }, { 3, 4 } };
        Expect(Opaque.Of(literal)[1, 0] == 3);
        ExpectFault(FaultKind.IndexOutOfRange, &BeyondTable);
    }
    private static void BeyondTable() => Expect(Opaque.Of(new int[3, 4])[1, Opaque.Of(4)] == 0);

    private static void Jagged()
    {
        int[][] jagged = Opaque.Of<int[][]>([[1], [2, 3], []]);
        Expect(jagged[1][1] == 3 && jagged[2].Length == 0);
    }

    private static int Sum(IEnumerable<int> numbers)
    {
        int sum = 0;
        foreach (int number in numbers)
            sum += number;
        return sum;
    }
    private static void ArraysAsInterfaces()
    {
        Expect(Sum(Opaque.Of<int[]>([1, 2, 3])) == 6 && Sum(Opaque.Of<List<int>>([4, 5])) == 9);
        IReadOnlyList<string> texts = Opaque.Of<string[]>(["a", "b"]);
        Expect(texts.Count == 2 && texts[1] == "b");
        IEnumerable<object> objects = Opaque.Of<string[]>(["a", "b"]);
        int count = 0;
        foreach (object item in objects)
            count += ((string)item).Length;
        Expect(count == 2);
    }

    private sealed class Node { public int Value; public Node? Next; public int Method() => Value; }
    private static void NullReferences()
    {
        ExpectFault(FaultKind.NullReference, &ReadFieldOfNull);
        ExpectFault(FaultKind.NullReference, &CallOnNull);
        ExpectFault(FaultKind.NullReference, &ReadArrayOfNull);
    }
    private static void ReadFieldOfNull() => Expect(Opaque.Of<Node?>(null)!.Value == 0);
    private static void CallOnNull() => Expect(Opaque.Of<Node?>(null)!.Method() == 0);
    private static void ReadArrayOfNull() => Expect(Opaque.Of<int[]?>(null)![0] == 0);

    private static void Spans()
    {
        int[] numbers = [1, 2, 3, 4, 5, 6];
        Span<int> span = Opaque.Of(numbers);
        Span<int> middle = span.Slice(2, 3);
        middle[0] = 30;
        middle.Slice(1).Fill(9);
        Expect(numbers[2] == 30 && numbers[3] == 9 && numbers[4] == 9 && numbers[5] == 6);
        ReadOnlySpan<int> read = middle;
        int sum = 0;
        foreach (ref readonly int number in read)
            sum += number;
        Expect(sum == 48 && read.ToArray().Length == 3 && !read.IsEmpty && default(Span<int>).IsEmpty);
        Expect(middle.TryCopyTo(span) && numbers[0] == 30 && !span.TryCopyTo(middle));
        span.Reverse();
        Expect(numbers[0] == 6 && numbers[5] == 30);
        span.Sort();
        Expect(numbers[0] == 6 && numbers[5] == 30 && numbers[1] == 9);
    }

    private static void SpanBounds()
    {
        ExpectFault(FaultKind.IndexOutOfRange, &BeyondSpan);
        ExpectFault(FaultKind.ArgumentOutOfRange, &SliceTooLong);
        ExpectFault(FaultKind.ArgumentOutOfRange, &SliceOverflow);
        ExpectFault(FaultKind.Argument, &CopyTooMuch);
    }
    private static void BeyondSpan() => Expect(Opaque.Of(new int[4]).AsSpan(1, 2)[Opaque.Of(2)] == 0);
    private static void SliceTooLong() => Expect(Opaque.Of(new int[4]).AsSpan().Slice(2, Opaque.Of(3)).Length == 0);
    private static void SliceOverflow() => Expect(Opaque.Of(new int[4]).AsSpan().Slice(Opaque.Of(2), Opaque.Of(int.MaxValue)).Length == 0);
    private static void CopyTooMuch() => Opaque.Of(new int[4]).AsSpan().CopyTo(Opaque.Of(new int[3]));

    private static void SpanSearches()
    {
        ReadOnlySpan<byte> bytes = [1, 2, 3, 4, 2, 5];
        Expect(bytes.IndexOf((byte)2) == 1 && bytes.LastIndexOf((byte)2) == 4 && bytes.IndexOf((byte)9) == -1 && bytes.Contains((byte)5));
        Expect(bytes.StartsWith("\u0001\u0002"u8) && bytes.EndsWith((byte)5) && bytes.SequenceEqual("\u0001\u0002\u0003\u0004\u0002\u0005"u8) && bytes.IndexOf("\u0004\u0002"u8) == 3);
        ReadOnlySpan<char> text = Opaque.Of("  key=value ");
        Expect(text.Trim().SequenceEqual("key=value") && text.IndexOf('=') == 5 && text.IndexOfAny('v', '=') == 5);
        Expect(text.Trim().Equals("KEY=VALUE", StringComparison.OrdinalIgnoreCase));
    }

    private static int SumOnStack(int count)
    {
        Span<int> numbers = stackalloc int[count];
        for (int i = 0; i < count; i++)
            numbers[i] = i;
        int sum = 0;
        foreach (int number in numbers)
            sum += number;
        return sum;
    }
    private static void StackAlloc()
    {
        Expect(SumOnStack(Opaque.Of(10)) == 45 && SumOnStack(Opaque.Of(0)) == 0 && SumOnStack(Opaque.Of(1000)) == 499500);
        Span<byte> zeroed = stackalloc byte[64];
        Expect(zeroed.IndexOfAnyExcept((byte)0) == -1);
    }

    private static void Ranges()
    {
        int[] numbers = [0, 1, 2, 3, 4];
        Expect(Opaque.Of(numbers)[1..^1].Length == 3 && Opaque.Of(numbers).AsSpan()[^2..][0] == 3 && Opaque.Of("hello")[1..3] == "el");
    }

    private static void Utf8Literals()
    {
        ReadOnlySpan<byte> text = "Xen\u00B5"u8;
        Expect(text.Length == 5 && text[0] == (byte)'X' && text[3] == 0xC2 && text[4] == 0xB5);
    }

    private static void BlockCopies()
    {
        byte[] bytes = new byte[4096];
        for (int length = 0; length <= 700; length += length < 40 ? 1 : 61)
        {
            for (int shift = -9; shift <= 9; shift++)
            {
                for (int i = 0; i < bytes.Length; i++)
                    bytes[i] = (byte)(i * 7 + i / 256);
                bytes.AsSpan(1000, length).CopyTo(bytes.AsSpan(1000 + shift, length));
                bool right = bytes[999 + Math.Min(shift, 0)] == Expected(999 + Math.Min(shift, 0));
                for (int i = 0; i < length; i++)
                    right &= bytes[1000 + shift + i] == Expected(1000 + i);
                int behind = 1000 + length + Math.Max(shift, 0);
                right &= bytes[behind] == Expected(behind);
                Expect(right);
            }
        }

        static byte Expected(int place) => (byte)(place * 7 + place / 256);
    }

    private static void Filling()
    {
        byte[] bytes = new byte[1024];
        for (int length = 0; length <= 600; length += length < 20 ? 1 : 97)
        {
            bytes.AsSpan().Fill(0xAA);
            bytes.AsSpan(3, length).Clear();
            Expect(bytes[2] == 0xAA && bytes[3 + length] == 0xAA && bytes.AsSpan(3, length).IndexOfAnyExcept((byte)0) == -1);
        }
        Unsafe.InitBlockUnaligned(ref bytes[5], 0x5C, 300);
        Expect(bytes[4] != 0x5C && bytes[5] == 0x5C && bytes[304] == 0x5C && bytes[305] != 0x5C);
    }

    [StructLayout(LayoutKind.Sequential, Size = 12000)]
    private struct Big { public int First; }
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int UseBig(int value)
    {
        Big big = default;
        big.First = value;
        return Pass(ref big);
    }
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int Pass(ref Big big) => big.First;
    private static void DeepStacks() => Expect(UseBig(Opaque.Of(5)) == 5);

    private struct Header { public uint Kind; public ushort Length; public ushort Flags; }
    private static void Casting()
    {
        Span<byte> bytes = stackalloc byte[16];
        ref Header header = ref MemoryMarshal.AsRef<Header>(bytes);
        header.Kind = 0x01020304;
        header.Flags = 0xBEEF;
        Expect(bytes[0] == 4 && bytes[6] == 0xEF && MemoryMarshal.Read<uint>(bytes) == 0x01020304);
        Span<uint> words = MemoryMarshal.Cast<byte, uint>(bytes);
        Expect(words.Length == 4 && words[1] == 0xBEEF0000 && MemoryMarshal.AsBytes(words).Length == 16);
        MemoryMarshal.Write(bytes.Slice(8), 0x1122334455667788ul);
        Expect(words[2] == 0x55667788 && Unsafe.ReadUnaligned<ushort>(ref bytes[9]) == 0x6677);
        int[] numbers = [1, 2, 3];
        Expect(Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(numbers), 2) == 3);
        fixed (int* first = numbers)
            Expect(first[1] == 2);
    }

    private static void ByteOrder()
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, Opaque.Of(0x11223344u));
        Expect(bytes[0] == 0x11 && BinaryPrimitives.ReadUInt32LittleEndian(bytes) == 0x44332211);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, Opaque.Of(0x1122334455667788ul));
        Expect(bytes[0] == 0x88 && BinaryPrimitives.ReadUInt64BigEndian(bytes) == 0x8877665544332211);
        Expect(!BinaryPrimitives.TryReadUInt16LittleEndian(bytes.Slice(7), out _));
    }

    private static void Strings()
    {
        string hello = Opaque.Of("hello");
        Expect(hello.Length == 5 && hello[4] == 'o' && hello == string.Concat("he", Opaque.Of("llo")) && hello != "hellO");
        Expect((hello + " " + "world").EndsWith("world") && hello.StartsWith("he") && hello.IndexOf('l') == 2 && hello.Substring(1, 3) == "ell");
        Expect(string.CompareOrdinal("a", "b") < 0 && "abc".GetHashCode() == string.Concat(Opaque.Of("ab"), "c").GetHashCode());
        int sum = 0;
        foreach (char character in hello)
            sum += character;
        Expect(sum == 532 && new string('x', 3) == "xxx" && string.IsNullOrEmpty("") && "Mixed".ToLowerInvariant() == "mixed");
        string text = Opaque.Of("b") switch { "a" => "first", "b" => "second", _ => "other" };
        Expect(text == "second");
        ExpectFault(FaultKind.IndexOutOfRange, &BeyondString);
    }
    private static void BeyondString() => Expect(Opaque.Of("abc")[Opaque.Of(3)] == 'x');

    private static void Formatting()
    {
        Expect(Opaque.Of(-2147483648).ToString() == "-2147483648" && Opaque.Of(255).ToString("X4") == "00FF" && Opaque.Of((sbyte)-1).ToString("x") == "ff");
        Expect(ulong.MaxValue.ToString() == "18446744073709551615" && long.MinValue.ToString() == "-9223372036854775808" && 5.ToString("D3") == "005" && 5.ToString("B") == "101");
        Span<char> small = stackalloc char[2];
        Expect(!12345.TryFormat(small, out int written) && written == 0 && 12.TryFormat(small, out written) && written == 2);
    }

    private static void Parsing()
    {
        Expect(int.TryParse("-2147483648", out int number) && number == int.MinValue && !int.TryParse("2147483648", out _) && !int.TryParse("", out _) && !int.TryParse("12x", out _));
        Expect(ulong.TryParse("FFffFFffFFffFFff", NumberStyles.HexNumber, null, out ulong wide) && wide == ulong.MaxValue && !ulong.TryParse("10000000000000000", NumberStyles.HexNumber, null, out _));
        Expect(ulong.TryParse("18446744073709551615", out wide) && wide == ulong.MaxValue && !ulong.TryParse("18446744073709551616", out _) && !uint.TryParse("-1", out _));
        Expect(byte.TryParse(" 255 "u8, out byte small) && small == 255 && !byte.TryParse("256"u8, out _) && sbyte.TryParse("-128", out sbyte signed) && signed == -128);
        Expect(int.TryParse("ffffffff", NumberStyles.HexNumber, null, out number) && number == -1);
    }

    private static void Encodings()
    {
        Span<byte> bytes = stackalloc byte[16];
        int count = Encoding.UTF8.GetBytes(Opaque.Of("a\u00E9\u20AC\U0001F600"), bytes);
        Expect(count == 10 && bytes.Slice(0, count).SequenceEqual((ReadOnlySpan<byte>)[0x61, 0xC3, 0xA9, 0xE2, 0x82, 0xAC, 0xF0, 0x9F, 0x98, 0x80]));
        Expect(Encoding.UTF8.GetString(bytes.Slice(0, count)) == "a\u00E9\u20AC\U0001F600" && Encoding.UTF8.GetString([0xC0, 0x80, 0x41]) == "\uFFFD\uFFFDA");
        Expect(Encoding.ASCII.GetBytes("ab\u00E9", bytes) == 3 && bytes[2] == (byte)'?');
    }

    private static void Lists()
    {
        var list = new List<string>();
        for (int i = 0; i < 100; i++)
            list.Add(i.ToString());
        list.RemoveAt(0);
        list.Insert(1, "new");
        Expect(list.Count == 100 && list[0] == "1" && list[1] == "new" && list[99] == "99" && list.IndexOf("50") == 50 && list.Remove("new") && !list.Contains("new"));
        int length = 0;
        foreach (string text in list)
            length += text.Length;
        Expect(length == 9 + 2 * 90);
        List<int> numbers = [3, 1, 2];
        numbers.Sort();
        Expect(numbers[0] == 1 && numbers[2] == 3 && CollectionsMarshal.AsSpan(numbers).Length == 3);
        ExpectFault(FaultKind.ArgumentOutOfRange, &BeyondList);
    }
    private static void BeyondList() => Expect(new List<int>(4)[Opaque.Of(0)] == 0);

    private static IEnumerable<int> Squares(int count)
    {
        for (int i = 0; i < count; i++)
            yield return i * i;
    }
    private sealed class Countdown : IEnumerable<int>
    {
        public IEnumerator<int> GetEnumerator()
        {
            yield return 3;
            yield return 2;
            yield return 1;
        }
        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    }
    private static void Iterators() => Expect(Sum(Squares(Opaque.Of(5))) == 30 && Sum(new Countdown()) == 6);

    private sealed class Shared { public int Number = 1; public long Wide = 10; public object? Reference; public volatile bool Flag; }
    private static void Atomics()
    {
        Shared shared = Opaque.Of(new Shared());
        Expect(Interlocked.Increment(ref shared.Number) == 2 && Interlocked.Add(ref shared.Wide, 5) == 15 && Interlocked.Exchange(ref shared.Number, 7) == 2);
        Expect(Interlocked.CompareExchange(ref shared.Number, 8, 7) == 7 && shared.Number == 8 && Interlocked.CompareExchange(ref shared.Number, 9, 7) == 8);
        string text = Opaque.Of("text");
        Expect(Interlocked.CompareExchange(ref shared.Reference, text, null) is null && ReferenceEquals(Interlocked.Exchange(ref shared.Reference, null), text));
        Expect(Interlocked.Or(ref shared.Number, 16) == 8 && shared.Number == 24 && Interlocked.And(ref shared.Number, ~8) == 24 && shared.Number == 16);
        Volatile.Write(ref shared.Wide, 3);
        shared.Flag = true;
        Interlocked.MemoryBarrier();
        Expect(Volatile.Read(ref shared.Wide) == 3 && shared.Flag);
        byte small = 5;
        Expect(Interlocked.Exchange(ref small, 6) == 5 && Interlocked.CompareExchange(ref small, 7, 6) == 6 && small == 7);
    }
}
