/*
 * The walk (docs/khugepaged.md#the-walk) as plain C, for comparison only: a bitmap of 512 bits a range, windows
 * counted anew at each visit, every attempt succeeds. Written from that description.
 *
 * walk FILE ROUNDS ORDERS:NONE...   times each policy over all ranges of FILE (64 bytes each) and prints
 * "nanoseconds-a-range windows checksum", the median of ROUNDS, one line a policy.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PMD_ORDER = 9, PAGES = 1 << PMD_ORDER, WORDS = PAGES / 64 };

static int count(const uint64_t *bitmap, int offset, int order)
{
	if (order < 6)
		return __builtin_popcountll(bitmap[offset >> 6] >> (offset & 63) & ((UINT64_C(1) << (1 << order)) - 1));
	int sum = 0;
	for (int i = offset >> 6; i < (offset + (1 << order)) >> 6; i++)
		sum += __builtin_popcountll(bitmap[i]);
	return sum;
}

static int walk(const uint64_t *bitmap, unsigned orders, int none, uint32_t *out)
{
	uint32_t *begin = out;
	int offset = 0, order = PMD_ORDER;

	while (offset < PAGES) {
		int size = 1 << order;
		int taken = 0;

		if (orders >> order & 1) {
			int limit = order == PMD_ORDER ? none : none == PAGES - 1 ? size - 1 : 0;

			taken = count(bitmap, offset, order) >= size - limit;
		}
		if (taken) {
			*out++ = (uint32_t)offset << 4 | (uint32_t)order;
		} else if (order > 2 && orders & ((1u << order) - 1)) {
			order--;
			continue;
		}
		offset += size;
		order = offset ? __builtin_ctz(offset) : PMD_ORDER;
		if (order > PMD_ORDER)
			order = PMD_ORDER;
	}
	return (int)(out - begin);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	FILE *file = argc > 3 ? fopen(argv[1], "rb") : NULL;

	if (!file)
		return 2;
	fseek(file, 0, SEEK_END);
	long bytes = ftell(file), ranges = bytes / (WORDS * 8);
	rewind(file);
	uint64_t *bitmaps = malloc(bytes);
	uint32_t *out = malloc(sizeof(*out) * PAGES / 4 * ranges), *ends = malloc(sizeof(*ends) * ranges);
	int rounds = atoi(argv[2]);
	double *times = malloc(sizeof(*times) * rounds);

	if (fread(bitmaps, 1, bytes, file) != (size_t)bytes)
		return 5;
	for (int i = 3; i < argc; i++) {
		unsigned orders = 0;
		int none = 0;
		uint32_t windows = 0, sum = 0;

		sscanf(argv[i], "%x:%d", &orders, &none);
		for (int round = 0; round < rounds; round++) {
			double start = now();

			windows = 0;
			for (long r = 0; r < ranges; r++) {
				windows += walk(bitmaps + r * WORDS, orders, none, out + windows);
				ends[r] = windows;
			}
			times[round] = now() - start;
		}
		for (uint32_t w = 0; w < windows; w++)
			sum = sum * 31 + out[w];
		qsort(times, rounds, sizeof(*times), ascending);
		printf("%.2f %u %u\n", times[rounds / 2] / ranges, windows, sum);
	}
	return 0;
}
