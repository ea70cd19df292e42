/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Types and arithmetic under the names that kernel code uses, written from what the names mean. Part of
 * khugepaged.h.
 */
#ifndef THPSCOPE_BASICS_H
#define THPSCOPE_BASICS_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;

/* Of the C library, so that a function needs no #include. */
int printf(const char *format, ...) __attribute__((format(printf, 1, 2)));
void *memset(void *memory, int byte, size_t size);
void *memcpy(void *to, const void *from, size_t size);
void *memmove(void *to, const void *from, size_t size);
int memcmp(const void *a, const void *b, size_t size);

#define U8_MAX UINT8_MAX
#define U16_MAX UINT16_MAX
#define U32_MAX UINT32_MAX
#define U64_MAX UINT64_MAX

#undef __always_inline
#define __always_inline inline __attribute__((always_inline))
#define noinline __attribute__((noinline))
#define __maybe_unused __attribute__((unused))
#define __must_check
#define __init
#define __read_mostly
#define fallthrough __attribute__((fallthrough))
#define likely(condition) __builtin_expect(!!(condition), 1)
#define unlikely(condition) __builtin_expect(!!(condition), 0)
#define barrier() __asm__ __volatile__("" ::: "memory")
#define READ_ONCE(value) (*(const volatile __typeof__(value) *)&(value))
#define WRITE_ONCE(place, value) ((void)(*(volatile __typeof__(place) *)&(place) = (value)))
#define data_race(expression) (expression)

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define BUILD_BUG_ON(condition) _Static_assert(!(condition), "BUILD_BUG_ON(" #condition ")")

#define min(a, b) ({ __auto_type thps_a = (a); __auto_type thps_b = (b); thps_a < thps_b ? thps_a : thps_b; })
#define max(a, b) ({ __auto_type thps_a = (a); __auto_type thps_b = (b); thps_a > thps_b ? thps_a : thps_b; })
#define min_t(type, a, b) min((type)(a), (type)(b))
#define max_t(type, a, b) max((type)(a), (type)(b))
#define min3(a, b, c) min(min(a, b), c)
#define max3(a, b, c) max(max(a, b), c)
#define umin(a, b) min((unsigned long long)(a), (unsigned long long)(b))
#define umax(a, b) max((unsigned long long)(a), (unsigned long long)(b))
#define clamp(value, low, high) min(max(value, low), high)
#define clamp_t(type, value, low, high) clamp((type)(value), (type)(low), (type)(high))
#define swap(a, b) do { __typeof__(a) thps_kept = (a); (a) = (b); (b) = thps_kept; } while (0)
int abs(int value);

/* Down and up to a multiple of a power of two. */
#define ALIGN_DOWN(value, size) ((value) & ~((__typeof__(value))(size) - 1))
#define ALIGN(value, size) ALIGN_DOWN((value) + ((__typeof__(value))(size) - 1), size)
#define IS_ALIGNED(value, size) (((value) & ((__typeof__(value))(size) - 1)) == 0)
#define round_down(value, size) ALIGN_DOWN(value, size)
#define round_up(value, size) ALIGN(value, size)
#define DIV_ROUND_UP(value, size) (((value) + (size) - 1) / (size))

/*
 * Set by the build: HPAGE_PMD_ORDER and PAGE_SHIFT.
 */
#define PAGE_SIZE (1UL << PAGE_SHIFT)
#define PAGE_MASK (~(PAGE_SIZE - 1))
#define PAGE_ALIGN(address) ALIGN(address, PAGE_SIZE)
#define HPAGE_PMD_NR (1 << HPAGE_PMD_ORDER)
#define HPAGE_PMD_SHIFT (HPAGE_PMD_ORDER + PAGE_SHIFT)
#define HPAGE_PMD_SIZE (1UL << HPAGE_PMD_SHIFT)
#define HPAGE_PMD_MASK (~(HPAGE_PMD_SIZE - 1))
#define PMD_ORDER HPAGE_PMD_ORDER
#define PMD_SHIFT HPAGE_PMD_SHIFT
#define PMD_SIZE HPAGE_PMD_SIZE
#define PTRS_PER_PTE HPAGE_PMD_NR
#define MAX_PTRS_PER_PTE HPAGE_PMD_NR

#endif
