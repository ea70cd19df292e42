/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What it may print. */
static const unsigned long MOST_PRINTED = 1UL << 20;

static const struct {
	int number;
	const char *name;
} FORBIDDEN[] = {
#ifdef SYS_fork
	{ SYS_fork, "fork()" },
#endif
#ifdef SYS_vfork
	{ SYS_vfork, "vfork()" },
#endif
	{ SYS_clone, "fork()" },
#ifdef SYS_clone3
	{ SYS_clone3, "clone3()" },
#endif
	{ SYS_execve, "execve()" },
	{ SYS_execveat, "execveat()" },
	{ SYS_socket, "socket()" },
	{ SYS_kill, "kill()" },
	{ SYS_setsid, "setsid()" },
	{ SYS_unlinkat, "unlinkat()" },
#ifdef SYS_unlink
	{ SYS_unlink, "unlink()" },
#endif
};
enum { FORBIDDEN_CALLS = sizeof FORBIDDEN / sizeof FORBIDDEN[0] };

static void bound(int what, unsigned long most, unsigned long at_last)
{
	struct rlimit limit = { .rlim_cur = most, .rlim_max = at_last };

	setrlimit(what, &limit);
}

/*
 * AddressSanitizer calls it before it reports anything. A report takes memory, too: that all of it is gone
 * could not be said without, and would wait for itself instead.
 */
void __asan_on_error(void);
void __asan_on_error(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_AS, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_AS, &limit);
}

/* Pages of the process; sanitizers reserve terabytes, so that the bound goes by what is there. */
static unsigned long bytes_mapped(void)
{
	unsigned long pages = 0;
	FILE *file = fopen("/proc/self/statm", "r");

	if (!file)
		return 0;
	if (fscanf(file, "%lu", &pages) != 1)
		pages = 0;
	fclose(file);
	return pages * (unsigned long)sysconf(_SC_PAGESIZE);
}

unsigned long global_bytes(void)
{
	extern char __data_start, _end;

	return (unsigned long)(&_end - &__data_start);
}

static void on_forbidden(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)context;
	for (int i = 0; i < FORBIDDEN_CALLS; i++)
		if (FORBIDDEN[i].number == info->si_syscall)
			forbidden(FORBIDDEN[i].name);
	forbidden("a system call");
}

/* Numbers of system calls are compared without the architecture: a program of another one is not built. */
static void forbid_calls(void)
{
	struct sock_filter filter[2 * FORBIDDEN_CALLS + 2];
	struct sock_fprog program = { .filter = filter };
	struct sigaction action = { .sa_sigaction = on_forbidden, .sa_flags = SA_SIGINFO };

	filter[program.len++] =
		(struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	for (int i = 0; i < FORBIDDEN_CALLS; i++) {
		filter[program.len++] =
			(struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned int)FORBIDDEN[i].number, 0, 1);
		filter[program.len++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP);
	}
	filter[program.len++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	sigaction(SIGSYS, &action, NULL);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
		prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

void enter_sandbox(void)
{
	unsigned long mapped = bytes_mapped();

	signal(SIGXFSZ, SIG_IGN);
	bound(RLIMIT_CORE, 0, 0);
	bound(RLIMIT_FSIZE, MOST_PRINTED, MOST_PRINTED);
	if (mapped > 0)
		bound(RLIMIT_AS, mapped + MOST_MEMORY, mapped + 2 * MOST_MEMORY);
	forbid_calls();
}
