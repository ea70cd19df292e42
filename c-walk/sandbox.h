/* SPDX-License-Identifier: Apache-2.0 */
#ifndef THPSCOPE_SANDBOX_H
#define THPSCOPE_SANDBOX_H

/*
 * Keeps what this process does by mistake from the machine: bounds for memory and files, no further process,
 * no network. No defence against malice.
 */
void enter_sandbox(void);

/* What a search may have in all, and in global data alone. */
#define MOST_MEMORY (256UL << 20)
unsigned long global_bytes(void);

/* Ends the process; what it did is said as a fault of the walk. */
_Noreturn void forbidden(const char *call);

#endif
