#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "probe.h"

/* What is known of a range: its passes, joined by ';'. A pass that was as the one before it is empty. */
static struct log {
	char *text;
	size_t length;
	/* Of the last pass that is written out. */
	size_t last_start, last_length;
} logs[MAX_RANGES];

void trace_start(void)
{
	int fd = open(TRACING "trace", O_WRONLY | O_TRUNC);

	if (fd < 0)
		die("trace");
	close(fd);
	put("1", TRACING "tracing_on");
}

void trace_stop(void)
{
	put("0", TRACING "tracing_on");
}

static void append(struct log *log, const char *pass, size_t length)
{
	int first = log->text == NULL;
	int same = !first && length == log->last_length && !memcmp(log->text + log->last_start, pass, length);

	log->text = realloc(log->text, log->length + length + 2);
	if (!log->text)
		die("memory for the trace");
	if (!first)
		log->text[log->length++] = ';';
	if (same)
		return;
	log->last_start = log->length;
	log->last_length = length;
	memcpy(log->text + log->length, pass, length);
	log->length += length;
}

struct event {
	/* An attempt on a window, the end of a scan of a range, or the end of a visit to a process. */
	enum { ATTEMPT, SCAN, VISIT } kind;
	int order;
	char status[64];
	unsigned progress, finished;
};

static FILE *open_trace(void)
{
	FILE *trace = fopen(TRACING "trace", "r");

	if (!trace)
		die("trace");
	return trace;
}

/* Reads the next event; returns whether there is one. */
static int next_event(FILE *trace, struct event *event)
{
	static char line[512];

	while (fgets(line, sizeof(line), trace)) {
		char *text;

		event->kind = ATTEMPT;
		text = strstr(line, "mm_collapse_huge_page: ");
		if (text && sscanf(strstr(text, "status="), "status=%63[a-z_], order=%d", event->status, &event->order) == 2)
			return 1;
		event->kind = SCAN;
		text = strstr(line, "mm_khugepaged_scan_pmd: ");
		if (text && sscanf(strstr(text, "status="), "status=%63[a-z_]", event->status) == 1)
			return 1;
		event->kind = VISIT;
		text = strstr(line, "mm_khugepaged_scan: ");
		if (text && sscanf(strstr(text, "progress="), "progress=%u, full_scan_finished=%u", &event->progress, &event->finished) == 2)
			return 1;
	}
	return 0;
}

/* A scan is `ORDER STATUS,ORDER STATUS,...= STATUS`. */
static size_t put_event(char *text, size_t size, const struct event *event)
{
	return event->kind == ATTEMPT ? snprintf(text, size, "%d %s,", event->order, event->status)
				      : snprintf(text, size, "= %s", event->status);
}

static int scannable(const struct range *range)
{
	return !any(range->outside);
}

/*
 * Events carry no address, but the attempts on a range come right before the event of its scan, and ranges are scanned in
 * the order of their addresses, one pass after the other.
 */
void trace_read(const struct range *ranges, int first, int end)
{
	static char scan[1 << 16];
	FILE *trace = open_trace();
	struct event event;
	size_t used = 0;
	int range = first - 1, ranges_left = 0;

	for (int i = first; i < end; i++)
		ranges_left += scannable(&ranges[i]);
	while (ranges_left && next_event(trace, &event)) {
		if (event.kind == VISIT)
			continue;
		used += put_event(scan + used, sizeof(scan) - used, &event);
		if (event.kind == ATTEMPT)
			continue;
		do
			range = range + 1 == end ? first : range + 1;
		while (!scannable(&ranges[range]));
		append(&logs[range], scan, used);
		used = 0;
	}
	fclose(trace);
}

void trace_print(int count)
{
	for (int i = 0; i < count; i++) {
		fprintf(port, "%.*s\n", (int)logs[i].length, logs[i].text ? logs[i].text : "");
		free(logs[i].text);
	}
	memset(logs, 0, sizeof(logs));
}

/* A visit is `SCAN;SCAN;... PROGRESS FINISHED`. */
int trace_print_visits(void)
{
	static char scans[1 << 16];
	FILE *trace = open_trace();
	struct event event;
	size_t used = 0;

	while (next_event(trace, &event)) {
		if (event.kind == VISIT) {
			fprintf(port, "visit %.*s %u %u\n", (int)used, scans, event.progress, event.finished);
			used = 0;
			continue;
		}
		used += put_event(scans + used, sizeof(scans) - used, &event);
		if (event.kind == SCAN)
			used += snprintf(scans + used, sizeof(scans) - used, ";");
	}
	fclose(trace);
	return used > 0;
}
