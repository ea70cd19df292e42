#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "probe.h"

void put(const char *value, const char *format, ...)
{
	char path[256];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(path, sizeof(path), format, arguments);
	va_end(arguments);
	int fd = open(path, O_WRONLY | O_TRUNC);
	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		die(path);
	close(fd);
}

void put_khugepaged(long value, const char *file)
{
	char text[32];

	snprintf(text, sizeof(text), "%ld", value);
	put(text, THP "khugepaged/%s", file);
}

static long get_number(const char *path)
{
	char text[64] = "";
	int fd = open(path, O_RDONLY);

	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
		die(path);
	close(fd);
	return atol(text);
}

long get_khugepaged(const char *file)
{
	char path[256];

	snprintf(path, sizeof(path), THP "khugepaged/%s", file);
	return get_number(path);
}

long get_fallbacks(int order)
{
	char path[256];

	snprintf(path, sizeof(path), THP SIZE_FOLDER "stats/anon_fault_fallback", SIZE_KB(order));
	return get_number(path);
}

void set_sizes(unsigned orders, const char *word)
{
	for (int order = 2; order <= PMD_ORDER; order++)
		put(orders >> order & 1 ? word : "never", THP SIZE_FOLDER "enabled", SIZE_KB(order));
}

/* Beyond any batch seen: khugepaged stands still. */
#define SCAN_TIMEOUT_S 120

int wait_full_scans(long wanted)
{
	for (int i = 0; i < SCAN_TIMEOUT_S * 1000; i++) {
		if (get_khugepaged("full_scans") >= wanted)
			return 0;
		usleep(1000);
	}
	return -1;
}

/* The number of the thread, or 0: found once. */
static int khugepaged_pid(void)
{
	static int found;
	DIR *proc = found ? NULL : opendir("/proc");

	for (struct dirent *entry; proc && (entry = readdir(proc));) {
		char path[300], name[32] = "";
		FILE *comm;

		snprintf(path, sizeof(path), "/proc/%s/comm", entry->d_name);
		if (atoi(entry->d_name) <= 0 || !(comm = fopen(path, "r")))
			continue;
		if (fgets(name, sizeof(name), comm) && !strcmp(name, "khugepaged\n"))
			found = atoi(entry->d_name);
		fclose(comm);
	}
	if (proc)
		closedir(proc);
	return found;
}

/* How long a pass may take until it is said to have no end. */
#define PASS_TIMEOUT_S 60

void wait_until_asleep(void)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/stat", khugepaged_pid());
	for (int i = 0; i < PASS_TIMEOUT_S * 1000; i++) {
		char state = 0;
		FILE *stat = fopen(path, "r");

		/* It runs within an attempt, or waits for a lock (D). */
		if (stat && fscanf(stat, "%*d (khugepaged) %c", &state) != 1)
			state = 0;
		if (stat)
			fclose(stat);
		if (!stat || state == 'S')
			return;
		usleep(1000);
	}
}

void put_limits(long none, long swap, long shared)
{
	put_khugepaged(none, "max_ptes_none");
	put_khugepaged(swap, "max_ptes_swap");
	put_khugepaged(shared, "max_ptes_shared");
}

static const char *const names[COUNTERS] = {
	"collapse_alloc", "collapse_alloc_failed", "collapse_exceed_none_pte", "collapse_exceed_swap_pte",
	"collapse_exceed_shared_pte",
};

void read_counters(struct counters *counters)
{
	counters->pages_collapsed = get_khugepaged("pages_collapsed");
	for (int i = 0; i < COUNTERS; i++)
		for (int order = 2; order <= PMD_ORDER; order++) {
			char path[256];

			snprintf(path, sizeof(path), THP SIZE_FOLDER "stats/%s", SIZE_KB(order), names[i]);
			counters->of_order[i][order] = get_number(path);
		}
}

void print_growth(const struct counters *before, const struct counters *now)
{
	fprintf(port, "pages_collapsed=%ld", now->pages_collapsed - before->pages_collapsed);
	for (int i = 0; i < COUNTERS; i++) {
		fprintf(port, " %s=", names[i]);
		for (int order = 2; order <= PMD_ORDER; order++)
			fprintf(port, "%s%ld", order > 2 ? "," : "", now->of_order[i][order] - before->of_order[i][order]);
	}
}
