/* Page cache and shared memory: lets khugepaged or MADV_COLLAPSE work on mappings of files, and says what became of them. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "cache.h"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif
/* A thread that is switched on begins with a pass over what is there. */
#define FIRST_PASS_US 5000

static struct cache_mapping mappings[MAX_MAPPINGS];

/* What trace events said of a range, scan after scan. */
static struct log {
	char text[1024];
	int scans;
} logs[MAX_MAPPINGS][MAX_CACHE_RANGES];

static void read_pages(const char *text, cache_bitmap pages)
{
	while (*text) {
		char *end;
		long first = strtol(text, &end, 10), last = first;

		if (*end == '-')
			last = strtol(end + 1, &end, 10);
		if (end == text || first < 0 || last >= CACHE_PAGES)
			die("not a list of pages");
		for (long i = first; i <= last; i++)
			pages[i / 64] |= 1UL << (i % 64);
		text = *end == ',' ? end + 1 : end;
	}
}

static void read_mapping(char *line, struct cache_mapping *mapping, int number)
{
	struct {
		const char *name;
		uint64_t *pages;
	} lists[] = {
		{ "written", mapping->written }, { "read", mapping->read }, { "dirty", mapping->dirty }, { "swap", mapping->swap },
		{ "punched", mapping->punched }, { "mapped", mapping->mapped }, { "cow", mapping->cow },
	};
	const char *kind = strtok(line, " \n"), *ranges = strtok(NULL, " \n");

	if (!ranges || atoi(ranges) < 1 || atoi(ranges) > MAX_CACHE_RANGES)
		die("not a mapping");
	memset(mapping, 0, sizeof(*mapping));
	snprintf(mapping->kind, sizeof(mapping->kind), "%s", kind);
	mapping->number = number;
	mapping->ranges = atoi(ranges);
	mapping->bytes = -1;
	for (char *word = strtok(NULL, " \n"); word; word = strtok(NULL, " \n")) {
		char *value = strchr(word, '=');
		size_t i;

		if (!value) {
			mapping->hugepage |= !strcmp(word, "hugepage");
			mapping->nohugepage |= !strcmp(word, "nohugepage");
			mapping->is_private |= !strcmp(word, "private");
			mapping->readonly |= !strcmp(word, "readonly");
			mapping->exec |= !strcmp(word, "exec");
			mapping->filled |= !strcmp(word, "filled");
			mapping->random |= !strcmp(word, "random");
			continue;
		}
		*value++ = 0;
		if (!strcmp(word, "bytes"))
			mapping->bytes = atol(value);
		else if (!strcmp(word, "offset"))
			mapping->offset = atol(value);
		else if (!strcmp(word, "shift"))
			mapping->shift = atol(value);
		else if (!strcmp(word, "folio"))
			mapping->folio_order = atoi(value);
		else {
			for (i = 0; i < sizeof(lists) / sizeof(*lists) && strcmp(word, lists[i].name); i++)
				;
			if (i == sizeof(lists) / sizeof(*lists))
				die(word);
			read_pages(value, lists[i].pages);
		}
	}
	if (mapping->bytes < 0)
		mapping->bytes = (mapping->offset + mapping->ranges) * RANGE;
}

/*
 * The range that a scan of this name is of. Ranges of a mapping are scanned in order, again and again; of shared anonymous
 * memory all of a batch are scanned or none, for it has one name. Returns null for files that are none of ours.
 */
static struct log *find_log(const char *name, int count)
{
	struct log *next = NULL;

	for (int i = 0; i < count; i++) {
		if (strcmp(mappings[i].name, name))
			continue;
		for (int r = 0; r < pmd_ranges(&mappings[i]); r++)
			if (!next || logs[i][r].scans < next->scans)
				next = &logs[i][r];
	}
	return next;
}

/* A scan is `[STATUS,]= STATUS PRESENT SWAP`; scans are joined by `;`. */
static void read_trace(int count)
{
	FILE *trace = fopen(TRACING "trace", "r");
	static char line[512];
	char attempt[80] = "";

	if (!trace)
		die("trace");
	while (fgets(line, sizeof(line), trace)) {
		char name[64], status[40], *at;
		int present, swap;
		struct log *log;

		at = strstr(line, "mm_khugepaged_collapse_file: ");
		if (at && (at = strstr(at, "result=")) && sscanf(at, "result=%39[a-z_]", status) == 1)
			snprintf(attempt, sizeof(attempt), "%s,", status);
		at = strstr(line, "mm_khugepaged_scan_file: ");
		if (!at || !(at = strstr(at, "filename=")) || sscanf(at, "filename=%63[^,], present=%d, swap=%d, result=%39[a-z_]", name, &present, &swap, status) != 4)
			continue;
		log = find_log(name, count);
		if (log) {
			size_t used = strlen(log->text);

			snprintf(log->text + used, sizeof(log->text) - used, "%s%s= %s %d %d", log->scans++ ? ";" : "", attempt, status, present, swap);
		}
		*attempt = 0;
	}
	fclose(trace);
}

static int thread_runs(void)
{
	DIR *processes = opendir("/proc");
	struct dirent *entry;
	int found = 0;

	while (processes && (entry = readdir(processes)) && !found) {
		char path[300], name[32] = "";
		FILE *file;

		snprintf(path, sizeof(path), "/proc/%.16s/comm", entry->d_name);
		if (*entry->d_name < '1' || *entry->d_name > '9' || !(file = fopen(path, "r")))
			continue;
		found = fgets(name, sizeof(name), file) && !strcmp(name, "khugepaged\n");
		fclose(file);
	}
	closedir(processes);
	return found;
}

/* Nothing of shared memory or files may be huge but by mounts, and khugepaged sleeps. */
static void settle(void)
{
	/* Dirty pages stay dirty until somebody asks for them to be written. */
	put("0", "/proc/sys/vm/dirty_writeback_centisecs");
	put("madvise", THP "enabled");
	set_sizes(0, "never");
	for (int order = 1; order < PMD_ORDER; order++)
		put("never", THP SIZE_FOLDER "shmem_enabled", SIZE_KB(order));
	put_shmem("deny", "never");
	put_khugepaged(1000000, "scan_sleep_millisecs");
	usleep(FIRST_PASS_US);
}

/* The write wakes khugepaged once more: what it does then is part of the report. */
static void let_it_sleep(void)
{
	long scans;

	put_khugepaged(1000000, "scan_sleep_millisecs");
	do {
		scans = get_khugepaged("full_scans");
		usleep(4 * FIRST_PASS_US);
	} while (get_khugepaged("full_scans") != scans);
}

static void scan(const char *top, const char *shmem, const char *size, int scans, int *thread, int *late)
{
	long start;

	put_shmem(shmem, size);
	put(top, THP "enabled");
	usleep(FIRST_PASS_US);
	*thread = thread_runs();
	start = get_khugepaged("full_scans");
	put_khugepaged(SCAN_SLEEP_MS, "scan_sleep_millisecs");
	if (*thread)
		*late = wait_full_scans(start + scans) != 0;
	let_it_sleep();
}

static void collapse(int count, FILE *errors)
{
	for (int i = 0; i < count; i++)
		for (int r = 0; r < pmd_ranges(&mappings[i]); r++) {
			char *start = (char *)(((uintptr_t)mappings[i].address + RANGE - 1) & ~(RANGE - 1)) + r * RANGE;
			int failed = madvise(start, RANGE, MADV_COLLAPSE);

			fprintf(errors, "%s%s", i || r ? "," : " errno=", failed ? strerrorname_np(errno) : "0");
		}
}

void run_cache(char *request, void (*read_line)(char *line, int size))
{
	static char line[1 << 16], top[16], shmem[16], size[16];
	char *before = NULL, *errors = NULL;
	size_t before_bytes, errors_bytes;
	FILE *looks = open_memstream(&before, &before_bytes), *errnos = open_memstream(&errors, &errors_bytes);
	long none, swap, collapsed;
	int scans, count, thread = 1, late = 0;

	if (sscanf(request, "cache %15s %15s %15s %ld %ld %d %d", top, shmem, size, &none, &swap, &scans, &count) != 7 || count > MAX_MAPPINGS)
		die("not a request");
	settle();
	memset(logs, 0, sizeof(logs));
	for (int i = 0; i < count; i++) {
		read_line(line, sizeof(line));
		read_mapping(line, &mappings[i], i);
		make_cache_mapping(&mappings[i]);
	}
	for (int i = 0; i < count; i++)
		for (int r = 0; r < mappings[i].ranges; r++)
			report_cache_range(looks, &mappings[i], r);
	put_limits(none, swap, 0);
	collapsed = get_khugepaged("pages_collapsed");
	trace_start();
	if (scans) {
		scan(top, shmem, size, scans, &thread, &late);
	} else {
		put_shmem(shmem, size);
		collapse(count, errnos);
	}
	trace_stop();
	fclose(errnos);
	read_trace(count);
	for (int i = 0; i < count; i++)
		for (int r = 0; r < mappings[i].ranges; r++)
			report_cache_range(looks, &mappings[i], r);
	fclose(looks);
	fputs(before, port);
	for (int i = 0; i < count; i++)
		for (int r = 0; r < mappings[i].ranges; r++)
			fprintf(port, "%d %s\n", touch_cache_range(&mappings[i], r), logs[i][r].text);
	fprintf(port, "%s thread=%d pages_collapsed=%ld%s\n", late ? "timeout" : "done", thread, get_khugepaged("pages_collapsed") - collapsed, errors);
	fflush(port);
	settle();
	for (int i = 0; i < count; i++)
		remove_cache_mapping(&mappings[i]);
	put("never", THP "shmem_enabled");
	free(before);
	free(errors);
}
