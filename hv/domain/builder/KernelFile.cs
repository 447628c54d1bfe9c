using System;
using Xenolith.Kernel;

namespace Xenolith.Domains;

/// <summary>
/// The kernel as ELF bytes: the boot module itself, or what a bzImage unpacks to, in frames of the hypervisor until
/// <see cref="Release"/>.
/// </summary>
public sealed class KernelFile
{
    private readonly PhysicalMemory _memory;
    private readonly FrameAllocator _frames;
    private readonly ulong _address;
    private readonly int _length;
    private Mfn _run = Mfn.Invalid;
    private int _order;

    private KernelFile(PhysicalMemory memory, FrameAllocator frames, ulong address, int length)
    {
        _memory = memory;
        _frames = frames;
        _address = address;
        _length = length;
    }

    /// <summary>Whether the bytes are a copy, and the module's own are not looked at any more.</summary>
    public bool IsUnpacked { get; private init; }

    public ReadOnlySpan<byte> Bytes => _memory.Bytes(_address, _length);

    /// <summary>Opens the module. Null: <paramref name="file"/> is set, and the caller releases it.</summary>
    public static BuildError? TryOpen(PhysicalMemory memory, FrameAllocator frames, BootModule module, out KernelFile? file)
    {
        file = null;
        BuildError? error = CheckModule(memory, module, "kernel");
        if (error is not null)
        {
            return error;
        }

        ReadOnlySpan<byte> bytes = memory.Bytes(module.Start, (int)module.Length);
        if (!BzImage.IsBzImage(bytes))
        {
            error = ElfHeader.HasMagic(bytes) ? null : NotAKernel(bytes);
            file = error is null ? new KernelFile(memory, frames, module.Start, bytes.Length) : null;
            return error;
        }

        error = BzImage.TryFindPayload(bytes, out KernelPayload payload);
        if (error is not null)
        {
            return error;
        }

        if (payload.Format == PayloadFormat.Elf)
        {
            file = new KernelFile(memory, frames, module.Start + (ulong)payload.Offset, payload.Length);
            return null;
        }

        return TryUnpack(memory, frames, bytes, payload, out file);
    }

    /// <summary>A module must be RAM, and no longer than a span can be.</summary>
    public static BuildError? CheckModule(PhysicalMemory memory, BootModule module, string name)
    {
        if (module.Length > int.MaxValue)
        {
            return new BuildMessage().Add(name).Add(": ").AddSize(module.Length).Add(" is too big; a module may have at most 2047 MiB")
                .ToError(BuildErrorKind.ModuleTooBig);
        }

        return memory.IsRam(module.Start, module.Length)
            ? null
            : new BuildMessage().Add(name).Add(": the boot loader put it at ").AddHex(module.Start)
                .Add(", which is not memory; check the loader's memory map").ToError(BuildErrorKind.ModuleOutsideMemory);
    }

    /// <summary>Gives back the frames of an unpacked kernel.</summary>
    public void Release()
    {
        if (_run != Mfn.Invalid)
        {
            _frames.Free(_run, _order);
            _run = Mfn.Invalid;
        }
    }

    private static BuildError? TryUnpack(PhysicalMemory memory, FrameAllocator frames, ReadOnlySpan<byte> bytes, in KernelPayload payload, out KernelFile? file)
    {
        file = null;
        ulong count = Page.FramesFor(payload.UnpackedSize);
        int order = 0;
        while (1UL << order < count)
        {
            order++;
        }

        if (order > FrameAllocator.MaximumOrder || !frames.TryAllocate(order, FrameAllocator.HypervisorOwner, FrameType.Unspecified, out Mfn run))
        {
            return new BuildMessage().Add("kernel: no ").AddSize((ulong)Page.Size << order)
                .Add(" of memory in one piece to unpack it; use a machine with more, or boot the unpacked vmlinux").ToError(BuildErrorKind.NoRoomToUnpack);
        }

        var unpacked = new KernelFile(memory, frames, run.Address, (int)payload.UnpackedSize) { _run = run, _order = order, IsUnpacked = true };
        BuildError? error = BzImage.Unpack(bytes, payload, memory.Bytes(run.Address, (int)payload.UnpackedSize));
        if (error is not null)
        {
            unpacked.Release();
            return error;
        }

        file = unpacked;
        return null;
    }

    private static BuildError NotAKernel(ReadOnlySpan<byte> bytes)
    {
        PayloadFormat format = BzImage.FormatOf(bytes);
        var message = new BuildMessage().Add("kernel: the module is neither an ELF file nor a bzImage");
        if (format != PayloadFormat.Unknown)
        {
            message.Add(", but a file packed with ").Add(BzImage.NameOf(format)).Add("; unpack it first");
        }
        else
        {
            message.Add(bytes.Length < 0x250 ? " (it is very short; was it cut?)" : "; was an initrd given for a kernel?");
        }

        return message.ToError(BuildErrorKind.NotAKernel);
    }
}
