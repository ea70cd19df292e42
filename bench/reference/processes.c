// Forks COUNT processes that hold BYTES of small pages each, in VMAS areas, and says so; they end with it.
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

static void hold(long bytes, int vmas)
{
	long each = bytes / vmas / 4096 * 4096;

	for (int i = 0; i < vmas; i++) {
		/* A guard page keeps the kernel from merging neighbours. */
		char *area = mmap(NULL, each + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (area == MAP_FAILED || mprotect(area + each, 4096, PROT_NONE) != 0)
			exit(1);
		madvise(area, each, MADV_NOHUGEPAGE);
		for (long at = 0; at < each; at += 4096)
			area[at] = 1;
	}
}

int main(int argc, char **argv)
{
	if (argc != 4)
		return 2;
	int count = atoi(argv[1]);
	int ready[2];
	char byte = 1;

	if (pipe(ready) != 0)
		return 1;
	for (int i = 0; i < count; i++) {
		if (fork() != 0)
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		hold(atol(argv[2]), atoi(argv[3]));
		if (write(ready[1], &byte, 1) != 1)
			_exit(1);
		pause();
		_exit(0);
	}
	for (int i = 0; i < count; i++)
		if (read(ready[0], &byte, 1) != 1)
			return 1;
	printf("ready\n");
	fflush(stdout);
	pause();
	return 0;
}
