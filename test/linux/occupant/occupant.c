/*
 * The occupant: a process whose memory has exactly known contents. One command a line on stdin, one line of JSON on
 * stdout; README.md lists the commands. It keeps its memory until told to change it or until stdin closes.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

/* Numbers that the installed headers may be too old to know. */
#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif
#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif
#ifndef UFFD_USER_MODE_ONLY
#define UFFD_USER_MODE_ONLY 1
#endif
#define FEATURE_WP_UNPOPULATED (1ull << 13)
#define FEATURE_WP_ASYNC (1ull << 15)

#define PAGE 4096ul
#define RANGE_PAGES 512ul
#define RANGE (PAGE * RANGE_PAGES)
#define PMD_ORDER 9

/* What a page reads as. FREED: MADV_FREE leaves it to the kernel when the page turns to zeroes. */
enum contents { ZERO, PATTERN, FREED, GUARD, GONE };

struct mapping {
	unsigned char *start, *end;
	unsigned char *contents; /* one enum contents a page */
	bool register_after_touch;
	bool writes_may_block; /* some of it was write-protected with nobody to answer the faults */
	int protection;
};

/* Neighbouring pages named by a list. */
struct run {
	unsigned char *start;
	size_t pages;
};

struct child {
	pid_t pid;
	int socket;
	unsigned char *base;
};

static struct mapping *mappings;
static size_t mapping_count;
static struct run *runs;
static size_t run_count;
static struct child *children;
static size_t child_count;
static int pagemap_fd = -1;
static int userfaultfds[2] = { -1, -1 }; /* indexed by whether write protection is resolved asynchronously */
static int thp_disabled;

/* ---- answers ---- */

static void answer(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	printf("{\"ok\":true");
	vprintf(format, args);
	printf("}\n");
	va_end(args);
}

/* Messages never repeat what was typed, so that they need no JSON escapes. */
static void refuse(int number, const char *what)
{
	printf("{\"ok\":false,\"errno\":%d,\"error\":\"%s: %s\"}\n", number, what, strerror(number));
}

/* ---- what was asked for ---- */

/* Digits only: strtoull would also take signs and blanks. */
static bool parse_number(const char *text, uint64_t *value)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*value = strtoull(text, &end, 0);
	return !errno && !*end;
}

/* The mapping that holds these pages, or NULL after an answer that says why not. */
static struct mapping *find_mapping(const char *address, uint64_t pages, unsigned char **at)
{
	uint64_t value;

	if (!parse_number(address, &value) || value % PAGE) {
		refuse(EINVAL, "the address is not that of a page");
		return NULL;
	}
	for (size_t i = 0; i < mapping_count; i++) {
		struct mapping *m = &mappings[i];

		if (value < (uintptr_t)m->start || value >= (uintptr_t)m->end)
			continue;
		if (pages > ((uintptr_t)m->end - value) / PAGE)
			break;
		*at = (unsigned char *)(uintptr_t)value;
		return m;
	}
	refuse(EINVAL, "the pages are outside of the mappings");
	return NULL;
}

/* As find_mapping, for PMD ranges: the address must be aligned to one. */
static struct mapping *find_ranges(const char *address, uint64_t ranges, unsigned char **at)
{
	/* More ranges than there can be must not overflow into few pages. */
	struct mapping *m = find_mapping(address, ranges < UINT64_MAX / RANGE ? ranges * RANGE_PAGES : UINT64_MAX, at);

	if (m && (uintptr_t)*at % RANGE) {
		refuse(EINVAL, "the address is not that of a PMD range");
		return NULL;
	}
	return m;
}

static void add_run(unsigned char *start, size_t pages)
{
	struct run *last = run_count ? &runs[run_count - 1] : NULL;

	if (last && last->start + last->pages * PAGE == start) {
		last->pages += pages;
		return;
	}
	/* Grows by doubling: the capacity is the next power of two. */
	if (!(run_count & (run_count - 1))) {
		runs = realloc(runs, (run_count ? run_count * 2 : 1) * sizeof(*runs));
		if (!runs)
			abort();
	}
	runs[run_count++] = (struct run){ start, pages };
}

/* The kernel's list notation, 0-15,100 or 0-511:1/4, into runs. False after an answer that says why not. */
static bool parse_list(const struct mapping *m, unsigned char *base, char *list)
{
	size_t limit = (m->end - base) / PAGE;
	char *rest = NULL;

	run_count = 0;
	for (char *part = strtok_r(list, ",", &rest); part; part = strtok_r(NULL, ",", &rest)) {
		unsigned long first, last, used, group;
		int end = 0, fields;

		fields = sscanf(part, "%lu%n-%lu%n:%lu/%lu%n", &first, &end, &last, &end, &used, &group, &end);
		if (fields == 1)
			last = first;
		if (fields == 1 || fields == 2)
			used = group = last - first + 1;
		if ((fields != 1 && fields != 2 && fields != 4) || part[end] || strpbrk(part, "+ ") || first > last ||
		    !used || used > group) {
			refuse(EINVAL, "not a list of pages such as 0-15,100");
			return false;
		}
		if (last >= limit) {
			refuse(EINVAL, "the list ends beyond the mapping");
			return false;
		}
		while (true) {
			add_run(base + first * PAGE, last - first + 1 < used ? last - first + 1 : used);
			if (last - first < group)
				break;
			first += group;
		}
	}
	if (!run_count) {
		refuse(EINVAL, "the list names no page");
		return false;
	}
	return true;
}

/* The mapping and runs that ADDR LIST name, or NULL after an answer. */
static struct mapping *parse_pages(char **args)
{
	unsigned char *base;
	struct mapping *m = find_mapping(args[0], 1, &base);

	return m && parse_list(m, base, args[1]) ? m : NULL;
}

static size_t pages_in_runs(void)
{
	size_t pages = 0;

	for (size_t i = 0; i < run_count; i++)
		pages += runs[i].pages;
	return pages;
}

static unsigned char *contents_of(const struct mapping *m, const unsigned char *page)
{
	return &m->contents[(page - m->start) / PAGE];
}

static bool runs_contain(const struct mapping *m, enum contents contents)
{
	for (size_t i = 0; i < run_count; i++)
		if (memchr(contents_of(m, runs[i].start), contents, runs[i].pages))
			return true;
	return false;
}

/* Whether an access to the pages of the runs would end this process; the answer then says why. */
static bool refuse_access(const struct mapping *m, int protection)
{
	if (runs_contain(m, GUARD))
		refuse(EFAULT, "a page of the list is a guard");
	else if (runs_contain(m, GONE))
		refuse(EFAULT, "a page of the list is unmapped");
	else if (protection & ~m->protection)
		refuse(EACCES, "the mapping is protected");
	else
		return false;
	return true;
}

/* ---- looking at ourselves ---- */

#define PAGEMAP_UFFD_WP (1ull << 57)
#define PAGEMAP_SWAPPED (1ull << 62)
#define PAGEMAP_PRESENT (1ull << 63)

/* How many of these pages have any of the bits in their pagemap entry. */
static size_t count_pagemap(unsigned char *start, size_t pages, uint64_t bits)
{
	uint64_t entries[RANGE_PAGES];
	size_t count = 0;

	while (pages) {
		size_t chunk = pages < RANGE_PAGES ? pages : RANGE_PAGES;
		ssize_t got = pread(pagemap_fd, entries, chunk * 8, (uintptr_t)start / PAGE * 8);

		if (got <= 0)
			break;
		for (ssize_t i = 0; i < got / 8; i++)
			count += (entries[i] & bits) != 0;
		start += got / 8 * PAGE;
		pages -= got / 8;
	}
	return count;
}

static size_t count_runs(uint64_t bits)
{
	size_t count = 0;

	for (size_t i = 0; i < run_count; i++)
		count += count_pagemap(runs[i].start, runs[i].pages, bits);
	return count;
}

struct pm_scan_arg_v1 {
	uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages;
	uint64_t category_inverted, category_mask, category_anyof_mask, return_mask;
};

#define PAGEMAP_SCAN_V1 _IOWR('f', 16, struct pm_scan_arg_v1)
#define PAGE_IS_HUGE_V1 (1ull << 6)

/* "true", "false", or "null" where the kernel (before 6.7) cannot tell. */
static const char *pmd_mapped(unsigned char *range)
{
	uint64_t region[3];
	struct pm_scan_arg_v1 arg = {
		.size = sizeof(arg),
		.start = (uintptr_t)range,
		.end = (uintptr_t)range + RANGE,
		.vec = (uintptr_t)region,
		.vec_len = 1,
		.category_mask = PAGE_IS_HUGE_V1,
		.return_mask = PAGE_IS_HUGE_V1,
	};
	int found = ioctl(pagemap_fd, PAGEMAP_SCAN_V1, &arg);

	return found < 0 ? "null" : found ? "true" : "false";
}

/* In how many VMAs the kernel keeps this mapping. */
static size_t count_vmas(const struct mapping *m)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[8192];
	size_t count = 0;
	uint64_t start, end;

	while (maps && fgets(line, sizeof(line), maps))
		if (sscanf(line, "%lx-%lx", &start, &end) == 2)
			count += start < (uintptr_t)m->end && end > (uintptr_t)m->start;
	if (maps)
		fclose(maps);
	return count;
}

/* ---- writing and reading pages ---- */

/*
 * Small pages whatever the advice and the system's settings are: the process-wide switch, because MADV_NOHUGEPAGE
 * cannot be taken back without setting MADV_HUGEPAGE.
 */
static void small_pages_only(bool on)
{
	prctl(PR_SET_THP_DISABLE, on || thp_disabled, 0, 0, 0);
}

/* Never zero, and different in each page and word, so that a page that moved or mixed is noticed. */
static uint64_t pattern_word(uintptr_t page_number, size_t word)
{
	return (page_number * 0x9e3779b97f4a7c15ull + 2 * word) | 1;
}

static void write_page(unsigned char *page)
{
	volatile uint64_t *words = (volatile uint64_t *)page;

	for (size_t i = 0; i < PAGE / 8; i++)
		words[i] = pattern_word((uintptr_t)page / PAGE, i);
}

static bool holds(const unsigned char *page, enum contents contents)
{
	const volatile uint64_t *words = (const volatile uint64_t *)page;

	for (size_t i = 0; i < PAGE / 8; i++)
		if (words[i] != (contents == PATTERN ? pattern_word((uintptr_t)page / PAGE, i) : 0))
			return false;
	return true;
}

/* Writes the pages that runs name. */
static void touch_runs(struct mapping *m)
{
	small_pages_only(true);
	for (size_t i = 0; i < run_count; i++) {
		for (size_t page = 0; page < runs[i].pages; page++)
			write_page(runs[i].start + page * PAGE);
		memset(contents_of(m, runs[i].start), PATTERN, runs[i].pages);
	}
	small_pages_only(false);
	/*
	 * khugepaged learns of a process when a VMA that has pages becomes eligible. The faults above did not count as
	 * THP was off, nor did the advice as there was no page: so make the VMA eligible anew.
	 */
	if (m->register_after_touch) {
		madvise(m->start, m->end - m->start, MADV_NOHUGEPAGE);
		madvise(m->start, m->end - m->start, MADV_HUGEPAGE);
		m->register_after_touch = false;
	}
}

static void command_touch(char **args)
{
	struct mapping *m = parse_pages(args);

	if (!m || refuse_access(m, PROT_WRITE))
		return;
	if (m->writes_may_block && count_runs(PAGEMAP_UFFD_WP))
		refuse(EBUSY, "writing to a page that userfaultfd protects would block");
	else {
		touch_runs(m);
		answer(",\"pages\":%zu", pages_in_runs());
	}
}

static void command_read(char **args)
{
	struct mapping *m = parse_pages(args);

	if (!m)
		return;
	if (refuse_access(m, PROT_READ))
		return;
	small_pages_only(true);
	for (size_t i = 0; i < run_count; i++)
		for (size_t page = 0; page < runs[i].pages; page++)
			(void)*(volatile unsigned char *)(runs[i].start + page * PAGE);
	small_pages_only(false);
	answer(",\"pages\":%zu", pages_in_runs());
}

static void command_verify(char **args)
{
	struct mapping *m = parse_pages(args);
	size_t bad = 0;
	unsigned char *first_bad = NULL;

	if (!m)
		return;
	if (refuse_access(m, PROT_READ))
		return;
	small_pages_only(true);
	for (size_t i = 0; i < run_count; i++) {
		for (size_t n = 0; n < runs[i].pages; n++) {
			unsigned char *page = runs[i].start + n * PAGE;
			enum contents expected = *contents_of(m, page);
			bool good = expected == FREED ? holds(page, PATTERN) || holds(page, ZERO) :
							holds(page, expected);

			if (!good && !bad++)
				first_bad = page;
		}
	}
	small_pages_only(false);
	if (bad)
		printf("{\"ok\":false,\"errno\":%d,\"error\":\"pages changed\",\"bad\":%zu,\"firstBad\":\"%p\"}\n", EIO, bad,
		       first_bad);
	else
		answer(",\"pages\":%zu", pages_in_runs());
}

/* ---- mappings ---- */

/* MADV_NORMAL when no advice is given, -1 when it is not one. */
static int parse_advice(const char *text)
{
	if (!text)
		return MADV_NORMAL;
	if (!strcmp(text, "hugepage"))
		return MADV_HUGEPAGE;
	if (!strcmp(text, "nohugepage"))
		return MADV_NOHUGEPAGE;
	if (!strcmp(text, "collapse"))
		return MADV_COLLAPSE;
	return -1;
}

/* What a mapping shows: private anonymous memory, or the file behind fd from its beginning. */
struct backing {
	int flags, fd;
};

static const struct backing private_memory = { MAP_PRIVATE | MAP_ANONYMOUS, -1 };

/* A VMA of so many pages around whole PMD ranges, or NULL after an answer. */
static struct mapping *create_mapping(uint64_t lead, uint64_t ranges, uint64_t tail, const char *advice_text,
				      struct backing backing)
{
	int advice = parse_advice(advice_text);
	size_t bytes, reserved;
	unsigned char *reservation, *first;
	struct mapping m = { 0 };

	if (advice < 0 || advice == MADV_COLLAPSE || ranges > 1 << 24 || lead > 1 << 24 || tail > 1 << 24 ||
	    lead + ranges + tail == 0) {
		refuse(EINVAL, "usage: map RANGES [hugepage|nohugepage], map-unaligned LEAD RANGES TAIL [hugepage|nohugepage]");
		return NULL;
	}
	bytes = (lead + tail) * PAGE + ranges * RANGE;
	/* The PROT_NONE rest keeps neighbours away: at least one range before and after, whatever the alignment. */
	reserved = bytes + 4 * RANGE;
	reservation = mmap(NULL, reserved, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (reservation == MAP_FAILED) {
		refuse(errno, "mmap");
		return NULL;
	}
	first = reservation + RANGE + lead * PAGE;
	first += -(uintptr_t)first % RANGE;
	m.start = first - lead * PAGE;
	m.end = m.start + bytes;
	m.contents = calloc(bytes / PAGE, 1);
	m.register_after_touch = advice == MADV_HUGEPAGE;
	m.protection = PROT_READ | PROT_WRITE;
	mappings = realloc(mappings, (mapping_count + 1) * sizeof(*mappings));
	if (!m.contents || !mappings)
		abort();
	if (mmap(m.start, bytes, PROT_READ | PROT_WRITE, backing.flags | MAP_FIXED, backing.fd, 0) == MAP_FAILED ||
	    (advice != MADV_NORMAL && madvise(m.start, bytes, advice))) {
		refuse(errno, "mmap, madvise");
		munmap(reservation, reserved);
		free(m.contents);
		return NULL;
	}
	mappings[mapping_count] = m;
	return &mappings[mapping_count++];
}

static void answer_mapping(const struct mapping *m, size_t lead)
{
	answer(",\"address\":\"%p\",\"start\":\"%p\",\"end\":\"%p\"", m->start + lead * PAGE, m->start, m->end);
}

static void command_map(char **args)
{
	uint64_t ranges;
	struct mapping *m;

	if (!parse_number(args[0], &ranges))
		ranges = 0;
	m = create_mapping(0, ranges, 0, args[1], private_memory);
	if (m)
		answer_mapping(m, 0);
}

static void command_map_unaligned(char **args)
{
	uint64_t lead, ranges, tail;
	struct mapping *m;

	if (!parse_number(args[0], &lead) || !parse_number(args[1], &ranges) || !parse_number(args[2], &tail))
		lead = ranges = tail = 0;
	m = create_mapping(lead, ranges, tail, args[3], private_memory);
	if (m)
		answer_mapping(m, lead);
}

/* Where the file that is mapped comes from; -1 after an answer. A memfd and a file stay open. */
static int open_backing(const char *what, uint64_t bytes, int access)
{
	int fd = strcmp(what, "memfd") ? open(what, access | O_CLOEXEC) : memfd_create("occupant", MFD_CLOEXEC);

	if (fd < 0 || (!strcmp(what, "memfd") && ftruncate(fd, bytes))) {
		refuse(errno, "memfd_create, open");
		return -1;
	}
	return fd;
}

static void command_map_file(char **args)
{
	struct backing backing = { MAP_SHARED | MAP_ANONYMOUS, -1 };
	uint64_t ranges, lead = 0;
	struct mapping *m;

	if (!parse_number(args[1], &ranges) || ranges > 1 << 24 || (args[2] && !parse_number(args[2], &lead)) ||
	    (args[3] && strcmp(args[3], "private"))) {
		refuse(EINVAL, "usage: map-file memfd|anonymous|PATH RANGES [LEAD [private]]");
		return;
	}
	if (strcmp(args[0], "anonymous")) {
		backing.flags = args[3] ? MAP_PRIVATE : MAP_SHARED;
		/* A private mapping may be written all the same. */
		backing.fd = open_backing(args[0], lead * PAGE + ranges * RANGE, args[3] ? O_RDONLY : O_RDWR);
		if (backing.fd < 0)
			return;
	}
	m = create_mapping(lead, ranges, 0, NULL, backing);
	if (m)
		answer_mapping(m, lead);
}

/* Range i of a big mapping: i % 4 is 0 full, 1 every 4th page, 2 the first 16 of each 64 pages, 3 empty. */
static void command_big(char **args)
{
	uint64_t mib;
	struct mapping *m = NULL;

	if (parse_number(args[0], &mib) && mib <= 1 << 24)
		m = create_mapping(0, (mib + 1) / 2, 0, args[1], private_memory);
	else
		refuse(EINVAL, "usage: big MIB [hugepage|nohugepage]");
	if (!m)
		return;
	run_count = 0;
	for (size_t range = 0; range < (m->end - m->start) / RANGE; range++) {
		unsigned char *base = m->start + range * RANGE;

		for (size_t page = 0; page < RANGE_PAGES; page++)
			if (range % 4 == 0 || (range % 4 == 1 && page % 4 == 0) || (range % 4 == 2 && page % 64 < 16))
				add_run(base + page * PAGE, 1);
	}
	touch_runs(m);
	answer(",\"address\":\"%p\",\"start\":\"%p\",\"end\":\"%p\",\"pages\":%zu", m->start, m->start, m->end,
	       count_pagemap(m->start, (m->end - m->start) / PAGE, PAGEMAP_PRESENT));
}

/* ---- madvise and mlock on lists ---- */

/* Applies the advice to all runs; false after an answer that says at which errno it stopped. */
static bool advise_runs(int advice, const char *name)
{
	for (size_t i = 0; i < run_count; i++)
		if (madvise(runs[i].start, runs[i].pages * PAGE, advice)) {
			refuse(errno, name);
			return false;
		}
	return true;
}

/* Changes what pages are known to hold, where they now hold this. */
static void set_contents(struct mapping *m, enum contents from, enum contents to)
{
	for (size_t i = 0; i < run_count; i++) {
		unsigned char *contents = contents_of(m, runs[i].start);

		for (size_t page = 0; page < runs[i].pages; page++)
			if (contents[page] == from)
				contents[page] = to;
	}
}

static void command_drop(char **args)
{
	struct mapping *m = parse_pages(args);

	if (!m || !advise_runs(MADV_DONTNEED, "MADV_DONTNEED"))
		return;
	/* Guards outlive MADV_DONTNEED. */
	set_contents(m, PATTERN, ZERO);
	set_contents(m, FREED, ZERO);
	answer(",\"pages\":%zu", pages_in_runs());
}

static void command_free(char **args)
{
	struct mapping *m = parse_pages(args);

	if (!m || !advise_runs(MADV_FREE, "MADV_FREE"))
		return;
	set_contents(m, PATTERN, FREED);
	answer(",\"pages\":%zu", pages_in_runs());
}

static void command_guard(char **args)
{
	struct mapping *m = parse_pages(args);

	if (!m || !advise_runs(MADV_GUARD_INSTALL, "MADV_GUARD_INSTALL"))
		return;
	for (size_t i = 0; i < run_count; i++)
		memset(contents_of(m, runs[i].start), GUARD, runs[i].pages);
	answer(",\"pages\":%zu", pages_in_runs());
}

static void command_pageout(char **args)
{
	struct mapping *m = parse_pages(args);
	size_t before;

	if (!m)
		return;
	before = count_runs(PAGEMAP_PRESENT);
	if (!advise_runs(MADV_PAGEOUT, "MADV_PAGEOUT"))
		return;
	answer(",\"pages\":%zu,\"left\":%zu,\"swapped\":%zu", pages_in_runs(), before - count_runs(PAGEMAP_PRESENT),
	       count_runs(PAGEMAP_SWAPPED));
}

static void command_mlock(char **args)
{
	struct mapping *m = parse_pages(args);

	if (!m)
		return;
	if (refuse_access(m, PROT_READ))
		return;
	small_pages_only(true); /* mlock faults empty pages in */
	for (size_t i = 0; i < run_count; i++)
		if (mlock(runs[i].start, runs[i].pages * PAGE)) {
			int number = errno;

			small_pages_only(false);
			refuse(number, "mlock");
			return;
		}
	small_pages_only(false);
	answer(",\"pages\":%zu,\"vmas\":%zu", pages_in_runs(), count_vmas(m));
}

/* ---- access, references, use ---- */

static void command_unmap(char **args)
{
	struct mapping *m = parse_pages(args);

	if (!m)
		return;
	for (size_t i = 0; i < run_count; i++) {
		if (munmap(runs[i].start, runs[i].pages * PAGE)) {
			refuse(errno, "munmap");
			return;
		}
		memset(contents_of(m, runs[i].start), GONE, runs[i].pages);
	}
	answer(",\"pages\":%zu,\"vmas\":%zu", pages_in_runs(), count_vmas(m));
}

static void command_protect(char **args)
{
	unsigned char *page;
	struct mapping *m = find_mapping(args[0], 1, &page);
	int protection = !strcmp(args[1], "none")  ? PROT_NONE :
			 !strcmp(args[1], "read")  ? PROT_READ :
			 !strcmp(args[1], "write") ? PROT_READ | PROT_WRITE :
						     -1;

	if (!m)
		return;
	if (protection < 0)
		refuse(EINVAL, "usage: protect ADDR none|read|write");
	else if (mprotect(m->start, m->end - m->start, protection))
		refuse(errno, "mprotect");
	else {
		m->protection = protection;
		answer(",\"vmas\":%zu", count_vmas(m));
	}
}

/* A page in a pipe is referenced by it, as one that a device reads would be. The pipe stays until the end. */
static void command_pin(char **args)
{
	struct mapping *m = parse_pages(args);
	size_t pages = m ? pages_in_runs() : 0;
	int ends[2];

	if (!m || refuse_access(m, PROT_READ))
		return;
	if (count_runs(PAGEMAP_PRESENT) != pages) {
		refuse(EFAULT, "a page of the list is not present");
		return;
	}
	if (pipe2(ends, O_CLOEXEC)) {
		refuse(errno, "pipe");
		return;
	}
	if (fcntl(ends[1], F_SETPIPE_SZ, pages * PAGE) < 0) {
		refuse(errno, "F_SETPIPE_SZ");
		goto close_pipe;
	}
	for (size_t i = 0; i < run_count; i++) {
		size_t bytes = runs[i].pages * PAGE;

		for (size_t done = 0; done < bytes;) {
			struct iovec part = { runs[i].start + done, bytes - done };
			ssize_t got = vmsplice(ends[1], &part, 1, SPLICE_F_NONBLOCK);

			if (got < 0) {
				refuse(errno, "vmsplice");
				goto close_pipe;
			}
			done += got;
		}
	}
	answer(",\"pages\":%zu", pages);
	return;
close_pipe:
	close(ends[0]);
	close(ends[1]);
}

static void command_forget_use(char **args)
{
	int fd = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);

	(void)args;
	if (fd < 0 || write(fd, "1", 1) != 1)
		refuse(errno, "clear_refs");
	else
		answer("");
	if (fd >= 0)
		close(fd);
}

/* ---- huge pages ---- */

static int collapse(unsigned char *start, size_t bytes)
{
	int status;

	/* EAGAIN: a page was briefly locked, off the LRU or referenced; its manual page asks to try again. */
	for (int tries = 0; tries < 10; tries++) {
		status = madvise(start, bytes, MADV_COLLAPSE);
		if (!status || errno != EAGAIN)
			break;
	}
	return status;
}

static void command_advise(char **args)
{
	uint64_t ranges;
	unsigned char *start;
	int advice = parse_advice(args[2]);
	struct mapping *m;

	if (!parse_number(args[1], &ranges) || !ranges || advice < 0) {
		refuse(EINVAL, "usage: advise ADDR RANGES hugepage|nohugepage|collapse");
		return;
	}
	m = find_ranges(args[0], ranges, &start);
	if (!m)
		return;
	if (advice != MADV_COLLAPSE)
		m->register_after_touch = false;
	if (advice == MADV_COLLAPSE ? collapse(start, ranges * RANGE) : madvise(start, ranges * RANGE, advice))
		refuse(errno, "madvise");
	else
		answer(",\"vmas\":%zu", count_vmas(m));
}

static void command_thp(char **args)
{
	unsigned char *range;

	if (!find_ranges(args[0], 1, &range))
		return;
	if (collapse(range, RANGE))
		refuse(errno, "MADV_COLLAPSE");
	else
		answer(",\"pmdMapped\":%s", pmd_mapped(range));
}

/* A VMA boundary inside a PMD range makes the kernel map its THP through PTEs; the folio stays whole. */
static void command_split(char **args)
{
	unsigned char *range;
	const char *before;
	struct mapping *m = find_ranges(args[0], 1, &range);

	if (!m)
		return;
	if (m->protection != (PROT_READ | PROT_WRITE)) {
		refuse(EACCES, "the mapping is protected");
		return;
	}
	before = pmd_mapped(range);
	if (mprotect(range + PAGE, PAGE, PROT_READ) || mprotect(range + PAGE, PAGE, PROT_READ | PROT_WRITE))
		refuse(errno, "mprotect");
	else
		answer(",\"wasPmdMapped\":%s,\"pmdMapped\":%s,\"vmas\":%zu", before, pmd_mapped(range), count_vmas(m));
}

/* The word in brackets of a sysfs file such as "always [madvise] never", or "". */
static void read_choice(const char *path, char choice[32])
{
	FILE *file = fopen(path, "re");

	*choice = 0;
	if (!file)
		return;
	if (fscanf(file, "%*[^[][%31[^]]", choice) != 1) {
		/* The chosen word comes first. */
		rewind(file);
		if (fscanf(file, "[%31[^]]", choice) != 1)
			*choice = 0;
	}
	fclose(file);
}

static bool size_enabled(unsigned order)
{
	char path[128], choice[32];

	snprintf(path, sizeof(path), "/sys/kernel/mm/transparent_hugepage/hugepages-%lukB/enabled", (PAGE << order) / 1024);
	read_choice(path, choice);
	if (!strcmp(choice, "inherit"))
		read_choice("/sys/kernel/mm/transparent_hugepage/enabled", choice);
	return *choice && strcmp(choice, "never");
}

/* One write fault that should bring a folio of this order. */
static void command_mthp(char **args)
{
	uint64_t order, offset;
	unsigned char *range, *window, *sibling;
	size_t pages, got;
	bool block;
	struct mapping *m = find_ranges(args[0], 1, &range);

	if (!m)
		return;
	if (!parse_number(args[1], &order) || !parse_number(args[2], &offset) || order < 2 || order > PMD_ORDER ||
	    offset % (1ul << order) || offset >= RANGE_PAGES) {
		refuse(EINVAL, "usage: mthp ADDR ORDER OFFSET, the offset a multiple of 2^ORDER");
		return;
	}
	pages = 1ul << order;
	window = range + offset * PAGE;
	run_count = 0;
	add_run(range, RANGE_PAGES);
	if (refuse_access(m, PROT_WRITE))
		return;
	if (!size_enabled(order)) {
		refuse(EOPNOTSUPP, "this size is not enabled in sysfs");
		return;
	}
	if (count_pagemap(window, pages, PAGEMAP_PRESENT | PAGEMAP_SWAPPED)) {
		refuse(EBUSY, "the window is not empty");
		return;
	}
	/* The fault takes the highest enabled order whose window is empty: a page beside ours rules out the higher ones. */
	sibling = range + (offset ^ pages) * PAGE;
	block = order < PMD_ORDER && !count_pagemap(sibling, pages, PAGEMAP_PRESENT | PAGEMAP_SWAPPED);
	if (block) {
		small_pages_only(true);
		(void)*(volatile unsigned char *)sibling;
		small_pages_only(false);
	}
	*(volatile unsigned char *)window = 1;
	got = count_pagemap(window, pages, PAGEMAP_PRESENT);
	if (block)
		madvise(sibling, PAGE, MADV_DONTNEED);
	if (got != pages) {
		madvise(window, pages * PAGE, MADV_DONTNEED);
		refuse(EOPNOTSUPP, "the fault brought no folio of this order; is the mapping advised hugepage?");
		return;
	}
	for (size_t page = 0; page < pages; page++)
		write_page(window + page * PAGE);
	memset(contents_of(m, window), PATTERN, pages);
	answer(",\"pages\":%zu", pages);
}

/* Addresses in bytes, so that calls that are not aligned can be made. */
static void command_collapse(char **args)
{
	uint64_t start, bytes;

	if (!parse_number(args[0], &start) || !parse_number(args[1], &bytes)) {
		refuse(EINVAL, "usage: collapse START BYTES");
		return;
	}
	for (size_t i = 0; i < mapping_count; i++) {
		struct mapping *m = &mappings[i];

		if (start < (uintptr_t)m->start || start > (uintptr_t)m->end || bytes > (uintptr_t)m->end - start)
			continue;
		if (collapse((unsigned char *)(uintptr_t)start, bytes))
			refuse(errno, "MADV_COLLAPSE");
		else
			answer("");
		return;
	}
	refuse(EINVAL, "the bytes are outside of the mappings");
}

static void command_prctl_thp_disable(char **args)
{
	uint64_t on;

	if (!parse_number(args[0], &on) || on > 1)
		refuse(EINVAL, "usage: prctl-thp-disable 0|1");
	else if (prctl(PR_SET_THP_DISABLE, on, 0, 0, 0))
		refuse(errno, "PR_SET_THP_DISABLE");
	else {
		thp_disabled = on;
		answer("");
	}
}

/* ---- userfaultfd ---- */

/* One descriptor for each kind, as a VMA can belong to one only. */
static int open_userfaultfd(bool async)
{
	struct uffdio_api api = {
		.api = UFFD_API,
		/* Unpopulated: every page of the list is then tracked, the empty ones by a marker. */
		.features = UFFD_FEATURE_PAGEFAULT_FLAG_WP | FEATURE_WP_UNPOPULATED | (async ? FEATURE_WP_ASYNC : 0),
	};
	int fd = userfaultfds[async];

	if (fd >= 0)
		return fd;
	fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK | UFFD_USER_MODE_ONLY);
	if (fd < 0)
		return -1;
	if (ioctl(fd, UFFDIO_API, &api)) {
		int number = errno;

		close(fd);
		errno = number;
		return -1;
	}
	return userfaultfds[async] = fd;
}

static void command_uffd(char **args)
{
	uint64_t ranges;
	unsigned char *start;
	struct mapping *m;
	struct uffdio_register registration = { .mode = UFFDIO_REGISTER_MODE_WP };
	bool async = args[4] && !strcmp(args[4], "async");
	int fd;

	if (!parse_number(args[1], &ranges) || !ranges || strcmp(args[2], "wp") || (args[4] && !async)) {
		refuse(EINVAL, "usage: uffd ADDR RANGES wp LIST [async]");
		return;
	}
	m = find_ranges(args[0], ranges, &start);
	if (!m || !parse_list(m, start, args[3]))
		return;
	fd = open_userfaultfd(async);
	if (fd < 0) {
		refuse(errno, "userfaultfd");
		return;
	}
	registration.range.start = (uintptr_t)start;
	registration.range.len = ranges * RANGE;
	if (ioctl(fd, UFFDIO_REGISTER, &registration)) {
		refuse(errno, "UFFDIO_REGISTER");
		return;
	}
	m->writes_may_block |= !async;
	for (size_t i = 0; i < run_count; i++) {
		struct uffdio_writeprotect protection = {
			.range = { .start = (uintptr_t)runs[i].start, .len = runs[i].pages * PAGE },
			.mode = UFFDIO_WRITEPROTECT_MODE_WP,
		};

		if (ioctl(fd, UFFDIO_WRITEPROTECT, &protection)) {
			refuse(errno, "UFFDIO_WRITEPROTECT");
			return;
		}
	}
	answer(",\"pages\":%zu,\"protected\":%zu,\"vmas\":%zu", pages_in_runs(), count_runs(PAGEMAP_UFFD_WP), count_vmas(m));
}

/* ---- children ---- */

/* Sleeps, except that it writes the pages it is told to. */
static void child_main(int socket, pid_t parent)
{
	struct run run;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	close(STDIN_FILENO);
	close(STDOUT_FILENO);
	while (recv(socket, &run, sizeof(run), 0) == sizeof(run)) {
		small_pages_only(true);
		for (size_t page = 0; page < run.pages; page++)
			memset(run.start + page * PAGE, 0xc5, PAGE);
		small_pages_only(false);
		if (send(socket, "", 1, 0) != 1)
			break;
	}
	_exit(0);
}

static void command_fork(char **args)
{
	unsigned char *base;
	int sockets[2];
	pid_t parent = getpid(), pid;

	if (!find_mapping(args[0], 1, &base))
		return;
	children = realloc(children, (child_count + 1) * sizeof(*children));
	if (!children)
		abort();
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets)) {
		refuse(errno, "socketpair");
		return;
	}
	pid = fork();
	if (pid == 0) {
		close(sockets[0]);
		child_main(sockets[1], parent);
	}
	close(sockets[1]);
	if (pid < 0) {
		refuse(errno, "fork");
		close(sockets[0]);
		return;
	}
	children[child_count++] = (struct child){ pid, sockets[0], base };
	answer(",\"child\":%d", pid);
}

static void command_fork_touch(char **args)
{
	struct child *child = child_count ? &children[child_count - 1] : NULL;
	unsigned char *base;
	struct mapping *m;
	char address[32], done;

	if (!child) {
		refuse(ECHILD, "fork first");
		return;
	}
	snprintf(address, sizeof(address), "%p", child->base);
	m = find_mapping(address, 1, &base);
	if (!m || !parse_list(m, base, args[0]))
		return;
	if (refuse_access(m, PROT_WRITE))
		return;
	for (size_t i = 0; i < run_count; i++)
		if (send(child->socket, &runs[i], sizeof(runs[i]), MSG_NOSIGNAL) != sizeof(runs[i]) ||
		    recv(child->socket, &done, 1, 0) != 1) {
			refuse(EPIPE, "the child is gone");
			return;
		}
	answer(",\"pages\":%zu", pages_in_runs());
}

static size_t reap(void)
{
	size_t reaped = child_count;

	while (child_count) {
		struct child *child = &children[--child_count];

		kill(child->pid, SIGKILL);
		waitpid(child->pid, NULL, 0);
		close(child->socket);
	}
	return reaped;
}

static void command_reap(char **args)
{
	(void)args;
	answer(",\"reaped\":%zu", reap());
}

/* ---- the loop ---- */

static void command_hello(char **args)
{
	(void)args;
	answer(",\"pid\":%d,\"pageBytes\":%lu,\"rangePages\":%lu", getpid(), PAGE, RANGE_PAGES);
}

static void command_exit(char **args)
{
	(void)args;
	reap();
	answer("");
	exit(0);
}

#define MAX_ARGS 5

static const struct {
	const char *name;
	int least, most;
	void (*run)(char **args); /* arguments that were not given are NULL */
} commands[] = {
	{ "hello", 0, 0, command_hello },
	{ "map", 1, 2, command_map },
	{ "map-unaligned", 3, 4, command_map_unaligned },
	{ "map-file", 2, 4, command_map_file },
	{ "big", 1, 2, command_big },
	{ "touch", 2, 2, command_touch },
	{ "read", 2, 2, command_read },
	{ "verify", 2, 2, command_verify },
	{ "drop", 2, 2, command_drop },
	{ "free", 2, 2, command_free },
	{ "pageout", 2, 2, command_pageout },
	{ "mlock", 2, 2, command_mlock },
	{ "guard", 2, 2, command_guard },
	{ "advise", 3, 3, command_advise },
	{ "thp", 1, 1, command_thp },
	{ "split", 1, 1, command_split },
	{ "mthp", 3, 3, command_mthp },
	{ "uffd", 4, 5, command_uffd },
	{ "fork", 1, 1, command_fork },
	{ "fork-touch", 1, 1, command_fork_touch },
	{ "reap", 0, 0, command_reap },
	{ "collapse", 2, 2, command_collapse },
	{ "unmap", 2, 2, command_unmap },
	{ "protect", 2, 2, command_protect },
	{ "pin", 2, 2, command_pin },
	{ "forget-use", 0, 0, command_forget_use },
	{ "prctl-thp-disable", 1, 1, command_prctl_thp_disable },
	{ "exit", 0, 0, command_exit },
};

static void run_line(char *line)
{
	char *words[MAX_ARGS + 2] = { 0 }, *rest = NULL;
	int count = 0;

	for (char *word = strtok_r(line, " \t\r\n", &rest); word; word = strtok_r(NULL, " \t\r\n", &rest)) {
		if (count > MAX_ARGS) {
			refuse(EINVAL, "too many arguments");
			return;
		}
		words[count++] = word;
	}
	if (getpagesize() != PAGE) {
		refuse(EOPNOTSUPP, "only 4 KiB pages with 512 PTEs in a PMD range");
		return;
	}
	if (pagemap_fd < 0) {
		refuse(EOPNOTSUPP, "/proc/self/pagemap cannot be opened");
		return;
	}
	for (size_t i = 0; count && i < sizeof(commands) / sizeof(*commands); i++) {
		if (strcmp(words[0], commands[i].name))
			continue;
		if (count - 1 < commands[i].least || count - 1 > commands[i].most)
			refuse(EINVAL, "wrong number of arguments");
		else
			commands[i].run(words + 1);
		return;
	}
	refuse(EINVAL, "unknown command");
}

int main(void)
{
	char *line = NULL;
	size_t size = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	pagemap_fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	while (getline(&line, &size, stdin) > 0) {
		run_line(line);
		/* Nothing may be left in the buffer when a child is forked. */
		if (fflush(stdout))
			break;
	}
	reap();
	return 0;
}
