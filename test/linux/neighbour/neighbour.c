/*
 * A process in one of the situations that stand around its memory. `neighbour SITUATION` prints the pids that
 * matter, separated by spaces, and waits to be killed. Memory is 8 PMD ranges of 2M, MADV_NOHUGEPAGE while it
 * is touched, so that every page is small.
 */
#define _GNU_SOURCE
#include <linux/io_uring.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define RANGE (2UL << 20)
#define RANGES 8

static char *fill(void)
{
	char *p = mmap(NULL, (RANGES + 1) * RANGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		exit(1);
	char *start = (char *)(((uintptr_t)p + RANGE - 1) & ~(RANGE - 1));
	madvise(start, RANGES * RANGE, MADV_NOHUGEPAGE);
	for (size_t at = 0; at < RANGES * RANGE; at += 4096)
		start[at] = 1;
	madvise(start, RANGES * RANGE, MADV_HUGEPAGE);
	return start;
}

static void report(int first, int second)
{
	if (second)
		printf("%d %d\n", first, second);
	else
		printf("%d\n", first);
	fflush(stdout);
}

__attribute__((noreturn)) static void *wait_for_the_end(void *unused)
{
	(void)unused;
	for (;;)
		pause();
}

__attribute__((noreturn)) static int wait_in_clone(void *unused)
{
	wait_for_the_end(unused);
}

static int register_buffers(char *start)
{
	struct io_uring_params params = {0};
	struct iovec half = {start, RANGES / 2 * RANGE};
	int fd = syscall(__NR_io_uring_setup, 8, &params);
	return fd < 0 ? -1 : syscall(__NR_io_uring_register, fd, IORING_REGISTER_BUFFERS, &half, 1);
}

int main(int count, char **words)
{
	const char *situation = count > 1 ? words[1] : "";
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	char *start = fill();
	int other = 0;
	if (strcmp(situation, "leaderless") == 0) {
		pthread_t thread;
		pthread_create(&thread, NULL, wait_for_the_end, NULL);
		report(getpid(), 0);
		pthread_exit(NULL);
	}
	if (strcmp(situation, "undumpable") == 0)
		prctl(PR_SET_DUMPABLE, 0);
	if (strcmp(situation, "pinned") == 0 && register_buffers(start) != 0)
		return 2;
	if (strcmp(situation, "sharing") == 0) {
		char *stack = malloc(1 << 16);
		other = clone(wait_in_clone, stack + (1 << 16), CLONE_VM | SIGCHLD, NULL);
	}
	if (strcmp(situation, "forked") == 0) {
		other = fork();
		if (other == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			for (int range = 0; range < RANGES; range++)
				for (int page = 0; page < 400; page++)
					start[range * RANGE + page * 4096] = 2;
			wait_for_the_end(NULL);
		}
	}
	report(getpid(), other);
	wait_for_the_end(NULL);
}
