/* Page faults: a VMA is touched and given back page by page as a history says, under any combination of settings. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "probe.h"

/* khugepaged starts with a pass over what is there when a size is switched on; nothing of a history is mapped then. */
#define FIRST_PASS_US 5000

static const char *word_of(char letter)
{
	switch (letter) {
	case 'a':
		return "always";
	case 'i':
		return "inherit";
	case 'm':
		return "madvise";
	case 'n':
		return "never";
	}
	die("not a setting");
	return NULL;
}

/* `sizes` has a letter for each order from 2 on. */
static void put_settings(char top, const char *sizes, int zero_page)
{
	if (strlen(sizes) != PMD_ORDER - 1)
		die("not a letter for each size");
	put(word_of(top), THP "enabled");
	for (int order = 2; order <= PMD_ORDER; order++)
		put(word_of(sizes[order - 2]), THP SIZE_FOLDER "enabled", SIZE_KB(order));
	put(zero_page ? "1" : "0", THP "use_zero_page");
	usleep(FIRST_PASS_US);
}

static void act(char *origin, const char *word)
{
	char *rest;
	long first = strtol(word + 1, &rest, 10), last = *rest == '-' ? strtol(rest + 1, &rest, 10) : first;

	if (*rest)
		die("not an act of a history");
	if (*word == 'd' && madvise(origin + first * PAGE, (last - first + 1) * PAGE, MADV_DONTNEED))
		die("MADV_DONTNEED");
	for (long page = first; page <= last && *word != 'd'; page++) {
		volatile char *at = origin + page * PAGE;

		if (*word == 'w')
			*at = 1;
		else
			(void)*at;
	}
}

void run_history(char *line)
{
	const char *top = strtok(line, " \n"), *sizes = strtok(NULL, " \n"), *advice = strtok(NULL, " \n");
	const char *zero = strtok(NULL, " \n"), *from = strtok(NULL, " \n"), *to = strtok(NULL, " \n");

	if (!to)
		die("not a history");
	long start = atol(from), end = atol(to);
	size_t room = (end + 2 * PTES) * PAGE;
	/* What is around the VMA cannot be merged with it. */
	char *map = mmap(NULL, room, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	char *origin = (char *)(((uintptr_t)map + RANGE - 1) & ~(RANGE - 1)), *vma = origin + start * PAGE;

	put_settings(*top, sizes, *zero == '1');
	if (map == MAP_FAILED || mmap(vma, (end - start) * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
		die("mmap");
	if (*advice != '-')
		madvise(vma, (end - start) * PAGE, *advice == 'h' ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
	for (const char *word = strtok(NULL, " \n"); word; word = strtok(NULL, " \n"))
		act(origin, word);
	report_mapped(origin, start, end);
	munmap(map, room);
}
