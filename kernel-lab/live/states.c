/*
 * Processes in a known state, for `thpscope conform --suite live`. `states NAME SLOT` makes its memory under
 * MADV_NOHUGEPAGE, prints `ready ADDRESS RANGES PID`, and waits. SIGUSR1: the flags that memory is to have from now
 * on. SIGUSR2: the process registers with khugepaged, if a size is enabled by then. Both are answered with a line.
 * Each slot has addresses of its own.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define PAGE 4096UL
#define PTES 512
#define RANGE (PAGE * PTES)
#define THP "/sys/kernel/mm/transparent_hugepage/"
#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif
#ifndef PR_THP_DISABLE_EXCEPT_ADVISED
#define PR_THP_DISABLE_EXCEPT_ADVISED (1 << 1)
#endif

static char *area;
static int ranges = 2;
/* What SIGUSR1 and SIGUSR2 do; a state may change both. */
static int advice = MADV_HUGEPAGE;
static void (*registers)(void);
static volatile sig_atomic_t asked;

static void die(const char *what)
{
	printf("error %s: %s\n", what, strerror(errno));
	fflush(stdout);
	exit(1);
}

static void put(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		die(path);
	close(fd);
}

static void set_size(int order, const char *word)
{
	char path[128];

	snprintf(path, sizeof(path), THP "hugepages-%dkB/enabled", 4 << order);
	put(path, word);
}

/* `lead` pages more in front of the first range, `tail` behind the last. */
static void map(int count, int lead, int tail)
{
	ranges = count;
	char *start = mmap(area - lead * PAGE, (count * PTES + lead + tail) * PAGE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);

	if (start == MAP_FAILED || madvise(start, (count * PTES + lead + tail) * PAGE, MADV_NOHUGEPAGE))
		die("mmap");
}

static uint64_t pattern(const char *at)
{
	return (uintptr_t)at * 0x9e3779b97f4a7c15UL | 1;
}

static void touch(char *base, int first, int end, int step)
{
	for (int i = first; i < end; i += step)
		*(uint64_t *)(base + i * PAGE) = pattern(base + i * PAGE);
}

/* Faults bring folios of this order into [base, base + bytes). */
static void touch_folios(char *base, size_t bytes, int order)
{
	madvise(base, bytes, MADV_HUGEPAGE);
	set_size(order, "madvise");
	usleep(5000);
	for (size_t at = 0; at < bytes; at += PAGE)
		*(uint64_t *)(base + at) = pattern(base + at);
	set_size(order, "never");
	madvise(base, bytes, MADV_NOHUGEPAGE);
}

static void drain(void)
{
	put("/proc/sys/vm/drop_caches", "1");
}

static int is_swapped(char *at)
{
	uint64_t entry = 0;
	int fd = open("/proc/self/pagemap", O_RDONLY);

	if (pread(fd, &entry, 8, (uintptr_t)at / PAGE * 8) != 8)
		die("pagemap");
	close(fd);
	return entry >> 62 & 1;
}

static void page_out(char *base, int first, int count)
{
	for (int tries = 0; tries < 20; tries++) {
		int left = 0;

		madvise(base + first * PAGE, count * PAGE, MADV_PAGEOUT);
		for (int i = first; i < first + count; i++)
			left |= !is_swapped(base + i * PAGE);
		if (!left)
			return;
		drain();
	}
	die("pages do not leave for swap");
}

static void register_now(void)
{
	/* Any VMA with a page and a possible order will do: what is looked at stays as it is. */
	char *map = mmap(NULL, 4 * RANGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (map == MAP_FAILED)
		die("register");
	*(volatile char *)map = 1;
	madvise(map, 4 * RANGE, MADV_HUGEPAGE);
}

static void register_not(void)
{
}

/* A heap that grows is registered if its VMA may have a size. */
static void register_by_brk(void)
{
	if (sbrk(RANGE) == (void *)-1)
		die("brk");
}

static void plain_full(void)
{
	map(2, 0, 0);
	touch(area, 0, 2 * PTES, 1);
}

static void plain_part(void)
{
	map(2, 0, 0);
	touch(area, 0, 300, 1);
	touch(area + RANGE, 0, 57, 1);
}

static void every_second(void)
{
	map(2, 0, 0);
	touch(area, 0, 2 * PTES, 2);
}

static void one_page(void)
{
	map(2, 0, 0);
	touch(area, 77, 78, 1);
	touch(area + RANGE, 0, 1, 1);
}

static void blocks(void)
{
	map(2, 0, 0);
	for (int i = 0; i < 2 * PTES; i += 48)
		touch(area, i, i + 16 < 2 * PTES ? i + 16 : 2 * PTES, 1);
}

static void folios_64k(void)
{
	map(2, 0, 0);
	touch_folios(area, RANGE, 4);
	touch(area + RANGE, 0, 100, 1);
}

static void folios_16k_and_small(void)
{
	map(1, 0, 0);
	touch_folios(area, RANGE / 2, 2);
	touch(area, PTES / 2, PTES, 1);
}

static void huge(void)
{
	map(2, 0, 0);
	touch_folios(area, RANGE, 9);
	touch(area + RANGE, 0, PTES, 1);
}

static void huge_by_ptes(void)
{
	map(1, 0, 0);
	touch_folios(area, RANGE, 9);
	mprotect(area, PAGE, PROT_READ);
	mprotect(area, PAGE, PROT_READ | PROT_WRITE);
}

static void huge_in_part(void)
{
	map(1, 0, 0);
	touch_folios(area, RANGE, 9);
	madvise(area + 100 * PAGE, 20 * PAGE, MADV_DONTNEED);
}

static void swapped_few(void)
{
	map(1, 0, 0);
	touch(area, 0, PTES, 1);
	drain();
	page_out(area, 200, 10);
}

static void swapped_many(void)
{
	map(1, 0, 0);
	touch(area, 0, PTES, 1);
	drain();
	page_out(area, 100, 100);
}

static void zero_pages(void)
{
	map(1, 0, 0);
	touch(area, 0, 200, 1);
	for (int i = 300; i < 400; i++)
		(void)*(volatile char *)(area + i * PAGE);
}

static int wait_for_ever(void *nothing)
{
	(void)nothing;
	for (;;)
		pause();
	return 0;
}

static void fork_and_wait(void)
{
	if (fork() == 0)
		wait_for_ever(NULL);
}

static void shared_all(void)
{
	map(1, 0, 0);
	touch(area, 0, PTES, 1);
	fork_and_wait();
}

static void shared_few(void)
{
	map(1, 0, 0);
	touch(area, 0, PTES, 1);
	fork_and_wait();
	touch(area, 0, 400, 1);
}

static void shared_half(void)
{
	map(1, 0, 0);
	touch(area, 0, PTES, 1);
	fork_and_wait();
	touch(area, 0, PTES, 2);
}

static void shared_one_page(void)
{
	map(1, 0, 0);
	touch(area, 0, PTES, 1);
	fork_and_wait();
	touch(area, 0, 300, 1);
	touch(area, 301, PTES, 1);
}

static void lazyfree(void)
{
	map(2, 0, 0);
	touch(area, 0, 2 * PTES, 1);
	drain();
	madvise(area + 64 * PAGE, 64 * PAGE, MADV_FREE);
	drain();
}

static void unreferenced(void)
{
	map(2, 0, 0);
	touch(area, 0, 2 * PTES, 1);
	drain();
	put("/proc/self/clear_refs", "1");
	mprotect(area, 2 * RANGE, PROT_NONE);
	mprotect(area, 2 * RANGE, PROT_READ | PROT_WRITE);
	(void)*(volatile char *)(area + RANGE + 40 * PAGE);
}

static void pinned_by_pipe(void)
{
	int ends[2];

	map(2, 0, 0);
	touch(area, 0, 2 * PTES, 1);
	struct iovec page = { area + 5 * PAGE, 1 };
	if (pipe(ends) || vmsplice(ends[1], &page, 1, 0) != 1)
		die("vmsplice");
}

static void pinned_for_long(void)
{
	struct io_uring_params params = { 0 };

	map(4, 0, 0);
	touch(area, 0, 4 * PTES, 1);
	int ring = syscall(SYS_io_uring_setup, 4, &params);
	struct iovec buffer = { area, 2 * RANGE };
	if (ring < 0 || syscall(SYS_io_uring_register, ring, IORING_REGISTER_BUFFERS, &buffer, 1))
		die("io_uring");
}

/* What a user without privileges pins is counted (VmPin). */
static void pinned_for_long_by_user(void)
{
	if (setresuid(1000, 1000, 1000))
		die("setresuid");
	pinned_for_long();
}

static void locked_in_memory(void)
{
	map(1, 0, 0);
	touch(area, 0, 300, 1);
	mlock(area, 300 * PAGE);
}

static void guard_pages(void)
{
	map(1, 0, 0);
	touch(area, 0, 400, 1);
	if (madvise(area + 450 * PAGE, 4 * PAGE, MADV_GUARD_INSTALL))
		die("MADV_GUARD_INSTALL");
}

static int userfault(int mode)
{
	struct uffdio_api api = { .api = UFFD_API, .features = UFFD_FEATURE_PAGEFAULT_FLAG_WP };
	struct uffdio_register whole = { .range = { (uintptr_t)area, RANGE }, .mode = mode };
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);

	if (fd < 0 || ioctl(fd, UFFDIO_API, &api) || ioctl(fd, UFFDIO_REGISTER, &whole))
		die("userfaultfd");
	return fd;
}

static void userfault_missing(void)
{
	map(1, 0, 0);
	touch(area, 0, 300, 1);
	userfault(UFFDIO_REGISTER_MODE_MISSING);
}

static void userfault_missing_full(void)
{
	map(1, 0, 0);
	touch(area, 0, PTES, 1);
	userfault(UFFDIO_REGISTER_MODE_MISSING);
}

static void userfault_protected(void)
{
	map(1, 0, 0);
	touch(area, 0, PTES, 1);
	int fd = userfault(UFFDIO_REGISTER_MODE_WP);
	struct uffdio_writeprotect pages = { { (uintptr_t)area + 9 * PAGE, 2 * PAGE }, UFFDIO_WRITEPROTECT_MODE_WP };
	if (ioctl(fd, UFFDIO_WRITEPROTECT, &pages))
		die("UFFDIO_WRITEPROTECT");
}

static void edges(void)
{
	map(1, 100, 200);
	touch(area, -100, PTES + 200, 1);
}

static void too_small(void)
{
	ranges = 1;
	if (mmap(area + 10 * PAGE, 300 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
		die("mmap");
	touch(area, 10, 310, 1);
}

static void advised_against(void)
{
	map(1, 0, 0);
	touch(area, 0, PTES, 1);
	advice = MADV_NOHUGEPAGE;
}

static void not_advised(void)
{
	map(1, 0, 0);
	/* A VMA that no advice was ever given to. */
	if (mmap(area, RANGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
		die("mmap");
	touch(area, 0, PTES, 1);
	advice = -1;
}

static void disabled_by_prctl(void)
{
	map(1, 0, 0);
	touch(area, 0, PTES, 1);
	if (prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0))
		die("prctl");
}

static void except_advised(void)
{
	map(1, 0, 0);
	touch(area, 0, PTES, 1);
	if (prctl(PR_SET_THP_DISABLE, 1, PR_THP_DISABLE_EXCEPT_ADVISED, 0, 0))
		die("prctl");
}

static void except_advised_not_advised(void)
{
	not_advised();
	if (prctl(PR_SET_THP_DISABLE, 1, PR_THP_DISABLE_EXCEPT_ADVISED, 0, 0))
		die("prctl");
}

static void moved(void)
{
	map(1, 0, 0);
	touch(area, 0, PTES, 1);
	char *to = area + 16 * RANGE;
	if (mremap(area, RANGE, RANGE, MREMAP_MAYMOVE | MREMAP_FIXED, to) == MAP_FAILED)
		die("mremap");
	area = to;
}

static void moved_out_of_line(void)
{
	map(2, 0, 0);
	touch(area, 0, 2 * PTES, 1);
	char *to = area + 16 * RANGE + 7 * PAGE;
	if (mremap(area, 2 * RANGE, 2 * RANGE, MREMAP_MAYMOVE | MREMAP_FIXED, to) == MAP_FAILED)
		die("mremap");
	area = to - 7 * PAGE;
	ranges = 3;
}

static void grown(void)
{
	map(1, 0, 0);
	touch(area, 0, PTES, 1);
	if (mremap(area, RANGE, 2 * RANGE, 0) == MAP_FAILED)
		die("mremap");
	ranges = 2;
	touch(area + RANGE, 0, 40, 1);
}

static void cut_in_two(void)
{
	map(2, 0, 0);
	touch(area, 0, 2 * PTES, 1);
	munmap(area + 700 * PAGE, 8 * PAGE);
}

static void read_only(void)
{
	map(1, 0, 0);
	touch(area, 0, PTES, 1);
	mprotect(area, RANGE, PROT_READ);
}

static void partly_read_only(void)
{
	map(1, 0, 0);
	touch(area, 0, PTES, 1);
	mprotect(area + 256 * PAGE, 64 * PAGE, PROT_READ);
}

static void merge_now(void)
{
	if (madvise(area, ranges * RANGE, MADV_MERGEABLE))
		die("MADV_MERGEABLE");
	put("/sys/kernel/mm/ksm/pages_to_scan", "100000");
	put("/sys/kernel/mm/ksm/run", "1");
	sleep(3);
	put("/sys/kernel/mm/ksm/run", "0");
}

static void same_pages(void)
{
	map(1, 0, 0);
	memset(area, 7, 300 * PAGE);
	touch(area, 300, PTES, 1);
	merge_now();
}

/* Pages of equal contents, other than those of any other state. */
static void make_equal(int first, int second)
{
	for (int i = 0; i < 2; i++)
		memset(area + (i ? second : first) * PAGE, 3 + getpid() % 200, PAGE);
}

static void same_page_twice_in_a_window(void)
{
	map(1, 0, 0);
	touch(area, 0, PTES, 1);
	make_equal(100, 101);
	merge_now();
}

static void same_page_in_two_ranges(void)
{
	map(2, 0, 0);
	touch(area, 0, 2 * PTES, 1);
	make_equal(100, PTES + 300);
	merge_now();
}

static void heap(void)
{
	char *start = (char *)(((uintptr_t)sbrk(0) + RANGE - 1) & ~(RANGE - 1));

	area = start;
	ranges = 2;
	if (brk(start + 2 * RANGE + 100 * PAGE))
		die("brk");
	madvise(start, 2 * RANGE, MADV_NOHUGEPAGE);
	touch(start, 0, 2 * PTES, 1);
}

static void registered_by_brk(void)
{
	heap();
	registers = register_by_brk;
}

/* The child is looked at; its parent registers while a size is on for a moment. */
static void registered_by_fork(void)
{
	map(2, 0, 0);
	set_size(9, "madvise");
	register_now();
	set_size(9, "never");
	if (fork() > 0)
		wait_for_ever(NULL);
	registers = register_not;
	touch(area, 0, 2 * PTES, 2);
}

static void fork_tree(void)
{
	map(2, 0, 0);
	touch(area, 0, 2 * PTES, 1);
	if (fork() == 0) {
		touch(area, 0, 200, 1);
		fork_and_wait();
		touch(area, 100, 300, 1);
		wait_for_ever(NULL);
	}
	touch(area, 0, 400, 1);
	touch(area, PTES, 2 * PTES, 2);
}

static void shared_anonymous(void)
{
	ranges = 1;
	if (mmap(area, RANGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
		die("mmap");
	touch(area, 0, PTES, 1);
}

static void file_written(void)
{
	char name[64];

	snprintf(name, sizeof(name), "/file-%d", getpid());
	int fd = open(name, O_RDWR | O_CREAT, 0600);
	ranges = 1;
	if (ftruncate(fd, RANGE) || mmap(area, RANGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, fd, 0) == MAP_FAILED)
		die("file");
	touch(area, 0, PTES, 1);
}

static void *announce(void *nothing);

static void main_thread_ended(void)
{
	pthread_t thread;

	map(1, 0, 0);
	touch(area, 0, PTES, 1);
	if (pthread_create(&thread, NULL, announce, NULL))
		die("pthread_create");
	pthread_exit(NULL);
}

static void one_address_space_two_processes(void)
{
	static char stack[65536];

	map(1, 0, 0);
	touch(area, 0, 300, 1);
	if (clone(wait_for_ever, stack + sizeof(stack), CLONE_VM | SIGCHLD, NULL) < 0)
		die("clone");
}

static void not_registered(void)
{
	map(2, 0, 0);
	touch(area, 0, 2 * PTES, 2);
	registers = register_not;
}

/* A group, and one above it, with these limits. */
static void in_group(const char *limit, const char *limit_above)
{
	char above[128], folder[160], path[192], pid[32];

	snprintf(above, sizeof(above), "/sys/fs/cgroup/state-%d", getpid());
	snprintf(folder, sizeof(folder), "%s/inner", above);
	if (mkdir(above, 0755))
		die(above);
	snprintf(path, sizeof(path), "%s/memory.max", above);
	put(path, limit_above);
	snprintf(path, sizeof(path), "%s/cgroup.subtree_control", above);
	put(path, "+memory");
	if (mkdir(folder, 0755))
		die(folder);
	snprintf(path, sizeof(path), "%s/memory.max", folder);
	put(path, limit);
	snprintf(path, sizeof(path), "%s/cgroup.procs", folder);
	snprintf(pid, sizeof(pid), "%d", getpid());
	put(path, pid);
}

static void eight_sparse_ranges(void)
{
	map(8, 0, 0);
	for (int r = 0; r < 8; r++)
		touch(area + r * RANGE, 0, 60, 1);
}

static void limited(void)
{
	in_group("7M", "max");
	eight_sparse_ranges();
}

static void limited_above(void)
{
	in_group("max", "7M");
	eight_sparse_ranges();
}

static void limited_amply(void)
{
	in_group("64M", "128M");
	map(2, 0, 0);
	touch(area, 0, 2 * PTES, 2);
}

static void seventeen_tails(void)
{
	map(2, 0, 0);
	for (int i = 0; i < 2 * PTES; i += 17)
		touch(area, i, i + 16 < 2 * PTES ? i + 16 : 2 * PTES, 1);
}

static const struct {
	const char *name;
	void (*make)(void);
} states[] = {
	{ "plain-full", plain_full },
	{ "plain-part", plain_part },
	{ "every-second-page", every_second },
	{ "one-page", one_page },
	{ "blocks-of-16", blocks },
	{ "misaligned-blocks", seventeen_tails },
	{ "folios-64k", folios_64k },
	{ "folios-16k-and-small", folios_16k_and_small },
	{ "huge", huge },
	{ "huge-by-ptes", huge_by_ptes },
	{ "huge-in-part", huge_in_part },
	{ "swapped-few", swapped_few },
	{ "swapped-many", swapped_many },
	{ "zero-pages", zero_pages },
	{ "shared-all", shared_all },
	{ "shared-few", shared_few },
	{ "shared-half", shared_half },
	{ "shared-one-page", shared_one_page },
	{ "lazyfree", lazyfree },
	{ "unreferenced", unreferenced },
	{ "pinned-by-pipe", pinned_by_pipe },
	{ "pinned-for-long", pinned_for_long },
	{ "pinned-for-long-by-user", pinned_for_long_by_user },
	{ "locked-in-memory", locked_in_memory },
	{ "guard-pages", guard_pages },
	{ "userfault-missing", userfault_missing },
	{ "userfault-missing-full", userfault_missing_full },
	{ "userfault-protected", userfault_protected },
	{ "edges", edges },
	{ "too-small", too_small },
	{ "advised-against", advised_against },
	{ "not-advised", not_advised },
	{ "disabled-by-prctl", disabled_by_prctl },
	{ "except-advised", except_advised },
	{ "except-advised-not-advised", except_advised_not_advised },
	{ "moved", moved },
	{ "moved-out-of-line", moved_out_of_line },
	{ "grown", grown },
	{ "cut-in-two", cut_in_two },
	{ "read-only", read_only },
	{ "partly-read-only", partly_read_only },
	{ "same-pages", same_pages },
	{ "same-page-twice-in-a-window", same_page_twice_in_a_window },
	{ "same-page-in-two-ranges", same_page_in_two_ranges },
	{ "heap", heap },
	{ "shared-anonymous", shared_anonymous },
	{ "file-written", file_written },
	{ "main-thread-ended", main_thread_ended },
	{ "one-address-space-two-processes", one_address_space_two_processes },
	{ "registered-by-brk", registered_by_brk },
	{ "registered-by-fork", registered_by_fork },
	{ "fork-tree", fork_tree },
	{ "not-registered", not_registered },
	{ "limited", limited },
	{ "limited-above", limited_above },
	{ "limited-amply", limited_amply },
};

/* Not a state: huge pages come, are split and go without end, while others are looked at. */
static void split_for_ever(void)
{
	set_size(9, "madvise");
	printf("ready 0 0 %d\n", getpid());
	fflush(stdout);
	for (;;) {
		char *start = mmap(area, RANGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

		if (start == MAP_FAILED || madvise(start, RANGE, MADV_HUGEPAGE))
			die("mmap");
		touch(start, 0, 1, 1);
		mprotect(start, PAGE, PROT_READ);
		munmap(start, RANGE);
	}
}

static void note(int signal)
{
	asked = signal;
}

/* Advice passes over what is not mapped around the ranges, and says so at its end. */
static void advise(int what)
{
	madvise(area - RANGE, (ranges + 2) * RANGE, what);
}

static void *announce(void *nothing)
{
	sigset_t both;

	(void)nothing;
	sigemptyset(&both);
	sigaddset(&both, SIGUSR1);
	sigaddset(&both, SIGUSR2);
	sigprocmask(SIG_BLOCK, &both, NULL);
	signal(SIGUSR1, note);
	signal(SIGUSR2, note);
	printf("ready %lx %d %d\n", (unsigned long)area, ranges, getpid());
	fflush(stdout);
	sigset_t none;
	sigemptyset(&none);
	for (;;) {
		asked = 0;
		sigsuspend(&none);
		if (asked == SIGUSR1 && advice >= 0)
			advise(advice);
		if (asked == SIGUSR2)
			registers();
		puts("did");
		fflush(stdout);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	size_t count = sizeof(states) / sizeof(*states);

	if (argc < 3) {
		for (size_t i = 0; i < count; i++)
			puts(states[i].name);
		return 0;
	}
	registers = register_now;
	area = (char *)(0x100000000000UL + atol(argv[2]) * (1UL << 30));
	if (!strcmp(argv[1], "split-for-ever"))
		split_for_ever();
	for (size_t i = 0; i < count; i++) {
		if (strcmp(states[i].name, argv[1]))
			continue;
		states[i].make();
		announce(NULL);
	}
	printf("error no state %s\n", argv[1]);
	return 1;
}
