/*
 * A server that forks, for `thpscope conform --suite diff`: a parent with data of its own, workers that have rewritten
 * parts of it, and a child a moment for each request. Prints `ready PID...`, the parent's first. SIGUSR1: the parent
 * answers requests, and prints `served`.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096UL
#define DATA_PAGES (16 * 512)
#define OWN_PAGES (4 * 512)
#define WORKERS 3
#define REQUESTS 20
#define GROWTH_PAGES (3 * 512)

static uint64_t state = 88172645463325252UL;
static volatile sig_atomic_t asked;

static unsigned below(unsigned limit)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state % limit;
}

static char *map(unsigned long pages)
{
	char *start = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (start == MAP_FAILED)
		exit(1);
	return start;
}

/* Runs of up to `run` pages with gaps of up to `gap`. */
static void touch(char *start, unsigned long pages, unsigned run, unsigned gap)
{
	for (unsigned long page = below(gap); page < pages; page += below(gap))
		for (unsigned left = 1 + below(run); left && page < pages; left--)
			start[page++ * PAGE] = 1;
}

/* Rewrites a part of what was shared, and has memory of its own; says so, and waits. */
static void work(int number, char *data, int done)
{
	state += number * 7919;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGUSR1, SIG_IGN);
	touch(data + number * (DATA_PAGES / WORKERS) * PAGE, DATA_PAGES / WORKERS, 96, 16);
	touch(map(OWN_PAGES), OWN_PAGES, 32, 64);
	if (write(done, "", 1) != 1)
		exit(1);
	for (;;)
		pause();
}

/* Each request has a process for as long as it takes, which shares all pages meanwhile; the parent goes on growing. */
static void serve(char *data)
{
	for (int request = 0; request < REQUESTS; request++) {
		pid_t child = fork();

		if (child == 0) {
			touch(data + below(DATA_PAGES - 64) * PAGE, 64, 8, 8);
			_exit(0);
		}
		data[below(DATA_PAGES) * PAGE]++;
		waitpid(child, NULL, 0);
	}
	touch(map(GROWTH_PAGES), GROWTH_PAGES, 16, 4);
}

static void ask(int signal)
{
	(void)signal;
	asked = 1;
}

int main(void)
{
	char *data = map(DATA_PAGES), byte;
	pid_t workers[WORKERS];
	sigset_t block, before;
	int ends[2];

	touch(data, DATA_PAGES, 64, 24);
	if (pipe(ends))
		return 1;
	for (int i = 0; i < WORKERS; i++) {
		workers[i] = fork();
		if (workers[i] < 0)
			return 1;
		if (workers[i] == 0)
			work(i, data, ends[1]);
	}
	for (int i = 0; i < WORKERS; i++)
		if (read(ends[0], &byte, 1) != 1)
			return 1;
	sigemptyset(&block);
	sigaddset(&block, SIGUSR1);
	sigprocmask(SIG_BLOCK, &block, &before);
	signal(SIGUSR1, ask);
	printf("ready %d", getpid());
	for (int i = 0; i < WORKERS; i++)
		printf(" %d", workers[i]);
	puts("");
	fflush(stdout);
	for (;;) {
		while (!asked)
			sigsuspend(&before);
		asked = 0;
		serve(data);
		puts("served");
		fflush(stdout);
	}
}
