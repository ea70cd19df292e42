/* Takes the guest's memory away, but for free blocks of one order, so that larger allocations fail. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "probe.h"

/* What stays free while memory is taken: above the watermarks, so that nobody reclaims. */
#define RESERVE_KB (400 << 10)
/* How often that is looked at. */
#define STEP (16 << 20)
/* What is given back in blocks of the order. */
#define GIVEN_BACK (320UL << 20)

static char *held;
static size_t held_bytes;

static long meminfo_kb(const char *name)
{
	static char line[128];
	FILE *meminfo = fopen("/proc/meminfo", "r");
	long kb = -1;

	while (meminfo && fgets(line, sizeof(line), meminfo))
		if (!strncmp(line, name, strlen(name)))
			kb = atol(line + strlen(name));
	if (meminfo)
		fclose(meminfo);
	if (kb < 0)
		die("meminfo");
	return kb;
}

/* Takes blocks of an order until a fault has to do without. */
static char *take_blocks(char *at, char *end, int order)
{
	long before = get_fallbacks(order);

	set_sizes(1u << order, "madvise");
	for (; at + RANGE <= end && get_fallbacks(order) == before; at += PAGE << order)
		*(volatile char *)at = 1;
	set_sizes(0, "never");
	return (char *)(((uintptr_t)at + RANGE - 1) & ~(RANGE - 1));
}

void hold_memory(int order)
{
	size_t block = PAGE << order;

	held_bytes = meminfo_kb("MemTotal:") * 1024 / RANGE * RANGE;
	held = mmap(NULL, held_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (held == MAP_FAILED)
		die("mmap");
	char *start = (char *)(((uintptr_t)held + RANGE - 1) & ~(RANGE - 1)), *at = start;

	put("never", THP "defrag");
	madvise(held, held_bytes, MADV_HUGEPAGE);
	set_sizes(1u << order, "madvise");
	for (; at + block <= held + held_bytes; at += block) {
		if ((at - start) % STEP == 0 && meminfo_kb("MemFree:") < RESERVE_KB)
			break;
		*(volatile char *)at = 1;
	}
	set_sizes(0, "never");
	/* Every second one, so that free blocks do not merge. */
	madvise(held, held_bytes, MADV_NOHUGEPAGE);
	for (char *back = start; back < at && (size_t)(back - start) < 2 * GIVEN_BACK; back += 2 * block)
		madvise(back, block, MADV_DONTNEED);
	madvise(held, held_bytes, MADV_HUGEPAGE);
	at = (char *)(((uintptr_t)at + RANGE - 1) & ~(RANGE - 1));
	for (int larger = PMD_ORDER; larger > order; larger--)
		at = take_blocks(at, held + held_bytes, larger);
	madvise(held, held_bytes, MADV_NOHUGEPAGE);
	put("madvise", THP "defrag");
	put_khugepaged(0, "defrag");
}

void release_memory(void)
{
	munmap(held, held_bytes);
	put_khugepaged(1, "defrag");
}
