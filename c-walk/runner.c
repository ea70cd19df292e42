/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers cases with a function of somebody: thpscope writes requests to one pipe and reads answers from
 * another. The function runs in a process of its own. Its parent, which never calls it, ends it when it loops,
 * says how it ended and starts it anew. What is written and read: src/verify/c/messages.ts.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "runner.h"
#include "sandbox.h"

/* Out of the way of what a function may write to by mistake. */
enum { REQUESTS = 203, ANSWERS = 204 };
enum { MAX_PMD_ORDER = 13, MAX_PTES = 1 << MAX_PMD_ORDER };
/* Every window twice, and room for what is a difference but no endless loop. */
enum { MOST_ATTEMPTS = 4 * MAX_PTES + 2, MOST_VISITS = 8 * MAX_PTES };
/* All ends of so many attempts are tried at once, and so many runs at most. */
enum { FEW_ATTEMPTS = 8, MOST_RUNS = 512, ENOUGH_BYTES = 1 << 20 };
enum { ANSWER_RUNS, ANSWER_ENDED };
enum reason { REASON_DIED, REASON_LOOPS, REASON_FAULT };
enum { VISIT = -1, UNKNOWN_END = -2 };
enum end { END_RETURNED, END_ENDLESS, END_CUT, NO_MORE_RUNS };

struct request {
	int32_t sequence;
	int32_t max_ptes_none;
	int32_t orders;
	int32_t unmapped;
	int32_t uffd_armed;
	/* Whether visits are asked for. */
	int32_t observed;
	/* How many results of attempts are known; they follow the bitmap, a byte each. */
	int32_t known;
	/* How many further attempts may be guessed; the run is left at the one after them. */
	int32_t most_guessed;
	int32_t none_limits[MAX_PMD_ORDER + 1];
	/* Further attempts end so, by order: the first guess and the second. */
	uint8_t guesses[2][MAX_PMD_ORDER + 3];
	/* With results here every one of them is tried for each attempt instead of the second guess. */
	int32_t ends;
	uint8_t end[36];
	uint32_t present[MAX_PTES / 32];
	uint8_t results[MOST_ATTEMPTS];
};

/* What the parent sees of the process that runs the function. */
struct shared {
	int32_t sequence;
	uint32_t run;
	bool running;
	bool fault;
	char text[240];
};

struct run {
	enum end end;
	int value;
	int attempts;
	int words;
	/* An offset, an order and how the attempt ended each; or VISIT, or UNKNOWN_END where the run was left. */
	int32_t steps[3 * (MOST_ATTEMPTS + MOST_VISITS)];
};

static struct shared *shared;
static struct request request;
static struct thpscope_range range;
static struct run runs[2];
static struct run *run;
/* The answer, written once all of it is there: a run that ends the process has none. */
static char answer[4 << 20];
static size_t answer_bytes;
static const uint8_t *guess;
static bool guesses_differ;
static int visits;
static jmp_buf leave;

const struct thpscope_range *thpscope_range = &range;

static bool read_all(void *to, size_t size)
{
	for (char *at = to; size > 0;) {
		ssize_t got = read(REQUESTS, at, size);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		at += got;
		size -= (size_t)got;
	}
	return true;
}

static void write_all(const void *from, size_t size)
{
	for (const char *at = from; size > 0;) {
		ssize_t put = write(ANSWERS, at, size);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			_exit(0);
		at += put;
		size -= (size_t)put;
	}
}

static int32_t clamped(long value)
{
	return value > 1 << 28 ? 1 << 28 : value < -(1 << 28) ? -(1 << 28) : (int32_t)value;
}

static _Noreturn void fault(const char *what, const char *file, int line)
{
	if (file)
		snprintf(shared->text, sizeof shared->text, "%s at %s:%d", what, file, line);
	else
		snprintf(shared->text, sizeof shared->text, "%s", what);
	shared->fault = true;
	_exit(1);
}

void forbidden(const char *call)
{
	char what[80];

	snprintf(what, sizeof what, "calls %s, which no walk may", call);
	fault(what, NULL, 0);
}

void thpscope_undefined(const char *call, const char *file, int line)
{
	char what[80];

	snprintf(what, sizeof what, "calls %s, which is undefined,", call);
	fault(what, file, line);
}

void thpscope_beyond(const char *map, unsigned long bit, unsigned long bits, const char *file, int line)
{
	char what[120];

	snprintf(what, sizeof what, "uses bit %lu of %s, which has %lu,", bit, map, bits);
	fault(what, file, line);
}

void thpscope_broken(const char *what, const char *file, int line)
{
	char text[200];

	snprintf(text, sizeof text, "meets %s", what);
	fault(text, file, line);
}

void thpscope_look(long offset, long order)
{
	if (!request.observed || visits++ >= MOST_VISITS)
		return;
	run->steps[run->words++] = clamped(offset);
	run->steps[run->words++] = clamped(order);
	run->steps[run->words++] = VISIT;
}

int thpscope_try_address(unsigned long address, long offset, long order)
{
	long bytes = (long)(address - THPSCOPE_ADDRESS);
	long page = 1L << thpscope_page_shift;
	int result;

	if (bytes & (page - 1))
		fault("attempts an address that is not that of a page", NULL, 0);
	if (run->attempts >= 4 * (1 << thpscope_pmd_order) + 2)
		longjmp(leave, END_ENDLESS);
	run->steps[run->words++] = clamped(bytes / page + offset);
	run->steps[run->words++] = clamped(order);
	if (run->attempts >= request.known + request.most_guessed) {
		run->steps[run->words++] = UNKNOWN_END;
		longjmp(leave, END_CUT);
	}
	if (run->attempts < request.known) {
		result = request.results[run->attempts];
	} else {
		int known = order >= 0 && order <= MAX_PMD_ORDER ? (int)order : MAX_PMD_ORDER;

		result = guess[known];
		guesses_differ |= request.guesses[0][known] != request.guesses[1][known];
	}
	run->attempts++;
	run->steps[run->words++] = result;
	return result;
}

static void run_once(struct run *into, const uint8_t *guessing)
{
	run = into;
	guess = guessing;
	run->attempts = run->words = visits = 0;
	shared->run++;
	shared->running = true;
	run->value = 0;
	run->end = (enum end)setjmp(leave);
	if (run->end == END_RETURNED)
		run->value = thpscope_call();
	shared->running = false;
}

static bool is_same(const struct run *a, const struct run *b)
{
	return a->end == b->end && a->value == b->value && a->words == b->words &&
	       memcmp(a->steps, b->steps, (size_t)a->words * sizeof *a->steps) == 0;
}

/* Reads the next request; false at the end of them. */
static bool read_request(void)
{
	int words = (1 << thpscope_pmd_order) / 32;

	if (!read_all(&request, offsetof(struct request, present)))
		return false;
	if (request.ends < 0 || request.ends > (int)sizeof request.end)
		return false;
	if (!read_all(request.present, (size_t)(words ? words : 1) * 4))
		return false;
	if (request.known < 0 || request.known > MOST_ATTEMPTS || !read_all(request.results, (size_t)request.known))
		return false;
	for (int page = 0; page < 1 << thpscope_pmd_order; page += 32) {
		unsigned long *word = &thpscope_present[page / (8 * (int)sizeof(long))];
		int shift = page % (8 * (int)sizeof(long));

		*word = (shift ? *word : 0) | (unsigned long)request.present[page / 32] << shift;
	}
	range = (struct thpscope_range){
		.present_ptes = thpscope_present,
		.unmapped = (unsigned int)request.unmapped,
		.enabled_orders = (unsigned long)request.orders,
		.uffd_armed = request.uffd_armed != 0,
		.max_ptes_none = (unsigned int)request.max_ptes_none,
		.none_limits = request.none_limits,
	};
	shared->sequence = request.sequence;
	return true;
}

static void put(const void *from, size_t size)
{
	memcpy(answer + answer_bytes, from, size);
	answer_bytes += size;
}

static void put_run(const struct run *done)
{
	put(done, offsetof(struct run, steps) + (size_t)done->words * 4);
}

/* The place of a result among those that are tried. */
static int place_of(int result)
{
	for (int i = 0; i < request.ends; i++)
		if (request.end[i] == result)
			return i;
	return request.ends;
}

/* Makes the results of a run those of the next: the last one that can changes, those behind it are dropped. */
static bool advance(const struct run *done, int known)
{
	int attempt = 0, last = -1;

	for (int i = 0; i < done->words; i += 3) {
		if (done->steps[i + 2] < 0)
			continue;
		request.results[attempt] = (uint8_t)done->steps[i + 2];
		if (attempt >= known && place_of(done->steps[i + 2]) + 1 < request.ends)
			last = attempt;
		attempt++;
	}
	if (last < 0)
		return false;
	request.results[last] = request.end[place_of(request.results[last]) + 1];
	request.known = last + 1;
	return true;
}

/* Tries every end of every attempt behind those that are known, if there are few. */
static void put_all_ends(void)
{
	int known = request.known;
	const struct run *last = &runs[0];

	if (runs[0].end != END_RETURNED || runs[0].attempts > known + FEW_ATTEMPTS)
		return;
	for (int i = 1; i < MOST_RUNS && answer_bytes < ENOUGH_BYTES && advance(last, known); i++) {
		run_once(&runs[1], request.guesses[0]);
		put_run(&runs[1]);
		last = &runs[1];
	}
}

static void answer_requests(void)
{
	while (read_request()) {
		const int32_t head[2] = { request.sequence, ANSWER_RUNS };
		const int32_t no_more[4] = { NO_MORE_RUNS, 0, 0, 0 };

		if (global_bytes() > MOST_MEMORY)
			fault("has more than 64 MB of global data", NULL, 0);

		guesses_differ = false;
		run_once(&runs[0], request.guesses[0]);
		run_once(&runs[1], request.guesses[0]);
		if (!is_same(&runs[0], &runs[1]))
			fault("does not do the same when the same case comes again", NULL, 0);
		answer_bytes = 0;
		put(head, sizeof head);
		put_run(&runs[0]);
		if (request.most_guessed == 0) {
			/* What follows is not known. */
		} else if (request.ends > 0) {
			put_all_ends();
		} else if (guesses_differ) {
			run_once(&runs[1], request.guesses[1]);
			put_run(&runs[1]);
		}
		put(no_more, sizeof no_more);
		write_all(answer, answer_bytes);
	}
	_exit(0);
}

static void say_ended(enum reason reason, int status)
{
	int32_t head[4] = { shared->sequence, ANSWER_ENDED, (int32_t)reason, status };

	write_all(head, sizeof head);
	write_all(shared->text, sizeof shared->text);
}

/* Milliseconds of a clock. */
static long milliseconds(clockid_t clock)
{
	struct timespec now = { 0 };

	clock_gettime(clock, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Waits for the end of the process; ends it when one run takes longer than it may. */
static bool watch(pid_t child, long most_milliseconds, int *status)
{
	const struct timespec look = { .tv_nsec = 10 * 1000 * 1000 };
	sigset_t ended;
	clockid_t cpu = CLOCK_MONOTONIC;
	uint32_t seen = shared->run;
	long cpu_then = 0, then = milliseconds(CLOCK_MONOTONIC);

	sigemptyset(&ended);
	sigaddset(&ended, SIGCHLD);
	clock_getcpuclockid(child, &cpu);
	for (;;) {
		if (waitpid(child, status, WNOHANG) == child)
			return false;
		/* Time on a CPU, so that a busy machine makes nothing a loop; ten times as long if it only waits. */
		if (!shared->running || shared->run != seen) {
			seen = shared->run;
			cpu_then = milliseconds(cpu);
			then = milliseconds(CLOCK_MONOTONIC);
		} else if (milliseconds(cpu) - cpu_then > most_milliseconds ||
			   milliseconds(CLOCK_MONOTONIC) - then > 10 * most_milliseconds) {
			kill(child, SIGKILL);
			waitpid(child, status, 0);
			return true;
		}
		sigtimedwait(&ended, NULL, &look);
	}
}

int main(int argc, char **argv)
{
	long most_milliseconds = argc > 1 ? atol(argv[1]) : 1000;
	sigset_t ended;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (dup2(3, REQUESTS) < 0 || dup2(4, ANSWERS) < 0)
		return 1;
	close(3);
	close(4);
	shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return 1;
	// What a search prints is read after each.
	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&ended);
	sigaddset(&ended, SIGCHLD);
	sigprocmask(SIG_BLOCK, &ended, NULL);
	for (;;) {
		int status = 0;
		bool loops;
		pid_t child;

		memset(shared, 0, sizeof *shared);
		child = fork();
		if (child < 0)
			return 1;
		if (child == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			enter_sandbox();
			answer_requests();
		}
		loops = watch(child, most_milliseconds, &status);
		if (!shared->running && !shared->fault && WIFEXITED(status) && WEXITSTATUS(status) == 0)
			return 0;
		say_ended(loops ? REASON_LOOPS : shared->fault ? REASON_FAULT : REASON_DIED, status);
		/* Once is a surprise; then it is known, and many cases are tried to find the smallest. */
		if (loops && most_milliseconds > 100)
			most_milliseconds = 100;
	}
}
