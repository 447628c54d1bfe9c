using System.Text;

namespace Xenolith.Build.Sources;

/// <summary>C# source with comments, and on wish literals, blanked out; line breaks stay, so line numbers do.</summary>
public static class CSharpText
{
    /// <summary>The code without comments, and without the contents of string and character literals.</summary>
    public static string WithoutCommentsAndLiterals(string source) => Blank(source, keepLiterals: false);

    /// <summary>The code without comments.</summary>
    public static string WithoutComments(string source) => Blank(source, keepLiterals: true);

    private static string Blank(string source, bool keepLiterals)
    {
        var result = new StringBuilder(source.Length);
        int i = 0;
        while (i < source.Length)
        {
            int end = source[i] switch
            {
                '/' when At(source, i + 1) == '/' => EndOfLine(source, i),
                '/' when At(source, i + 1) == '*' => After(source, "*/", i + 2),
                _ => i,
            };
            if (end > i)
            {
                Append(result, source, i, end, keep: false);
                i = end;
                continue;
            }

            end = EndOfLiteral(source, i);
            Append(result, source, i, end > i ? end : i + 1, keep: keepLiterals || end == i);
            i = end > i ? end : i + 1;
        }

        return result.ToString();
    }

    private static int EndOfLiteral(string source, int start)
    {
        char first = source[start];
        if (first == '\'')
        {
            return EndOfQuoted(source, start, '\'');
        }

        if (first != '"')
        {
            return start;
        }

        int quotes = 0;
        while (At(source, start + quotes) == '"')
        {
            quotes++;
        }

        if (quotes >= 3)
        {
            return After(source, new string('"', quotes), start + quotes);
        }

        bool verbatim = start > 0 && (source[start - 1] == '@' || (source[start - 1] == '$' && start > 1 && source[start - 2] == '@'));
        return verbatim ? EndOfVerbatim(source, start) : EndOfQuoted(source, start, '"');
    }

    private static int EndOfQuoted(string source, int start, char quote)
    {
        for (int i = start + 1; i < source.Length && source[i] != '\n'; i++)
        {
            if (source[i] == '\\')
            {
                i++;
            }
            else if (source[i] == quote)
            {
                return i + 1;
            }
        }

        return EndOfLine(source, start);
    }

    private static int EndOfVerbatim(string source, int start)
    {
        for (int i = start + 1; i < source.Length; i++)
        {
            if (source[i] == '"' && At(source, i + 1) == '"')
            {
                i++;
            }
            else if (source[i] == '"')
            {
                return i + 1;
            }
        }

        return source.Length;
    }

    private static void Append(StringBuilder result, string source, int start, int end, bool keep)
    {
        for (int i = start; i < end; i++)
        {
            result.Append(keep || source[i] == '\n' ? source[i] : ' ');
        }
    }

    private static char At(string source, int index) => index < source.Length ? source[index] : '\0';

    private static int EndOfLine(string source, int start)
    {
        int end = source.IndexOf('\n', start);
        return end < 0 ? source.Length : end;
    }

    private static int After(string source, string mark, int start)
    {
        int at = source.IndexOf(mark, start, System.StringComparison.Ordinal);
        return at < 0 ? source.Length : at + mark.Length;
    }
}
