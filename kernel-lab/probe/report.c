#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>
#include "probe.h"

#define KPF_HEAD 15
#define KPF_TAIL 16
#define KPF_THP 22
#define KPF_ZERO 24
#define PM_GUARD 58
#define PM_SWAP 62
#define PM_PRESENT 63

/* Page flags through aligned blocks of frames, which hold folios whole. */
struct frames {
	int fd;
	int64_t number;
	uint64_t flags[PTES];
};

static uint64_t flags_of(struct frames *frames, uint64_t frame)
{
	int64_t number = frame / PTES;

	if (frames->number != number) {
		if (pread(frames->fd, frames->flags, sizeof(frames->flags), number * sizeof(frames->flags)) != sizeof(frames->flags))
			die("kpageflags");
		frames->number = number;
	}
	return frames->flags[frame % PTES];
}

static uint64_t head_of(struct frames *frames, uint64_t frame)
{
	while (flags_of(frames, frame) >> KPF_TAIL & 1)
		frame--;
	return frame;
}

/* Order of the folio of a frame, from the run of one head and its tails. */
static int folio_order(struct frames *frames, uint64_t frame)
{
	uint64_t head = head_of(frames, frame), end;
	int order = 0;

	for (end = head + 1; end % PTES && flags_of(frames, end) >> KPF_TAIL & 1; end++)
		;
	while ((2UL << order) <= end - head)
		order++;
	return order;
}

int order_of_frame(uint64_t frame)
{
	struct frames frames = { .fd = open("/proc/kpageflags", O_RDONLY), .number = -1 };
	int order = flags_of(&frames, frame) >> KPF_THP & 1 ? folio_order(&frames, frame) : 0;

	close(frames.fd);
	return order;
}

/* Kept pages keep their bytes, filled holes read zero; what was freed with MADV_FREE may be either. */
static int lost(const char *page, const struct range *range, int i)
{
	uint64_t found = *(const uint64_t *)page;

	if (has(range->lazyfree, i) && found == 0)
		return 0;
	return found != (has(range->present, i) || has(range->swap, i) ? pattern(page) : 0);
}

void report_pages(const char *base, const struct range *range)
{
	struct frames frames = { .fd = open("/proc/kpageflags", O_RDONLY), .number = -1 };
	int pagemap = open("/proc/self/pagemap", O_RDONLY);
	uint64_t entries[PTES], last = 0;
	char line[PTES + 1] = "";
	int order = 0;

	if (pread(pagemap, entries, sizeof(entries), (uintptr_t)base / PAGE * 8) != sizeof(entries))
		die("pagemap");
	for (int i = 0; i < PTES; i++) {
		uint64_t frame = entries[i] & ((1UL << 55) - 1);

		line[i] = '.';
		if (entries[i] >> PM_GUARD & 1)
			line[i] = 'g';
		else if (entries[i] >> PM_SWAP & 1)
			line[i] = 's';
		if (!(entries[i] >> PM_PRESENT))
			continue;
		uint64_t flags = flags_of(&frames, frame);
		if (flags >> KPF_ZERO & 1) {
			line[i] = 'z';
			continue;
		}
		/* The tail after a page of the same folio. */
		if (!(frame == last + 1 && flags >> KPF_TAIL & 1))
			order = flags >> KPF_THP & 1 ? folio_order(&frames, frame) : 0;
		last = frame;
		line[i] = lost(base + i * PAGE, range, i) ? '!' : '0' + order;
	}
	close(pagemap);
	close(frames.fd);
	fprintf(port, "%s\n", line);
}

/* What one page maps; runs are of pages that map the same. */
struct mapping {
	char kind;
	int order;
	long head;
};

static struct mapping mapping_of(struct frames *frames, uint64_t entry, long page)
{
	uint64_t frame = entry & ((1UL << 55) - 1);
	struct mapping mapping = { .kind = '.' };

	if (!(entry >> PM_PRESENT))
		return mapping;
	uint64_t flags = flags_of(frames, frame);
	if (flags >> KPF_ZERO & 1) {
		mapping.kind = flags >> KPF_THP & 1 ? 'Z' : 'z';
	} else if (flags >> KPF_THP & 1) {
		mapping.kind = 'f';
		mapping.order = folio_order(frames, frame);
		mapping.head = page - (long)(frame - head_of(frames, frame));
	} else {
		mapping.kind = 'p';
	}
	return mapping;
}

static void print_run(const struct mapping *run, long first, long end)
{
	if (run->kind == '.')
		return;
	fprintf(port, " %c%ld-%ld", run->kind, first, end - 1);
	if (run->kind == 'f')
		fprintf(port, ":%d@%ld", run->order, run->head);
}

void report_mapped(const char *origin, long start, long end)
{
	struct frames frames = { .fd = open("/proc/kpageflags", O_RDONLY), .number = -1 };
	int pagemap = open("/proc/self/pagemap", O_RDONLY);
	struct mapping run = { .kind = '.' };
	long first = start;

	fputs("mapped", port);
	for (long page = start; page < end; page++) {
		uint64_t entry;

		if (pread(pagemap, &entry, 8, ((uintptr_t)origin / PAGE + page) * 8) != 8)
			die("pagemap");
		struct mapping mapping = mapping_of(&frames, entry, page);
		if (mapping.kind == run.kind && mapping.order == run.order && mapping.head == run.head)
			continue;
		print_run(&run, first, page);
		run = mapping;
		first = page;
	}
	print_run(&run, first, end);
	fputc('\n', port);
	close(pagemap);
	close(frames.fd);
}

void report_mapping(const char *map, const unsigned char *present, long pages)
{
	struct frames frames = { .fd = open("/proc/kpageflags", O_RDONLY), .number = -1 };
	int pagemap = open("/proc/self/pagemap", O_RDONLY);

	for (long first = 0; first < pages; first += PTES) {
		long count = pages - first < PTES ? pages - first : PTES;
		uint64_t entries[PTES];
		char line[PTES + 1] = "";

		if (pread(pagemap, entries, count * 8, ((uintptr_t)map / PAGE + first) * 8) != count * 8)
			die("pagemap");
		for (long i = 0; i < count; i++) {
			struct mapping mapping = mapping_of(&frames, entries[i], i);

			line[i] = present[first + i] == 2 ? 'u' : !(present[first + i] & 1) ? '.' : mapping.kind == 'f' ? '0' + mapping.order : '0';
		}
		fprintf(port, "%s\n", line);
	}
	close(pagemap);
	close(frames.fd);
}

/* A process whose main thread has ended has its memory through another thread only. */
static int open_pagemap(int pid)
{
	char path[300];
	struct dirent *entry;
	uint64_t first;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	DIR *threads = opendir(path);
	while (threads && (entry = readdir(threads))) {
		snprintf(path, sizeof(path), "/proc/%d/task/%.16s/pagemap", pid, entry->d_name);
		int fd = *entry->d_name == '.' ? -1 : open(path, O_RDONLY);
		if (fd >= 0 && pread(fd, &first, 8, 8) == 8) {
			closedir(threads);
			return fd;
		}
		if (fd >= 0)
			close(fd);
	}
	die("pagemap of a process");
	return -1;
}

void report_process(int pid, unsigned long address, int count)
{
	struct frames frames = { .fd = open("/proc/kpageflags", O_RDONLY), .number = -1 };
	int pagemap = open_pagemap(pid);

	for (int r = 0; r < count; r++) {
		uint64_t entries[PTES] = { 0 };
		char line[PTES + 1] = "";

		/* Less is read at the end of the address space. */
		if (pread(pagemap, entries, sizeof(entries), (address / PAGE + r * PTES) * 8) < 0)
			die("pagemap of a process");
		for (int i = 0; i < PTES; i++) {
			struct mapping mapping = mapping_of(&frames, entries[i], i);

			line[i] = mapping.kind == 'f' ? '0' + mapping.order : mapping.kind == 'p' ? '0' : mapping.kind;
			if (entries[i] >> PM_GUARD & 1)
				line[i] = 'g';
			else if (entries[i] >> PM_SWAP & 1)
				line[i] = 's';
		}
		fprintf(port, "%s\n", line);
	}
	close(pagemap);
	close(frames.fd);
	fputs("done\n", port);
	fflush(port);
}
