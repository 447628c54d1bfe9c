/* What a program for Linux needs without a C library: calls of the kernel, and a line on its output. PROGRAM is its name. */
#include <stddef.h>
#include <stdint.h>
#include <asm/fcntl.h>
#include <asm/unistd.h>
#include <linux/mman.h>
#include <linux/time.h>

#define PAGE 4096

static long call(long number, long a, long b, long c, long d, long e, long f)
{
    long result;
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;

    __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9) : "rcx", "r11", "memory");
    return result;
}

static size_t length(const char *text)
{
    size_t count = 0;

    while (text[count] != 0)
        count++;
    return count;
}

static void say(const char *text)
{
    call(__NR_write, 1, (long)text, (long)length(text), 0, 0, 0);
}

static void say_number(long number)
{
    char text[24];
    int at = sizeof(text) - 1;
    unsigned long rest = number < 0 ? -(unsigned long)number : (unsigned long)number;

    text[at] = 0;
    do
        text[--at] = '0' + (char)(rest % 10);
    while ((rest /= 10) != 0);
    if (number < 0)
        text[--at] = '-';
    say(text + at);
}

static _Noreturn void leave(const char *what, long result)
{
    if (result < 0) {
        say(PROGRAM ": failed: ");
        say(what);
        say(": ");
        say_number(result);
        say("\n");
    }
    call(__NR_exit_group, result < 0, 0, 0, 0, 0, 0);
    __builtin_unreachable();
}

static long checked(const char *what, long result)
{
    if (result < 0)
        leave(what, result);
    return result;
}

__asm__(".globl _start\n_start: xor %ebp, %ebp\nmov %rsp, %rdi\nand $-16, %rsp\ncall start\nhlt\n");
