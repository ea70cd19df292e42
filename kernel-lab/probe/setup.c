/* Makes ranges as they are described, from memory that khugepaged does not look at meanwhile. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
#include "probe.h"

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif
#define MAX_PIPE_ENDS 4096

uint64_t pattern(const char *page)
{
	return (uintptr_t)page * 0x9e3779b97f4a7c15UL | 1;
}

int any(const bitmap b)
{
	for (int w = 0; w < WORDS; w++)
		if (b[w])
			return 1;
	return 0;
}

/* New and freed pages reach the LRU lists through per-CPU batches. */
static void drain_lru(void)
{
	put("1", "/proc/sys/vm/drop_caches");
}

static void touch(char *base, const bitmap pages)
{
	for (int i = 0; i < PTES; i++)
		if (has(pages, i))
			*(uint64_t *)(base + i * PAGE) = pattern(base + i * PAGE);
}

/* Advises each run of pages in one call. */
static void advise(char *base, const bitmap pages, int advice)
{
	for (int i = 0, end; i < PTES; i = end + 1) {
		for (end = i; end < PTES && has(pages, end); end++)
			;
		if (end > i && madvise(base + i * PAGE, (end - i) * PAGE, advice))
			die("madvise");
	}
}

/* Under an enabled size, faults bring whole folios of it. */
static void touch_folios(char *base, int order)
{
	madvise(base, RANGE, MADV_HUGEPAGE);
	set_sizes(1u << order, "madvise");
	for (int i = 0; i < PTES; i++)
		*(volatile char *)(base + i * PAGE) = 1;
	set_sizes(0, "never");
	madvise(base, RANGE, MADV_NOHUGEPAGE);
}

/*
 * Every page the first one of another folio. A mapping is grown by a folio's size, cut to the first page of that folio, and
 * moved down by it, so that the next folio is faulted at the same aligned address.
 */
static void touch_scattered(char *base, int order)
{
	size_t folio = PAGE << order;
	char *room = mmap(NULL, 5 * RANGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	char *end = (char *)(((uintptr_t)room + 2 * RANGE - 1) & ~(RANGE - 1)), *aside = end + RANGE;

	if (room == MAP_FAILED || mmap(end, folio, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
		die("mmap");
	set_sizes(1u << order, "madvise");
	for (int i = 0; i < PTES; i++) {
		size_t kept = (i + 1) * PAGE;

		if (madvise(end - i * PAGE, i * PAGE + folio, MADV_HUGEPAGE))
			die("MADV_HUGEPAGE");
		*(volatile char *)end = 1;
		munmap(end + PAGE, folio - PAGE);
		if (i + 1 == PTES)
			break;
		if (mremap(end - i * PAGE, kept, kept, MREMAP_MAYMOVE | MREMAP_FIXED, aside) == MAP_FAILED ||
		    mremap(aside, kept, kept + folio, MREMAP_MAYMOVE | MREMAP_FIXED, end - kept) == MAP_FAILED)
			die("mremap");
	}
	set_sizes(0, "never");
	if (mremap(end - RANGE + PAGE, RANGE, RANGE, MREMAP_MAYMOVE | MREMAP_FIXED, base) == MAP_FAILED)
		die("mremap");
	madvise(base, RANGE, MADV_NOHUGEPAGE);
	munmap(room, 5 * RANGE);
}

/* Two protections in one range need a page table. */
static void split_pmd(char *base)
{
	mprotect(base, PAGE, PROT_READ);
	mprotect(base, PAGE, PROT_READ | PROT_WRITE);
}

static void fill(char *base, const struct range *range)
{
	bitmap anew, gone;

	for (int w = 0; w < WORDS; w++) {
		anew[w] = range->small[w] | range->swap[w] | range->dropped[w];
		gone[w] = ~range->present[w] | anew[w];
	}
	if (range->folio_order && any(range->present)) {
		if (range->scattered)
			touch_scattered(base, range->folio_order);
		else
			touch_folios(base, range->folio_order);
		if (range->split)
			split_pmd(base);
		advise(base, gone, MADV_DONTNEED);
	}
	touch(base, range->present);
	touch(base, anew);
	for (int i = 0; i < PTES; i++) {
		bitmap one = { 0 };

		/* A whole range that is dropped at once may lose its page table. */
		one[i / 64] = range->dropped[i / 64] & 1UL << (i % 64);
		advise(base, one, MADV_DONTNEED);
		if (has(range->zero, i))
			(void)*(volatile char *)(base + i * PAGE);
	}
}

/* Waits, then says whether the shared pages are as they were. */
static void be_the_other_process(const struct setup *setup, const struct range *ranges, int told)
{
	char byte;

	if (read(told, &byte, 1) < 0)
		_exit(2);
	for (int r = 0; r < setup->count; r++)
		for (int i = 0; i < PTES; i++) {
			const char *page = setup->area + r * RANGE + i * PAGE;

			if (has(ranges[r].shared, i) && *(const uint64_t *)page != pattern(page))
				_exit(1);
		}
	_exit(0);
}

/* After a fork, what this process does not write stays shared. */
static void share(struct setup *setup, const struct range *ranges)
{
	int ends[2];

	if (pipe(ends) || (setup->child = fork()) < 0)
		die("fork");
	if (setup->child == 0) {
		close(ends[1]);
		be_the_other_process(setup, ranges, ends[0]);
	}
	close(ends[0]);
	setup->child_end = ends[1];
	for (int r = 0; r < setup->count; r++) {
		bitmap own;

		for (int w = 0; w < WORDS; w++)
			own[w] = (ranges[r].present[w] & ~ranges[r].shared[w]) | ranges[r].swap[w];
		touch(setup->area + r * RANGE, own);
	}
}

static int is_swapped(int pagemap, const char *page)
{
	uint64_t entry;

	return pread(pagemap, &entry, 8, (uintptr_t)page / PAGE * 8) == 8 && entry >> 62 & 1;
}

static void page_out(char *base, const bitmap pages)
{
	int pagemap = open("/proc/self/pagemap", O_RDONLY);

	for (int attempt = 0, left = 1; left; attempt++) {
		if (attempt == 20)
			die("pages do not leave for swap");
		advise(base, pages, MADV_PAGEOUT);
		left = 0;
		for (int i = 0; i < PTES; i++)
			left |= has(pages, i) && !is_swapped(pagemap, base + i * PAGE);
		if (left)
			drain_lru();
	}
	close(pagemap);
}

void use_pages(const struct setup *setup, const struct range *ranges)
{
	for (int r = 0; r < setup->count; r++)
		for (int i = 0; i < PTES; i++)
			if (has(ranges[r].present, i) && !has(ranges[r].unreferenced, i))
				(void)*(volatile char *)(setup->area + r * RANGE + i * PAGE);
}

/* clear_refs leaves the TLB alone; without this the processor would not mark pages again. */
static void empty_tlb(const struct setup *setup)
{
#ifdef __powerpc64__
	/* mprotect marks all pages as referenced there, but QEMU empties the TLB when another process runs. */
	char *words[] = { "init", NULL };
	pid_t child;

	(void)setup;
	if (posix_spawn(&child, "/init", NULL, NULL, words, environ) || waitpid(child, NULL, 0) != child)
		die("a process beside");
#else
	mprotect(setup->area, setup->count * RANGE, PROT_NONE);
	mprotect(setup->area, setup->count * RANGE, PROT_READ | PROT_WRITE);
#endif
}

static void forget_references(const struct setup *setup, const struct range *ranges)
{
	put("1", "/proc/self/clear_refs");
	empty_tlb(setup);
	use_pages(setup, ranges);
}

static int open_uffd(void)
{
	struct uffdio_api api = { .api = UFFD_API, .features = UFFD_FEATURE_PAGEFAULT_FLAG_WP };
	int uffd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);

	return uffd >= 0 && ioctl(uffd, UFFDIO_API, &api) ? -1 : uffd;
}

int uffd_works(void)
{
	int uffd = open_uffd();

	close(uffd);
	return uffd >= 0;
}

static void arm(int uffd, char *base, const struct range *range)
{
	struct uffdio_register whole = { .range = { (uintptr_t)base, RANGE }, .mode = UFFDIO_REGISTER_MODE_WP };

	if (ioctl(uffd, UFFDIO_REGISTER, &whole))
		die("UFFDIO_REGISTER");
	for (int i = 0; i < PTES; i++) {
		struct uffdio_writeprotect page = { { (uintptr_t)base + i * PAGE, PAGE }, UFFDIO_WRITEPROTECT_MODE_WP };

		if (has(range->uffd, i) && ioctl(uffd, UFFDIO_WRITEPROTECT, &page))
			die("UFFDIO_WRITEPROTECT");
	}
}

/* A page in a pipe has one reference more than mappings. */
static void pin(struct setup *setup, const struct range *ranges)
{
	for (int r = 0; r < setup->count; r++)
		for (int i = 0; i < PTES; i++) {
			struct iovec page = { setup->area + r * RANGE + i * PAGE, 1 };
			int *ends = setup->pipes + setup->pipes_used;

			if (!has(ranges[r].pinned, i))
				continue;
			if (setup->pipes_used + 2 > MAX_PIPE_ENDS || pipe(ends) || vmsplice(ends[1], &page, 1, 0) != 1)
				die("pin");
			setup->pipes_used += 2;
		}
}

static void cut(char *base, const bitmap outside)
{
	for (int i = 0; i < PTES; i++)
		if (has(outside, i))
			munmap(base + i * PAGE, PAGE);
}

/* Maps an area whose ranges are aligned, with these pages before and after them. */
static char *map_area(int count, int lead, int tail)
{
	size_t size = (count + 3) * RANGE;
	char *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (map == MAP_FAILED)
		die("mmap");
	char *area = (char *)(((uintptr_t)map + 2 * RANGE - 1) & ~(RANGE - 1));
	char *start = area - lead * PAGE, *end = area + count * RANGE + tail * PAGE;
	munmap(map, start - map);
	munmap(end, map + size - end);
	madvise(start, end - start, MADV_NOHUGEPAGE);
	return area;
}

void set_up(struct setup *setup, const struct range *ranges, int count, int lead, int tail)
{
	static int pipes[MAX_PIPE_ENDS];
	bitmap all_shared = { 0 }, all_unreferenced = { 0 }, all_lazyfree = { 0 };

	*setup = (struct setup){ .count = count, .lead = lead, .tail = tail, .uffd = -1, .pipes = pipes };
	char *area = setup->area = map_area(count, lead, tail);

	for (int r = 0; r < count; r++) {
		fill(area + r * RANGE, &ranges[r]);
		for (int w = 0; w < WORDS; w++) {
			all_shared[w] |= ranges[r].shared[w];
			all_unreferenced[w] |= ranges[r].unreferenced[w];
			all_lazyfree[w] |= ranges[r].lazyfree[w];
		}
	}
	if (any(all_shared))
		share(setup, ranges);
	drain_lru();
	for (int r = 0; r < count; r++) {
		page_out(area + r * RANGE, ranges[r].swap);
		advise(area + r * RANGE, ranges[r].lazyfree, MADV_FREE);
	}
	if (any(all_lazyfree))
		drain_lru();
	if (any(all_unreferenced))
		forget_references(setup, ranges);
	for (int r = 0; r < count; r++) {
		advise(area + r * RANGE, ranges[r].guard, MADV_GUARD_INSTALL);
		if (ranges[r].armed && setup->uffd < 0 && (setup->uffd = open_uffd()) < 0)
			die("userfaultfd");
		if (ranges[r].armed)
			arm(setup->uffd, area + r * RANGE, &ranges[r]);
	}
	pin(setup, ranges);
	for (int r = 0; r < count; r++)
		cut(area + r * RANGE, ranges[r].outside);
}

void tear_down(struct setup *setup)
{
	for (int i = 0; i < setup->pipes_used; i++)
		close(setup->pipes[i]);
	if (setup->uffd >= 0)
		close(setup->uffd);
	if (setup->child) {
		int status;

		close(setup->child_end);
		if (waitpid(setup->child, &status, 0) != setup->child || status)
			die("shared pages changed under the other process");
	}
	munmap(setup->area - setup->lead * PAGE, setup->count * RANGE + (setup->lead + setup->tail) * PAGE);
}
