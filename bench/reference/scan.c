/*
 * A bare PAGEMAP_SCAN and a bare pread of pagemap: `scan PID START END ROUNDS` prints the milliseconds of thread time
 * that each takes, medians. The scan asks for what thpscope asks for.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096UL
#define CATEGORIES 0x178
#define REGIONS 4096
#define CHUNK (1UL << 28)

struct argument {
	uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages, inverted, mask, any_of, returned;
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void scan(int fd, uint64_t start, uint64_t end)
{
	static uint64_t regions[3 * REGIONS];

	while (start < end) {
		struct argument argument = { .size = sizeof(argument), .start = start, .end = end, .vec = (uintptr_t)regions,
			.vec_len = REGIONS, .any_of = 0x118, .returned = CATEGORIES };

		if (ioctl(fd, _IOWR('f', 16, struct argument), &argument) < 0) {
			perror("PAGEMAP_SCAN");
			exit(1);
		}
		start = argument.walk_end;
	}
}

static void read_entries(int fd, uint64_t start, uint64_t end)
{
	static char entries[CHUNK / PAGE * 8];

	for (; start < end; start += CHUNK) {
		uint64_t bytes = (end - start < CHUNK ? end - start : CHUNK) / PAGE * 8;

		if (pread(fd, entries, bytes, start / PAGE * 8) < 0)
			exit(1);
	}
}

int main(int argc, char **argv)
{
	char path[64];
	uint64_t start = strtoul(argv[2], NULL, 16), end = strtoul(argv[3], NULL, 16);
	int rounds = argc > 4 ? atoi(argv[4]) : 7, fd;
	void (*each[])(int, uint64_t, uint64_t) = { scan, read_entries };

	snprintf(path, sizeof(path), "/proc/%s/pagemap", argv[1]);
	fd = open(path, O_RDONLY);
	for (int i = 0; i < 2; i++) {
		double times[rounds];

		for (int round = 0; round < rounds; round++) {
			double from = now();

			each[i](fd, start, end);
			times[round] = now() - from;
		}
		qsort(times, rounds, sizeof(*times), compare);
		printf("%.3f\n", times[rounds / 2]);
	}
	return 0;
}
