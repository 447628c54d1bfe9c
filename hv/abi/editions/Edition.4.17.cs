namespace Xenolith.Abi;

/// <summary>Which edition of the hypercall table the image is built of: up to the rows of Xen 4.17.</summary>
internal static class Edition
{
    public const int Minor = 17;
}
