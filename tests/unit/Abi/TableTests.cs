using System;
using System.Collections.Generic;
using System.Linq;
using Xenolith.Abi;
using Xenolith.Abi.Contract;
using Xenolith.Abi.Contract.Table;
using Xenolith.Build.Abi;
using Xunit;

namespace Xenolith.Tests.Unit.Abi;

/// <summary>The table is whole, says what it means, and what is made of it is fresh.</summary>
public sealed class TableTests
{
    [Fact]
    public void Generated_files_are_fresh()
    {
        IReadOnlyList<string> stale = AbiGenerator.Generate(Root(), check: true);
        Assert.True(stale.Count == 0, "stale, run ./build.sh image: " + string.Join(", ", stale));
    }

    [Fact]
    public void Every_number_and_every_operation_has_a_row()
    {
        var numbers = HypercallTable.Groups.Select(g => g.Number).ToHashSet();
        foreach (Hypercall number in Enum.GetValues<Hypercall>())
            Assert.True(numbers.Contains(number) || number is >= Hypercall.Arch2 and <= Hypercall.Arch7, number.ToString());
        foreach (HypercallGroup group in HypercallTable.Groups.Where(g => g.Rows.Length != 0))
        {
            Type operations = group.Rows[0].Operation!.GetType();
            var stated = group.Rows.Select(r => r.Operation!).ToList();
            Assert.Equal(Enum.GetValues(operations).Cast<Enum>().Order(), stated.Order());
        }
    }

    [Fact]
    public void A_row_that_is_done_has_a_handler_and_no_other_has()
    {
        foreach (HypercallRow row in HypercallTable.Rows)
            Assert.True((row.State == RowState.Done) == (row.Handler is not null), row.Name);
    }

    [Fact]
    public void Structures_with_a_32_bit_twin_are_named_with_it()
    {
        foreach (HypercallRow row in HypercallTable.Rows.Where(r => r.Argument is not null))
        {
            Type? twin = row.Argument!.Assembly.GetType(row.Argument.FullName + "32");
            Assert.True(twin == row.NarrowArgument, row.Name);
        }
    }

    [Fact]
    public void Errors_are_names_of_errors()
    {
        foreach (HypercallRow row in HypercallTable.Rows)
        {
            foreach (string word in row.Errors.Split(' ', ';', ',').Where(w => w.Length > 2 && w.All(char.IsUpper)))
                Assert.True(Enum.TryParse<Errno>(word, out _), $"{row.Name}: {word}");
        }
    }

    [Fact]
    public void A_stale_file_is_noticed_and_mended()
    {
        string root = System.IO.Directory.CreateTempSubdirectory("xenolith-abi").FullName;
        try
        {
            int files = AbiGenerator.Generate(root, check: true).Count;
            Assert.True(files > 1);
            Assert.Equal(files, AbiGenerator.Generate(root, check: false).Count);
            Assert.Empty(AbiGenerator.Generate(root, check: true));
            System.IO.File.AppendAllText(System.IO.Path.Combine(root, "docs/abi.md"), "x");
            Assert.Equal("docs/abi.md", Assert.Single(AbiGenerator.Generate(root, check: true)));
        }
        finally
        {
            System.IO.Directory.Delete(root, recursive: true);
        }
    }

    private static string Root()
    {
        for (string? directory = AppContext.BaseDirectory; directory is not null; directory = System.IO.Path.GetDirectoryName(directory))
        {
            if (System.IO.File.Exists(System.IO.Path.Combine(directory, "Directory.Build.targets")))
                return directory;
        }
        throw new InvalidOperationException("the tests do not lie in the tree that they test");
    }
}
