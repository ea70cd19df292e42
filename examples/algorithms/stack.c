// The stack of v18 with helpers to push and pop, under a signature of its time, written anew from a description
// of what it does. It is given the VMA, and returns success or failure only: `thpscope verify v18 stack.c`.
static void mthp_stack_push(struct collapse_control *cc, int *top, u16 offset, u8 order)
{
	WARN_ON_ONCE(*top >= MTHP_STACK_SIZE);
	cc->mthp_bitmap_stack[(*top)++] = (struct mthp_range){ .offset = offset, .order = order };
}

static struct mthp_range mthp_stack_pop(struct collapse_control *cc, int *top)
{
	return cc->mthp_bitmap_stack[--(*top)];
}

static unsigned int mthp_count_present(struct collapse_control *cc, u16 offset, unsigned int nr_ptes)
{
	bitmap_zero(cc->mthp_bitmap_mask, MAX_PTRS_PER_PTE);
	bitmap_set(cc->mthp_bitmap_mask, offset, nr_ptes);
	return bitmap_weight_and(cc->mthp_bitmap, cc->mthp_bitmap_mask, MAX_PTRS_PER_PTE);
}

static int collapse_scan_bitmap(struct mm_struct *mm, struct vm_area_struct *vma, unsigned long address,
				int referenced, int unmapped, struct collapse_control *cc,
				bool *mmap_locked, unsigned long enabled_orders)
{
	int collapsed = 0, top = 0;

	mthp_stack_push(cc, &top, 0, HPAGE_PMD_ORDER);
	while (top > 0) {
		struct mthp_range range = mthp_stack_pop(cc, &top);
		unsigned int nr_ptes = 1U << range.order;
		bool descend = true;

		if (test_bit(range.order, &enabled_orders) &&
		    mthp_count_present(cc, range.offset, nr_ptes) >=
			    nr_ptes - collapse_max_ptes_none(cc, vma, range.order)) {
			int result = collapse_huge_page(mm, address, referenced, unmapped, cc, range.order,
							range.offset, mmap_locked);

			switch (result) {
			case SCAN_SUCCEED:
				collapsed += nr_ptes;
				descend = false;
				break;
			case SCAN_PTE_MAPPED_HUGEPAGE:
				descend = false;
				break;
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
			case SCAN_PTE_UFFD_WP:
			case SCAN_PAGE_LAZYFREE:
				break;
			default:
				return collapsed ? SCAN_SUCCEED : SCAN_FAIL;
			}
		}
		if (descend && (enabled_orders & GENMASK(range.order - 1, 0))) {
			u8 half = range.order - 1;

			mthp_stack_push(cc, &top, range.offset + (1 << half), half);
			mthp_stack_push(cc, &top, range.offset, half);
		}
	}
	return collapsed ? SCAN_SUCCEED : SCAN_FAIL;
}
