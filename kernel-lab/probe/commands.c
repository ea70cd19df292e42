/* Programs in the guest: run, start and end them, and look at their pages. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "probe.h"

#define MAX_WORDS 256
#define MAX_PROGRAMS 256

/* Programs that go on, and the pipe that each prints to. */
static struct program {
	pid_t pid;
	int output;
} programs[MAX_PROGRAMS];

/* Starts a program whose words are separated by spaces; returns its pid, and the end of a pipe with what it prints. */
static pid_t launch(char *line, int *output)
{
	char *words[MAX_WORDS + 1];
	int ends[2], count = 0;

	for (char *word = strtok(line, " \n"); word && count < MAX_WORDS; word = strtok(NULL, " \n"))
		words[count++] = word;
	words[count] = NULL;
	if (!count || pipe2(ends, O_CLOEXEC))
		die("no program to run");
	pid_t child = fork();
	if (child < 0)
		die("fork");
	if (child == 0) {
		setenv("PATH", "/bin:/usr/bin", 1);
		setenv("HOME", "/", 1);
		setenv("NO_COLOR", "1", 1);
		/* A signal that ends the probe's wait is not the program's matter. */
		setsid();
		dup2(open("/dev/null", O_RDONLY), 0);
		dup2(ends[1], 1);
		dup2(ends[1], 2);
		execvp(words[0], words);
		dprintf(2, "%s: %s\n", words[0], strerror(errno));
		_exit(127);
	}
	close(ends[1]);
	*output = ends[0];
	return child;
}

void run_program(char *line)
{
	int output, status;
	pid_t child = launch(line, &output);
	FILE *lines = fdopen(output, "r");
	char *text = NULL;
	size_t room = 0;

	for (ssize_t length; (length = getline(&text, &room, lines)) > 0;)
		fprintf(port, "| %s%s", text, text[length - 1] == '\n' ? "" : "\n");
	free(text);
	fclose(lines);
	if (waitpid(child, &status, 0) != child)
		die("waitpid");
	fprintf(port, "done exit=%d\n", WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	fflush(port);
}

/* Prints a program's next line; nothing where it has ended. */
static void print_line(int output)
{
	char text[4096] = "";
	size_t used = 0;

	while (used + 1 < sizeof(text) && read(output, text + used, 1) == 1 && text[used] != '\n')
		used++;
	text[used] = 0;
	fprintf(port, "| %s\n", text);
}

/* The program goes on; what it prints first says that it is where it is wanted. */
void start_program(char *line)
{
	struct program *program = programs;

	while (program->pid && program < programs + MAX_PROGRAMS - 1)
		program++;
	if (program->pid)
		die("too many programs");
	program->pid = launch(line, &program->output);
	print_line(program->output);
	fprintf(port, "done pid=%d\n", program->pid);
	fflush(port);
}

/* A process of a program does what the signal asks, and prints a line when it has. */
void signal_process(int pid, int signal)
{
	pid_t group = getpgid(pid);

	kill(pid, signal);
	for (int i = 0; i < MAX_PROGRAMS; i++)
		if (programs[i].pid == group && group > 0)
			print_line(programs[i].output);
	fputs("done\n", port);
	fflush(port);
}

/* A program and the processes that it forked. */
void end_program(int pid)
{
	kill(-pid, SIGKILL);
	waitpid(pid, NULL, 0);
	for (int i = 0; i < MAX_PROGRAMS; i++) {
		if (programs[i].pid != pid)
			continue;
		close(programs[i].output);
		programs[i].pid = 0;
	}
	/* Orphans are the probe's, which is process 1. */
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	fputs("done\n", port);
	fflush(port);
}

/* A line for each VMA that holds anonymous memory: its addresses, KiB of it, and whether faults may make it huge. */
void report_memory(int pid)
{
	char path[64], line[512];
	unsigned long start = 0, end = 0, inode = 0;
	long anonymous = 0;

	snprintf(path, sizeof(path), "/proc/%d/smaps", pid);
	FILE *smaps = fopen(path, "r");
	if (!smaps)
		die(path);
	while (fgets(line, sizeof(line), smaps)) {
		unsigned long from, to, of;

		if (sscanf(line, "%lx-%lx %*s %*s %*s %lu", &from, &to, &of) == 3) {
			start = from;
			end = to;
			inode = of;
			anonymous = 0;
		}
		sscanf(line, "Anonymous: %ld", &anonymous);
		if (anonymous && !strncmp(line, "VmFlags:", 8))
			fprintf(port, "%lx %lx %ld %s\n", start, end, anonymous, inode ? "file" : strstr(line, " nh") ? "never" : "anon");
	}
	fclose(smaps);
	fputs("done\n", port);
	fflush(port);
}
