namespace Xenolith.Domains;

/// <summary>Names a domain beyond its end: ids are used again, serial numbers are not.</summary>
/// <param name="Id">The domain's id.</param>
/// <param name="Serial">Which domain with that id; below 2^36.</param>
public readonly record struct DomainHandle(ushort Id, ulong Serial);
