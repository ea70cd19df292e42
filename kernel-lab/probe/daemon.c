/* Several processes with several VMAs each, and a khugepaged that may stop and resume anywhere among them. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "probe.h"

/* A process of ours: it does a step each time it is told, and says when it is done. */
struct process {
	pid_t pid;
	int tell, told;
};

static struct process processes[MAX_PROCESSES];

/* VMAs in the order in which khugepaged meets them, and whether they were advised. */
static void print_vmas(void)
{
	static char line[512];
	FILE *smaps = fopen("/proc/self/smaps", "r");
	unsigned long start = 0, end = 0;

	if (!smaps)
		die("smaps");
	fprintf(port, "vmas");
	while (fgets(line, sizeof(line), smaps)) {
		unsigned long from, to;

		if (sscanf(line, "%lx-%lx ", &from, &to) == 2) {
			start = from;
			end = to;
			/* Not a VMA of the process. */
			if (strstr(line, "[vsyscall]"))
				end = 0;
		}
		if (end && !strncmp(line, "VmFlags:", 8))
			fprintf(port, " %lx-%lx%s", start, end, strstr(line, " hg") ? "+" : "");
	}
	fputc('\n', port);
	fclose(smaps);
}

static void say(int fd)
{
	if (write(fd, "x", 1) != 1)
		_exit(1);
}

static void hear(int fd)
{
	char byte;

	if (read(fd, &byte, 1) != 1)
		_exit(1);
}

static void advise_areas(const struct area *areas, const struct setup *setups, int count, int advice)
{
	for (int i = 0; i < count; i++)
		if (areas[i].advised)
			madvise(setups[i].area - areas[i].lead * PAGE, areas[i].count * RANGE + (areas[i].lead + areas[i].tail) * PAGE, advice);
}

static void be_process(const struct area *areas, int count, const struct range *ranges, int in, int out)
{
	struct setup setups[MAX_AREAS];

	put("0", PROTECTED "cgroup.procs");
	for (int i = 0; i < count; i++)
		set_up(&setups[i], ranges + areas[i].first, areas[i].count, areas[i].lead, areas[i].tail);
	say(out);
	/*
	 * Forgetting the references of one area forgot those of all. Waiting let other processes run, so that the TLB is
	 * empty; mprotect would spread references within folios.
	 */
	hear(in);
	for (int i = 0; i < count; i++)
		use_pages(&setups[i], ranges + areas[i].first);
	advise_areas(areas, setups, count, MADV_HUGEPAGE);
	print_vmas();
	for (int i = 0; i < count; i++)
		fprintf(port, "area %lx\n", (unsigned long)setups[i].area);
	fflush(port);
	say(out);
	hear(in);
	advise_areas(areas, setups, count, MADV_NOHUGEPAGE);
	say(out);
	hear(in);
	for (int i = 0; i < count; i++)
		for (int r = 0; r < areas[i].count; r++)
			report_pages(setups[i].area + r * RANGE, &ranges[areas[i].first + r]);
	fflush(port);
	say(out);
	pause();
}

static void start_process(struct process *process, const struct area *areas, int count, const struct range *ranges)
{
	int to[2], from[2];

	if (pipe(to) || pipe(from) || (process->pid = fork()) < 0)
		die("fork");
	if (process->pid == 0)
		be_process(areas, count, ranges, to[0], from[1]);
	close(to[0]);
	close(from[1]);
	process->tell = to[1];
	process->told = from[0];
	hear(process->told);
}

static void step(int count)
{
	fflush(port);
	for (int i = 0; i < count; i++) {
		say(processes[i].tell);
		hear(processes[i].told);
	}
}

/*
 * Runs khugepaged over processes that are there already for some full scans, `pages_to_scan` at a time. All of them are
 * registered by their fork, in that order, after this process.
 */
void run_daemon(const struct daemon_request *request, const struct area *areas, const int *area_counts, const struct range *ranges)
{
	int count = request->processes;
	struct counters before, now;

	for (int i = 0; i < count; areas += area_counts[i++])
		start_process(&processes[i], areas, area_counts[i], ranges);
	if (request->free_order)
		hold_memory(request->free_order);
	print_vmas();
	step(count);
	put_limits(request->none, request->swap, request->shared);
	put_khugepaged(request->pages_to_scan, "pages_to_scan");
	read_counters(&before);
	put("1", TRACING "events/huge_memory/mm_khugepaged_scan/enable");
	trace_start();
	set_sizes(request->orders, "madvise");
	long start = get_khugepaged("full_scans");
	put_khugepaged(SCAN_SLEEP_MS, "scan_sleep_millisecs");
	int late = wait_full_scans(start + request->scans);
	/* khugepaged has gone on meanwhile: let it come to the end of its turn. */
	wait_until_asleep();
	put("0", TRACING "events/huge_memory/mm_khugepaged_scan/enable");
	trace_stop();
	read_counters(&now);
	long full_scans = get_khugepaged("full_scans");
	step(count);
	set_sizes(0, "never");
	step(count);
	int cut_off = trace_print_visits();
	fprintf(port, "%s%s full_scans=%ld ", late ? "timeout" : "done", cut_off ? " cut-off" : "", full_scans - start);
	print_growth(&before, &now);
	fputc('\n', port);
	fflush(port);
	put_khugepaged(1 << 24, "pages_to_scan");
	if (request->free_order)
		release_memory();
	for (int i = 0; i < count; i++) {
		kill(processes[i].pid, SIGKILL);
		waitpid(processes[i].pid, NULL, 0);
		close(processes[i].tell);
		close(processes[i].told);
	}
}
