/* A page that two Linux domains share: one offers it by xen-gntalloc, the other finds and maps it by xen-gntdev, and answers in it.
 * Without a C library, so that the initial file system stays small.
 *
 *   grants offer DOMID    offers a page to the domain, waits for the answer and prints it
 *   grants take DOMID     looks through the domain's grants for the page, prints what is in it, and answers
 */
#define PROGRAM "grants"
#include "plain.h"

#include <linux/ioctl.h>
#include <linux/types.h>

typedef uint16_t domid_t;
typedef uint32_t grant_ref_t;

#include <xen/gntalloc.h>
#include <xen/gntdev.h>

#define ANSWER 2048
#define FIRST_REFERENCE 8
#define LAST_REFERENCE 511
#define SECONDS 180

static const char offer_text[] = "a page of the one";
static const char answer_text[] = "an answer of the other";

static int begins_with(const volatile char *page, const char *text)
{
    for (size_t i = 0; i <= length(text); i++)
        if (page[i] != text[i])
            return 0;
    return 1;
}

static void put(volatile char *page, const char *text)
{
    for (size_t i = length(text) + 1; i-- > 0;)
        page[i] = text[i];
}

static volatile char *map(long file, unsigned long offset)
{
    long result = call(__NR_mmap, 0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, (long)offset);

    return result < 0 && result > -PAGE ? NULL : (volatile char *)result;
}

static void offer(uint16_t domain)
{
    struct ioctl_gntalloc_alloc_gref ask = { .domid = domain, .flags = GNTALLOC_FLAG_WRITABLE, .count = 1 };
    long file = checked("opening xen/gntalloc", call(__NR_open, (long)"/dev/xen/gntalloc", O_RDWR, 0, 0, 0, 0));
    struct timespec second = { .tv_sec = 1 };
    volatile char *page;

    checked("asking for a grant", call(__NR_ioctl, file, IOCTL_GNTALLOC_ALLOC_GREF, (long)&ask, 0, 0, 0));
    page = map(file, ask.index);
    if (page == NULL)
        leave("mapping its own page", -1);
    put(page, offer_text);
    say("grants: offered under a reference of its own\n");
    for (int i = 0; i < SECONDS && page[ANSWER] == 0; i++)
        call(__NR_nanosleep, (long)&second, 0, 0, 0, 0, 0);
    if (!begins_with(page + ANSWER, answer_text))
        leave("waiting for the answer", -1);
    say("grants: what came back: ");
    say((const char *)page + ANSWER);
    say("\n");
}

static int try_take(long file, uint32_t domain, uint32_t reference)
{
    struct ioctl_gntdev_map_grant_ref ask = { .count = 1, .refs = { { .domid = domain, .ref = reference } } };
    struct ioctl_gntdev_unmap_grant_ref end = { .count = 1 };
    volatile char *page;
    int found = 0;

    checked("asking for a mapping", call(__NR_ioctl, file, IOCTL_GNTDEV_MAP_GRANT_REF, (long)&ask, 0, 0, 0));
    page = map(file, ask.index);
    if (page != NULL) {
        if (begins_with(page, offer_text)) {
            found = 1;
            say("grants: found: ");
            say((const char *)page);
            say("\n");
            put(page + ANSWER, answer_text);
        }
        checked("unmapping", call(__NR_munmap, (long)page, PAGE, 0, 0, 0, 0));
    }
    end.index = ask.index;
    checked("giving the mapping up", call(__NR_ioctl, file, IOCTL_GNTDEV_UNMAP_GRANT_REF, (long)&end, 0, 0, 0));
    return found;
}

static void take(uint16_t domain)
{
    long file = checked("opening xen/gntdev", call(__NR_open, (long)"/dev/xen/gntdev", O_RDWR, 0, 0, 0, 0));

    for (uint32_t reference = FIRST_REFERENCE; reference <= LAST_REFERENCE; reference++)
        if (try_take(file, domain, reference))
            return;
    leave("finding a grant", -1);
}

__attribute__((used)) static void start(const long *stack)
{
    const char *const *arguments = (const char *const *)(stack + 1);
    uint16_t domain = 0;

    if (stack[0] != 3)
        leave("no arguments", -1);
    for (const char *digit = arguments[2]; *digit != 0; digit++)
        domain = (uint16_t)(domain * 10 + (*digit - '0'));
    if (arguments[1][0] == 'o')
        offer(domain);
    else
        take(domain);
    leave("", 0);
}
