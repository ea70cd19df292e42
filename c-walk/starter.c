/*
 * A search for windows of a PMD range that khugepaged should try to collapse. This one is the walk of Linux
 * 7.2; change it, then:  thpscope verify walk THIS-FILE
 *
 * A function of a patch needs nothing of this: put it into a .c file as it stands, with what it calls of the
 * same patch above it. thpscope finds mthp_collapse, collapse_scan_bitmap, or what --function names.
 *
 * Offsets count PTEs from the start of the range, an order k is 2^k PTEs. HPAGE_PMD_ORDER is 9 on x86-64;
 * verify builds this file for 3, 4, 11 and 13 too.
 *
 *   range->present_ptes       bitmap of HPAGE_PMD_NR bits: PTEs that map an ordinary page
 *   range->unmapped           PTEs of the range that are neither empty nor present; they count at the PMD order
 *   range->enabled_orders     bit k: order k is enabled
 *   range->uffd_armed         the VMA is registered with userfaultfd; the walk of 7.2 does not look at it
 *   thpscope_max_ptes_none(order)       empty PTEs that a window of this order may have
 *   thpscope_attempt(offset, order)     tries to collapse a window: SCAN_SUCCEED, or why not
 *   thpscope_visit(offset, order)       says that a window is looked at; explain then shows it. Optional.
 *
 * The kernel's helpers for bitmaps, bits and orders have their names: bitmap_weight_from, test_bit, BIT, __ffs
 * (which must not be asked about 0), min_t and so on.
 */

/* Whether the halves of a window may still be collapsed after such a result. */
static bool leads_to_lower_orders(enum scan_result result)
{
	switch (result) {
	case SCAN_ALLOC_HUGE_PAGE_FAIL:
	case SCAN_LACK_REFERENCED_PAGE:
	case SCAN_EXCEED_NONE_PTE:
	case SCAN_EXCEED_SWAP_PTE:
	case SCAN_EXCEED_SHARED_PTE:
	case SCAN_PAGE_LOCK:
	case SCAN_PAGE_COUNT:
	case SCAN_PAGE_NULL:
	case SCAN_DEL_PAGE_LRU:
	case SCAN_PTE_NON_PRESENT:
	case SCAN_PTE_UFFD:
	case SCAN_PAGE_LAZYFREE:
		return true;
	default:
		return false;
	}
}

/* Whether a window is enabled and has enough pages. */
static bool qualifies(const struct thpscope_range *range, unsigned int offset, unsigned int order)
{
	unsigned int occupied = bitmap_weight_from(range->present_ptes, offset, offset + (1U << order));

	if (!test_bit(order, &range->enabled_orders))
		return false;
	if (order == HPAGE_PMD_ORDER)
		occupied += range->unmapped;
	return occupied >= (1U << order) - thpscope_max_ptes_none(order);
}

enum scan_result thpscope_walk(const struct thpscope_range *range)
{
	/* The result of the range: success, else a failed allocation, else the last reason. */
	enum scan_result last = SCAN_FAIL;
	bool collapsed = false, alloc_failed = false;
	unsigned int offset = 0, order = HPAGE_PMD_ORDER;

	while (offset < HPAGE_PMD_NR) {
		bool descend = true;

		thpscope_visit(offset, order);
		if (qualifies(range, offset, order)) {
			enum scan_result result = thpscope_attempt(offset, order);

			descend = leads_to_lower_orders(result);
			if (result == SCAN_SUCCEED)
				collapsed = true;
			else if (result != SCAN_PTE_MAPPED_HUGEPAGE)
				last = result;
			if (result == SCAN_ALLOC_HUGE_PAGE_FAIL)
				alloc_failed = true;
			/* Anything else says something about the whole range. */
			if (!descend && result != SCAN_SUCCEED && result != SCAN_PTE_MAPPED_HUGEPAGE)
				break;
		}
		if (descend && order > KHUGEPAGED_MIN_MTHP_ORDER && (range->enabled_orders & (BIT(order) - 1))) {
			/* The left half. */
			order--;
		} else {
			/* The window behind this one: the largest that is aligned there. */
			offset += 1U << order;
			order = min_t(unsigned int, __ffs(offset), HPAGE_PMD_ORDER);
		}
	}
	if (collapsed)
		return SCAN_SUCCEED;
	return alloc_failed ? SCAN_ALLOC_HUGE_PAGE_FAIL : last;
}
