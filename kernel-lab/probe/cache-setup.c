/* Makes files, brings chosen pages of them into the page cache, and maps them. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "cache.h"

#define FOLDER "/cache"
/* Ranges of address space for a mapping: itself, and two that are empty. */
#define PLACE (MAX_CACHE_RANGES + 2)
#define DISK "/dev/vda"

static const char *const huge_options[] = { "never", "always", "within_size", "advise" };

static void mount_tmpfs(void)
{
	char path[64], option[32];

	for (size_t i = 0; i < sizeof(huge_options) / sizeof(*huge_options); i++) {
		snprintf(path, sizeof(path), FOLDER "/tmpfs-%s", huge_options[i]);
		snprintf(option, sizeof(option), "huge=%s", huge_options[i]);
		if (mkdir(path, 0755))
			return;
		if (mount("tmpfs", path, "tmpfs", 0, option))
			die(path);
	}
}

int mount_disk(void)
{
	mkdir(FOLDER, 0755);
	mkdir(FOLDER "/ext4", 0755);
	/* Without the module, or a disk, there are no files to ask about. */
	if (load_module("/modules/virtio_blk.ko"))
		return 0;
	for (int i = 0; access(DISK, R_OK); i++) {
		if (i == 5)
			return 0;
		usleep(10 * 1000);
	}
	if (mount(DISK, FOLDER "/ext4", "ext4", 0, NULL))
		die(FOLDER "/ext4");
	return 1;
}

static int is(const struct cache_mapping *mapping, const char *kind)
{
	return !strcmp(mapping->kind, kind);
}

static int is_on_disk(const struct cache_mapping *mapping)
{
	return is(mapping, "ext4") || is(mapping, "xfs") || is(mapping, "btrfs");
}

/* The file behind a mapping that has no name of its own. */
static int open_behind(const char *address, size_t length)
{
	char path[96];

	snprintf(path, sizeof(path), "/proc/self/map_files/%lx-%lx", (long)address, (long)(address + length));
	return open(path, O_RDWR);
}

static void make_file(struct cache_mapping *mapping)
{
	char path[64];

	snprintf(mapping->name, sizeof(mapping->name), "r%d", mapping->number);
	if (is(mapping, "memfd")) {
		mapping->fd = memfd_create(mapping->name, 0);
		snprintf(mapping->name, sizeof(mapping->name), "memfd:r%d", mapping->number);
	} else if (is(mapping, "anon") || is(mapping, "sysv")) {
		snprintf(mapping->name, sizeof(mapping->name), is(mapping, "anon") ? "dev/zero" : "SYSV%08x", mapping->number + 1);
		return;
	} else {
		snprintf(path, sizeof(path), FOLDER "/%s/r%d", mapping->kind, mapping->number);
		mapping->fd = open(path, O_CREAT | O_RDWR | O_TRUNC, 0700);
	}
	if (mapping->fd < 0 || ftruncate(mapping->fd, mapping->bytes))
		die("a file to map");
}

/*
 * Mappings lie in the order of their numbers, as khugepaged will meet them, and around each nothing is mapped that could be
 * merged with it.
 */
static char *place_of(const struct cache_mapping *mapping)
{
	static char *area;

	if (!area) {
		area = mmap(NULL, (MAX_MAPPINGS * PLACE + 1) * RANGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (area == MAP_FAILED)
			die("an area for mappings");
		area = (char *)(((uintptr_t)area + RANGE - 1) & ~(RANGE - 1));
	}
	return area + mapping->number * PLACE * RANGE;
}

static void map_file(struct cache_mapping *mapping)
{
	size_t length = mapping->ranges * RANGE;
	char *address = place_of(mapping) + mapping->shift * PAGE;
	int prot = PROT_READ | (mapping->readonly ? 0 : PROT_WRITE) | (mapping->exec ? PROT_EXEC : 0);
	int flags = (mapping->is_private ? MAP_PRIVATE : MAP_SHARED) | MAP_FIXED;

	mapping->address = address;
	if (is(mapping, "anon")) {
		if (mmap(address, length, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0) == MAP_FAILED)
			die("shared anonymous memory");
		mapping->fd = open_behind(address, length);
	} else if (is(mapping, "sysv")) {
		mapping->sysv_id = shmget(mapping->number + 1, length, IPC_CREAT | 0600);
		if (mapping->sysv_id < 0 || shmat(mapping->sysv_id, address, SHM_REMAP) != address)
			die("SysV shared memory");
		shmctl(mapping->sysv_id, IPC_RMID, NULL);
		mapping->fd = open_behind(address, length);
	} else if (mmap(address, length, prot, flags, mapping->fd, mapping->offset * RANGE) == MAP_FAILED) {
		die("a mapping of a file");
	}
	if (mapping->fd < 0)
		die("the file behind a mapping");
}

static int has_page(const cache_bitmap pages, int i)
{
	return pages[i / 64] >> (i % 64) & 1;
}

/* Chosen pages, or with large folios each aligned block that has one, as runs of whole blocks. */
static void each_block(const struct cache_mapping *mapping, const cache_bitmap pages, void (*act)(const struct cache_mapping *, int first, int count))
{
	int size = 1 << mapping->folio_order;

	for (int first = 0; first < mapping->ranges * PTES; first += size)
		for (int i = first; i < first + size; i++)
			if (has_page(pages, i)) {
				act(mapping, first, size);
				break;
			}
}

/* Bytes of the file at a page of the mapping, and how many of `count` pages lie within the file. */
static long offset_of(const struct cache_mapping *mapping, int page)
{
	return mapping->offset * (long)RANGE + page * (long)PAGE;
}

static long within(const struct cache_mapping *mapping, int page, int count)
{
	long left = mapping->bytes - offset_of(mapping, page), wanted = count * (long)PAGE;

	return left < 0 ? 0 : left < wanted ? left : wanted;
}

static char contents[RANGE];

/* One write for a block, which decides about the size of its folio. */
static void write_block(const struct cache_mapping *mapping, int first, int count)
{
	long bytes = within(mapping, first, count);

	if (is(mapping, "anon") || is(mapping, "sysv")) {
		for (int i = first; i < first + count; i++)
			*(volatile char *)(mapping->address + i * PAGE) = 'x';
		return;
	}
	if (bytes > 0 && pwrite(mapping->fd, contents, bytes, offset_of(mapping, first)) != bytes)
		die("write to a file");
}

static void read_block(const struct cache_mapping *mapping, int first, int count)
{
	long bytes = within(mapping, first, count);

	posix_fadvise(mapping->fd, 0, 0, mapping->folio_order ? POSIX_FADV_NORMAL : POSIX_FADV_RANDOM);
	if (bytes > 0 && pread(mapping->fd, contents, bytes, offset_of(mapping, first)) != bytes)
		die("read of a file");
}

static void punch_block(const struct cache_mapping *mapping, int first, int count)
{
	for (int i = first; i < first + count; i++)
		if (has_page(mapping->punched, i) && fallocate(mapping->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset_of(mapping, i), PAGE))
			die("a hole in a file");
}

static void touch_pages(const struct cache_mapping *mapping, const cache_bitmap pages, int writes)
{
	madvise(mapping->address, mapping->ranges * RANGE, MADV_RANDOM);
	for (int i = 0; i < mapping->ranges * PTES; i++) {
		volatile char *page = mapping->address + i * PAGE;

		if (!has_page(pages, i) || !within(mapping, i, 1))
			continue;
		if (writes)
			*page = 'y';
		else
			(void)*page;
	}
	madvise(mapping->address, mapping->ranges * RANGE, MADV_NORMAL);
}

/* Runs at a time: a folio whose pages all go is not split before. */
static void page_out(const struct cache_mapping *mapping)
{
	touch_pages(mapping, mapping->swap, 0);
	for (int i = 0, end; i < mapping->ranges * PTES; i = end + 1) {
		for (end = i; end < mapping->ranges * PTES && has_page(mapping->swap, end) && within(mapping, end, 1); end++)
			;
		if (end > i)
			madvise(mapping->address + i * PAGE, (end - i) * PAGE, MADV_PAGEOUT);
	}
}

void put_shmem(const char *top, const char *size)
{
	/* The kernel takes "force" only while it is the PMD size alone that inherits. */
	put("inherit", THP SIZE_FOLDER "shmem_enabled", SIZE_KB(PMD_ORDER));
	put(top, THP "shmem_enabled");
	put(size, THP SIZE_FOLDER "shmem_enabled", SIZE_KB(PMD_ORDER));
}

/* Large folios of shared memory come from settings, and those of tmpfs from the size of a write too. */
static void allow_folios(int order)
{
	for (int each = 1; each < PMD_ORDER; each++)
		put(each == order ? "always" : "never", THP SIZE_FOLDER "shmem_enabled", SIZE_KB(each));
	put_shmem(order == PMD_ORDER ? "force" : order ? "always" : "deny", order == PMD_ORDER ? "inherit" : "never");
}

void make_cache_mapping(struct cache_mapping *mapping)
{
	memset(contents, 'x', sizeof(contents));
	mount_tmpfs();
	make_file(mapping);
	map_file(mapping);
	if (!is_on_disk(mapping) && mapping->folio_order)
		allow_folios(mapping->folio_order);
	if (mapping->filled) {
		for (long at = 0; at < mapping->bytes; at += RANGE)
			if (pwrite(mapping->fd, contents, mapping->bytes - at < (long)RANGE ? mapping->bytes - at : (long)RANGE, at) < 0)
				die("write to a file");
		fsync(mapping->fd);
		posix_fadvise(mapping->fd, 0, 0, POSIX_FADV_DONTNEED);
	}
	each_block(mapping, mapping->written, write_block);
	if (is_on_disk(mapping))
		fsync(mapping->fd);
	if (!is_on_disk(mapping) && mapping->folio_order)
		allow_folios(0);
	each_block(mapping, mapping->read, read_block);
	each_block(mapping, mapping->punched, punch_block);
	touch_pages(mapping, mapping->mapped, 0);
	page_out(mapping);
	if (mapping->is_private && !mapping->readonly)
		touch_pages(mapping, mapping->cow, 1);
	if (is_on_disk(mapping))
		fsync(mapping->fd);
	each_block(mapping, mapping->dirty, write_block);
	if (is_on_disk(mapping))
		posix_fadvise(mapping->fd, 0, 0, mapping->random ? POSIX_FADV_RANDOM : POSIX_FADV_NORMAL);
	if (mapping->hugepage)
		madvise(mapping->address, mapping->ranges * RANGE, MADV_HUGEPAGE);
	if (mapping->nohugepage)
		madvise(mapping->address, mapping->ranges * RANGE, MADV_NOHUGEPAGE);
}

void remove_cache_mapping(struct cache_mapping *mapping)
{
	char path[64];

	if (mmap(place_of(mapping), PLACE * RANGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) == MAP_FAILED)
		die("munmap");
	if (is_on_disk(mapping) || !strncmp(mapping->kind, "tmpfs-", 6)) {
		snprintf(path, sizeof(path), FOLDER "/%s/r%d", mapping->kind, mapping->number);
		unlink(path);
	}
	close(mapping->fd);
}
