namespace Xenolith.Abi;

/// <summary>Which edition of the hypercall table the image is built of: up to the rows of Xen 4.18. The newest.</summary>
internal static class Edition
{
    public const int Minor = 18;
}
