/* Page cache: what the parts of the probe that deal with it share. */
#pragma once
#include "probe.h"

#define MAX_MAPPINGS 64
#define MAX_CACHE_RANGES 3
#define CACHE_PAGES (MAX_CACHE_RANGES * PTES)

typedef uint64_t cache_bitmap[MAX_CACHE_RANGES * WORDS];

/* A mapping of one file as it is to be made, and what was made; ../README.md says what the words mean. */
struct cache_mapping {
	char kind[24];
	int ranges, number;
	int hugepage, nohugepage, is_private, readonly, exec, filled, random;
	long bytes, offset, shift;
	int folio_order;
	cache_bitmap written, read, dirty, swap, punched, mapped, cow;
	/* Of the file: for looking and for making it. */
	int fd;
	/* What its trace events call it. */
	char name[24];
	char *address;
	int sysv_id;
};

/* cache-setup.c */
/* Mounts the disk; returns whether there is one. */
int mount_disk(void);
/* shmem_enabled at the top and of the PMD size. */
void put_shmem(const char *top, const char *size);
void make_cache_mapping(struct cache_mapping *mapping);
void remove_cache_mapping(struct cache_mapping *mapping);

/* cache-report.c */
/* One line for a range of a mapping: its pages in the page cache, and how many pages are mapped. */
void report_cache_range(FILE *to, const struct cache_mapping *mapping, int range);
/* How many pages a touch of a range's first page maps. */
int touch_cache_range(const struct cache_mapping *mapping, int range);
/* What of a mapping's address space a PMD can map. */
int pmd_ranges(const struct cache_mapping *mapping);

/* cache.c */
void run_cache(char *request, void (*read_line)(char *line, int size));
