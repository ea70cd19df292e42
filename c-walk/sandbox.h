/* SPDX-License-Identifier: Apache-2.0 */
#ifndef THPSCOPE_SANDBOX_H
#define THPSCOPE_SANDBOX_H

/*
 * Keeps what this process does by mistake from the machine: bounds for memory and files, no further process,
 * no network. No defence against malice.
 */
void enter_sandbox(void);

/*
 * What a search may have in all, and in global data alone: so little that even a slow machine hands it out
 * long before the search has had its time.
 */
#define MOST_MEMORY (64UL << 20)
unsigned long global_bytes(void);

/* Ends the process; what it did is said as a fault of the walk. */
_Noreturn void forbidden(const char *call);

#endif
