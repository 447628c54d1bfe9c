using System;
using System.Runtime;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using System.Threading;

namespace Xenolith.Runtime;

/// <summary>Where objects live. Memory is handed out from the front of chunks, zeroed, and given back all at once when
/// the arena is closed for good. An object may refer to objects of its own arena, of the arenas that one lives within,
/// and to immortal ones; the check of stores refuses everything else.</summary>
public sealed unsafe class Arena
{
    /// <summary>Chunks are multiples of this, in bytes; the kernel is asked for no other sizes.</summary>
    public const int ChunkUnit = 64 * 1024;

    // Chunks double up to this, so that an arena of many objects is still few chunks for the check of stores.
    private const int LargestRegularChunk = 4 * ChunkUnit;

    private static ArenaState s_immortal;
    private static ArenaChunk* s_freeChunks;
    private static ArenaState* s_arenas;
    private static SpinLock s_lock;

    private readonly ArenaState* _state;

    [RuntimeImport("*", "runtime_allocate_chunk")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern void* AllocateChunk(nint bytes);

    [RuntimeImport("*", "runtime_free_chunk")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern int FreeChunk(void* chunk, nint bytes);

    private Arena(ArenaState* state) => _state = state;

    /// <summary>Makes an arena. The object itself and its bookkeeping are immortal: keep it and reuse it.</summary>
    /// <param name="limit">The most bytes it may hand out.</param>
    /// <param name="within">An arena that this one does not outlive, whose objects its objects may refer to.</param>
    public static Arena Create(long limit, Arena? within = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        ArenaState* state = (ArenaState*)AllocateImmortal(sizeof(ArenaState));
        state->Limit = (ulong)limit;
        state->Within = within is null ? null : within._state;
        s_lock.Enter();
        state->Next = s_arenas;
        s_arenas = state;
        s_lock.Leave();
        using (OpenImmortal())
            return new Arena(state);
    }

    /// <summary>Bytes handed out.</summary>
    public long Used => (long)_state->Used;
    /// <summary>The most bytes the arena may hand out.</summary>
    public long Limit => (long)_state->Limit;
    /// <summary>Bytes that may still be handed out.</summary>
    public long Remaining => (long)(_state->Limit - _state->Used);

    /// <summary>Makes this the arena of <c>new</c> on this CPU until the scope ends.</summary>
    public ArenaScope Open() => new ArenaScope(_state);

    /// <summary>Makes the immortal arena that of <c>new</c> on this CPU until the scope ends.</summary>
    public static ArenaScope OpenImmortal() => new ArenaScope(Immortal);

    /// <summary>Leaves the arena of <c>new</c> on this CPU as it is; when the scope ends, that arena is open again, even
    /// if what ran in between was left half-way with another one open.</summary>
    public static ArenaScope KeepOpen() => new ArenaScope(CpuState.Current->Arena);

    /// <summary>
    /// Gives all memory back, to the kernel where that takes it; the arena is then empty and may be used again. No object of it may be in
    /// use.
    /// </summary>
    public void Release()
    {
        _state->Lock.Enter();
        ArenaChunk* chunk = _state->Chunks;
        _state->Chunks = null;
        _state->Front = null;
        _state->Back = null;
        _state->Used = 0;
        _state->Lock.Leave();
        while (chunk != null)
        {
            ArenaChunk* next = chunk->Next;
            if (FreeChunk(chunk, (nint)chunk->Bytes) == 0)
            {
                s_lock.Enter();
                chunk->Next = s_freeChunks;
                s_freeChunks = chunk;
                s_lock.Leave();
            }
            chunk = next;
        }
    }

    /// <summary>Gets memory for that many bytes from the kernel before objects ask for it. False: there is none; nothing has changed.</summary>
    public bool TryReserve(long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        _state->Lock.Enter();
        bool isThere = bytes <= _state->Back - _state->Front || TryAddChunk(_state, (ulong)bytes);
        _state->Lock.Leave();
        return isThere;
    }

    internal static ArenaState* Immortal
    {
        get
        {
            fixed (ArenaState* state = &s_immortal)
                return state;
        }
    }

    /// <summary>Gives the immortal arena its first memory, a part of the image: the kernel's source of chunks may use
    /// static references itself, which live there.</summary>
    /// <param name="memory">Zeroed memory, aligned to 8.</param>
    /// <param name="bytes">How much.</param>
    internal static void StartImmortal(void* memory, int bytes)
    {
        ArenaState* state = Immortal;
        ArenaChunk* chunk = (ArenaChunk*)memory;
        chunk->Bytes = (ulong)bytes;
        state->IsImmortal = true;
        state->Limit = ulong.MaxValue;
        state->Front = (byte*)(chunk + 1);
        state->Back = (byte*)memory + bytes;
        state->Chunks = chunk;
    }

    /// <summary>Immortal memory that holds no objects, zeroed and aligned to 8.</summary>
    internal static void* AllocateImmortal(int bytes) => Allocate(Immortal, ((ulong)bytes + 7) & ~7ul);

    internal static void* Allocate(ArenaState* arena, ulong bytes)
    {
        arena->Lock.Enter();
        if (bytes > arena->Limit - arena->Used)
        {
            arena->Lock.Leave();
            Fault.Raise(FaultKind.OutOfMemory);
        }
        if (bytes > (ulong)(arena->Back - arena->Front) && !TryAddChunk(arena, bytes))
        {
            arena->Lock.Leave();
            Fault.Raise(FaultKind.OutOfMemory);
        }
        byte* place = arena->Front;
        arena->Front += bytes;
        arena->Used += bytes;
        arena->Lock.Leave();
        return place;
    }

    private static bool TryAddChunk(ArenaState* arena, ulong bytes)
    {
        ulong last = arena->Chunks == null ? 0 : arena->Chunks->Bytes;
        ulong regular = last == 0 ? ChunkUnit : last >= LargestRegularChunk ? LargestRegularChunk : last * 2;
        ulong needed = (bytes + (ulong)sizeof(ArenaChunk) + ChunkUnit - 1) & ~(ulong)(ChunkUnit - 1);
        ArenaChunk* chunk = TakeFreeChunk(needed);
        if (chunk == null)
        {
            ulong size = needed > regular ? needed : regular;
            chunk = (ArenaChunk*)AllocateChunk((nint)size);
            if (chunk == null && size > needed)
            {
                size = needed;
                chunk = (ArenaChunk*)AllocateChunk((nint)size);
            }
            if (chunk == null)
                return false;
            chunk->Bytes = size;
        }
        // What an arena gave back is dirty, and so may be what the kernel gives.
        ulong usable = chunk->Bytes - (ulong)sizeof(ArenaChunk);
        SpanHelpers.ClearWithoutReferences(ref *(byte*)(chunk + 1), (nuint)usable);
        chunk->Next = arena->Chunks;
        arena->Front = (byte*)(chunk + 1);
        arena->Back = arena->Front + usable;
        Volatile.Write(ref *(nint*)&arena->Chunks, (nint)chunk);
        return true;
    }

    private static ArenaChunk* TakeFreeChunk(ulong needed)
    {
        s_lock.Enter();
        ArenaChunk** link;
        fixed (ArenaChunk** first = &s_freeChunks)
            link = first;
        while (*link != null && (*link)->Bytes < needed)
            link = &(*link)->Next;
        ArenaChunk* chunk = *link;
        if (chunk != null)
            *link = chunk->Next;
        s_lock.Leave();
        return chunk;
    }

    /// <summary>Whether there are arenas but the immortal one.</summary>
    internal static bool AnyMortal => s_arenas != null;

    /// <summary>The arena that an address is in, or null: an image's object, a stack, unmanaged memory.</summary>
    internal static ArenaState* Find(nint address)
    {
        ArenaState* immortal = Immortal;
        if (immortal->Contains(address))
            return immortal;
        s_lock.Enter();
        ArenaState* arena = s_arenas;
        while (arena != null && !arena->Contains(address))
            arena = arena->Next;
        s_lock.Leave();
        return arena;
    }
}

/// <summary>The head of a chunk.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct ArenaChunk
{
    internal ArenaChunk* Next;
    internal ulong Bytes;
}

/// <summary>An arena's bookkeeping, in memory without objects. Objects' headers point at it.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct ArenaState
{
    internal byte* Front;
    internal byte* Back;
    internal ArenaChunk* Chunks;
    internal ArenaState* Within;
    internal ArenaState* Next;
    internal ulong Used;
    internal ulong Limit;
    internal SpinLock Lock;
    internal bool IsImmortal;

    internal bool Contains(nint address)
    {
        for (ArenaChunk* chunk = Chunks; chunk != null; chunk = chunk->Next)
        {
            if ((nuint)(address - (nint)chunk) < chunk->Bytes)
                return true;
        }
        return false;
    }
}

/// <summary>While it lasts, an arena is the one of <c>new</c> on this CPU. Scopes end in the reverse of their order.</summary>
public unsafe ref struct ArenaScope : IDisposable
{
    private readonly ArenaState* _outer;

    internal ArenaScope(ArenaState* state)
    {
        CpuState* cpu = CpuState.Current;
        _outer = cpu->Arena;
        cpu->Arena = state;
    }

    /// <summary>Goes back to the arena that was open before, or to none.</summary>
    public void Dispose() => CpuState.Current->Arena = _outer;
}

/// <summary>A lock for a few instructions. Interrupts are off in all code of the image.</summary>
internal struct SpinLock
{
    private int _taken;

    internal void Enter()
    {
        while (Interlocked.CompareExchange(ref _taken, 1, 0) != 0)
            X86Base.Pause();
    }

    internal void Leave() => Volatile.Write(ref _taken, 0);
}
