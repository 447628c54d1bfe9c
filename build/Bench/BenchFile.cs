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

            WriteNumber(json, "startInstructions", run.StartInstructions);
            WriteNumber(json, "ownMemoryKiB", run.OwnKibibytes);
            WriteRows(record, run, json);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteNumber(Utf8JsonWriter json, string name, long? value)
    {
        if (value is { } known)
        {
            json.WriteNumber(name, known);
        }
    }

    private static void WriteHidden(Utf8JsonWriter json, BenchFigures run, string row)
    {
        if (!run.Hidden.TryGetValue(row, out HiddenCosts hidden))
        {
            return;
        }

        json.WriteStartObject("hidden");
        json.WriteNumber("hypervisorInstructions", hidden.Instructions);
        json.WriteNumber("entries", hidden.Entries);
        json.WriteNumber("controlBlockReads", hidden.ControlReads);
        json.WriteNumber("controlBlockWrites", hidden.ControlWrites);
        json.WriteNumber("msrReads", hidden.MsrReads);
        json.WriteNumber("msrWrites", hidden.MsrWrites);
        json.WriteNumber("tlbFlushes", hidden.TlbFlushes);
        json.WriteNumber("locked", hidden.Locked);
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
                WriteHidden(json, run, row);
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
