using System.Numerics;

namespace Xenolith.Emulate;

/// <summary>Operations of the arithmetic-logic unit.</summary>
internal enum AluOperation { Add, Adc, Sub, Sbb, And, Or, Xor, Increment, Decrement, Negate, Not }

/// <summary>Integer arithmetic with the flags that it leaves (SDM vol. 1, 3.4.3.1 and appendix A).</summary>
internal static class Alu
{
    public const ulong Carry = 1 << 0, Parity = 1 << 2, Adjust = 1 << 4, Zero = 1 << 6, Sign = 1 << 7, Overflow = 1 << 11;

    private const ulong Status = Carry | Parity | Adjust | Zero | Sign | Overflow;

    /// <summary>
    /// Computes on <paramref name="size"/> bytes (1, 2, 4 or 8) and updates the status flags. AF, undefined after logic
    /// operations, becomes 0.
    /// </summary>
    public static ulong Compute(AluOperation operation, int size, ulong left, ulong right, ref ulong flags)
    {
        ulong mask = GuestGeneralRegister.MaskOf(size);
        ulong sign = 1UL << (size * 8 - 1);
        left &= mask;
        right &= mask;
        switch (operation)
        {
            case AluOperation.Add:
                return Sum(left, right, 0, mask, sign, Status, ref flags);
            case AluOperation.Adc:
                return Sum(left, right, flags & Carry, mask, sign, Status, ref flags);
            case AluOperation.Increment:
                return Sum(left, 1, 0, mask, sign, Status & ~Carry, ref flags);
            case AluOperation.Sub:
                return Difference(left, right, 0, mask, sign, Status, ref flags);
            case AluOperation.Sbb:
                return Difference(left, right, flags & Carry, mask, sign, Status, ref flags);
            case AluOperation.Decrement:
                return Difference(left, 1, 0, mask, sign, Status & ~Carry, ref flags);
            case AluOperation.Negate:
                return Difference(0, left, 0, mask, sign, Status, ref flags);
            case AluOperation.Not:
                return ~left & mask;
            case AluOperation.And:
                return Logic(left & right, sign, ref flags);
            case AluOperation.Or:
                return Logic(left | right, sign, ref flags);
            default:
                return Logic(left ^ right, sign, ref flags);
        }
    }

    private static ulong Sum(ulong left, ulong right, ulong carry, ulong mask, ulong sign, ulong affected, ref ulong flags)
    {
        ulong result = unchecked(left + right + carry) & mask;
        ulong carries = (left & right) | ((left | right) & ~result);
        ulong set = ResultFlags(result, sign);
        set |= (carries & sign) != 0 ? Carry : 0;
        set |= (carries & 8) != 0 ? Adjust : 0;
        set |= ((left ^ result) & (right ^ result) & sign) != 0 ? Overflow : 0;
        flags = flags & ~affected | set & affected;
        return result;
    }

    private static ulong Difference(ulong left, ulong right, ulong borrow, ulong mask, ulong sign, ulong affected, ref ulong flags)
    {
        ulong result = unchecked(left - right - borrow) & mask;
        ulong borrows = (~left & right) | ((~left | right) & result);
        ulong set = ResultFlags(result, sign);
        set |= (borrows & sign) != 0 ? Carry : 0;
        set |= (borrows & 8) != 0 ? Adjust : 0;
        set |= ((left ^ right) & (left ^ result) & sign) != 0 ? Overflow : 0;
        flags = flags & ~affected | set & affected;
        return result;
    }

    private static ulong Logic(ulong result, ulong sign, ref ulong flags)
    {
        flags = flags & ~Status | ResultFlags(result, sign);
        return result;
    }

    private static ulong ResultFlags(ulong result, ulong sign)
    {
        ulong set = (result & sign) != 0 ? Sign : 0;
        set |= result == 0 ? Zero : 0;
        set |= (BitOperations.PopCount((uint)(result & 0xFF)) & 1) == 0 ? Parity : 0;
        return set;
    }
}
