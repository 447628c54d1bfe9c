using System;
using System.Collections.Generic;
using System.Runtime.CompilerServices;
using Iced.Intel;
using Xenolith.Runtime;
using static Xenolith.Tests.Features.Verdict;

namespace Xenolith.Tests.Features;

/// <summary>Arenas and the check of stores; Iced's decoder.</summary>
internal static unsafe class ArenaFeatures
{
    private static object? s_root;
    private static Arena? s_arena;
    private static Holder? s_holder;
    private static readonly Holder?[] s_holders = new Holder?[4];

    public static void Run()
    {
        s_arena = Arena.Create(1 << 20);
        Feature("arenas open and close", &OpenAndClose);
        Feature("no arena, no object", &NoArena);
        Feature("throw without an arena", &ThrowWithoutArena);
        Feature("arena limits", &Limits);
        Feature("arenas give memory back", &Release);
        Feature("stores within an arena", &StoresWithin);
        Feature("stores that outlive are refused", &StoresRefused);
        Feature("arenas within arenas", &Nested);
        Feature("lazy constructors are immortal", &LazyIsImmortal);
        Feature("guarded calls close arenas", &GuardClosesArenas);
        Feature("the arena of before is open again", &Kept);
        Feature("Iced decodes", &Decoding);
    }

    private sealed class Holder { public object? Value; public Pair Pair; }
    private struct Pair { public object? First; public long Number; public object? Second; public long A, B, C, D, E, F; }

    private static void OpenAndClose()
    {
        long before = s_arena!.Used;
        using (s_arena.Open())
        {
            var holder = Opaque.Of(new Holder { Value = Opaque.Of(new int[100]) });
            Expect(holder.Value is int[] { Length: 100 });
        }
        Expect(s_arena.Used - before >= 400 + 32 && s_arena.Used - before < 1000 && s_arena.Remaining == s_arena.Limit - s_arena.Used);
        long used = s_arena.Used;
        var outside = Opaque.Of(new Holder());
        Expect(s_arena.Used == used && outside.Value is null);
    }

    private static void AllocateOutside()
    {
        Startup.EndBoot();
        Expect(Opaque.Of(new Holder()).Value is null);
    }
    private static void NoArena() => ExpectFault(FaultKind.NoArena, &AllocateOutside);

    private static void ThrowOutside()
    {
        Startup.EndBoot();
        throw new InvalidOperationException("said without an arena");
    }
    private static void ThrowWithoutArena() => ExpectFault(FaultKind.Thrown, &ThrowOutside);

    private static void AllocateTooMuch()
    {
        Arena small = Arena.Create(1000);
        using (small.Open())
            Expect(Opaque.Of(new byte[1000]).Length == 0);
    }
    private static void Limits() => ExpectFault(FaultKind.OutOfMemory, &AllocateTooMuch);

    private static void Release()
    {
        Arena arena = Arena.Create(10 << 20);
        nint first = 0;
        for (int round = 0; round < 50; round++)
        {
            using (arena.Open())
            {
                byte[] bytes = Opaque.Of(new byte[200000]);
                Expect(bytes.AsSpan().IndexOfAnyExcept((byte)0) == -1);
                bytes.AsSpan().Fill(0xFF);
                nint place = (nint)Unsafe.AsPointer(ref bytes[0]);
                Expect(first == 0 || place == first);
                first = place;
            }
            arena.Release();
            Expect(arena.Used == 0);
        }
    }

    private static void StoresWithin()
    {
        using (s_arena!.Open())
        {
            var holder = Opaque.Of(new Holder());
            holder.Value = new Holder();
            holder.Pair = new Pair { First = "literal", Second = holder };
            var array = Opaque.Of(new object[2]);
            array[0] = holder;
            array.AsSpan().Slice(0, 1).CopyTo(array.AsSpan().Slice(1));
            object local = holder;
            Keep(ref local, array);
            Expect(ReferenceEquals(array[1], holder) && ReferenceEquals(local, array));
            holder.Value = s_holders;
        }
    }
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Keep(ref object place, object value) => place = value;

    private static void StoreInStatic()
    {
        using (s_arena!.Open())
            s_root = Opaque.Of(new Holder());
    }
    private static void StoreInField()
    {
        Holder holder = Opaque.Of(s_holder!);
        using (s_arena!.Open())
            holder.Value = new Holder();
    }
    private static void StoreInArray()
    {
        using (s_arena!.Open())
            s_holders[Opaque.Of(1)] = new Holder();
    }
    private static void StoreStruct()
    {
        Holder holder = Opaque.Of(s_holder!);
        using (s_arena!.Open())
            holder.Pair = Opaque.Of(new Pair { Second = new Holder() });
    }
    private static void StoreByReference()
    {
        Holder holder = Opaque.Of(s_holder!);
        using (s_arena!.Open())
            Keep(ref holder.Value!, new Holder());
    }
    private static void CopyMany()
    {
        using (s_arena!.Open())
        {
            Holder[] from = Opaque.Of<Holder[]>([new Holder(), new Holder()]);
            from.AsSpan().CopyTo(Opaque.Of(s_holders)!);
        }
    }
    private static void Exchange()
    {
        using (s_arena!.Open())
            System.Threading.Interlocked.Exchange(ref s_root, Opaque.Of<object>(new Holder()));
    }
    private static void GrowList()
    {
        var list = Opaque.Of(new List<int>());
        using (s_arena!.Open())
            list.Add(1);
    }
    private static void StoresRefused()
    {
        s_holder = new Holder();
        ExpectFault(FaultKind.ArenaViolation, &StoreInStatic);
        ExpectFault(FaultKind.ArenaViolation, &StoreInField);
        ExpectFault(FaultKind.ArenaViolation, &StoreInArray);
        ExpectFault(FaultKind.ArenaViolation, &StoreStruct);
        ExpectFault(FaultKind.ArenaViolation, &StoreByReference);
        ExpectFault(FaultKind.ArenaViolation, &CopyMany);
        ExpectFault(FaultKind.ArenaViolation, &Exchange);
        ExpectFault(FaultKind.ArenaViolation, &GrowList);
        Expect(s_root is null && s_holder.Value is null && s_holders[1] is null);
    }

    private static void Nested()
    {
        Arena inner = Arena.Create(1 << 16, s_arena);
        using (s_arena!.Open())
        {
            var outerHolder = Opaque.Of(new Holder());
            using (inner.Open())
            {
                var innerHolder = Opaque.Of(new Holder());
                innerHolder.Value = outerHolder;
                Expect(ReferenceEquals(innerHolder.Value, outerHolder));
            }
            s_innerTest = inner;
            ExpectFault(FaultKind.ArenaViolation, &StoreInnerInOuter);
        }
    }
    private static Arena? s_innerTest;
    private static void StoreInnerInOuter()
    {
        using (s_arena!.Open())
        {
            var outerHolder = Opaque.Of(new Holder());
            using (s_innerTest!.Open())
                outerHolder.Value = Opaque.Of(new Holder());
        }
    }

    private static class LateList
    {
        public static readonly List<object> Items = [new object(), "x"];
    }
    private static void LazyIsImmortal()
    {
        long used = s_arena!.Used;
        using (s_arena.Open())
            Expect(LateList.Items.Count == 2);
        Expect(s_arena.Used == used);
        s_root = LateList.Items;
        s_root = null;
    }

    private static void FailWithArenaOpen()
    {
        using (s_arena!.Open())
            Expect(Opaque.Of(new int[1])[Opaque.Of(1)] == 0);
    }
    private static void GuardClosesArenas()
    {
        ExpectFault(FaultKind.IndexOutOfRange, &FailWithArenaOpen);
        long used = s_arena!.Used;
        Expect(Opaque.Of(new Holder()).Value is null && s_arena.Used == used);
    }

    private static void Kept()
    {
        long used = s_arena!.Used;
        using (s_arena.Open())
        {
            using (Arena.KeepOpen())
                Startup.EndBoot();
            Expect(Opaque.Of(new Holder()).Value is null);
        }
        Expect(s_arena.Used > used);
    }

    private static void Decoding()
    {
        // mov rax,[rip+1]; vmcall; lock cmpxchg [rdi+rcx*8+16],rdx; rep movsb; vmovaps ymm1,ymm2; ret
        byte[] code = [0x48, 0x8B, 0x05, 1, 0, 0, 0, 0x0F, 0x01, 0xC1, 0xF0, 0x48, 0x0F, 0xB1, 0x54, 0xCF, 0x10, 0xF3, 0xA4, 0xC5, 0xFC, 0x28, 0xCA, 0xC3];
        Decoder decoder = Decoder.Create(64, new ByteArrayCodeReader(code));
        decoder.IP = 0x1000;
        decoder.Decode(out Instruction first);
        Expect(first.Code == Code.Mov_r64_rm64 && first.Length == 7 && first.IPRelativeMemoryAddress == 0x1008);
        Expect(decoder.Decode().Code == Code.Vmcall);
        Instruction exchange = decoder.Decode();
        Expect(exchange.Mnemonic == Mnemonic.Cmpxchg && exchange.HasLockPrefix && exchange.MemoryBase == Register.RDI
            && exchange.MemoryIndex == Register.RCX && exchange.MemoryIndexScale == 8 && exchange.MemoryDisplacement64 == 16 && exchange.Op1Register == Register.RDX);
        Instruction move = decoder.Decode();
        Expect(move.Code == Code.Movsb_m8_m8 && move.HasRepPrefix);
        Expect(decoder.Decode().Code == Code.VEX_Vmovaps_ymm_ymmm256);
        Expect(decoder.Decode().Mnemonic == Mnemonic.Ret);
    }
}
