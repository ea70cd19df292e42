/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bits of words, bitmaps and sets of orders under the names that kernel code uses, written from what the
 * names mean. Part of khugepaged.h.
 */
#ifndef THPSCOPE_BITS_H
#define THPSCOPE_BITS_H

#include "basics.h"
#include "runner.h"

#define BITS_PER_BYTE 8
#define BITS_PER_LONG (__SIZEOF_LONG__ * BITS_PER_BYTE)
#define BIT(number) (1UL << (number))
#define BIT_ULL(number) (1ULL << (number))
#define BIT_MASK(number) (1UL << ((number) % BITS_PER_LONG))
#define BIT_WORD(number) ((number) / BITS_PER_LONG)
#define BITS_TO_LONGS(bits) DIV_ROUND_UP(bits, BITS_PER_LONG)
#define DECLARE_BITMAP(name, bits) unsigned long name[BITS_TO_LONGS(bits)]
/* Bits low to high, both included. */
#define GENMASK(high, low) ((~0UL << (low)) & (~0UL >> (BITS_PER_LONG - 1 - (high))))
#define GENMASK_ULL(high, low) ((~0ULL << (low)) & (~0ULL >> (63 - (high))))

/*
 * The number of a bit, counted from 0. A word without one has none: the kernel leaves that undefined, here it
 * is a fault of the walk.
 */
#define __ffs(word) thpscope_lowest_bit(word, "__ffs(0)", __FILE__, __LINE__)
#define __ffs64(word) thpscope_lowest_bit(word, "__ffs64(0)", __FILE__, __LINE__)
#define __fls(word) thpscope_highest_bit(word, "__fls(0)", __FILE__, __LINE__)
#define ffz(word) thpscope_lowest_bit(~(unsigned long)(word), "ffz(~0)", __FILE__, __LINE__)

static inline unsigned long thpscope_lowest_bit(u64 word, const char *call, const char *file, int line)
{
	if (word == 0)
		thpscope_undefined(call, file, line);
	return (unsigned long)__builtin_ctzll(word);
}

static inline unsigned long thpscope_highest_bit(u64 word, const char *call, const char *file, int line)
{
	if (word == 0)
		thpscope_undefined(call, file, line);
	return 63 - (unsigned long)__builtin_clzll(word);
}

/* These count from 1, and give 0 for a word without a bit. */
int ffs(int word);
static inline int fls64(u64 word) { return word == 0 ? 0 : 64 - __builtin_clzll(word); }
static inline int fls(unsigned int word) { return fls64(word); }
static inline int fls_long(unsigned long word) { return fls64(word); }

#define ilog2(value) (fls64(value) - 1)
#define count_trailing_zeros(word) __ffs64(word)
static inline bool is_power_of_2(unsigned long value) { return __builtin_popcountl(value) == 1; }
static inline unsigned long rounddown_pow_of_two(unsigned long value) { return BIT(__fls(value)); }
static inline int order_base_2(unsigned long value) { return value <= 1 ? 0 : fls_long(value - 1); }
static inline unsigned long roundup_pow_of_two(unsigned long value) { return BIT(order_base_2(value)); }

static inline unsigned int hweight64(u64 word) { return (unsigned int)__builtin_popcountll(word); }
#define hweight_long(word) hweight64((unsigned long)(word))
#define hweight32(word) hweight64((u32)(word))
#define hweight16(word) hweight64((u16)(word))
#define hweight8(word) hweight64((u8)(word))

static inline bool test_bit(unsigned long number, const volatile unsigned long *map)
{
	return (map[BIT_WORD(number)] & BIT_MASK(number)) != 0;
}

static inline void set_bit(unsigned long number, volatile unsigned long *map)
{
	map[BIT_WORD(number)] |= BIT_MASK(number);
}

static inline void clear_bit(unsigned long number, volatile unsigned long *map)
{
	map[BIT_WORD(number)] &= ~BIT_MASK(number);
}

static inline void change_bit(unsigned long number, volatile unsigned long *map)
{
	map[BIT_WORD(number)] ^= BIT_MASK(number);
}

static inline bool test_and_set_bit(unsigned long number, volatile unsigned long *map)
{
	bool was = test_bit(number, map);

	set_bit(number, map);
	return was;
}

static inline bool test_and_clear_bit(unsigned long number, volatile unsigned long *map)
{
	bool was = test_bit(number, map);

	clear_bit(number, map);
	return was;
}

#define __set_bit set_bit
#define __clear_bit clear_bit
#define __change_bit change_bit
#define __test_and_set_bit test_and_set_bit
#define __test_and_clear_bit test_and_clear_bit
#define __assign_bit assign_bit
static inline void assign_bit(unsigned long number, volatile unsigned long *map, bool value)
{
	if (value)
		set_bit(number, map);
	else
		clear_bit(number, map);
}

/* The bits of one word of a bitmap that lie in [start, end). */
static inline unsigned long thpscope_part(unsigned long word, unsigned long start, unsigned long end)
{
	unsigned long first = word * BITS_PER_LONG;
	unsigned long mask = ~0UL;

	if (start > first)
		mask &= ~0UL << (start - first);
	if (end < first + BITS_PER_LONG)
		mask &= ~(~0UL << (end - first));
	return mask;
}

/* How many bits of [start, end) are set. */
static inline unsigned long bitmap_weight_from(const unsigned long *map, unsigned int start, unsigned int end)
{
	unsigned long weight = 0;

	for (unsigned long word = start / BITS_PER_LONG; word * BITS_PER_LONG < end; word++)
		weight += hweight_long(map[word] & thpscope_part(word, start, end));
	return weight;
}

#define bitmap_weight(map, bits) bitmap_weight_from(map, 0, bits)

static inline unsigned long bitmap_weight_and(const unsigned long *a, const unsigned long *b, unsigned int bits)
{
	unsigned long weight = 0;

	for (unsigned long word = 0; word * BITS_PER_LONG < bits; word++)
		weight += hweight_long(a[word] & b[word] & thpscope_part(word, 0, bits));
	return weight;
}

static inline void bitmap_set(unsigned long *map, unsigned int start, unsigned int count)
{
	for (unsigned int bit = start; bit < start + count; bit++)
		set_bit(bit, map);
}

static inline void bitmap_clear(unsigned long *map, unsigned int start, unsigned int count)
{
	for (unsigned int bit = start; bit < start + count; bit++)
		clear_bit(bit, map);
}

/* These write whole words. */
#define bitmap_zero(map, bits) ((void)memset(map, 0, BITS_TO_LONGS(bits) * sizeof(long)))
#define bitmap_fill(map, bits) ((void)memset(map, 0xff, BITS_TO_LONGS(bits) * sizeof(long)))
#define bitmap_copy(to, from, bits) ((void)memmove(to, from, BITS_TO_LONGS(bits) * sizeof(long)))

static inline bool bitmap_and(unsigned long *to, const unsigned long *a, const unsigned long *b, unsigned int bits)
{
	unsigned long any = 0;

	for (unsigned long word = 0; word * BITS_PER_LONG < bits; word++)
		any |= to[word] = a[word] & b[word] & thpscope_part(word, 0, bits);
	return any != 0;
}

static inline void bitmap_or(unsigned long *to, const unsigned long *a, const unsigned long *b, unsigned int bits)
{
	for (unsigned long word = 0; word * BITS_PER_LONG < bits; word++)
		to[word] = a[word] | b[word];
}

static inline bool bitmap_andnot(unsigned long *to, const unsigned long *a, const unsigned long *b, unsigned int bits)
{
	unsigned long any = 0;

	for (unsigned long word = 0; word * BITS_PER_LONG < bits; word++)
		any |= to[word] = a[word] & ~b[word] & thpscope_part(word, 0, bits);
	return any != 0;
}

#define bitmap_empty(map, bits) (bitmap_weight(map, bits) == 0)
#define bitmap_full(map, bits) (bitmap_weight(map, bits) == (bits))

/* The first bit at or after start that is set (or, flipped, that is not); size if there is none. */
static inline unsigned long thpscope_find(const unsigned long *map, unsigned long size, unsigned long start,
					  unsigned long flipped)
{
	for (unsigned long word = start / BITS_PER_LONG; word * BITS_PER_LONG < size; word++) {
		unsigned long found = (map[word] ^ flipped) & thpscope_part(word, start, size);

		if (found)
			return word * BITS_PER_LONG + (unsigned long)__builtin_ctzl(found);
	}
	return size;
}

#define find_next_bit(map, size, start) thpscope_find(map, size, start, 0)
#define find_first_bit(map, size) thpscope_find(map, size, 0, 0)
#define find_next_zero_bit(map, size, start) thpscope_find(map, size, start, ~0UL)
#define find_first_zero_bit(map, size) thpscope_find(map, size, 0, ~0UL)

static inline unsigned long find_last_bit(const unsigned long *map, unsigned long size)
{
	for (unsigned long bit = size; bit-- > 0;)
		if (test_bit(bit, map))
			return bit;
	return size;
}

#define for_each_set_bit(bit, map, size) \
	for ((bit) = find_first_bit(map, size); (bit) < (size); (bit) = find_next_bit(map, size, (bit) + 1))
#define for_each_set_bit_from(bit, map, size) \
	for ((bit) = find_next_bit(map, size, bit); (bit) < (size); (bit) = find_next_bit(map, size, (bit) + 1))
#define for_each_clear_bit(bit, map, size) \
	for ((bit) = find_first_zero_bit(map, size); (bit) < (size); \
	     (bit) = find_next_zero_bit(map, size, (bit) + 1))

static inline bool is_pmd_order(unsigned int order) { return order == HPAGE_PMD_ORDER; }

/* The largest order of a set, -1 of an empty one; and the one after it, which takes it out. */
static inline int highest_order(unsigned long orders) { return fls_long(orders) - 1; }
static inline int next_order(unsigned long *orders, int order)
{
	*orders &= ~BIT(order);
	return highest_order(*orders);
}

#endif
