/* What the parts of the probe share. */
#pragma once
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

/* Of the kernel that is booted: whoever compiles the probe says so. */
#if !defined(PROBE_PAGE_SHIFT) || !defined(PROBE_PMD_ORDER)
#error "give -DPROBE_PAGE_SHIFT and -DPROBE_PMD_ORDER"
#endif
#define PAGE (1UL << PROBE_PAGE_SHIFT)
#define PMD_ORDER PROBE_PMD_ORDER
#define PTES (1 << PMD_ORDER)
#define RANGE (PAGE * PTES)
#define WORDS ((PTES + 63) / 64)
#define MAX_RANGES 1024

/* Long enough to stop khugepaged while it sleeps between two passes. daemon-expected.ts has both sleeps too. */
#define SCAN_SLEEP_MS 30
#define ALLOC_SLEEP_MS 10

typedef uint64_t bitmap[WORDS];

/* One PMD range as it is to be made; README.md says what each field means. */
struct range {
	bitmap present, zero, swap, guard, dropped, shared, unreferenced, pinned, lazyfree, small, uffd, outside;
	int folio_order, split, scattered, armed;
};

/* The virtio port to the host. */
extern FILE *port;

/* Tells the host what failed and ends the guest. */
void die(const char *what);

static inline int has(const bitmap b, int i)
{
	return b[i / 64] >> (i % 64) & 1;
}

int any(const bitmap b);

/* What a page holds once it was written. */
uint64_t pattern(const char *page);

/* settings.c: sysfs files of transparent huge pages */
#define THP "/sys/kernel/mm/transparent_hugepage/"
/* The folder of the size of an order in there. */
#define SIZE_FOLDER "hugepages-%lukB/"
#define SIZE_KB(order) (PAGE >> 10 << (order))
#define TRACING "/sys/kernel/tracing/"
void put(const char *value, const char *format, ...);
void put_khugepaged(long value, const char *file);
long get_khugepaged(const char *file);
/* Page faults that wanted a folio of this order and got none. */
long get_fallbacks(int order);
void set_sizes(unsigned orders, const char *word);
void put_limits(long none, long swap, long shared);
int wait_full_scans(long wanted);
/* Waits until khugepaged is between two passes, or two visits, and not within an attempt. */
void wait_until_asleep(void);
#define COUNTERS 5
struct counters {
	long pages_collapsed;
	long of_order[COUNTERS][PMD_ORDER + 1];
};
void read_counters(struct counters *counters);
/* Prints by how much each grew. */
void print_growth(const struct counters *before, const struct counters *now);

/* swap.c */
int swap_on(void);
/* Returns whether it failed: the file of a module may be missing. */
int load_module(const char *module);

/* trace.c: what khugepaged said of each range */
void trace_start(void);
void trace_stop(void);
/* Reads the events of ranges `first` to `end`, of which those with pages outside of every VMA are left out. */
void trace_read(const struct range *ranges, int first, int end);
/* Prints one line for each range and forgets it. */
void trace_print(int count);
/* Prints one line for each visit of khugepaged to a process; returns whether the last one is not at its end. */
int trace_print_visits(void);

/* setup.c */
struct setup {
	char *area;
	int count, lead, tail;
	pid_t child;
	int child_end;
	int uffd;
	int *pipes, pipes_used;
};
int uffd_works(void);
/* Maps `count` ranges with so many pages before and after them, and fills the ranges. */
void set_up(struct setup *setup, const struct range *ranges, int count, int lead, int tail);
/* Uses pages again, but for those that are to be unreferenced. */
void use_pages(const struct setup *setup, const struct range *ranges);
void tear_down(struct setup *setup);

/* hold.c */
void hold_memory(int order);
void release_memory(void);

/* daemon.c */
/* A control group whose memory is not reclaimed: what is short elsewhere must not change the processes looked at. */
#define PROTECTED "/sys/fs/cgroup/protected/"
#define MAX_PROCESSES 8
#define MAX_AREAS 64
/* A VMA of a process: `count` ranges, the first one by its number, and pages before and after them. */
struct area {
	int first, count, lead, tail, advised;
};
struct daemon_request {
	unsigned orders;
	long none, swap, shared, pages_to_scan;
	int scans, processes;
	/* Memory is short: free blocks of this order are left. 0 for plenty. */
	int free_order;
};
void run_daemon(const struct daemon_request *request, const struct area *areas, const int *area_counts, const struct range *ranges);

/* fault.c */
/* Carries out one history of page faults and prints a line of what it leaves mapped. */
void run_history(char *line);

/* commands.c */
/* Runs a program and prints each line of its output behind "| ". */
void run_program(char *line);
/* Starts a program, prints its first line, and lets it go on. */
void start_program(char *line);
/* Sends a signal, and prints the line that the program answers with. */
void signal_process(int pid, int signal);
void end_program(int pid);
/* Anonymous memory of a process, VMA by VMA. */
void report_memory(int pid);

/* report.c: one line for a range as it is now */
/* Of the folio that a page frame belongs to. */
int order_of_frame(uint64_t frame);
void report_pages(const char *base, const struct range *range);
/* One line for each of `count` ranges of a process, as report_pages has them, without contents. */
void report_process(int pid, unsigned long address, int count);
/* One line for each PMD range of a file that is mapped here, a character a page: '.', 'u' or the order of its folio. */
void report_mapping(const char *map, const unsigned char *present, long pages);
/* One line of runs of pages [start, end) from `origin`: zN-N, ZN-N, pN-N or fN-N:ORDER@HEAD. */
void report_mapped(const char *origin, long start, long end);

/* page-cache.c */
/* What the page cache holds of the file that a VMA of a process maps, a line for each PMD range of the file. */
void report_page_cache(int pid, unsigned long start, unsigned long end);
/* Prints each line of a file behind "| ". */
void report_file(const char *path);
