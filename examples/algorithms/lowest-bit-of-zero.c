// The walk, but it asks for the lowest set bit of the offset at every window, the first one too: 0 has none.
static enum scan_result mthp_collapse(struct mm_struct *mm, unsigned long address, int referenced,
				      int unmapped, struct collapse_control *cc,
				      unsigned long enabled_orders)
{
	enum scan_result last = SCAN_FAIL;
	bool collapsed = false, alloc_failed = false;
	unsigned int offset = 0, order = min_t(unsigned int, __ffs(offset), HPAGE_PMD_ORDER);

	while (offset < HPAGE_PMD_NR) {
		unsigned int size = 1U << order;
		unsigned int occupied;
		bool descend = true;

		if (test_bit(order, &enabled_orders)) {
			occupied = bitmap_weight_from(cc->mthp_present_ptes, offset, offset + size);
			if (order == HPAGE_PMD_ORDER)
				occupied += unmapped;
			if (occupied >= size - collapse_max_ptes_none(cc, NULL, order)) {
				enum scan_result result = collapse_huge_page(mm, address + offset * PAGE_SIZE,
									     referenced, unmapped, cc, order);

				switch (result) {
				case SCAN_SUCCEED:
					collapsed = true;
					descend = false;
					break;
				case SCAN_PTE_MAPPED_HUGEPAGE:
					descend = false;
					break;
				case SCAN_ALLOC_HUGE_PAGE_FAIL:
					alloc_failed = true;
					last = result;
					break;
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
					last = result;
					break;
				default:
					last = result;
					goto out;
				}
			}
		}
		if (descend && order > KHUGEPAGED_MIN_MTHP_ORDER && (enabled_orders & (BIT(order) - 1))) {
			order--;
			continue;
		}
		offset += size;
		// The largest order that is aligned at the offset, which is not 0 any more.
		order = min_t(unsigned int, __ffs(offset), HPAGE_PMD_ORDER);
	}
out:
	if (collapsed)
		return SCAN_SUCCEED;
	return alloc_failed ? SCAN_ALLOC_HUGE_PAGE_FAIL : last;
}
