using System;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Kernel;

namespace Xenolith;

/// <summary>
/// Whose the typed bytes are: the initial domain's at first, and with each three times Ctrl-A the next one's (the domains of further
/// modules in their order, then the hypervisor's own), as on Xen.
/// </summary>
internal sealed class TypedInput
{
    private const byte ControlA = 1;
    private const int CallsToSwitch = 3;

    /// <summary>Targets: the initial domain, then the modules' domains, then the hypervisor.</summary>
    private const int Initial = 0;

    private readonly Machine _machine;
    private readonly Log _log;
    private uint _announced;
    private int _target;
    private int _calls;

    public TypedInput(Machine machine)
    {
        _machine = machine;
        _log = machine.Kernel.Log;
    }

    /// <summary>What the initial domain has not taken yet: by its ring, or by console_io.</summary>
    public ConsoleInput ForInitial { get; } = new();

    private int Hypervisor => _machine.Keeper.All.Length + 1;

    /// <summary>Hands out what was typed. False: there was nothing, or nobody could take it; what finds no room in the initial domain waits.</summary>
    public bool Deliver()
    {
        ConsoleInput typed = _machine.Kernel.Input;
        while (typed.TryRead(out byte value))
        {
            Take(value);
        }

        if (!ForInitial.HasInput)
        {
            return false;
        }

        Domain initial = _machine.Initial!;
        initial.Acquire();
        bool took = DeliverTo(initial);
        initial.Release();
        return took;
    }

    /// <summary>The module's domain does not come back: whoever types to it is back at the initial domain.</summary>
    public void LeaveIfAt(ModuleDomain module)
    {
        if (_target != Initial && _target != Hypervisor && _machine.Keeper.All[_target - 1] == module)
        {
            MoveTo(Initial);
        }
    }

    private void Take(byte value)
    {
        // With nobody to switch to, all keys are the guest's.
        if (value == ControlA && _machine.Keeper.All.Length != 0)
        {
            if (++_calls == CallsToSwitch)
            {
                _calls = 0;
                MoveTo(Next(_target));
            }

            return;
        }

        for (; _calls != 0; _calls--)
        {
            Pass(ControlA);
        }

        Pass(value);
    }

    private void Pass(byte value)
    {
        if (_target == Initial)
        {
            ForInitial.Push(value);
        }
        else if (_target == Hypervisor)
        {
            HypervisorKeys.Press(_machine, value);
        }
        else if (_machine.Keeper.All[_target - 1].Domain is { } domain)
        {
            // What a domain has no room for is lost, as on a serial line: it must not hold up the way to the others.
            domain.Acquire();
            domain.Console.PushInput(new ReadOnlySpan<byte>(in value));
            domain.Release();
        }
    }

    private int Next(int target)
    {
        do
        {
            target = target == Hypervisor ? Initial : target + 1;
        }
        while (target != Initial && target != Hypervisor && _machine.Keeper.All[target - 1].State == ModuleDomainState.Gone);
        return target;
    }

    private void MoveTo(int target)
    {
        SetLive(_target, false);
        _target = target;
        if (target == Initial)
        {
            _log.Info($"what is typed goes to domain 0 ({InitialDomainBuilder.Name}); three times Ctrl-A moves it on");
        }
        else if (target == Hypervisor)
        {
            _log.Info($"what is typed goes to the hypervisor (h lists the keys); three times Ctrl-A moves it on");
        }
        else
        {
            ModuleDomain module = _machine.Keeper.All[target - 1];
            _log.Info($"what is typed goes to domain {module.Id} ({module.Name}); three times Ctrl-A moves it on");
        }

        SetLive(target, true);
    }

    private void SetLive(int target, bool isLive)
    {
        if (target != Initial && target != Hypervisor)
        {
            _machine.Keeper.All[target - 1].HasInput = isLive;
        }
    }

    /// <summary>Into its console ring, or when it does not use that, by telling it that console_io has some.</summary>
    private bool DeliverTo(Domain domain)
    {
        if (!domain.Console.IsInUse)
        {
            if (ForInitial.Received == _announced)
            {
                return false;
            }

            _announced = ForInitial.Received;
            domain.EventChannels.RaiseGlobalVirq(Virq.Console);
            return true;
        }

        bool took = false;
        while (ForInitial.TryPeek(out byte value) && domain.Console.PushInput(new ReadOnlySpan<byte>(in value)) != 0)
        {
            ForInitial.TryRead(out _);
            took = true;
        }

        return took;
    }
}
