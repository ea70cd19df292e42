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

/*
 * Bitmaps of which it is known how many bits they have: those of the case. Bits behind them are none, even
 * in a word that they share, and AddressSanitizer does not look between two fields of a structure.
 */
struct thpscope_bitmap {
	const char *name;
	const volatile unsigned long *map;
	unsigned long bits;
};
static struct thpscope_bitmap thpscope_bitmaps[6];

/* Ends the run where bits of a map up to this one, which is not included, are more than it has. */
static inline void thpscope_within(const volatile unsigned long *map, unsigned long end, const char *file, int line)
{
	for (const struct thpscope_bitmap *known = thpscope_bitmaps; known->name; known++) {
		unsigned long first;

		if (map < known->map || map >= known->map + BITS_TO_LONGS(known->bits))
			continue;
		first = (unsigned long)(map - known->map) * BITS_PER_LONG;
		if (first + end > known->bits)
			thpscope_beyond(known->name, first + end - 1, known->bits, file, line);
	}
}

#define test_bit(number, map) thpscope_test_bit(number, map, __FILE__, __LINE__)
#define set_bit(number, map) thpscope_assign_bit(number, map, true, __FILE__, __LINE__)
#define clear_bit(number, map) thpscope_assign_bit(number, map, false, __FILE__, __LINE__)
#define assign_bit(number, map, value) thpscope_assign_bit(number, map, value, __FILE__, __LINE__)
#define change_bit(number, map) thpscope_change_bit(number, map, __FILE__, __LINE__)
#define test_and_set_bit(number, map) thpscope_test_and_assign(number, map, true, __FILE__, __LINE__)
#define test_and_clear_bit(number, map) thpscope_test_and_assign(number, map, false, __FILE__, __LINE__)
#define __set_bit set_bit
#define __clear_bit clear_bit
#define __change_bit change_bit
#define __test_and_set_bit test_and_set_bit
#define __test_and_clear_bit test_and_clear_bit
#define __assign_bit assign_bit

static inline bool thpscope_test_bit(unsigned long number, const volatile unsigned long *map, const char *file,
				     int line)
{
	thpscope_within(map, number + 1, file, line);
	return (map[BIT_WORD(number)] & BIT_MASK(number)) != 0;
}

static inline void thpscope_assign_bit(unsigned long number, volatile unsigned long *map, bool value, const char *file,
				       int line)
{
	thpscope_within(map, number + 1, file, line);
	if (value)
		map[BIT_WORD(number)] |= BIT_MASK(number);
	else
		map[BIT_WORD(number)] &= ~BIT_MASK(number);
}

static inline void thpscope_change_bit(unsigned long number, volatile unsigned long *map, const char *file, int line)
{
	thpscope_assign_bit(number, map, !thpscope_test_bit(number, map, file, line), file, line);
}

static inline bool thpscope_test_and_assign(unsigned long number, volatile unsigned long *map, bool value,
					    const char *file, int line)
{
	bool was = thpscope_test_bit(number, map, file, line);

	thpscope_assign_bit(number, map, value, file, line);
	return was;
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
#define bitmap_weight_from(map, start, end) thpscope_weight(map, start, end, __FILE__, __LINE__)
#define bitmap_weight(map, bits) bitmap_weight_from(map, 0, bits)
static inline unsigned long thpscope_weight(const unsigned long *map, unsigned int start, unsigned int end,
					    const char *file, int line)
{
	unsigned long weight = 0;

	if (start < end)
		thpscope_within(map, end, file, line);
	for (unsigned long word = start / BITS_PER_LONG; word * BITS_PER_LONG < end; word++)
		weight += hweight_long(map[word] & thpscope_part(word, start, end));
	return weight;
}

#define bitmap_weight_and(a, b, bits) thpscope_weight_and(a, b, bits, __FILE__, __LINE__)
static inline unsigned long thpscope_weight_and(const unsigned long *a, const unsigned long *b, unsigned int bits,
						const char *file, int line)
{
	unsigned long weight = 0;

	thpscope_within(a, bits, file, line);
	thpscope_within(b, bits, file, line);
	for (unsigned long word = 0; word * BITS_PER_LONG < bits; word++)
		weight += hweight_long(a[word] & b[word] & thpscope_part(word, 0, bits));
	return weight;
}

#define bitmap_set(map, start, count) thpscope_assign_bits(map, start, count, true, __FILE__, __LINE__)
#define bitmap_clear(map, start, count) thpscope_assign_bits(map, start, count, false, __FILE__, __LINE__)
static inline void thpscope_assign_bits(unsigned long *map, unsigned int start, unsigned int count, bool value,
					const char *file, int line)
{
	for (unsigned int bit = start; bit < start + count; bit++)
		thpscope_assign_bit(bit, map, value, file, line);
}

/* These write whole words. */
#define thpscope_words(map, bits) \
	(thpscope_within(map, bits, __FILE__, __LINE__), BITS_TO_LONGS(bits) * sizeof(long))
#define bitmap_zero(map, bits) ((void)memset(map, 0, thpscope_words(map, bits)))
#define bitmap_fill(map, bits) ((void)memset(map, 0xff, thpscope_words(map, bits)))
#define bitmap_copy(to, from, bits) \
	((void)thpscope_words(from, bits), (void)memmove(to, from, thpscope_words(to, bits)))

static inline void thpscope_three(const unsigned long *to, const unsigned long *a, const unsigned long *b,
				  unsigned int bits, const char *file, int line)
{
	thpscope_within(to, bits, file, line);
	thpscope_within(a, bits, file, line);
	thpscope_within(b, bits, file, line);
}

#define bitmap_and(to, a, b, bits) \
	(thpscope_three(to, a, b, bits, __FILE__, __LINE__), thpscope_and(to, a, b, bits))
static inline bool thpscope_and(unsigned long *to, const unsigned long *a, const unsigned long *b, unsigned int bits)
{
	unsigned long any = 0;

	for (unsigned long word = 0; word * BITS_PER_LONG < bits; word++)
		any |= to[word] = a[word] & b[word] & thpscope_part(word, 0, bits);
	return any != 0;
}

#define bitmap_or(to, a, b, bits) \
	(thpscope_three(to, a, b, bits, __FILE__, __LINE__), thpscope_or(to, a, b, bits))
static inline void thpscope_or(unsigned long *to, const unsigned long *a, const unsigned long *b, unsigned int bits)
{
	for (unsigned long word = 0; word * BITS_PER_LONG < bits; word++)
		to[word] = a[word] | b[word];
}

#define bitmap_andnot(to, a, b, bits) \
	(thpscope_three(to, a, b, bits, __FILE__, __LINE__), thpscope_andnot(to, a, b, bits))
static inline bool thpscope_andnot(unsigned long *to, const unsigned long *a, const unsigned long *b, unsigned int bits)
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
					  unsigned long flipped, const char *file, int line)
{
	for (unsigned long word = start / BITS_PER_LONG; word * BITS_PER_LONG < size; word++) {
		unsigned long found = (map[word] ^ flipped) & thpscope_part(word, start, size);
		unsigned long bit = word * BITS_PER_LONG + (found ? (unsigned long)__builtin_ctzl(found) : BITS_PER_LONG - 1);

		thpscope_within(map, bit < size ? bit + 1 : size, file, line);
		if (found)
			return bit;
	}
	return size;
}

#define find_next_bit(map, size, start) thpscope_find(map, size, start, 0, __FILE__, __LINE__)
#define find_first_bit(map, size) thpscope_find(map, size, 0, 0, __FILE__, __LINE__)
#define find_next_zero_bit(map, size, start) thpscope_find(map, size, start, ~0UL, __FILE__, __LINE__)
#define find_first_zero_bit(map, size) thpscope_find(map, size, 0, ~0UL, __FILE__, __LINE__)

#define find_last_bit(map, size) thpscope_find_last(map, size, __FILE__, __LINE__)
static inline unsigned long thpscope_find_last(const unsigned long *map, unsigned long size, const char *file, int line)
{
	for (unsigned long bit = size; bit-- > 0;)
		if (thpscope_test_bit(bit, map, file, line))
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
