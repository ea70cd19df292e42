/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a search for windows to collapse uses of the kernel, so that such a function compiles alone and runs
 * in user space: written from what the names mean, without a line of the kernel. thpscope puts it in front of
 * the file that it is given, with the names that the file defines itself left to the file.
 */
#ifndef THPSCOPE_KHUGEPAGED_H
#define THPSCOPE_KHUGEPAGED_H

#include "basics.h"
#include "bits.h"
#include "runner.h"

/* Results, numbered as in Linux 7.2 and 7.3, then those of the proposed rebuild, then those of old kernels. */
enum scan_result {
	SCAN_FAIL,
	SCAN_SUCCEED,
	SCAN_NO_PTE_TABLE,
	SCAN_PMD_MAPPED,
	SCAN_EXCEED_NONE_PTE,
	SCAN_EXCEED_SWAP_PTE,
	SCAN_EXCEED_SHARED_PTE,
	SCAN_PTE_NON_PRESENT,
	SCAN_PTE_UFFD,
	SCAN_PTE_MAPPED_HUGEPAGE,
	SCAN_LACK_REFERENCED_PAGE,
	SCAN_PAGE_NULL,
	SCAN_SCAN_ABORT,
	SCAN_PAGE_COUNT,
	SCAN_PAGE_LRU,
	SCAN_PAGE_LOCK,
	SCAN_PAGE_ANON,
	SCAN_PAGE_LAZYFREE,
	SCAN_PAGE_COMPOUND,
	SCAN_ANY_PROCESS,
	SCAN_VMA_NULL,
	SCAN_VMA_CHECK,
	SCAN_ADDRESS_RANGE,
	SCAN_DEL_PAGE_LRU,
	SCAN_ALLOC_HUGE_PAGE_FAIL,
	SCAN_CGROUP_CHARGE_FAIL,
	SCAN_TRUNCATED,
	SCAN_PAGE_HAS_PRIVATE,
	SCAN_STORE_FAILED,
	SCAN_COPY_MC,
	SCAN_PAGE_FILLED,
	SCAN_PAGE_DIRTY_OR_WRITEBACK,
	SCAN_LOCK_DROPPED,
	SCAN_PAGE_NOT_EXCLUSIVE,
	SCAN_ALLOC_LIGHT_MISS,
	SCAN_VMA_LOCK,
	/* No attempt ends with these. */
	SCAN_PMD_NONE,
	SCAN_PAGE_RO,
};
#define SCAN_PTE_UFFD_WP SCAN_PTE_UFFD
#define SCAN_PMD_NULL SCAN_NO_PTE_TABLE

#define KHUGEPAGED_MIN_MTHP_ORDER 2
#define KHUGEPAGED_MIN_MTHP_NR (1 << KHUGEPAGED_MIN_MTHP_ORDER)
#define KHUGEPAGED_MAX_PTES_LIMIT (HPAGE_PMD_NR - 1)
#define THP_ORDERS_ALL_ANON ((BIT(HPAGE_PMD_ORDER + 1) - 1) & ~3UL)

/* The v18 stack holds a window of each order at most. */
#define MTHP_STACK_SIZE (HPAGE_PMD_ORDER - KHUGEPAGED_MIN_MTHP_ORDER + 1)
struct mthp_range {
	u16 offset;
	u8 order;
};

struct mm_struct {
	int mmap_lock;
};
struct vm_area_struct {
	struct mm_struct *vm_mm;
	unsigned long vm_start;
	unsigned long vm_end;
	unsigned long vm_flags;
};
typedef struct {
	unsigned long bits;
} nodemask_t;
#define MAX_NUMNODES 64

/* With every field that a version of the search uses; the bitmaps have a bit for each PTE. */
struct collapse_control {
	bool is_khugepaged;
	u32 node_load[MAX_NUMNODES];
	nodemask_t alloc_nmask;
	unsigned int progress;
	DECLARE_BITMAP(mthp_present_ptes, MAX_PTRS_PER_PTE);
	/* The same, as earlier versions call it. */
	DECLARE_BITMAP(mthp_bitmap, MAX_PTRS_PER_PTE);
	/* Room for windows of it. */
	DECLARE_BITMAP(mthp_bitmap_mask, MAX_PTRS_PER_PTE);
	DECLARE_BITMAP(mthp_bitmap_temp, MAX_PTRS_PER_PTE);
	struct mthp_range mthp_bitmap_stack[MTHP_STACK_SIZE];
};

#define khugepaged_max_ptes_none (thpscope_range->max_ptes_none)
static inline bool userfaultfd_armed(struct vm_area_struct *vma)
{
	return vma != NULL && thpscope_range->uffd_armed;
}

/*
 * Empty PTEs that a window may have: (cc, vma, order), in earlier versions (order) or (order, full_scan).
 * Without a VMA userfaultfd is not looked at.
 */
#define collapse_max_ptes_none(...) \
	thpscope_fourth(__VA_ARGS__, thpscope_none3, thpscope_none2, thpscope_none1)(__VA_ARGS__)
#define thpscope_fourth(a, b, c, chosen, ...) chosen
#define thpscope_none1(order) thpscope_max_ptes_none(order)
#define thpscope_none2(order, full_scan) ((void)(full_scan), thpscope_max_ptes_none(order))
#define thpscope_none3(cc, vma, order) \
	((void)(cc), userfaultfd_armed(vma) ? 0 : thpscope_max_ptes_none(order))
static inline int thpscope_max_ptes_none(unsigned int order)
{
	return order <= HPAGE_PMD_ORDER ? thpscope_range->none_limits[order] : 0;
}

/*
 * Attempts a window: (mm, address, referenced, unmapped, cc, order). Earlier versions have a bool *mmap_locked
 * before or after the order, some of them the offset of the window behind the order and the address of the
 * range.
 */
#define collapse_huge_page(mm, address, referenced, unmapped, cc, ...) \
	((void)(mm), (void)(referenced), (void)(unmapped), (void)(cc), \
	 thpscope_fourth(__VA_ARGS__, thpscope_collapse8, thpscope_collapse7, thpscope_collapse6)(address, __VA_ARGS__))
#define thpscope_collapse6(address, order) thpscope_collapse(address, order, 0, NULL)
#define thpscope_collapse7(address, a, b) \
	thpscope_collapse(address, thpscope_is_lock(a) ? thpscope_number(b) : thpscope_number(a), \
			  thpscope_is_lock(a) || thpscope_is_lock(b) ? 0 : thpscope_number(b), \
			  thpscope_is_lock(a) ? thpscope_lock(a) : thpscope_lock(b))
#define thpscope_collapse8(address, a, b, c) \
	thpscope_collapse(address, thpscope_is_lock(a) ? thpscope_number(b) : thpscope_number(a), \
			  thpscope_is_lock(a) ? thpscope_number(c) : thpscope_number(b), \
			  thpscope_is_lock(a) ? thpscope_lock(a) : thpscope_lock(c))
#define thpscope_is_lock(value) _Generic((value), bool *: 1, default: 0)
#define thpscope_number(value) _Generic((value), bool *: 0, default: (value))
#define thpscope_lock(value) _Generic((value), bool *: (value), default: (bool *)NULL)
static inline enum scan_result thpscope_collapse(unsigned long address, long order, long offset, bool *mmap_locked)
{
	/* Attempts end without the lock. */
	if (mmap_locked)
		*mmap_locked = false;
	return (enum scan_result)thpscope_try_address(address, offset, order);
}

/* For a walk of your own: thpscope_walk(range) instead of a function of the kernel. */
static inline enum scan_result thpscope_attempt(long offset, long order)
{
	return (enum scan_result)thpscope_try_address(THPSCOPE_ADDRESS, offset, order);
}
/* Says that a window is looked at, so that `explain` shows those that are not attempted too. Optional. */
static inline void thpscope_visit(long offset, long order)
{
	thpscope_look(offset, order);
}

/* A condition that holds is a fault of the walk, with its line. */
#define thpscope_warn(what, condition) ({ \
	bool thps_holds = !!(condition); \
	if (thps_holds) \
		thpscope_broken(what "(" #condition ")", __FILE__, __LINE__); \
	thps_holds; })
#define WARN_ON(condition) thpscope_warn("WARN_ON", condition)
#define WARN_ON_ONCE(condition) thpscope_warn("WARN_ON_ONCE", condition)
#define WARN(condition, ...) thpscope_warn("WARN", condition)
#define WARN_ONCE(condition, ...) thpscope_warn("WARN_ONCE", condition)
#define VM_WARN_ON(condition) ((void)thpscope_warn("VM_WARN_ON", condition))
#define VM_WARN_ON_ONCE(condition) ((void)thpscope_warn("VM_WARN_ON_ONCE", condition))
#define VM_WARN_ONCE(condition, ...) ((void)thpscope_warn("VM_WARN_ONCE", condition))
#define BUG_ON(condition) ((void)thpscope_warn("BUG_ON", condition))
#define VM_BUG_ON(condition) ((void)thpscope_warn("VM_BUG_ON", condition))
#define BUG() thpscope_broken("BUG()", __FILE__, __LINE__)

#define pr_info(...) ((void)printf(__VA_ARGS__))
#define pr_debug pr_info
#define pr_warn pr_info
#define pr_err pr_info
#define pr_warn_once pr_info
#define pr_info_once pr_info
#define trace_printk pr_info

/* Locks, statistics and pauses decide nothing here. */
#define mmap_read_lock(mm) ((void)(mm))
#define mmap_read_unlock(mm) ((void)(mm))
#define mmap_read_trylock(mm) ((void)(mm), true)
#define mmap_write_lock(mm) ((void)(mm))
#define mmap_write_unlock(mm) ((void)(mm))
#define mmap_assert_locked(mm) ((void)(mm))
#define mmap_assert_write_locked(mm) ((void)(mm))
#define count_mthp_stat(order, item) ((void)(order))
#define count_vm_event(item) ((void)0)
#define count_vm_events(item, number) ((void)(number))
#define cond_resched() ((void)0)
#define might_sleep() ((void)0)

#endif
