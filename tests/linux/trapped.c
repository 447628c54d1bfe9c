/* Writes to a page of its own that another domain watches: says where the page is by the name that it gives Linux, writes when it is let, and
 * says what it finds in the page then, and that it has said it. tests/guests/builder/LinuxProgram.cs is who watches.
 */
#define PROGRAM "trapped"
#include "plain.h"

/* In the page, in words of 8 bytes. */
#define WRITES 64
#define COUNTER 64
#define SIZES 65
#define DROPPED 72
#define DROPS 8
#define LATER 96
#define LATER_WRITES 16
#define DONE 255
#define LET 256
#define MARK 511

#define MARK_VALUE 0x7261707065642121
#define SECONDS 180

static volatile uint64_t *page;

static uint64_t value_of(uint64_t i)
{
    return (i + 1) * 0x0101010101010101;
}

static void say_hex(uint64_t number)
{
    char text[17];
    int at = sizeof(text) - 1;

    text[at] = 0;
    do
        text[--at] = "0123456789abcdef"[number & 15];
    while ((number >>= 4) != 0);
    say(text + at);
}

/* The frame that the page lies in, as Linux tells root. */
static uint64_t frame_of(const volatile void *address)
{
    uint64_t entry = 0;
    long file = checked("opening pagemap", call(__NR_open, (long)"/proc/self/pagemap", O_RDONLY, 0, 0, 0, 0));

    checked("reading pagemap", call(__NR_pread64, file, (long)&entry, 8, (long)((uintptr_t)address / PAGE * 8), 0, 0));
    return entry & ((1UL << 55) - 1);
}

/* "page-" and 8 digits, so that who reads it meanwhile knows when it is whole. */
static void name_linux(uint64_t frame)
{
    char name[] = "page-00000000";

    for (int i = sizeof(name) - 2; frame != 0 && name[i] != '-'; i--, frame >>= 4)
        name[i] = "0123456789abcdef"[frame & 15];
    say("trapped: names Linux ");
    say(name);
    say("\n");
    checked("naming Linux", call(__NR_sethostname, (long)name, sizeof(name) - 1, 0, 0, 0, 0));
}

static void await(uint64_t round)
{
    struct timespec pause = { .tv_nsec = 20000000 };

    for (int i = 0; i < SECONDS * 50 && page[LET] < round; i++)
        call(__NR_nanosleep, (long)&pause, 0, 0, 0, 0, 0);
    if (page[LET] < round)
        leave("waiting to be let", -1);
}

/* Each statement is one write, of 1, 2, 4 and 8 bytes. */
static void write_known(void)
{
    uint64_t sum = 0;

    for (uint64_t i = 0; i < WRITES; i++)
        page[i] = value_of(i);
    for (uint64_t i = 1; i <= 8; i++)
        __asm__ volatile("addq %1, %0" : "+m"(page[COUNTER]) : "r"(i));
    *(volatile uint8_t *)&page[SIZES] = 0x11;
    *(volatile uint16_t *)&page[SIZES + 1] = 0x2222;
    *(volatile uint32_t *)&page[SIZES + 2] = 0x33333333;
    for (uint64_t i = 0; i < WRITES; i++)
        sum += page[i];
    say("trapped: sum ");
    say_hex(sum);
    say(", counter ");
    say_number((long)page[COUNTER]);
    say(", sizes ");
    say_hex(page[SIZES] + page[SIZES + 1] + page[SIZES + 2]);
    say("\n");
    page[DONE] = 1;
}

static void write_words(uint64_t first, uint64_t count, uint64_t round, const char *what)
{
    uint64_t found = 0;

    for (uint64_t i = 0; i < count; i++)
        page[first + i] = value_of(i);
    for (uint64_t i = 0; i < count; i++)
        found += page[first + i] == value_of(i);
    say("trapped: ");
    say(what);
    say(", found ");
    say_number((long)found);
    say(" of ");
    say_number((long)count);
    say("\n");
    page[DONE] = round;
}

__attribute__((used)) static void start(const long *stack)
{
    long result = call(__NR_mmap, 0, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED | MAP_POPULATE, -1, 0);

    (void)stack;
    checked("mapping a page", result);
    page = (volatile uint64_t *)result;
    page[MARK] = MARK_VALUE;
    name_linux(frame_of(page));
    await(1);
    write_known();
    await(2);
    write_words(DROPPED, DROPS, 2, "writes that are dropped");
    await(3);
    write_words(LATER, LATER_WRITES, 3, "writes by another view");
    await(4);
    leave("", 0);
}
