using Xenolith.Abi.Contract;
using Xenolith.Mm;

namespace Xenolith.Domains;

/// <summary>
/// Requests on their way: NONE → READY by the hypervisor, READY → INPROCESS → RESP_READY by the device model, which sends an event then, and
/// back to NONE. Nothing that the device model writes is trusted: each word is read once, and what can't be ends the domain that it serves,
/// as on Xen.
/// </summary>
public sealed partial class IoRequestServers
{
    /// <summary>
    /// Sends an access of a vCPU to the device model that answers for it; the vCPU waits from now on. False: nobody does. The calling CPU runs
    /// the vCPU. The lock may have been given back for a moment.
    /// </summary>
    public bool TrySend(Vcpu vcpu, in IoRequest request)
    {
        return Select(vcpu, in request) is { } server && TrySend(vcpu, in request, server, isWrite: false);
    }

    private bool TrySend(Vcpu vcpu, in IoRequest request, IoRequestServer server, bool isWrite)
    {
        uint port = server.Ports[vcpu.Id];
        if (port == 0)
            return false;
        if (!server.Requests.Page.IsAttached && server.Requests.Allocate() != Errno.None)
            return false;
        SharedPage page = server.Requests.Page;
        int at = vcpu.Id * IoRequestLayout.Size;
        if (StateOf(page, at) != IoRequestState.None)
        {
            _domain.Crash("its device model left a request in a state that it can't be in");
            return true;
        }
        page.Write64(at + IoRequestLayout.Address, request.Address);
        page.Write64(at + IoRequestLayout.Data, request.IsRead ? 0 : request.Data);
        page.Write32(at + IoRequestLayout.Count, 1);
        page.Write32(at + IoRequestLayout.Bytes, (uint)request.Size);
        page.Write32(at + IoRequestLayout.Port, port);
        // The state comes last, and with it the request.
        page.Write32(at + IoRequestLayout.Control, (uint)IoRequestState.Ready << IoRequestLayout.StateShift
            | (request.IsRead ? IoRequestLayout.Read : 0) | (uint)request.Type << IoRequestLayout.TypeShift);
        vcpu.AwaitDevice(in request, server, isWrite);
        _domain.EventChannels.SendForDeviceModel(port);
        return true;
    }

    /// <summary>The device model has sent an event on one of its ports: a vCPU's request may be answered.</summary>
    internal void Notify(uint port)
    {
        foreach (Vcpu vcpu in _domain.MadeVcpus)
        {
            if (vcpu.AwaitedServer is { } server && server.Ports[vcpu.Id] == port)
            {
                LookAt(vcpu, server);
                return;
            }
        }
    }

    private void LookAt(Vcpu vcpu, IoRequestServer server)
    {
        SharedPage page = server.Requests.Page;
        int at = vcpu.Id * IoRequestLayout.Size;
        switch (StateOf(page, at))
        {
            case IoRequestState.Ready or IoRequestState.InProcess:
                return;
            case IoRequestState.ResponseReady:
                ulong data = page.Read64(at + IoRequestLayout.Data);
                SetState(page, at, IoRequestState.None);
                vcpu.TakeDeviceAnswer(data);
                return;
            case IoRequestState.None:
                // A device model that ends takes its requests back so, on Xen.
                vcpu.TakeNoDeviceAnswer();
                return;
            default:
                _domain.Crash("its device model brought a request into a state that there is not");
                vcpu.TakeNoDeviceAnswer();
                return;
        }
    }

    /// <summary>Who waits for the server gets what nothing at all answers.</summary>
    private void Abandon(IoRequestServer server)
    {
        foreach (Vcpu vcpu in _domain.Vcpus)
        {
            if (vcpu.AwaitedServer == server)
                vcpu.TakeNoDeviceAnswer();
        }
    }

    /// <summary>The server that answers for all of an access, and has a port for the vCPU. Of several the one of the highest id, as on Xen.</summary>
    private IoRequestServer? Select(Vcpu vcpu, in IoRequest request)
    {
        (ulong first, ulong last) = request.Touched;
        if (last < first)
            return null;
        for (int id = _servers.Length - 1; id >= 0; id--)
        {
            IoRequestServer server = _servers[id];
            if (server.IsEnabled && server.Ports[vcpu.Id] != 0 && server.Ranges(request.RangeType).Contains(first, last))
                return server;
        }
        return null;
    }

    private static IoRequestState StateOf(SharedPage page, int at) => (IoRequestState)(page.Read32(at + IoRequestLayout.Control) >> IoRequestLayout.StateShift & 0xF);

    private static void SetState(SharedPage page, int at, IoRequestState state) =>
        page.Write32(at + IoRequestLayout.Control, (uint)state << IoRequestLayout.StateShift);
}
