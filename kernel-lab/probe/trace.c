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
	static char line[512], attempts[1 << 16];
	FILE *trace = fopen(TRACING "trace", "r");
	size_t used = 0;
	int range = first - 1, ranges_left = 0;

	if (!trace)
		die("trace");
	for (int i = first; i < end; i++)
		ranges_left += scannable(&ranges[i]);
	while (ranges_left && fgets(line, sizeof(line), trace)) {
		char status[64];
		int order;
		char *event = strstr(line, "mm_collapse_huge_page: ");

		if (event && sscanf(strstr(event, "status="), "status=%63[a-z_], order=%d", status, &order) == 2)
			used += snprintf(attempts + used, sizeof(attempts) - used, "%d %s,", order, status);
		event = strstr(line, "mm_khugepaged_scan_pmd: ");
		if (!event || sscanf(strstr(event, "status="), "status=%63[a-z_]", status) != 1)
			continue;
		used += snprintf(attempts + used, sizeof(attempts) - used, "= %s", status);
		do
			range = range + 1 == end ? first : range + 1;
		while (!scannable(&ranges[range]));
		append(&logs[range], attempts, used);
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

/* A visit is `SCAN;SCAN;... PROGRESS FINISHED`, where a scan is as above. */
int trace_print_visits(void)
{
	static char line[512], scans[1 << 16];
	FILE *trace = fopen(TRACING "trace", "r");
	size_t used = 0;

	if (!trace)
		die("trace");
	while (fgets(line, sizeof(line), trace)) {
		char status[64];
		int order;
		unsigned progress, finished;
		char *event = strstr(line, "mm_collapse_huge_page: ");

		if (event && sscanf(strstr(event, "status="), "status=%63[a-z_], order=%d", status, &order) == 2)
			used += snprintf(scans + used, sizeof(scans) - used, "%d %s,", order, status);
		event = strstr(line, "mm_khugepaged_scan_pmd: ");
		if (event && sscanf(strstr(event, "status="), "status=%63[a-z_]", status) == 1)
			used += snprintf(scans + used, sizeof(scans) - used, "= %s;", status);
		event = strstr(line, "mm_khugepaged_scan: ");
		if (!event || sscanf(strstr(event, "progress="), "progress=%u, full_scan_finished=%u", &progress, &finished) != 2)
			continue;
		fprintf(port, "visit %.*s %u %u\n", (int)used, scans, progress, finished);
		used = 0;
	}
	fclose(trace);
	return used > 0;
}
