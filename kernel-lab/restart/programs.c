/*
 * Programs that are started twice, for `thpscope conform --suite restart`: they make memory that is the same each time,
 * print `ready`, and wait.
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096UL
#define OBJECTS 60000
#define MAPS 6
#define MAP_BYTES (16UL << 20)

static uint64_t state = 88172645463325252UL;

static unsigned below(unsigned limit)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state % limit;
}

/* Objects of up to 2K, every second of which is given back. */
static void objects(void)
{
	static char *all[OBJECTS];

	for (int i = 0; i < OBJECTS; i++) {
		size_t size = 32 + below(2016);

		all[i] = memset(malloc(size), 1, size);
	}
	for (int i = 0; i < OBJECTS; i += 2)
		free(all[i]);
}

/* Runs of up to 64 pages with gaps of up to 128. */
static void sparse(void)
{
	for (int i = 0; i < MAPS; i++) {
		char *map = mmap(NULL, MAP_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (map == MAP_FAILED)
			exit(1);
		for (unsigned long page = below(128); page < MAP_BYTES / PAGE; page += below(128))
			for (unsigned run = 1 + below(64); run && page < MAP_BYTES / PAGE; run--)
				map[page++ * PAGE] = 1;
	}
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "objects"))
		objects();
	else
		sparse();
	puts("ready");
	fflush(stdout);
	for (;;)
		pause();
}
