namespace Xenolith.Domains;

/// <summary>Two words in a table of frames: a mapping, or the use of a grant, as it is packed there. All zero: none.</summary>
internal struct GrantWords
{
    public ulong First, Second;
}
