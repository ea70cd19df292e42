/* What the page cache holds of the files and the shared memory of a process. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "probe.h"

#define SYS_CACHESTAT 451

/* Pages of a part of a file that are in the page cache, though no byte of them may have been written yet: fallocate. */
static long cached_pages(int fd, long first, long count)
{
	uint64_t part[2] = { first * PAGE, count * PAGE }, counts[5];

	if (syscall(SYS_CACHESTAT, fd, part, counts, 0))
		die("cachestat");
	return counts[0];
}

/* mincore calls a page resident only once it was written or read: marks the others by a 2. */
static void mark_allocated(int fd, unsigned char *present, long pages)
{
	for (long first = 0; first < pages; first += PTES) {
		long count = pages - first < PTES ? pages - first : PTES, resident = 0;

		for (long i = first; i < first + count; i++)
			resident += present[i] & 1;
		if (cached_pages(fd, first, count) == resident)
			continue;
		for (long i = first; i < first + count; i++)
			if (!(present[i] & 1) && cached_pages(fd, i, 1))
				present[i] = 2;
	}
}

/*
 * The file is mapped here to be looked at: nothing that is not there is brought in, and khugepaged must sleep, for it would go
 * over this mapping as well.
 */
void report_page_cache(int pid, unsigned long start, unsigned long end)
{
	char path[64];
	struct stat file;

	snprintf(path, sizeof(path), "/proc/%d/map_files/%lx-%lx", pid, start, end);
	int fd = open(path, O_RDONLY);
	if (fd < 0 || fstat(fd, &file))
		die(path);
	long pages = (file.st_size + PAGE - 1) / PAGE;
	unsigned char *present = malloc(pages);
	char *map = mmap(NULL, file.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (!present || map == MAP_FAILED || mincore(map, file.st_size, present))
		die("mincore");
	/* A fault maps the pages around it, which would then be there only by chance. */
	madvise(map, file.st_size, MADV_RANDOM);
	for (long page = 0; page < pages; page++)
		if (present[page] & 1)
			(void)*(volatile char *)(map + page * PAGE);
	mark_allocated(fd, present, pages);
	report_mapping(map, present, pages);
	munmap(map, file.st_size);
	free(present);
	close(fd);
	fprintf(port, "done bytes=%ld\n", (long)file.st_size);
	fflush(port);
}

void report_file(const char *path)
{
	FILE *file = fopen(path, "r");
	char *text = NULL;
	size_t room = 0;

	if (!file)
		die(path);
	for (ssize_t length; (length = getline(&text, &room, file)) > 0;)
		fprintf(port, "| %s%s", text, text[length - 1] == '\n' ? "" : "\n");
	free(text);
	fclose(file);
	fputs("done\n", port);
	fflush(port);
}
