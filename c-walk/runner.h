/* SPDX-License-Identifier: Apache-2.0 */
/* What runner.c and the functions that it runs know of each other. */
#ifndef THPSCOPE_RUNNER_H
#define THPSCOPE_RUNNER_H

#include <stdbool.h>

/* Where the range lies: a multiple of every PMD size. */
#define THPSCOPE_ADDRESS 0x40000000UL

/* One case. */
struct thpscope_range {
	/* Bit i: PTE i maps an ordinary page. HPAGE_PMD_NR bits. */
	const unsigned long *present_ptes;
	/* PTEs that are neither empty nor present. */
	unsigned int unmapped;
	/* Bit k: order k is enabled. */
	unsigned long enabled_orders;
	/* Whether the VMA is registered with userfaultfd. */
	bool uffd_armed;
	/* Of sysfs. */
	unsigned int max_ptes_none;
	/* By order: empty PTEs that a window may have. */
	const int *none_limits;
};

extern const struct thpscope_range *thpscope_range;

/* Runs the function of the user's file on thpscope_range; what it returns. Generated for each file. */
int thpscope_call(void);
extern const int thpscope_pmd_order;
extern const int thpscope_page_shift;

/* The bitmap of thpscope_range: of the file's program, so that sanitizers know its end. */
extern unsigned long thpscope_present[];

/* Attempts the window that begins so many PTEs behind an address; how it ended. */
int thpscope_try_address(unsigned long address, long offset, long order);
/* Says that a window is looked at. */
void thpscope_look(long offset, long order);

/* End the run: the function did what no function may do. */
_Noreturn void thpscope_undefined(const char *call, const char *file, int line);
_Noreturn void thpscope_beyond(const char *map, unsigned long bit, unsigned long bits, const char *file, int line);
_Noreturn void thpscope_broken(const char *what, const char *file, int line);

#endif
