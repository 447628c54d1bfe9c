namespace System;

/// <summary>A method of no arguments.</summary>
public delegate void Action();
/// <summary>A method of one argument.</summary>
public delegate void Action<in T>(T obj) where T : allows ref struct;
/// <summary>A method of two arguments.</summary>
public delegate void Action<in T1, in T2>(T1 arg1, T2 arg2) where T1 : allows ref struct where T2 : allows ref struct;
/// <summary>A method of three arguments.</summary>
public delegate void Action<in T1, in T2, in T3>(T1 arg1, T2 arg2, T3 arg3);
/// <summary>A method of four arguments.</summary>
public delegate void Action<in T1, in T2, in T3, in T4>(T1 arg1, T2 arg2, T3 arg3, T4 arg4);
/// <summary>A function of no arguments.</summary>
public delegate TResult Func<out TResult>() where TResult : allows ref struct;
/// <summary>A function of one argument.</summary>
public delegate TResult Func<in T, out TResult>(T arg) where T : allows ref struct where TResult : allows ref struct;
/// <summary>A function of two arguments.</summary>
public delegate TResult Func<in T1, in T2, out TResult>(T1 arg1, T2 arg2);
/// <summary>A function of three arguments.</summary>
public delegate TResult Func<in T1, in T2, in T3, out TResult>(T1 arg1, T2 arg2, T3 arg3);
/// <summary>A function of four arguments.</summary>
public delegate TResult Func<in T1, in T2, in T3, in T4, out TResult>(T1 arg1, T2 arg2, T3 arg3, T4 arg4);
/// <summary>A condition on a value.</summary>
public delegate bool Predicate<in T>(T obj) where T : allows ref struct;
/// <summary>An order: negative, zero or positive as x comes before, with or after y.</summary>
public delegate int Comparison<in T>(T x, T y) where T : allows ref struct;
/// <summary>A function from one type to another.</summary>
public delegate TOutput Converter<in TInput, out TOutput>(TInput input);
