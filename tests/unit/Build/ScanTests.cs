using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Iced.Intel;
using Xenolith.Build.Elf;
using Xenolith.Build.Host;
using Xenolith.Build.Scan;
using Xenolith.Build.Stubs;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Xenolith.Tests.Unit.Build;

/// <summary>Each rule of the image scan refuses a small image made to break it, and passes its innocent twin.</summary>
public class ScanTests
{
    private const ulong Start = 0xFFFFFFFF80100000;
    private const ulong Spacing = 0x1000;

    private readonly Dictionary<string, ulong> _addresses = [];
    private readonly Dictionary<ulong, CodeFunction> _functions = [];
    private readonly Dictionary<int, IReadOnlyList<VirtualTarget>> _slots = [];

    public ScanTests()
    {
        foreach (string name in (string[])["Root", "Middle", "Leaf", "Panic", "Marked", "RhpNewFast", "CheckStatic"])
        {
            Add(name, a => a.ret());
        }
    }

    private ulong AddressOf(string name)
    {
        if (!_addresses.TryGetValue(name, out ulong address))
        {
            _addresses[name] = address = Start + ((ulong)_addresses.Count * Spacing);
        }

        return address;
    }

    private void Add(string name, Action<Assembler> write, string assembly = "")
    {
        var assembler = new Assembler(64);
        write(assembler);
        using var code = new MemoryStream();
        ulong address = AddressOf(name);
        assembler.Assemble(new StreamCodeWriter(code), address);
        _functions[address] = FunctionAnalysis.Run(name, [name], assembly, address, code.ToArray(), target => target == Cell);
    }

    private static ulong Cell => Start - 0x1000;

    private List<Finding> Scan(params string[] policy)
    {
        string[] common =
        [
            "root Root", "allocator RhpNew*", "lazy-helper CheckStatic", "cut Panic -- never returns",
        ];
        var image = new CodeImage(_functions, _slots, (from, to) => from.Length == 0 || to.Length == 0 || from == to);
        return [.. ImageScan.Code(image, ScanPolicy.Parse([.. common, .. policy]))];
    }

    [Fact]
    public void AnInnocentImagePasses()
    {
        Add("Root", a =>
        {
            a.call(AddressOf("Middle"));
            a.ret();
        });
        Assert.Empty(Scan());
    }

    [Fact]
    public void AWritableExecutableSectionIsRefused()
    {
        var source = new StubObject();
        source.Function("code").A.ret();
        byte[] bytes = RelocatableWriter.Write(source);
        Assert.Empty(ImageScan.Sections(ElfFile.Parse(bytes, "good")));

        // Section header 1 is .text; its flags lie 8 bytes in.
        int headers = (int)BitConverter.ToUInt64(bytes, 40);
        bytes[headers + 64 + 8] |= 1;
        Finding finding = Assert.Single(ImageScan.Sections(ElfFile.Parse(bytes, "bad")));
        Assert.Equal((".text", "writable and executable"), (finding.Function, finding.Rule));
    }

    [Fact]
    public void AConstantAddressIsRefusedUnlessAllowed()
    {
        Add("Leaf", a =>
        {
            a.mov(eax, 0x421234);
            a.mov(__dword_ptr[rax + 4], 1);
            a.ret();
        });
        Finding finding = Assert.Single(Scan());
        Assert.Equal(("constant absolute address", "Leaf"), (finding.Rule, finding.Function));
        Assert.Contains("0x421238", finding.Detail, StringComparison.Ordinal);
        Assert.Empty(Scan("absolute 0x421000 0x421FFF -- a test"));
    }

    [Fact]
    public void AConstantThatALoopChangesIsNoConstantAddress()
    {
        Add("Leaf", a =>
        {
            Label again = a.CreateLabel();
            a.mov(eax, 0x421234);
            a.Label(ref again);
            a.mov(__dword_ptr[rax], 1);
            a.mov(rax, __qword_ptr[rdi + 8]);
            a.dec(ecx);
            a.jne(again);
            a.ret();
        });
        Assert.Empty(Scan());
    }

    [Fact]
    public void ALazyStaticConstructorIsRefusedUnlessAllowed()
    {
        Add("Leaf", a =>
        {
            a.call(AddressOf("CheckStatic"));
            a.ret();
        });
        Finding finding = Assert.Single(Scan());
        Assert.Equal(("lazy static constructor", "Leaf"), (finding.Rule, finding.Function));
        Assert.Empty(Scan("may-be-lazy Leaf -- a test"));
    }

    [Theory]
    [InlineData("a third register")]
    [InlineData("its upper half")]
    [InlineData("another encoding")]
    [InlineData("arithmetic")]
    [InlineData("a conversion")]
    [InlineData("MMX")]
    [InlineData("x87")]
    [InlineData("x87 to memory")]
    [InlineData("x87 without operands")]
    [InlineData("the whole state")]
    [InlineData("the whole state, by XSAVE")]
    [InlineData("MXCSR")]
    public void WhatAnExitLeavesToTheGuestIsRefusedUnlessAllowed(string use)
    {
        Add("Leaf", a =>
        {
            switch (use)
            {
                case "a third register": a.movups(xmm1, __xmmword_ptr[rdi]); break;
                case "its upper half": a.vmovups(ymm0, __ymmword_ptr[rdi]); break;
                case "another encoding": a.vmovups(xmm0, __xmmword_ptr[rdi]); break;
                case "arithmetic": a.addsd(xmm0, xmm8); break;
                case "a conversion": a.cvtsi2sd(xmm0, rax); break;
                case "MMX": a.movq(mm0, rax); break;
                case "x87 to memory": a.fnstcw(__word_ptr[rdi]); break;
                case "x87 without operands": a.fninit(); break;
                case "the whole state": a.fxsave64(__[rdi]); break;
                case "the whole state, by XSAVE": a.xrstor64(__[rdi]); break;
                case "MXCSR": a.ldmxcsr(__dword_ptr[rdi]); break;
                default: a.fadd(st0, st1); break;
            }

            a.ret();
        });
        Finding finding = Assert.Single(Scan());
        Assert.Equal(("a vector register of the guest's", "Leaf"), (finding.Rule, finding.Function));
        Assert.Empty(Scan("may-use-vectors Leaf -- a test"));
    }

    [Fact]
    public void MovesThroughTheRegistersThatAnExitSwitchesPass()
    {
        Add("Leaf", a =>
        {
            a.xorps(xmm8, xmm8);
            a.movups(__xmmword_ptr[rdi], xmm8);
            a.movdqu(xmm0, __xmmword_ptr[rsi]);
            a.movups(__xmmword_ptr[rdi + 16], xmm0);
            a.movq(xmm0, rax);
            a.punpcklqdq(xmm0, xmm0);
            a.xgetbv();
            a.xsetbv();
            a.ret();
        });
        Assert.Empty(Scan());
    }

    [Fact]
    public void AnAllocationOnAnExitPathIsRefusedWithItsChain()
    {
        Allocating();
        Finding finding = Assert.Single(Scan());
        Assert.Equal("allocation on an exit path", finding.Rule);
        Assert.Equal(["Root", "Middle", "Leaf"], finding.Chain);
        Assert.Contains("RhpNewFast", finding.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void AnAllocationNobodyReachesPasses()
    {
        Allocating();
        Add("Root", a => a.ret());
        Assert.Empty(Scan());
    }

    [Fact]
    public void AMarkedCallMayAllocate()
    {
        Allocating();
        Assert.Empty(Scan("may-allocate Middle -- a test"));
        Add("Root", a =>
        {
            a.call(AddressOf("Middle"));
            a.call(AddressOf("Leaf"));
            a.ret();
        });
        Assert.Single(Scan("may-allocate Middle -- a test"));
    }

    [Fact]
    public void AnAllocationForAThrowPasses()
    {
        Add("Root", a =>
        {
            a.call(AddressOf("RhpNewFast"));
            a.mov(rdi, rax);
            a.call(AddressOf("Panic"));
            a.int3();
        });
        Assert.Empty(Scan());
    }

    [Fact]
    public void AnInterfaceDispatchCellIsRefused()
    {
        Add("Root", a =>
        {
            LoadAddress(a, Register.R11, Cell);
            a.call(__qword_ptr[r11]);
            a.ret();
        });
        Assert.Equal("interface dispatch on an exit path", Assert.Single(Scan()).Rule);
        Assert.Empty(Scan("may-dispatch Root -- a test"));
    }

    [Fact]
    public void ADelegateCallIsRefused()
    {
        Add("Root", a =>
        {
            a.mov(rax, __qword_ptr[rdi + 8]);
            a.call(__qword_ptr[rax + 0x18]);
            a.ret();
        });
        Assert.Equal("unresolved indirect call on an exit path", Assert.Single(Scan()).Rule);
        Assert.Empty(Scan("may-call-indirect Root -- a test"));
    }

    [Fact]
    public void AVirtualCallIsFollowedToEveryMethodOfItsSlot()
    {
        Allocating();
        VirtualCall();
        _slots[0x30] = [new VirtualTarget(AddressOf("Panic"), ""), new VirtualTarget(AddressOf("Leaf"), "")];
        Assert.Equal(["Root", "Leaf"], Assert.Single(Scan()).Chain);
        Assert.Empty(Scan("never-calls Root Leaf -- a test"));
    }

    [Fact]
    public void AVirtualCallDoesNotReachClassesItsAssemblyCannotName()
    {
        Allocating();
        VirtualCall("Below");
        _slots[0x30] = [new VirtualTarget(AddressOf("Leaf"), "Above")];
        Assert.Empty(Scan());
    }

    [Fact]
    public void ASwitchIsNoIndirectCall()
    {
        Add("Root", a =>
        {
            LoadAddress(a, Register.RAX, Cell);
            a.mov(eax, __dword_ptr[rax + (rdi * 4)]);
            LoadAddress(a, Register.RCX, AddressOf("Root"));
            a.add(rax, rcx);
            a.jmp(rax);
        });
        Assert.Empty(Scan());
    }

    [Fact]
    public void AStackTooSmallIsRefused()
    {
        Add("Root", a =>
        {
            a.push(rbx);
            a.sub(rsp, 1000);
            a.call(AddressOf("Middle"));
            a.add(rsp, 1000);
            a.pop(rbx);
            a.ret();
        });
        Add("Middle", a =>
        {
            a.sub(rsp, 2000);
            a.ret();
        });
        Assert.Empty(Scan("stack 3024"));
        Finding finding = Assert.Single(Scan("stack 3023"));
        Assert.Equal("stack bound", finding.Rule);
        Assert.Contains("3024 bytes", finding.Detail, StringComparison.Ordinal);
        Assert.Equal(["Root (1016)", "Middle (2008)"], finding.Chain);
        Assert.Single(Scan("stack 3024", "nested-root Leaf"));
    }

    [Fact]
    public void RecursionHasNoBoundUnlessItIsStated()
    {
        Add("Root", a =>
        {
            a.call(AddressOf("Middle"));
            a.ret();
        });
        Add("Middle", a =>
        {
            a.sub(rsp, 92);
            a.call(AddressOf("Leaf"));
            a.ret();
        });
        Add("Leaf", a =>
        {
            a.call(AddressOf("Middle"));
            a.ret();
        });
        Finding finding = Assert.Single(Scan("stack 4096"));
        Assert.Equal("no stack bound", finding.Rule);
        Assert.Contains("Middle → Leaf → Middle", finding.Detail, StringComparison.Ordinal);
        Assert.Empty(Scan("stack 1008", "recursion Leaf 10 -- a test"));
        Assert.Single(Scan("stack 1007", "recursion Leaf 10 -- a test"));
    }

    [Fact]
    public void AFrameOfUnknownSizeIsRefused()
    {
        Add("Root", a =>
        {
            a.sub(rsp, rax);
            a.ret();
        });
        Assert.Equal("no stack bound", Assert.Single(Scan("stack 4096")).Rule);
    }

    [Fact]
    public void AFaultHandlerMayNotReturn()
    {
        Assert.Equal("handler returns", Assert.Single(Scan("no-return Leaf")).Rule);
        Add("Leaf", a =>
        {
            a.call(AddressOf("Panic"));
            a.ret();
        });
        Assert.Empty(Scan("no-return Leaf"));
    }

    [Fact]
    public void ARootThatIsNotThereIsRefused() => Assert.Equal("stale policy", Assert.Single(Scan("root Renamed")).Rule);

    [Fact]
    public void AnAllowanceNeedsAReason()
    {
        Assert.Throws<BuildFailure>(() => ScanPolicy.Parse(["may-allocate Middle"]));
        Assert.Throws<BuildFailure>(() => ScanPolicy.Parse(["gibberish Middle -- why"]));
    }

    [Fact]
    public void TheTreesOwnPolicyParses() => Assert.Equal(65536, ScanPolicy.Load().StackSize);

    private static void LoadAddress(Assembler a, Register register, ulong target) =>
        a.AddInstruction(Instruction.Create(Code.Lea_r64_m, register, new MemoryOperand(Register.RIP, (long)target, 8)));

    private void Allocating()
    {
        Add("Root", a =>
        {
            a.call(AddressOf("Middle"));
            a.ret();
        });
        Add("Middle", a =>
        {
            a.call(AddressOf("Leaf"));
            a.ret();
        });
        Add("Leaf", a =>
        {
            a.call(AddressOf("RhpNewFast"));
            a.ret();
        });
    }

    private void VirtualCall(string assembly = "") => Add(
        "Root",
        a =>
        {
            a.mov(rax, __qword_ptr[rdi]);
            a.mov(__qword_ptr[rsp + 8], rax);
            a.call(AddressOf("Marked"));
            a.mov(rax, __qword_ptr[rsp + 8]);
            a.call(__qword_ptr[rax + 0x30]);
            a.ret();
        },
        assembly);
}
