/*
 * PID 1 of the guest: sets up PMD ranges as told over a virtio port, lets khugepaged work on them, and says what became
 * of them. One line a request and an answer; the protocol is described in README.md.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096UL
#define PTES 512
#define RANGE (PAGE * PTES)
#define WORDS (PTES / 64)
#define MAX_RANGES 1024
#define MAX_PINS 4096
#define PMD_ORDER 9
#define SCAN_TIMEOUT_S 120

#define THP "/sys/kernel/mm/transparent_hugepage/"
#define TRACING "/sys/kernel/tracing/"
#define KPF_HEAD 15
#define KPF_TAIL 16
#define KPF_THP 22
#define KPF_ZERO 24

typedef uint64_t bitmap[WORDS];

struct range {
	bitmap present, zero, shared, unreferenced, pinned, lazyfree, small;
	/*
	 * Order of old folios that fill the whole range before pages are dropped; 0 for small pages. Of the present
	 * pages, those in `small` were dropped and written again.
	 */
	int folio_order;
};

static struct range ranges[MAX_RANGES];
static FILE *requests, *port;

static void die(const char *what)
{
	fprintf(stderr, "probe: %s: %s\n", what, strerror(errno));
	if (port) {
		fprintf(port, "error %s: %s\n", what, strerror(errno));
		fflush(port);
	}
	sync();
	reboot(RB_POWER_OFF);
	exit(1);
}

static int has(const bitmap b, int i)
{
	return b[i / 64] >> (i % 64) & 1;
}

static int any(const bitmap b)
{
	for (int i = 0; i < WORDS; i++)
		if (b[i])
			return 1;
	return 0;
}

static void put(const char *value, const char *format, ...)
{
	char path[256];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(path, sizeof(path), format, arguments);
	va_end(arguments);
	int fd = open(path, O_WRONLY);
	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		die(path);
	close(fd);
}

static void put_number(long value, const char *file)
{
	char text[32];

	snprintf(text, sizeof(text), "%ld", value);
	put(text, THP "khugepaged/%s", file);
}

static long get_number(const char *format, ...)
{
	char path[256], text[64] = "";
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(path, sizeof(path), format, arguments);
	va_end(arguments);
	int fd = open(path, O_RDONLY);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
		die(path);
	close(fd);
	return atol(text);
}

static void set_sizes(unsigned orders, const char *word)
{
	for (int order = 2; order <= PMD_ORDER; order++)
		put(orders >> order & 1 ? word : "never", THP "hugepages-%dkB/enabled", 4 << order);
}

/* New and freed pages reach the LRU lists through per-CPU batches. */
static void drain_lru(void)
{
	put("1", "/proc/sys/vm/drop_caches");
}

static uint64_t pattern(const char *page)
{
	return (uintptr_t)page * 0x9e3779b97f4a7c15UL | 1;
}

static void touch(char *base, const bitmap pages)
{
	for (int i = 0; i < PTES; i++)
		if (has(pages, i))
			*(uint64_t *)(base + i * PAGE) = pattern(base + i * PAGE);
}

/* Writing under an enabled size faults whole folios of it. */
static void touch_folios(char *base, int order)
{
	madvise(base, RANGE, MADV_HUGEPAGE);
	set_sizes(1u << order, "madvise");
	for (int i = 0; i < PTES; i++)
		*(uint64_t *)(base + i * PAGE) = pattern(base + i * PAGE);
	set_sizes(0, "never");
	madvise(base, RANGE, MADV_NOHUGEPAGE);
}

static void map_present(char *base, struct range *range)
{
	if (!any(range->present))
		return;
	if (range->folio_order) {
		touch_folios(base, range->folio_order);
		for (int i = 0; i < PTES; i++)
			if (!has(range->present, i) || has(range->small, i))
				madvise(base + i * PAGE, PAGE, MADV_DONTNEED);
		touch(base, range->small);
	} else {
		touch(base, range->present);
	}
}

static void read_zero_pages(char *base, const bitmap zero)
{
	for (int i = 0; i < PTES; i++)
		if (has(zero, i))
			(void)*(volatile char *)(base + i * PAGE);
}

/* A child that only waits: it holds what the parent does not write any more. */
static pid_t share(char *area, int count)
{
	pid_t child = fork();

	if (child < 0)
		die("fork");
	if (child == 0)
		for (;;)
			pause();
	for (int r = 0; r < count; r++) {
		bitmap own;

		for (int w = 0; w < WORDS; w++)
			own[w] = ranges[r].present[w] & ~ranges[r].shared[w];
		touch(area + r * RANGE, own);
	}
	return child;
}

static void forget_references(char *area, int count)
{
	put("1", "/proc/self/clear_refs");
	/* clear_refs leaves the TLB alone; without this the processor would not mark pages again. */
	mprotect(area, count * RANGE, PROT_NONE);
	mprotect(area, count * RANGE, PROT_READ | PROT_WRITE);
	for (int r = 0; r < count; r++)
		for (int i = 0; i < PTES; i++)
			if (has(ranges[r].present, i) && !has(ranges[r].unreferenced, i))
				(void)*(volatile char *)(area + r * RANGE + i * PAGE);
}

/* A page in a pipe has one reference more than mappings. */
static int pin(char *area, int count, int *pipes)
{
	int used = 0;

	for (int r = 0; r < count; r++)
		for (int i = 0; i < PTES; i++) {
			struct iovec page = { area + r * RANGE + i * PAGE, 1 };
			int ends[2];

			if (!has(ranges[r].pinned, i) || !has(ranges[r].present, i))
				continue;
			if (used + 2 > MAX_PINS || pipe(ends) || vmsplice(ends[1], &page, 1, 0) != 1)
				die("pin");
			pipes[used++] = ends[0];
			pipes[used++] = ends[1];
		}
	return used;
}

static void clear_trace(void)
{
	int fd = open(TRACING "trace", O_WRONLY | O_TRUNC);

	if (fd < 0)
		die("trace");
	close(fd);
}

/*
 * The attempts of the first pass: for each range "ORDER STATUS, ..., = STATUS", in VMA order. Events carry no address, but
 * the attempts of a range come right before the event of its scan, and every range of the VMA is scanned.
 */
static void report_attempts(int count)
{
	static char line[512], attempts[1 << 16];
	FILE *trace = fopen(TRACING "trace", "r");
	size_t used = 0;
	int reported = 0;

	if (!trace)
		die("trace");
	while (reported < count && fgets(line, sizeof(line), trace)) {
		char status[64];
		int order;
		char *event = strstr(line, "mm_collapse_huge_page: ");

		if (event && sscanf(strstr(event, "status="), "status=%63[a-z_], order=%d", status, &order) == 2)
			used += snprintf(attempts + used, sizeof(attempts) - used, "%d %s,", order, status);
		event = strstr(line, "mm_khugepaged_scan_pmd: ");
		if (!event || sscanf(strstr(event, "status="), "status=%63[a-z_]", status) != 1)
			continue;
		fprintf(port, "%.*s= %s\n", (int)used, attempts, status);
		used = 0;
		reported++;
	}
	for (; reported < count; reported++)
		fprintf(port, "= untraced\n");
	fclose(trace);
}

static int wait_full_scans(long wanted)
{
	for (int i = 0; i < SCAN_TIMEOUT_S * 1000; i++) {
		if (get_number(THP "khugepaged/full_scans") >= wanted)
			return 0;
		usleep(1000);
	}
	return -1;
}

/* Page flags through aligned blocks of frames, which hold folios whole. */
static uint64_t flags_of(int kpageflags, uint64_t frame)
{
	static uint64_t block[PTES], number;
	static int valid;

	if (frame == UINT64_MAX) {
		valid = 0;
		return 0;
	}
	if (!valid || number != frame / PTES) {
		number = frame / PTES;
		valid = pread(kpageflags, block, sizeof(block), number * sizeof(block)) == sizeof(block);
		if (!valid)
			die("kpageflags");
	}
	return block[frame % PTES];
}

/* Order of the folio of a frame, from the run of one head and its tails. */
static int folio_order(int kpageflags, uint64_t frame)
{
	uint64_t head = frame, end;
	int order = 0;

	while (flags_of(kpageflags, head) >> KPF_TAIL & 1)
		head--;
	for (end = head + 1; end % PTES && flags_of(kpageflags, end) >> KPF_TAIL & 1; end++)
		;
	while ((2UL << order) <= end - head)
		order++;
	return order;
}

/* Answers with one character a page: '.' none, 'z' zero page, or the order of its folio; '!' where contents are lost. */
static void report(char *base, const struct range *range, int pagemap, int kpageflags)
{
	uint64_t entries[PTES], last = 0;
	char line[PTES + 2];
	int order = 0;

	if (pread(pagemap, entries, sizeof(entries), (uintptr_t)base / PAGE * 8) != sizeof(entries))
		die("pagemap");
	for (int i = 0; i < PTES; i++) {
		uint64_t frame = entries[i] & ((1UL << 55) - 1);

		line[i] = '.';
		if (!(entries[i] >> 63))
			continue;
		uint64_t flags = flags_of(kpageflags, frame);
		if (flags >> KPF_ZERO & 1) {
			line[i] = 'z';
			continue;
		}
		uint64_t found = *(uint64_t *)(base + i * PAGE);
		int kept = has(range->present, i) && !has(range->lazyfree, i);
		uint64_t wanted = has(range->present, i) ? pattern(base + i * PAGE) : 0;
		int lost = found != wanted && (kept || found != 0);
		/* The tail after a page of the same folio. */
		if (!(frame == last + 1 && flags >> KPF_TAIL & 1))
			order = flags >> KPF_THP & 1 ? folio_order(kpageflags, frame) : 0;
		last = frame;
		line[i] = lost ? '!' : '0' + order;
	}
	line[PTES] = '\n';
	line[PTES + 1] = 0;
	fputs(line, port);
}

static void run_batch(unsigned orders, long none, long swap, long shared, int scans, int count)
{
	int uses_shared = 0, uses_unreferenced = 0, uses_lazyfree = 0;
	static int pipes[MAX_PINS];
	pid_t child = 0;

	/* Keeps khugepaged asleep while the ranges are half made; the write itself wakes it once, for nothing. */
	set_sizes(0, "never");
	put_number(1000000, "scan_sleep_millisecs");
	usleep(2000);
	char *map = mmap(NULL, (count + 1) * RANGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (map == MAP_FAILED)
		die("mmap");
	char *area = (char *)(((uintptr_t)map + RANGE - 1) & ~(RANGE - 1));
	madvise(area, count * RANGE, MADV_NOHUGEPAGE);

	for (int r = 0; r < count; r++) {
		map_present(area + r * RANGE, &ranges[r]);
		read_zero_pages(area + r * RANGE, ranges[r].zero);
		uses_shared |= any(ranges[r].shared);
		uses_unreferenced |= any(ranges[r].unreferenced);
		uses_lazyfree |= any(ranges[r].lazyfree);
	}
	if (uses_shared)
		child = share(area, count);
	drain_lru();
	if (uses_lazyfree) {
		for (int r = 0; r < count; r++)
			for (int i = 0; i < PTES; i++)
				if (has(ranges[r].lazyfree, i))
					madvise(area + r * RANGE + i * PAGE, PAGE, MADV_FREE);
		drain_lru();
	}
	if (uses_unreferenced)
		forget_references(area, count);
	int pinned = pin(area, count, pipes);

	put_number(none, "max_ptes_none");
	put_number(swap, "max_ptes_swap");
	put_number(shared, "max_ptes_shared");
	long collapsed = get_number(THP "khugepaged/pages_collapsed");
	long allocations[PMD_ORDER + 1];
	for (int order = 2; order <= PMD_ORDER; order++)
		allocations[order] = get_number(THP "hugepages-%dkB/stats/collapse_alloc", 4 << order);
	clear_trace();
	put("1", TRACING "tracing_on");
	set_sizes(orders, "madvise");
	long start = get_number(THP "khugepaged/full_scans");
	madvise(area, count * RANGE, MADV_HUGEPAGE);
	put_number(10, "scan_sleep_millisecs");
	int late = orders ? wait_full_scans(start + scans) : 0;
	madvise(area, count * RANGE, MADV_NOHUGEPAGE);
	set_sizes(0, "never");
	put("0", TRACING "tracing_on");

	int pagemap = open("/proc/self/pagemap", O_RDONLY), kpageflags = open("/proc/kpageflags", O_RDONLY);
	flags_of(kpageflags, UINT64_MAX);
	for (int r = 0; r < count; r++)
		report(area + r * RANGE, &ranges[r], pagemap, kpageflags);
	close(pagemap);
	close(kpageflags);
	report_attempts(count);
	fprintf(port, "%s pages_collapsed %ld", late ? "timeout" : "done", get_number(THP "khugepaged/pages_collapsed") - collapsed);
	for (int order = 2; order <= PMD_ORDER; order++)
		fprintf(port, " %ld", get_number(THP "hugepages-%dkB/stats/collapse_alloc", 4 << order) - allocations[order]);
	fputc('\n', port);
	fflush(port);

	for (int i = 0; i < pinned; i++)
		close(pipes[i]);
	munmap(map, (count + 1) * RANGE);
	if (child) {
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
	}
}

static void read_bitmap(const char **text, bitmap pages)
{
	memset(pages, 0, sizeof(bitmap));
	while (**text == ' ')
		++*text;
	if (**text == '-') {
		++*text;
		return;
	}
	for (int w = WORDS - 1; w >= 0; w--) {
		char word[17] = "";

		memcpy(word, *text, 16);
		pages[w] = strtoull(word, NULL, 16);
		*text += 16;
	}
}

static void mount_at(const char *folder, const char *type)
{
	mkdir(folder, 0755);
	if (mount(type, folder, type, 0, NULL) && errno != EBUSY)
		die(folder);
}

int main(void)
{
	static char line[2048];

	mount_at("/proc", "proc");
	mount_at("/sys", "sysfs");
	mount_at("/dev", "devtmpfs");
	int fd;
	for (int i = 0; (fd = open("/dev/vport0p1", O_RDWR)) < 0 && (fd = open("/dev/vport1p1", O_RDWR)) < 0; i++) {
		if (i == 200)
			die("no virtio port");
		usleep(50 * 1000);
	}
	requests = fdopen(fd, "r");
	port = fdopen(dup(fd), "w");
	mount_at("/sys/kernel/tracing", "tracefs");
	put("16384", TRACING "buffer_size_kb");
	put("1", TRACING "events/huge_memory/mm_collapse_huge_page/enable");
	put("1", TRACING "events/huge_memory/mm_khugepaged_scan_pmd/enable");
	put("madvise", THP "enabled");
	put_number(10, "alloc_sleep_millisecs");
	put_number(1 << 24, "pages_to_scan");
	fprintf(port, "ready\n");
	fflush(port);

	while (fgets(line, sizeof(line), requests)) {
		unsigned orders;
		long none, swap, shared;
		int scans, count;

		if (sscanf(line, "batch %x %ld %ld %ld %d %d", &orders, &none, &swap, &shared, &scans, &count) != 6 || count > MAX_RANGES) {
			fprintf(port, "error not a batch\n");
			fflush(port);
			continue;
		}
		for (int r = 0; r < count; r++) {
			const char *text = line;

			if (!fgets(line, sizeof(line), requests))
				die("a batch was cut off");
			memset(&ranges[r], 0, sizeof(ranges[r]));
			ranges[r].folio_order = strtol(text, (char **)&text, 10);
			read_bitmap(&text, ranges[r].present);
			read_bitmap(&text, ranges[r].zero);
			read_bitmap(&text, ranges[r].shared);
			read_bitmap(&text, ranges[r].unreferenced);
			read_bitmap(&text, ranges[r].pinned);
			read_bitmap(&text, ranges[r].lazyfree);
			read_bitmap(&text, ranges[r].small);
		}
		run_batch(orders, none, swap, shared, scans, count);
	}
	sync();
	reboot(RB_POWER_OFF);
	return 0;
}
