using System.Threading;
using Xenolith.Abi.Contract;

namespace Xenolith.Domains;

/// <summary>
/// An instruction whose accesses a device model makes good. The vCPU waits for each answer; then the instruction is emulated again from its
/// start, with the answers that it has got so far, until it needs no more. No instruction needs more than a read and a write.
/// </summary>
public sealed partial class Vcpu
{
    private const int MaximumAnswers = 2;

    private readonly IoRequest[] _answered = new IoRequest[MaximumAnswers];
    private int _answerCount;
    private int _nextAnswer;

    private IoRequest _awaited;
    private IoRequestServer? _awaitedServer;
    private bool _awaitsDevice;
    private bool _isAnswerUnwanted;

    /// <summary>Whether what it waits for is a write to memory, which arrives there when nobody answers.</summary>
    private bool _awaitsWrite;
    private bool _hasNewAnswer;

    /// <summary>Whether the present pass has asked a device model, which may have answered by now.</summary>
    private bool _hasAsked;

    /// <summary>Whether it waits for a device model.</summary>
    public bool AwaitsDevice => Volatile.Read(ref _awaitsDevice);

    /// <summary>Whose answer it waits for; null: it does not wait.</summary>
    internal IoRequestServer? AwaitedServer => _awaitsDevice ? _awaitedServer : null;

    /// <summary>Whether the instruction that waited has an answer to go on with.</summary>
    public bool HasDeviceAnswer => Volatile.Read(ref _hasNewAnswer);

    /// <summary>Whether the instruction has been answered anything.</summary>
    public bool HasDeviceAnswers => _answerCount != 0;

    /// <summary>What an instruction read of memory before it wrote there: the next pass reads the same, whatever the device model does to it.</summary>
    public void KeepRead(in IoRequest read)
    {
        if (_answerCount == MaximumAnswers)
            return;
        _answered[_answerCount++] = read;
        _nextAnswer = _answerCount;
    }

    /// <summary>The next pass of the emulator over the instruction begins.</summary>
    public void BeginDevicePass()
    {
        Volatile.Write(ref _hasNewAnswer, false);
        _nextAnswer = 0;
        _hasAsked = false;
    }

    /// <summary>The pass is over. If it has asked nobody, the instruction is done, or nothing comes of it.</summary>
    public void EndDevicePass()
    {
        if (!_hasAsked)
            EndDeviceAccesses();
    }

    /// <summary>What a device model has answered to this access of the instruction; null: nobody has been asked yet.</summary>
    public ulong? NextAnswer(in IoRequest request)
    {
        if (_nextAnswer >= _answerCount)
            return null;
        if (_answered[_nextAnswer].IsSameAs(request))
            return _answered[_nextAnswer++].Data;
        // The guest has changed the instruction meanwhile: it is another one, which has no answers.
        _answerCount = _nextAnswer;
        return null;
    }

    private void EndDeviceAccesses() => _answerCount = _nextAnswer = 0;

    /// <summary>The registers that the instruction belongs to are gone: an answer that may still come is of no account.</summary>
    public void ForgetDevices()
    {
        Volatile.Write(ref _hasNewAnswer, false);
        _isAnswerUnwanted = _awaitsDevice;
        EndDeviceAccesses();
    }

    /// <summary>From now on it does not run until <see cref="TakeDeviceAnswer"/>. On its own CPU, with the domain's lock held.</summary>
    /// <param name="isWrite">Whether it is a write to memory, which arrives there if the server goes.</param>
    internal void AwaitDevice(in IoRequest request, IoRequestServer server, bool isWrite)
    {
        _awaitsWrite = isWrite;
        _awaited = request;
        _awaitedServer = server;
        _isAnswerUnwanted = false;
        _hasAsked = true;
        RunQueueLock.Acquire();
        Volatile.Write(ref _awaitsDevice, true);
        Enter(RunState.Blocked);
        RunQueueLock.Release();
    }

    /// <summary>The device model's answer, or what stands for it. The domain's lock is held.</summary>
    internal void TakeDeviceAnswer(ulong data)
    {
        if (!_isAnswerUnwanted && _answerCount < MaximumAnswers)
        {
            _answered[_answerCount++] = _awaited with { Data = data };
            Volatile.Write(ref _hasNewAnswer, true);
        }
        EndWait();
    }

    /// <summary>Nobody is going to answer: it gets what nothing at all answers; a write to memory is done over, and arrives. The domain's lock is held.</summary>
    internal void TakeNoDeviceAnswer()
    {
        if (!_awaitsWrite)
        {
            TakeDeviceAnswer(ulong.MaxValue);
            return;
        }
        if (!_isAnswerUnwanted)
            Volatile.Write(ref _hasNewAnswer, true);
        EndWait();
    }

    private void EndWait()
    {
        _awaitedServer = null;
        RunQueueLock.Acquire();
        Volatile.Write(ref _awaitsDevice, false);
        Enter(PresentState);
        RunQueueLock.Release();
    }
}
