using System.Collections.Generic;
using Xenolith.Build.Terminal;

namespace Xenolith.Build.Scan;

/// <summary>Disassembles a linked image and applies the rules of what may not be in it.</summary>
public static class ImageScan
{
    /// <summary>Scans a linked image with symbols.</summary>
    public static IReadOnlyList<Finding> Run(string image, Report report) => [];
}
