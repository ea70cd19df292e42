/* Looks at the page cache of mappings without changing it. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "cache.h"

#ifndef SYS_cachestat
#define SYS_cachestat 451
#endif
#define PM_FILE 61
#define PM_PRESENT 63

struct statistics {
	uint64_t cached, dirty, writeback, evicted, recently_evicted;
};

enum { CACHED = 1, DIRTY = 2, EVICTED = 4 };

/* What each of `count` pages from `page` is: what all of a block are, the kernel says at once. */
static void look_at_cache(int fd, long page, int count, char *found)
{
	const struct {
		uint64_t offset, length;
	} block = { page * PAGE, count * PAGE };
	struct statistics of;

	if (syscall(SYS_cachestat, fd, &block, &of, 0))
		die("cachestat");
	int cached = of.cached == (unsigned)count, dirty = of.dirty + of.writeback, evicted = of.evicted == (unsigned)count;
	if (count == 1 || (cached && !dirty) || evicted || (!of.cached && !of.evicted)) {
		memset(found, (cached ? CACHED : 0) | (dirty ? DIRTY : 0) | (evicted ? EVICTED : 0), count);
		return;
	}
	look_at_cache(fd, page, count / 2, found);
	look_at_cache(fd, page + count / 2, count / 2, found + count / 2);
}

/*
 * A mapping of the range beside: a page beside its aligned place, so that khugepaged would leave it alone and no PMD maps it.
 */
static char *map_beside(const struct cache_mapping *mapping, int range, char **room)
{
	*room = mmap(NULL, 3 * RANGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	char *address = (char *)(((uintptr_t)*room + RANGE - 1) & ~(RANGE - 1)) + PAGE;

	if (*room == MAP_FAILED || mmap(address, RANGE, PROT_READ, MAP_SHARED | MAP_FIXED, mapping->fd, (mapping->offset + range) * RANGE) == MAP_FAILED)
		die("a mapping beside");
	/* A touch reads nothing ahead. */
	madvise(address, RANGE, MADV_RANDOM);
	return address;
}

static uint64_t entry_of(int pagemap, const char *address)
{
	uint64_t entry;

	if (pread(pagemap, &entry, 8, (uintptr_t)address / PAGE * 8) != 8)
		die("pagemap");
	return entry;
}

int pmd_ranges(const struct cache_mapping *mapping)
{
	return mapping->shift ? mapping->ranges - 1 : mapping->ranges;
}

void report_cache_range(FILE *to, const struct cache_mapping *mapping, int range)
{
	int pagemap = open("/proc/self/pagemap", O_RDONLY);
	char line[PTES + 1] = "", *room, *beside = map_beside(mapping, range, &room);
	int resident = 0, anonymous = 0, order = 0, end = 0;
	long first = (mapping->offset + range) * PTES;
	char found[PTES];
	struct stat file;

	fstat(mapping->fd, &file);
	look_at_cache(mapping->fd, first, PTES, found);
	for (int i = 0; i < PTES; i++) {
		line[i] = found[i] & EVICTED ? 's' : '.';
		if (!(found[i] & CACHED))
			continue;
		/* Behind the end of the file nothing can be touched, but a folio may reach there. */
		if (i >= end && (first + i) * (long)PAGE < file.st_size) {
			(void)*(volatile char *)(beside + i * PAGE);
			order = order_of_frame(entry_of(pagemap, beside + i * PAGE) & ((1UL << 55) - 1));
			/* Folios are aligned in a file. */
			end = (i | ((1 << order) - 1)) + 1;
		}
		line[i] = i < end ? (found[i] & DIRTY ? 'a' : '0') + order : '?';
	}
	munmap(room, 3 * RANGE);
	for (int i = 0; i < PTES; i++) {
		uint64_t entry = entry_of(pagemap, mapping->address + (range * PTES + i) * PAGE);

		resident += entry >> PM_PRESENT & 1;
		anonymous += entry >> PM_PRESENT & ~(entry >> PM_FILE) & 1;
	}
	close(pagemap);
	fprintf(to, "%s %d %d\n", line, resident, anonymous);
}

int touch_cache_range(const struct cache_mapping *mapping, int range)
{
	const char *address = mapping->address + range * RANGE;
	int pagemap = open("/proc/self/pagemap", O_RDONLY), resident = 0;
	struct stat file;

	fstat(mapping->fd, &file);
	if ((mapping->offset + range) * (long)RANGE >= file.st_size)
		return 0;
	(void)*(volatile const char *)address;
	for (int i = 0; i < PTES; i++)
		resident += entry_of(pagemap, address + i * PAGE) >> PM_PRESENT & 1;
	close(pagemap);
	return resident;
}
