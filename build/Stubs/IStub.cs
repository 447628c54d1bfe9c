namespace Xenolith.Build.Stubs;

/// <summary>
/// A piece of assembly written in C# (<c>*.stub.cs</c> beside the code that calls it). The build finds every
/// implementer by reflection, creates it and lets it emit; the folder of the source file decides which images
/// the result is linked into (see <see cref="StubCatalog"/>).
/// </summary>
public interface IStub
{
    /// <summary>Adds functions, data and zeroed space to <paramref name="o"/>.</summary>
    void Emit(StubObject o);
}
