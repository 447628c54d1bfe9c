using Xenolith.Kernel;

namespace Xenolith.Mm;

/// <summary>What a guest frame is.</summary>
public enum P2mType : byte
{
    /// <summary>Nothing is there: an access is an exit.</summary>
    None,
    /// <summary>Memory of the guest.</summary>
    Ram,
    /// <summary>Memory that the guest may not write; a write by the hypervisor on its behalf is dropped.</summary>
    RamReadOnly,
    /// <summary>A frame of another domain, mapped through a grant.</summary>
    Grant,
    /// <summary>A frame of another domain, mapped by privilege.</summary>
    Foreign,
    /// <summary>Device memory of the host.</summary>
    Mmio,
    /// <summary>Memory of the guest whose writes go to a device model; one by the hypervisor on its behalf is dropped.</summary>
    RamForwarded,
    /// <summary>A frame of another domain, mapped through a grant that is for reading, or was mapped for it.</summary>
    GrantReadOnly,
}

/// <summary>What follows from a type.</summary>
public static class P2mTypes
{
    // Four bits a type.
    private const int BitsPerType = 4;
    private const ulong AllRights =
        (ulong)Rights.All << BitsPerType * (int)P2mType.Ram
        | (ulong)Rights.ReadExecute << BitsPerType * (int)P2mType.RamReadOnly
        | (ulong)Rights.ReadWrite << BitsPerType * (int)P2mType.Grant
        | (ulong)Rights.ReadWrite << BitsPerType * (int)P2mType.Foreign
        | (ulong)Rights.ReadWrite << BitsPerType * (int)P2mType.Mmio
        | (ulong)Rights.ReadExecute << BitsPerType * (int)P2mType.RamForwarded
        | (ulong)Rights.Read << BitsPerType * (int)P2mType.GrantReadOnly;

    extension(P2mType type)
    {
        /// <summary>What the guest may do with a frame of the type.</summary>
        public Rights Rights => (Rights)((AllRights >> (BitsPerType * (int)type)) & (ulong)Rights.All);
    }
}
