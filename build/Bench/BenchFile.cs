using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json;
using Xenolith.Build.Against;

namespace Xenolith.Build.Bench;

/// <summary>The figures as JSON, for programs: <c>runs</c>, each with <c>machine</c>, <c>hypervisor</c> and <c>rows</c>.</summary>
public static class BenchFile
{
    /// <summary>Writes the file.</summary>
    public static void Write(BenchRecord record, string path)
    {
        using FileStream file = File.Create(path);
        using var json = new Utf8JsonWriter(file, new JsonWriterOptions { Indented = true });
        json.WriteStartObject();
        json.WriteString("unit", "emulated instructions per operation");
        json.WriteString("taken", DateTime.UtcNow.ToString("yyyy-MM-ddTHH:mm:ssZ", System.Globalization.CultureInfo.InvariantCulture));
        json.WriteStartArray("runs");
        foreach (BenchFigures run in record.Runs)
        {
            json.WriteStartObject();
            json.WriteString("machine", run.Arena.Name);
            json.WriteString("hypervisor", run.Hypervisor);
            json.WriteString("calibration", run.Calibration);
            if (run.Problem is not null)
            {
                json.WriteString("problem", run.Problem);
            }

            WriteRows(record, run, json);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteRows(BenchRecord record, BenchFigures run, Utf8JsonWriter json)
    {
        json.WriteStartArray("rows");
        foreach (string row in record.Rows)
        {
            json.WriteStartObject();
            json.WriteString("name", row);
            if (run[row] is { } figure)
            {
                json.WriteNumber("median", figure.Median);
                json.WriteNumber("least", figure.Least);
                json.WriteNumber("most", figure.Most);
                if (run.Hypervisor == Contestant.Xenolith.Name && record.Ratio(run.Arena, row) is { } ratio)
                {
                    json.WriteNumber("ratioToXen", Math.Round(ratio, 3));
                }
            }
            else
            {
                json.WriteString("missing", run.Missing.GetValueOrDefault(row, "no line"));
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
