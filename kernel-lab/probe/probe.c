/*
 * PID 1 of the guest: makes PMD ranges as it is told over a virtio port, lets khugepaged or MADV_COLLAPSE work on them, and
 * says what became of them. The protocol is described in ../README.md.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <unistd.h>
#include "cache.h"
#include "probe.h"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

static struct range ranges[MAX_RANGES];
static FILE *requests;
FILE *port;

void die(const char *what)
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

/* Keeps khugepaged asleep while ranges are half made; the write itself wakes it once, for nothing. */
static void put_to_sleep(void)
{
	set_sizes(0, "never");
	put_khugepaged(1000000, "scan_sleep_millisecs");
	wait_until_asleep();
}

/* Compaction in the background locks pages, and a scan that meets one gives up the range. */
static void stop_background_compaction(void)
{
	const char *file = "/proc/sys/vm/compaction_proactiveness";

	if (!access(file, W_OK))
		put("0", file);
}

static void answer(struct setup *setup, const struct counters *before, const char *end)
{
	struct counters now;

	read_counters(&now);
	for (int r = 0; r < setup->count; r++)
		report_pages(setup->area + r * RANGE, &ranges[r]);
	trace_print(setup->count);
	fprintf(port, "%s ", end);
	print_growth(before, &now);
	fputc('\n', port);
	fflush(port);
}

static void run_khugepaged(unsigned orders, long none, long swap, long shared, int scans, int count)
{
	struct setup setup;
	struct counters before;

	put_to_sleep();
	set_up(&setup, ranges, count, 0, 0);
	put_limits(none, swap, shared);
	read_counters(&before);
	trace_start();
	set_sizes(orders, "madvise");
	long start = get_khugepaged("full_scans");
	madvise(setup.area, count * RANGE, MADV_HUGEPAGE);
	put_khugepaged(SCAN_SLEEP_MS, "scan_sleep_millisecs");
	int late = orders ? wait_full_scans(start + scans) : 0;
	/* An attempt that is stopped within ends late: its event would be taken for one of the next batch. */
	wait_until_asleep();
	madvise(setup.area, count * RANGE, MADV_NOHUGEPAGE);
	set_sizes(0, "never");
	trace_stop();
	trace_read(ranges, 0, count);
	answer(&setup, &before, late ? "timeout" : "done");
	tear_down(&setup);
}

/* One call for every `span` ranges. The limits are as strict as can be: MADV_COLLAPSE must not care. */
static void run_madvise(int span, int count)
{
	struct setup setup;
	struct counters before;
	static char errors[8 * MAX_RANGES];
	size_t used = snprintf(errors, sizeof(errors), "done errno=");

	put_to_sleep();
	set_up(&setup, ranges, count, 0, 0);
	put_limits(0, 0, 0);
	read_counters(&before);
	madvise(setup.area, count * RANGE, MADV_HUGEPAGE);
	for (int first = 0; first < count; first += span) {
		int end = first + span < count ? first + span : count;

		trace_start();
		int failed = madvise(setup.area + first * RANGE, (end - first) * RANGE, MADV_COLLAPSE);
		used += snprintf(errors + used, sizeof(errors) - used, "%s%s", first ? "," : "", failed ? strerrorname_np(errno) : "0");
		trace_stop();
		trace_read(ranges, first, end);
	}
	madvise(setup.area, count * RANGE, MADV_NOHUGEPAGE);
	answer(&setup, &before, errors);
	tear_down(&setup);
}

/*
 * Once a process is registered its children are as well, when they are forked: khugepaged meets them in the order of
 * their forks.
 */
static void register_with_khugepaged(void)
{
	char *map = mmap(NULL, 2 * RANGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (map == MAP_FAILED)
		die("mmap");
	*map = 1;
	set_sizes(1u << PMD_ORDER, "madvise");
	madvise(map, 2 * RANGE, MADV_HUGEPAGE);
	set_sizes(0, "never");
	munmap(map, 2 * RANGE);
}

/* What a broken guest does; the host must notice each. */
static void misbehave(const char *how)
{
	if (!strncmp(how, "panic", 5))
		put("c", "/proc/sysrq-trigger");
	if (!strncmp(how, "memory", 6))
		for (;;)
			memset(malloc(1 << 20), 1, 1 << 20);
	for (;;)
		pause();
}

/* Reads the kernel's list format, such as 0-15,100. */
static void read_list(const char *text, bitmap pages)
{
	while (*text) {
		char *end;
		long first = strtol(text, &end, 10), last = first;

		if (*end == '-')
			last = strtol(end + 1, &end, 10);
		if (end == text || first < 0 || last >= PTES)
			die("not a list of pages");
		for (long i = first; i <= last; i++)
			pages[i / 64] |= 1UL << (i % 64);
		text = *end == ',' ? end + 1 : end;
	}
}

static void read_range(char *line, struct range *range)
{
	const struct {
		const char *name;
		uint64_t *pages;
	} lists[] = {
		{ "present", range->present }, { "zero", range->zero }, { "swap", range->swap },
		{ "guard", range->guard }, { "dropped", range->dropped }, { "shared", range->shared },
		{ "unreferenced", range->unreferenced }, { "pinned", range->pinned }, { "lazyfree", range->lazyfree },
		{ "small", range->small }, { "uffd", range->uffd }, { "outside", range->outside },
	};

	memset(range, 0, sizeof(*range));
	for (char *word = strtok(line, " \n"); word; word = strtok(NULL, " \n")) {
		char *value = strchr(word, '=');
		size_t i;

		if (!value) {
			range->split |= !strcmp(word, "split");
			range->scattered |= !strcmp(word, "scattered");
			range->armed |= !strcmp(word, "armed");
			continue;
		}
		*value++ = 0;
		if (!strcmp(word, "folio")) {
			range->folio_order = atoi(value);
			continue;
		}
		for (i = 0; i < sizeof(lists) / sizeof(*lists) && strcmp(word, lists[i].name); i++)
			;
		if (i == sizeof(lists) / sizeof(*lists))
			die(word);
		read_list(value, lists[i].pages);
	}
}

static void mount_at(const char *folder, const char *type)
{
	mkdir(folder, 0755);
	if (mount(type, folder, type, 0, NULL) && errno != EBUSY)
		die(folder);
}

static void open_port(void)
{
	int fd;

	for (int i = 0; (fd = open("/dev/vport0p1", O_RDWR)) < 0 && (fd = open("/dev/vport1p1", O_RDWR)) < 0; i++) {
		if (i == 200)
			die("no virtio port");
		usleep(50 * 1000);
	}
	requests = fdopen(fd, "r");
	port = fdopen(dup(fd), "w");
}

static void read_line(char *line, int size)
{
	if (!fgets(line, size, requests))
		die("a request was cut off");
}

static void read_ranges(int first, int count)
{
	static char line[1 << 16];

	for (int r = first; r < first + count; r++) {
		read_line(line, sizeof(line));
		read_range(line, &ranges[r]);
	}
}

/* The processes of a daemon request: their areas and ranges, one process after the other. */
static void read_processes(int count, struct area *areas, int *area_counts)
{
	char line[256];
	int area = 0, range = 0;

	for (int i = 0; i < count; i++) {
		read_line(line, sizeof(line));
		if (sscanf(line, "process %d", &area_counts[i]) != 1 || area + area_counts[i] > MAX_AREAS)
			die("not a process");
		for (int end = area + area_counts[i]; area < end; area++) {
			struct area *it = &areas[area];

			read_line(line, sizeof(line));
			it->first = range;
			if (sscanf(line, "area %d %d %d %d", &it->lead, &it->tail, &it->advised, &it->count) != 4 || range + it->count > MAX_RANGES)
				die("not an area");
			read_ranges(range, it->count);
			range += it->count;
		}
	}
}

static void run_histories(int count)
{
	static char history[1 << 16];

	put_to_sleep();
	for (int i = 0; i < count; i++) {
		read_line(history, sizeof(history));
		run_history(history);
	}
	set_sizes(0, "never");
	put("madvise", THP "enabled");
	put("1", THP "use_zero_page");
	fputs("done\n", port);
	fflush(port);
}

int main(void)
{
	static char line[8192], path[256];
	static struct area areas[MAX_AREAS];
	static int area_counts[MAX_PROCESSES];

	/* A process beside: see empty_tlb. */
	if (getpid() != 1)
		return 0;
	mount_at("/proc", "proc");
	mount_at("/sys", "sysfs");
	mount_at("/dev", "devtmpfs");
	open_port();
	mount_at("/sys/kernel/tracing", "tracefs");
	put("16384", TRACING "buffer_size_kb");
	put("1", TRACING "events/huge_memory/mm_collapse_huge_page/enable");
	put("1", TRACING "events/huge_memory/mm_khugepaged_scan_pmd/enable");
	put("1", TRACING "events/huge_memory/mm_khugepaged_scan_file/enable");
	put("1", TRACING "events/huge_memory/mm_khugepaged_collapse_file/enable");
	stop_background_compaction();
	mount_at("/sys/fs/cgroup", "cgroup2");
	put("+memory", "/sys/fs/cgroup/cgroup.subtree_control");
	mkdir(PROTECTED, 0755);
	put("max", PROTECTED "memory.min");
	put("madvise", THP "enabled");
	put_khugepaged(ALLOC_SLEEP_MS, "alloc_sleep_millisecs");
	put_khugepaged(1 << 24, "pages_to_scan");
	register_with_khugepaged();
	fprintf(port, "ready%s%s%s\n", swap_on() ? " swap" : "", uffd_works() ? " uffd" : "", mount_disk() ? " disk" : "");
	fflush(port);

	while (fgets(line, sizeof(line), requests)) {
		unsigned orders;
		long none, swap, shared;
		int scans, span, count, at;
		unsigned long address, address_end;
		struct daemon_request request;

		if (sscanf(line, "khugepaged %x %ld %ld %ld %d %d", &orders, &none, &swap, &shared, &scans, &count) == 6 && count <= MAX_RANGES) {
			read_ranges(0, count);
			run_khugepaged(orders, none, swap, shared, scans, count);
		} else if (sscanf(line, "madvise %d %d", &span, &count) == 2 && count <= MAX_RANGES && span > 0) {
			read_ranges(0, count);
			run_madvise(span, count);
		} else if (sscanf(line, "daemon %x %ld %ld %ld %ld %d %d %d", &request.orders, &request.none, &request.swap, &request.shared,
				  &request.pages_to_scan, &request.scans, &request.free_order, &request.processes) == 8 &&
			   request.processes <= MAX_PROCESSES) {
			read_processes(request.processes, areas, area_counts);
			put_to_sleep();
			run_daemon(&request, areas, area_counts, ranges);
		} else if (!strncmp(line, "cache ", 6)) {
			run_cache(line, read_line);
		} else if (sscanf(line, "faults %d", &count) == 1) {
			run_histories(count);
		} else if (!strncmp(line, "run ", 4)) {
			run_program(line + 4);
		} else if (!strncmp(line, "start ", 6)) {
			start_program(line + 6);
		} else if (sscanf(line, "signal %d %d", &count, &span) == 2) {
			signal_process(count, span);
		} else if (sscanf(line, "end %d", &count) == 1) {
			end_program(count);
		} else if (sscanf(line, "pages %d %lx %d", &span, &address, &count) == 3) {
			report_process(span, address, count);
		} else if (sscanf(line, "memory %d", &count) == 1) {
			report_memory(count);
		} else if (sscanf(line, "cached %d %lx-%lx", &count, &address, &address_end) == 3) {
			report_page_cache(count, address, address_end);
		} else if (sscanf(line, "read %255s", path) == 1) {
			report_file(path);
		} else if (sscanf(line, "scans %d", &count) == 1) {
			int late = wait_full_scans(get_khugepaged("full_scans") + count);

			fputs(late ? "timeout\n" : "done\n", port);
			fflush(port);
		} else if (sscanf(line, "put %255s %n", path, &at) == 1) {
			line[strcspn(line, "\n")] = 0;
			put(line + at, "%s", path);
			fputs("done\n", port);
			fflush(port);
		} else if (!strncmp(line, "misbehave ", 10)) {
			misbehave(line + 10);
		} else {
			die("not a request");
		}
	}
	sync();
	reboot(RB_POWER_OFF);
	return 0;
}
