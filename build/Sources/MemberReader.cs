using System;
using System.Collections.Generic;
using System.Text;
using System.Text.RegularExpressions;

namespace Xenolith.Build.Sources;

/// <summary>
/// Splits C# and C sources into members by their braces and semicolons. It is no compiler: it knows as much of both languages as it takes to
/// tell which member a line stands in.
/// </summary>
public sealed partial class MemberReader
{
    private readonly string _path;
    private readonly string _code;
    private readonly bool _isC;
    private readonly List<SourceMember> _members = [];
    private readonly Stack<string> _types = new([""]);

    // Where the member began that is being read, and what is open of its brackets.
    private int _start;
    private int _depth;

    // Where its name has been read to: a body, a value or its end follows. Below 0: not yet.
    private int _headerEnd = -1;
    private bool _endsAtSemicolon;

    private MemberReader(string path, string source)
    {
        _path = path;
        _isC = !path.EndsWith(".cs", StringComparison.Ordinal);
        _code = Directives().Replace(CSharpText.WithoutCommentsAndLiterals(source), "");
    }

    /// <summary>The members of a file, those of nested types among them.</summary>
    /// <param name="path">Relative to the root, with /; C# when it ends in .cs, else C.</param>
    public static IReadOnlyList<SourceMember> Read(string path, string source)
    {
        var reader = new MemberReader(path, source);
        reader.Read();
        return reader._members;
    }

    private void Read()
    {
        for (int i = 0; i < _code.Length; i++)
        {
            switch (_code[i])
            {
                case '{' when _depth == 0 && !_endsAtSemicolon && TypeName(i) is { } type:
                    _types.Push(type);
                    Begin(i + 1);
                    break;
                case '{' or '(' or '[':
                    if (_code[i] == '{' && _depth == 0)
                        EndHeader(i);
                    _depth++;
                    break;
                case '}' when _depth == 0:
                    if (_types.Count > 1)
                        _types.Pop();
                    Begin(i + 1);
                    break;
                case '}' or ')' or ']':
                    _depth--;
                    if (_code[i] == '}' && _depth == 0 && !_endsAtSemicolon && !HasValueAfter(i))
                        End(i + 1);
                    break;
                case '=' when _depth == 0:
                    EndHeader(i);
                    _endsAtSemicolon = true;
                    break;
                case ';' when _depth == 0:
                    EndHeader(i);
                    End(i + 1);
                    break;
            }
        }
    }

    private void Begin(int at) => (_start, _headerEnd, _endsAtSemicolon) = (at, -1, false);

    private void EndHeader(int at)
    {
        if (_headerEnd < 0)
            _headerEnd = at;
    }

    private void End(int at)
    {
        if (NameIn(_code[_start.._headerEnd]) is { } name)
            _members.Add(new SourceMember(_path, _types.Peek(), name, _code[_start..at]));
        Begin(at);
    }

    // The value that an automatic property starts with.
    private bool HasValueAfter(int brace) => _code.AsSpan(brace + 1).TrimStart() is ['=', ..];

    // A namespace opens a scope of members, and is no type.
    private string? TypeName(int brace)
    {
        if (_isC || TypeHeader().Match(WithoutBrackets(_code[_start..brace])) is not { Success: true } match)
            return null;
        return match.Groups["name"].Success ? match.Groups["name"].Value : _types.Peek();
    }

    /// <summary>The name in what stands before a member's body: that of a method before its parameters, of anything else the last word.</summary>
    private static string? NameIn(string header)
    {
        string flat = WithoutBrackets(header);
        Match method = MethodName().Match(flat);
        if (method.Success)
            return method.Groups["name"].Value;
        Match last = LastWord().Match(flat);
        return last.Success ? last.Value : null;
    }

    // Of what is in brackets only the brackets are left, of attributes and C's array bounds nothing.
    private static string WithoutBrackets(string header)
    {
        var text = new StringBuilder();
        int depth = 0;
        foreach (char c in header)
        {
            if (c is ')' or ']')
                depth--;
            if (depth == 0 && c is not ('[' or ']'))
                text.Append(c);
            if (c is '(' or '[')
                depth++;
        }
        return text.ToString();
    }

    // Lines for the preprocessor, with those that a \ joins to them.
    [GeneratedRegex(@"^[ \t]*#(\\\r?\n|[^\n])*", RegexOptions.Multiline)]
    private static partial Regex Directives();

    [GeneratedRegex(@"\b(namespace\s+[\w.]+|(class|struct|interface|enum|record)\s+((class|struct)\s+)?(?<name>\w+))")]
    private static partial Regex TypeHeader();

    // A name with parameters, and behind them the body, constraints or the other constructor; with a name behind them they are a tuple's type.
    [GeneratedRegex(@"(?<name>\w+)\s*(<[^()]*>)?\s*\(\)\s*(:|where\b|$)")]
    private static partial Regex MethodName();

    [GeneratedRegex(@"\w+(?=\W*$)")]
    private static partial Regex LastWord();
}
