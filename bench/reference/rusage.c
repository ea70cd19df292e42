// rusage SECONDS COMMAND...: runs a command, for so many seconds of CPU at most, and says on stderr what wait4
// says that it took: KiB of memory at most, microseconds of CPU, its exit status, the signal that ended it.
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static long microseconds(struct timeval time)
{
	return 1000000L * time.tv_sec + time.tv_usec;
}

int main(int argc, char **argv)
{
	struct rusage usage;
	pid_t child;
	int status;

	if (argc < 3)
		return 2;
	child = fork();
	if (child == 0) {
		rlim_t seconds = (rlim_t)atoi(argv[1]);
		struct rlimit most = { seconds, seconds };

		setrlimit(RLIMIT_CPU, &most);
		execvp(argv[2], argv + 2);
		_exit(127);
	}
	if (child < 0 || wait4(child, &status, 0, &usage) < 0)
		return 1;
	fprintf(stderr, "\nrusage %ld %ld %d %d\n", usage.ru_maxrss,
		microseconds(usage.ru_utime) + microseconds(usage.ru_stime),
		WIFEXITED(status) ? WEXITSTATUS(status) : 0, WIFSIGNALED(status) ? WTERMSIG(status) : 0);
	return 0;
}
