using System;

namespace Xenolith.Tests.Unit.Builder;

/// <summary>What the zstd and xz programs (1.5.4 and 5.4.1) made of data that this class makes again, for hosts without them.</summary>
internal static class CompressionVectors
{
    /// <summary><c>zstd -19</c></summary>
    public static readonly byte[] ZstdText = Convert.FromBase64String(
        "KLUv/QRoBQYAUg0hFKCpDYDtX+/tiqquYW7Jld3Z1N9hZ0BO2q27PtJV2U8x81z61SdhmRndohNtVtq9Keus7oVqmedDrX1eTdbCNfvhpo1qt/QlrbS7wqc6"
        + "9bZ+2rLhmZFybcW1E71KzfLuECufVmvq3r5+gMEQFqY4CxMIiaAcJiCYwzQCc4IzIIeOcBRGS6gRILC+/x1wO60BEmgQ+P/fP9IXexs9WO61nHYNAYTACGmy"
        + "gvyXHkcvlnunOIYAxOBhSZh0msoqjz4EGA==");

    /// <summary><c>zstd -19</c></summary>
    public static readonly byte[] ZstdDigits = Convert.FromBase64String(
        "KLUv/QRoHSAACn34DwvAD7BWxVrYyv+uBPsA+wD7ADHlDFtkjqm6HaCMrXiZPKF8NC8e7RZn+ErCwR+9VeX/PbsZ4Z+ZjvkxYAHmXTA7NfwDUl7BjaYmWgPU"
        + "i8LBpvshk2HNKk0WBjwisnWjYc+YVPOw1RR/iBFRRiM9R7cctA2M1u8le1LRIPafSlcbFsij5TqRx+ke2zCqnjU8JjRLwHd1VoAyQnkLy6hlfG8AturZ8LTp"
        + "/lhSFwE1cpA/AaB7hDETaoTm796z3dUQPb9xCe/RG3yMRajWafcWZcKBwh6SOCalby0jias9nAWF8QsQ9t7JbqTm2o3j9v+Z76bDmKJbfl/EGCU7psmoeXb3"
        + "Yh4fF8zfRiu7G24BnG9kvYZAlFHXyvUe0zY6uquG4pgdmyrm0eIGfh3SLAYiQCoAvjwbmmjxBp6nCL+0i0aUe9Ka4eQ0gJz3CEBaXF3/yGQBXQJcrfUAEach"
        + "pEcP1D5Qs+4Ie0zrCoMeBPcsO3xd2YDUWbmWyPGlw4/5ZEc/v1fQh5+dBhRvEFAtA4bNttpRK5AgnyNY20srRL4KI2k4Xwl3hTh1G7y+vXxwefLOT9rxo1YP"
        + "ZLWr8q5N4kqyUJlZfaz7fZff8W9XIWzm3JSsZfQL/AlY4VSsTp129eYV4XUdN8E7XnEtIRwbqP1pSOECIqnyjPDq9GcpMnpI3acSk9kIB4PH0QGwCHLkbQiG"
        + "ToZe7gSLb3gYlme91cAxIbPKc7enFK9acdnjpb0gGvyyrfphdt/k0LjwB8IU91yuw5lrg/hTpUBEYliMU8xPnn0kL5emGmtTrrkwexIXelY52N0DB4u9YW1r"
        + "RhfHX3VsjSvuYaQ9AwLq4fPY7R65OuSH2Tfkqta+zMTPRvnbvVbUgibub1mt7HuKQOmFDflJ5ZVuD56x8SZwnNEp+T32fH9I+RD4W0rzQ4IXnezkTHUsE32a"
        + "FrAuynvUfL/GiELNYY5V9V9GByVg+ngFEKKQ3MgBFslblm2au4yS+WLKvzqoJEt+gxjHg9PSYhESaQZvqm9ZAUlW0vIykiM11IQT56nImeQmlGfgS/8NTgfH"
        + "pz3ieTumUWycMFaWGVzN1w45UKlioURW2GrK4u/mnjzCRGuxiG2GybUHHmj3hfJvaQWrSBRwnl65juySuJBR523UmMetNfZ7TmiaCLy/Q0w0Wqq1vUEUqwos"
        + "oiF6WzD3Zw5pm8sfgWRGQrp1efzAYH9JXfBOJMZOulMrfSMZW07Ssu493wpJsb63jaAeSmjpGbKj+ccZkyfbBUiHw+iR2rzgFqzM+DxFl7X1qaqaTagztL3P"
        + "Nx+cZWpAGn9MyAPMBrfy6aD3Sx7eTR9wH/tNvb1Ba2OAF8HpahSeJLy7kfQBAK4RM9M=");

    /// <summary><c>zstd -1 --no-check</c></summary>
    public static readonly byte[] ZstdFast = Convert.FromBase64String(
        "KLUv/QBIDQUAcscVFbAlHTjSYqshZtnQwTVFNtnN8YxOBFpodoSMm6m3xc3beVVtfIqYprS8ytjWRF21Znl3iJWdurq5fNzV4wQpAxiKF0+m+OEDJ8yPwM8X"
        + "/GfMIBgaJ0gJJSDAM6oDkDR8AJb45IN78Ad/8Af/4A/+4A/eB0t+WD3t5COU+IN78Ad/8Af/4A/OB0s+zNN6nMd5nMf5tI/zOI+DH2fraXo=");

    /// <summary><c>xz --check=crc64</c></summary>
    public static readonly byte[] XzText = Convert.FromBase64String(
        "/Td6WFoAAATm1rRGAgAhARYAAAB0L+Wj4Au3AONdADYaSh8IoCYDTQad7+2MoT/IOM9thS+aaJmfL/bA0qMCNuh6Oi5PzxLRYXftFzDrZw8m8VZje0wjZDwD"
        + "WaGwxfOxnz788fVKp9oNRJUbUWSxMBVKbWmnWg8OguZfRNBB0vUg54KVbNyt1dNxDJ3u50O/dKvFVhU/tqoxpC+4TTrFOdGA8fCDYbfvumVo51Xm3LVi+hrt"
        + "rte+Q5fIt9yElRAE6138pMivVJepZ0lFk925VDvgof8wsSE3ic8rCkdhzmIYsvHL05cJ6cuT/pQ4gSdo71B8DaZcUjOesqJtdDKaaM2AAAAxernkCCK1lwAB"
        + "/wG4FwAAIYVe27HEZ/sCAAAAAARZWg==");

    /// <summary><c>xz --check=sha256 --lzma2=preset=6,lc=0,lp=2</c></summary>
    public static readonly byte[] XzDigits = Convert.FromBase64String(
        "/Td6WFoAAArh+wyhAgAhARYAAAB0L+Wj4AK7AghsABsZQiYtGX/a2XBdCcfzXfotKjd/zwA57pUxHAxE/HSjLZY888ktN4Ex4ntoAR7RnEpisCr5WQf3AFuh"
        + "wF1Tcq1dqNwJqrnROSzlub5aRmmz46Otd9B2eyTdmIrQCoLkvZUsgVkN2+5yM/KFzSN4SUSggj5Z7/Zy5cGYZMgc3/QYTVsk3npOEXgD+GCvQtoBUaFLYi+A"
        + "NdQdL9jUGJ1ghmPvQUJDEFos0dokSYU5UVCkl0JEY3NVkEP8LFMt86TLUMpjbtb5O5cZ/Fw0SylCPWnCGVqMGwpm9ljxWOY9o2tgeyzYMEoi81kt2+NmLMAE"
        + "BZ47rfWi0abwQPr9cJrw8anhrD4KTQ9w33ZSH7k6BFIzdI4qwFsov9C8qXQJXyJhIDyGA//CTHgjoecrgyPArR5TPOUwTsdVnY0aLzy7vLcI+kpBQ7lbBmtn"
        + "q14vZq6SSaPTGxFYffqs7NUWs2FyRJM7OErYENqNFoAUG6kNGVIQsV1lrw/tb9uimRYn6Ogsbc1gE9iH0uGUBSWlOhshKm6pXUe3ImlgEy0NirXcEV2fpevd"
        + "gXxcWabIerXJGW9H34vINSo5XAHeOGZnnAlk9dSzU5WjYrY2TnKsG8J9f/o5ikTw8vo0DOVGctf0uqD38Gd8iS/5ttzcBx9Fot70siGlP6RXCrvp1JZoCfQy"
        + "NiOVtHrmerhu+MkAVlEAKjJvQkOaKKzx5UCArt+K44l2OpYGI+Mp9WW9ILsAAbwEvAUAANqSsgq26d8cAgAAAAAKWVo=");

    /// <summary><c>xz --check=crc32 --x86 --lzma2</c></summary>
    public static readonly byte[] XzSoup = Convert.FromBase64String(
        "/Td6WFoAAAFpIt42AgEEACEBFgANhjUf4ASvAuZdAAhj+dOPJzGn/F0JAavdB2noWOhYguHy1thMR6HAEW+/tMZ2P1SITqFfR3+aB1VkJuyxcHPcgVsOhyoR"
        + "YeDwtzH29fs9OWyQyFUHFb5+zOZ8lsoXmezSvO+fghA1OXpKOsjrShS5TYITnZs1ZHc3vasbXwWMAmIOeWQUFoUE/IXNkp9kjUAftXOTS3EU6WlT3ieSQ3wS"
        + "PRKdZ+yXorIIO4Qw+YFHrpA6pw0pbnCsH4cTW0hQkH/hOComQrm2IcrAlI62cXs1tJ35EuKwH91MfaK7XpUwzgRs2Lp3P34OCWPmlBTyeW2G9UN71Fm/uNwN"
        + "8uIptT7lWqLMsvzdTuURjrlx0Q49WkahcXkVm6wkXIw51YzLLZ51KhS1FyhO2jGRyk7tRbLEnxVgKYhEugCzEWPA+T3GhcAQyGs/7tFW76Cn6qEw2Arc3SRf"
        + "7xVgQI91W38gxNG1JBnZ/U+M50hGksvyq5TaBY1lIHE38RuHjOlqupnV7NnJkG4CpDFBSChbqZF4KGvYbAsU6Q1inqckVqT6zYxezfu1tZqHKucyLZICyJv3"
        + "+fRkfeiGlZbhWjN2L/ZynqozKjeJz146sM811oTpXt4+el0hVcFZTFj9eGGG+qPjETiSZzkH4El5apXn9bjM+iJ6eIBZW+R85eH4YdB2MhdvULOEREa8Eabw"
        + "4q7TvVqhFclmDsA3cRItgdecNR96DIqDHGQpdHUOlbO1Ffgy5pApOJL4KGxixRVJgfHxiS5G13QyKb4XKe8kfQPzl+9W7pzwPUm9DM9/74L4ZWEQXkjgp6ce"
        + "CgBcPpiUxR5qlIys3gd+oEqAzu4RYze9OnmIChGfk4q/X04JbcWkDC4oXvhxho62GaSbGSuJMH5whZVGMfHE4WpkXmOCg216NTl/MHcybntnKgQh2+LNEuJ7"
        + "jWZJu6OeF1vT/vjnQctm5k9/fToPPQR/yGdMHHj45nvxe217IMNq8ctM9C0UO8eogkYMMqQAAACF0OtEAAH+BbAJAADRVo42PjANiwIAAAAAAVla");

    /// <summary><c>xz --check=none -0</c></summary>
    public static readonly byte[] XzUnchecked = Convert.FromBase64String(
        "/Td6WFoAAAD/EtlBAgAhAQwAAACPmEGc4AXbAKFdADYaSh8IoCYDTQad7+2MoT/IOM9thS+aaJmfL/bA0qMCNuh6Oi5PzxLRYXftFzDrZw8m8VZje0wjZDwD"
        + "WaGwxfOxnz788fVKp9oNRJUbUWSxMBVKbWmnWg9S9waWifpIvLWxSztRnBGAhwgDaclUiHvFdUKCvWqVFjuqEx8nWY0CFfIJRXOalno/mqzizkntqrphFsLg"
        + "MmvH9YiX2reIebwAAAAAAAABtQHcCwAAa5bl1KgACvwCAAAAAABZWg==");

    /// <summary>Compresses well: text that repeats itself.</summary>
    public static byte[] Text(int length) => CompressionSamples.Sample(3)[..length];

    /// <summary>Has no matches to speak of, but an entropy of four bits a byte.</summary>
    public static byte[] Digits(int length) => Choose(length, "0123456789abcdef"u8, 15);

    /// <summary>Nothing but opcodes of calls and jumps, signs, and what makes the filter for x86 code doubt.</summary>
    public static byte[] Soup(int length) => Choose(length, [0, 0xFF, 0xE8, 0xE9, 0, 0xE8, 0x10, 0xFF], 7);

    private static byte[] Choose(int length, ReadOnlySpan<byte> from, uint mask)
    {
        byte[] data = new byte[length];
        uint seed = 1;
        for (int i = 0; i < length; i++)
        {
            seed = (seed * 1103515245 + 12345) & 0x7FFF_FFFF;
            data[i] = from[(int)((seed >> 16) & mask)];
        }

        return data;
    }
}
