using Xenolith.Abi.Contract;
using Xenolith.Mm;

namespace Xenolith.Domains;

/// <summary>The calls of the FIFO ABI.</summary>
public sealed partial class EventChannels
{
    private readonly FifoEvents _fifo;

    /// <summary>Whether the domain uses the FIFO ABI; else two levels.</summary>
    public bool UsesFifo => _fifo.IsActive;

    /// <summary>
    /// EVTCHNOP_init_control: gives a vCPU its control block; the first one changes the ABI. ENOENT: no such vCPU; EINVAL: the block leaves
    /// the page or is not aligned, the vCPU has one, or the page is not the guest's own writable memory.
    /// </summary>
    /// <param name="offset">In bytes.</param>
    public Errno InitialiseControl(uint vcpu, Gfn gfn, uint offset)
    {
        if (vcpu >= (uint)_domain.Vcpus.Length)
            return Errno.ENOENT;
        if (offset > Kernel.Page.Size - FifoQueues.BlockSize || (offset & 7) != 0)
            return Errno.EINVAL;
        bool isFirst = !_fifo.IsActive;
        Errno error = _fifo.AttachControl((int)vcpu, gfn, offset);
        if (error != Errno.None || !isFirst)
            return error;
        // No port has an event word yet: what is pending waits for the words.
        for (uint port = 1; port < _channels.Count; port++)
            _fifo.TakeOver(ref _channels[port], IsPendingOnTwoLevels(port));
        return Errno.None;
    }

    /// <summary>
    /// EVTCHNOP_expand_array: event words for the next 1,024 ports, and what waited for them. EOPNOTSUPP: the domain uses two levels;
    /// ENOSPC: all ports have words; EINVAL: the page is not the guest's own writable memory.
    /// </summary>
    public Errno ExpandArray(Gfn gfn)
    {
        if (!_fifo.IsActive)
            return Errno.EOPNOTSUPP;
        Errno error = _fifo.AttachWords(gfn, out uint port);
        if (error != Errno.None)
            return error;
        for (; port < _channels.Count && port < _fifo.WordCount; port++)
        {
            ref EventChannel channel = ref _channels[port];
            if (!channel.Place.IsPending)
                continue;
            channel.Place.IsPending = false;
            SetPending(port);
        }
        return Errno.None;
    }

    /// <summary>
    /// EVTCHNOP_set_priority: later events of the port go to another queue. EINVAL: no such port; ENOSYS: the domain uses two levels;
    /// EACCES: the port is not in use; EINVAL: no such priority.
    /// </summary>
    public Errno SetPriority(uint port, uint priority)
    {
        if (!IsValid(port))
            return Errno.EINVAL;
        if (!_fifo.IsActive)
            return Errno.ENOSYS;
        ref EventChannel channel = ref _channels[port];
        if (channel.State == EventChannelState.Closed)
            return Errno.EACCES;
        if (priority > EventChannelLimits.FifoPriorityMinimum)
            return Errno.EINVAL;
        channel.Priority = (byte)priority;
        return Errno.None;
    }
}
