/*
 * Memory of a known kind for the benchmarks of live reading: `memory KIND MIB` makes it, prints "PID START END" and
 * waits. Kinds: dense, half (two of every 4 pages), alternate (every other page), half-huge (half of it is to be mapped
 * by PMD entries), huge, scattered (pages touched in an order that leaves no two neighbouring frames together), folios
 * (faults bring what is enabled for MADV_HUGEPAGE), vmas (MIB * 256 of one page each), shared (shared anonymous memory),
 * file (a file without a name in the working directory that was read from end to end).
 *
 * `memory stall MIB`: a thread touches and drops 1,024 pages of it again and again. A line of standard input is
 * answered with the microseconds of its slowest fault since the line before, and how many it has had.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096UL
#define HUGE (2UL << 20)
#define FAULTED 1024

static _Atomic uint64_t slowest, faults;
static char *faulted;

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static void *fault(void *unused)
{
	for (;;) {
		for (size_t i = 0; i < FAULTED; i++) {
			uint64_t from = now(), took;

			faulted[i * PAGE] = 1;
			took = now() - from;
			faults++;
			if (took > slowest)
				slowest = took;
		}
		madvise(faulted, FAULTED * PAGE, MADV_DONTNEED);
	}
	return unused;
}

static char *map(size_t bytes)
{
	char *area = mmap(NULL, bytes + HUGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (area == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	return (char *)(((uintptr_t)area + HUGE - 1) & ~(HUGE - 1));
}

/* Takes the place of the area, if the kind asks for that. */
static void map_shared(const char *kind, char *area, size_t bytes)
{
	int fd = -1;

	if (!strcmp(kind, "file")) {
		fd = open(".", O_TMPFILE | O_RDWR, 0600);
		if (fd < 0 || ftruncate(fd, bytes)) {
			perror("a file without a name");
			exit(1);
		}
	} else if (strcmp(kind, "shared")) {
		return;
	}
	if (mmap(area, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED | (fd < 0 ? MAP_ANONYMOUS : 0), fd, 0) ==
	    MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
}

static int is_touched(const char *kind, size_t page)
{
	if (!strcmp(kind, "half"))
		return page % 4 < 2;
	return strcmp(kind, "alternate") || page % 2 == 0;
}

int main(int argc, char **argv)
{
	const char *kind = argc > 1 ? argv[1] : "dense";
	size_t bytes = (argc > 2 ? strtoul(argv[2], NULL, 10) : 1024) << 20, pages = bytes / PAGE;
	char *area = map(bytes), line[16];
	int huge = !strcmp(kind, "huge") || !strcmp(kind, "folios");
	pthread_t thread;

	map_shared(kind, area, bytes);
	madvise(area, bytes, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
	if (!strcmp(kind, "half-huge"))
		madvise(area, bytes / 2, MADV_HUGEPAGE);
	if (!strcmp(kind, "scattered")) {
		/* A step that is odd has no common divisor with a power of two. */
		for (size_t i = 0, page = 0; i < pages; i++, page = (page + 4125799) % pages)
			area[page * PAGE] = 1;
	} else {
		for (size_t page = 0; page < pages; page++)
			if (!strcmp(kind, "file"))
				(void)*(volatile char *)(area + page * PAGE);
			else if (is_touched(kind, page))
				area[page * PAGE] = 1;
	}
	/* Neighbours of other rights are other VMAs. */
	if (!strcmp(kind, "vmas"))
		for (size_t page = 0; page < pages; page += 2)
			mprotect(area + page * PAGE, PAGE, PROT_READ);
	if (!strcmp(kind, "stall")) {
		faulted = map(FAULTED * PAGE);
		madvise(faulted, FAULTED * PAGE, MADV_NOHUGEPAGE);
		if (pthread_create(&thread, NULL, fault, NULL))
			return 1;
	}
	printf("%d %lx %lx\n", getpid(), (unsigned long)area, (unsigned long)area + bytes);
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		printf("%.1f %lu\n", atomic_exchange(&slowest, 0) / 1000.0, atomic_exchange(&faults, 0));
		fflush(stdout);
	}
	return 0;
}
