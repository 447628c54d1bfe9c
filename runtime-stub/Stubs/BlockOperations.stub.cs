using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Xenolith.Build.Stubs;

/// <summary>Copying, filling and comparing memory (System V: RDI, RSI, RDX). Long runs go by the two XMM registers that
/// compiled code uses too: the hypervisor switches no others at an exit. String instructions would be shorter, and no slower
/// for runs of many pages, but they take tens of cycles to start, and emulators do them word by word.</summary>
internal sealed class BlockOperationsStub : IStub
{
    private const int BlockBytes = 64;
    private const int BlockShift = 6;

    private const int VectorBytes = 16;

    private static readonly AssemblerRegisterXMM[] s_vectors = [xmm0, xmm8];

    public void Emit(StubObject o)
    {
        Move(o.Function("runtime_memmove").A);
        Assembler clear = o.Function("runtime_clear").A;
        clear.mov(rdx, rsi);
        clear.xor(eax, eax);
        Set(clear);
        Assembler fill = o.Function("runtime_fill").A;
        fill.movzx(eax, sil);
        fill.mov(rcx, 0x0101010101010101);
        fill.imul(rax, rcx);
        Set(fill);
        Compare(o.Function("runtime_equal").A);
    }

    // Destination, source, count. The areas may overlap: a short one is loaded whole before it is stored, and the
    // word at the end that comes last is loaded first.
    private static void Move(Assembler a)
    {
        Label below8 = a.CreateLabel();
        Label below4 = a.CreateLabel();
        Label below2 = a.CreateLabel();
        Label done = a.CreateLabel();
        Label backward = a.CreateLabel();
        Label forwardBlock = a.CreateLabel();
        Label forwardWords = a.CreateLabel();
        Label forwardWord = a.CreateLabel();
        Label forwardEnd = a.CreateLabel();
        Label backwardLoop = a.CreateLabel();

        a.cmp(rdx, 8);
        a.jb(below8);
        a.mov(rax, rdi);
        a.sub(rax, rsi);
        a.cmp(rax, rdx);
        a.jb(backward);

        a.mov(r8, __qword_ptr[rsi + rdx - 8]);
        a.lea(r9, __qword_ptr[rdi + rdx - 8]);
        a.mov(rcx, rdx);
        a.shr(rcx, BlockShift);
        a.je(forwardWords);
        a.Label(ref forwardBlock);
        for (int at = 0; at < BlockBytes; at += s_vectors.Length * VectorBytes)
        {
            for (int i = 0; i < s_vectors.Length; i++)
            {
                a.movups(s_vectors[i], __xmmword_ptr[rsi + at + VectorBytes * i]);
            }
            for (int i = 0; i < s_vectors.Length; i++)
            {
                a.movups(__xmmword_ptr[rdi + at + VectorBytes * i], s_vectors[i]);
            }
        }
        a.add(rsi, BlockBytes);
        a.add(rdi, BlockBytes);
        a.dec(rcx);
        a.jne(forwardBlock);
        a.Label(ref forwardWords);
        a.and(edx, BlockBytes - 8);
        a.je(forwardEnd);
        a.Label(ref forwardWord);
        a.mov(rax, __qword_ptr[rsi]);
        a.mov(__qword_ptr[rdi], rax);
        a.add(rsi, 8);
        a.add(rdi, 8);
        a.sub(edx, 8);
        a.jne(forwardWord);
        a.Label(ref forwardEnd);
        a.mov(__qword_ptr[r9], r8);
        a.ret();

        a.Label(ref backward);
        a.mov(r8, __qword_ptr[rsi]);
        a.mov(rcx, rdx);
        a.and(rcx, -8);
        a.add(rdx, rsi);
        a.sub(rdx, rcx);
        a.mov(r9, rdx);
        a.sub(r9, rsi);
        a.add(r9, rdi);
        a.Label(ref backwardLoop);
        a.mov(rax, __qword_ptr[rdx + rcx - 8]);
        a.mov(__qword_ptr[r9 + rcx - 8], rax);
        a.sub(rcx, 8);
        a.jne(backwardLoop);
        a.mov(__qword_ptr[rdi], r8);
        a.ret();

        a.Label(ref below8);
        a.cmp(rdx, 4);
        a.jb(below4);
        a.mov(eax, __dword_ptr[rsi]);
        a.mov(ecx, __dword_ptr[rsi + rdx - 4]);
        a.mov(__dword_ptr[rdi], eax);
        a.mov(__dword_ptr[rdi + rdx - 4], ecx);
        a.ret();
        a.Label(ref below4);
        a.cmp(rdx, 2);
        a.jb(below2);
        a.movzx(eax, __word_ptr[rsi]);
        a.movzx(ecx, __word_ptr[rsi + rdx - 2]);
        a.mov(__word_ptr[rdi], ax);
        a.mov(__word_ptr[rdi + rdx - 2], cx);
        a.ret();
        a.Label(ref below2);
        a.test(rdx, rdx);
        a.je(done);
        a.movzx(eax, __byte_ptr[rsi]);
        a.mov(__byte_ptr[rdi], al);
        a.Label(ref done);
        a.ret();
    }

    // RDI: start; RDX: count; RAX: the byte, eight times.
    private static void Set(Assembler a)
    {
        Label below8 = a.CreateLabel();
        Label byteLoop = a.CreateLabel();
        Label done = a.CreateLabel();
        Label block = a.CreateLabel();
        Label words = a.CreateLabel();
        Label word = a.CreateLabel();

        a.cmp(rdx, 8);
        a.jb(below8);
        a.mov(__qword_ptr[rdi + rdx - 8], rax);
        a.mov(rcx, rdx);
        a.shr(rcx, BlockShift);
        a.je(words);
        a.movq(xmm0, rax);
        a.punpcklqdq(xmm0, xmm0);
        a.Label(ref block);
        for (int i = 0; i < BlockBytes; i += 16)
        {
            a.movups(__xmmword_ptr[rdi + i], xmm0);
        }
        a.add(rdi, BlockBytes);
        a.dec(rcx);
        a.jne(block);
        a.Label(ref words);
        a.and(edx, BlockBytes - 8);
        a.je(done);
        a.Label(ref word);
        a.mov(__qword_ptr[rdi], rax);
        a.add(rdi, 8);
        a.sub(edx, 8);
        a.jne(word);
        a.ret();
        a.Label(ref below8);
        a.test(rdx, rdx);
        a.je(done);
        a.Label(ref byteLoop);
        a.mov(__byte_ptr[rdi + rdx - 1], al);
        a.dec(rdx);
        a.jne(byteLoop);
        a.Label(ref done);
        a.ret();
    }

    private static void Compare(Assembler a)
    {
        Label below8 = a.CreateLabel();
        Label wordLoop = a.CreateLabel();
        Label byteLoop = a.CreateLabel();
        Label equal = a.CreateLabel();
        Label differ = a.CreateLabel();

        a.cmp(rdx, 8);
        a.jb(below8);
        a.mov(rax, __qword_ptr[rdi + rdx - 8]);
        a.cmp(rax, __qword_ptr[rsi + rdx - 8]);
        a.jne(differ);
        a.shr(rdx, 3);
        a.Label(ref wordLoop);
        a.mov(rax, __qword_ptr[rdi]);
        a.cmp(rax, __qword_ptr[rsi]);
        a.jne(differ);
        a.add(rdi, 8);
        a.add(rsi, 8);
        a.dec(rdx);
        a.jne(wordLoop);
        a.Label(ref equal);
        a.mov(eax, 1);
        a.ret();
        a.Label(ref below8);
        a.test(rdx, rdx);
        a.je(equal);
        a.Label(ref byteLoop);
        a.mov(al, __byte_ptr[rdi + rdx - 1]);
        a.cmp(al, __byte_ptr[rsi + rdx - 1]);
        a.jne(differ);
        a.dec(rdx);
        a.jne(byteLoop);
        a.jmp(equal);
        a.Label(ref differ);
        a.xor(eax, eax);
        a.ret();
    }
}
