;; The inner loops of thpscope over packed occupancy: see bitmaps.ts for what the functions answer. The bitmap of a range is
;; a row of blocks of 64 bytes, 512 PTEs each. Inside a block a bit of an i64 stands for a byte, that is for 8 PTEs:
;; flags of order 3. Flags of the next order are the AND (full) or OR (any) of neighbours, kept at the bit of the first.
(module
  (import "host" "memory" (memory 1))

  ;; Bytes of a block in which the bits of $mask are exactly $want: bit i for byte i.
  (func $bytes (param $block i32) (param $mask i32) (param $want i32) (result i64)
    (local $m v128) (local $w v128)
    (local.set $m (i8x16.splat (local.get $mask)))
    (local.set $w (i8x16.splat (local.get $want)))
    (i64.or
      (i64.or
        (i64.extend_i32_u (i8x16.bitmask (i8x16.eq (v128.and (v128.load (local.get $block)) (local.get $m)) (local.get $w))))
        (i64.shl
          (i64.extend_i32_u (i8x16.bitmask (i8x16.eq (v128.and (v128.load offset=16 (local.get $block)) (local.get $m)) (local.get $w))))
          (i64.const 16)))
      (i64.or
        (i64.shl
          (i64.extend_i32_u (i8x16.bitmask (i8x16.eq (v128.and (v128.load offset=32 (local.get $block)) (local.get $m)) (local.get $w))))
          (i64.const 32))
        (i64.shl
          (i64.extend_i32_u (i8x16.bitmask (i8x16.eq (v128.and (v128.load offset=48 (local.get $block)) (local.get $m)) (local.get $w))))
          (i64.const 48)))))

  ;; Whether a block holds any bit.
  (func $holds (param $block i32) (result i32)
    (v128.any_true
      (v128.or
        (v128.or (v128.load (local.get $block)) (v128.load offset=16 (local.get $block)))
        (v128.or (v128.load offset=32 (local.get $block)) (v128.load offset=48 (local.get $block))))))

  ;; Set bits of a block.
  (func $count (param $block i32) (result i32)
    (i32.wrap_i64
      (i64.add
        (i64.add
          (i64.add (i64.popcnt (i64.load (local.get $block))) (i64.popcnt (i64.load offset=8 (local.get $block))))
          (i64.add (i64.popcnt (i64.load offset=16 (local.get $block))) (i64.popcnt (i64.load offset=24 (local.get $block)))))
        (i64.add
          (i64.add (i64.popcnt (i64.load offset=32 (local.get $block))) (i64.popcnt (i64.load offset=40 (local.get $block))))
          (i64.add (i64.popcnt (i64.load offset=48 (local.get $block))) (i64.popcnt (i64.load offset=56 (local.get $block))))))))

  ;; Adds $value to the i32 at $at.
  (func $add (param $at i32) (param $value i32)
    (i32.store (local.get $at) (i32.add (i32.load (local.get $at)) (local.get $value))))

  ;; Adds the flags of orders 9 and up to a row of counters by order: bit i of $blocks is block i.
  (func $addBlocks (param $row i32) (param $blocks i32) (param $pmdOrder i32) (param $all i32)
    (local $order i32) (local $step i32) (local $other i32)
    (local.set $order (i32.const 9))
    (local.set $step (i32.const 1))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $order) (local.get $pmdOrder)))
        (call $add
          (i32.add (local.get $row) (i32.shl (local.get $order) (i32.const 2)))
          (i32.popcnt (local.get $blocks)))
        (local.set $other (i32.shr_u (local.get $blocks) (local.get $step)))
        (if (local.get $all)
          (then (local.set $blocks (i32.and (local.get $blocks) (local.get $other))))
          (else (local.set $blocks (i32.or (local.get $blocks) (local.get $other)))))
        (local.set $step (i32.shl (local.get $step) (i32.const 1)))
        ;; Only every 2^n-th bit begins a window.
        (if (i32.eq (local.get $step) (i32.const 2)) (then (local.set $blocks (i32.and (local.get $blocks) (i32.const 0x5555)))))
        (if (i32.eq (local.get $step) (i32.const 4)) (then (local.set $blocks (i32.and (local.get $blocks) (i32.const 0x1111)))))
        (if (i32.eq (local.get $step) (i32.const 8)) (then (local.set $blocks (i32.and (local.get $blocks) (i32.const 0x0101)))))
        (local.set $order (i32.add (local.get $order) (i32.const 1)))
        (br $next))))

  (func $tabulate (export "tabulate")
    (param $range i32) (param $ranges i32) (param $blocks i32) (param $pmdOrder i32) (param $rows i32) (param $any i32)
    (local $block i32) (local $pages i32) (local $fullBlocks i32) (local $anyBlocks i32) (local $row i32)
    (local $low i64) (local $high i64) (local $flags i64)
    (local $f2 i32) (local $f3 i32) (local $f4 i32) (local $f5 i32) (local $f6 i32) (local $f7 i32) (local $f8 i32)
    (loop $nextRange
      (local.set $pages (i32.const 0))
      (local.set $fullBlocks (i32.const 0))
      (local.set $anyBlocks (i32.const 0))
      (local.set $f2 (i32.const 0)) (local.set $f3 (i32.const 0)) (local.set $f4 (i32.const 0)) (local.set $f5 (i32.const 0))
      (local.set $f6 (i32.const 0)) (local.set $f7 (i32.const 0)) (local.set $f8 (i32.const 0))
      (local.set $block (i32.const 0))
      (loop $nextBlock
        (if (call $holds (local.get $range))
          (then
            (local.set $pages (i32.add (local.get $pages) (call $count (local.get $range))))
            (local.set $anyBlocks (i32.or (local.get $anyBlocks) (i32.shl (i32.const 1) (local.get $block))))
            ;; Windows with any page: not those without one.
            (local.set $low (i64.xor (call $bytes (local.get $range) (i32.const 0x0f) (i32.const 0)) (i64.const -1)))
            (local.set $high (i64.xor (call $bytes (local.get $range) (i32.const 0xf0) (i32.const 0)) (i64.const -1)))
            (call $add (i32.add (local.get $any) (i32.const 8))
              (i32.wrap_i64 (i64.add (i64.popcnt (local.get $low)) (i64.popcnt (local.get $high)))))
            (local.set $flags (i64.or (local.get $low) (local.get $high)))
            (call $add (i32.add (local.get $any) (i32.const 12)) (i32.wrap_i64 (i64.popcnt (local.get $flags))))
            (local.set $flags (i64.and (i64.or (local.get $flags) (i64.shr_u (local.get $flags) (i64.const 1))) (i64.const 0x5555555555555555)))
            (call $add (i32.add (local.get $any) (i32.const 16)) (i32.wrap_i64 (i64.popcnt (local.get $flags))))
            (local.set $flags (i64.and (i64.or (local.get $flags) (i64.shr_u (local.get $flags) (i64.const 2))) (i64.const 0x1111111111111111)))
            (call $add (i32.add (local.get $any) (i32.const 20)) (i32.wrap_i64 (i64.popcnt (local.get $flags))))
            (local.set $flags (i64.and (i64.or (local.get $flags) (i64.shr_u (local.get $flags) (i64.const 4))) (i64.const 0x0101010101010101)))
            (call $add (i32.add (local.get $any) (i32.const 24)) (i32.wrap_i64 (i64.popcnt (local.get $flags))))
            (local.set $flags (i64.and (i64.or (local.get $flags) (i64.shr_u (local.get $flags) (i64.const 8))) (i64.const 0x0001000100010001)))
            (call $add (i32.add (local.get $any) (i32.const 28)) (i32.wrap_i64 (i64.popcnt (local.get $flags))))
            (local.set $flags (i64.and (i64.or (local.get $flags) (i64.shr_u (local.get $flags) (i64.const 16))) (i64.const 0x0000000100000001)))
            (call $add (i32.add (local.get $any) (i32.const 32)) (i32.wrap_i64 (i64.popcnt (local.get $flags))))
            ;; Full windows.
            (local.set $low (call $bytes (local.get $range) (i32.const 0x0f) (i32.const 0x0f)))
            (local.set $high (call $bytes (local.get $range) (i32.const 0xf0) (i32.const 0xf0)))
            (local.set $f2 (i32.add (local.get $f2)
              (i32.wrap_i64 (i64.add (i64.popcnt (local.get $low)) (i64.popcnt (local.get $high))))))
            (local.set $flags (i64.and (local.get $low) (local.get $high)))
            (local.set $f3 (i32.add (local.get $f3) (i32.wrap_i64 (i64.popcnt (local.get $flags)))))
            (local.set $flags (i64.and (i64.and (local.get $flags) (i64.shr_u (local.get $flags) (i64.const 1))) (i64.const 0x5555555555555555)))
            (local.set $f4 (i32.add (local.get $f4) (i32.wrap_i64 (i64.popcnt (local.get $flags)))))
            (local.set $flags (i64.and (i64.and (local.get $flags) (i64.shr_u (local.get $flags) (i64.const 2))) (i64.const 0x1111111111111111)))
            (local.set $f5 (i32.add (local.get $f5) (i32.wrap_i64 (i64.popcnt (local.get $flags)))))
            (local.set $flags (i64.and (i64.and (local.get $flags) (i64.shr_u (local.get $flags) (i64.const 4))) (i64.const 0x0101010101010101)))
            (local.set $f6 (i32.add (local.get $f6) (i32.wrap_i64 (i64.popcnt (local.get $flags)))))
            (local.set $flags (i64.and (i64.and (local.get $flags) (i64.shr_u (local.get $flags) (i64.const 8))) (i64.const 0x0001000100010001)))
            (local.set $f7 (i32.add (local.get $f7) (i32.wrap_i64 (i64.popcnt (local.get $flags)))))
            (local.set $flags (i64.and (i64.and (local.get $flags) (i64.shr_u (local.get $flags) (i64.const 16))) (i64.const 0x0000000100000001)))
            (local.set $f8 (i32.add (local.get $f8) (i32.wrap_i64 (i64.popcnt (local.get $flags)))))
            (local.set $flags (i64.and (local.get $flags) (i64.shr_u (local.get $flags) (i64.const 32))))
            (local.set $fullBlocks (i32.or (local.get $fullBlocks)
              (i32.shl (i32.wrap_i64 (i64.and (local.get $flags) (i64.const 1))) (local.get $block))))))
        (local.set $range (i32.add (local.get $range) (i32.const 64)))
        (local.set $block (i32.add (local.get $block) (i32.const 1)))
        (br_if $nextBlock (i32.lt_u (local.get $block) (local.get $blocks))))
      (if (local.get $pages)
        (then
          (local.set $row (i32.add (local.get $rows) (i32.shl (local.get $pages) (i32.const 6))))
          (call $add (local.get $row) (i32.const 1))
          (call $add (i32.add (local.get $row) (i32.const 8)) (local.get $f2))
          (call $add (i32.add (local.get $row) (i32.const 12)) (local.get $f3))
          (call $add (i32.add (local.get $row) (i32.const 16)) (local.get $f4))
          (call $add (i32.add (local.get $row) (i32.const 20)) (local.get $f5))
          (call $add (i32.add (local.get $row) (i32.const 24)) (local.get $f6))
          (call $add (i32.add (local.get $row) (i32.const 28)) (local.get $f7))
          (call $add (i32.add (local.get $row) (i32.const 32)) (local.get $f8))
          (call $addBlocks (local.get $row) (local.get $fullBlocks) (local.get $pmdOrder) (i32.const 1))
          (call $addBlocks (local.get $any) (local.get $anyBlocks) (local.get $pmdOrder) (i32.const 0))))
      (local.set $ranges (i32.sub (local.get $ranges) (i32.const 1)))
      (br_if $nextRange (local.get $ranges))))

  ;; What follows reads a range of one block, with the order of the folio of every page. Places of 64 bytes from $room on
  ;; hold bitmaps: 0 the occupied PTEs, 1 to 9 those in folios of that order or larger, one more that is empty, 11 those that save a TLB entry (all of
  ;; a whole folio but the first of each block that one entry maps), 12 to 18 those in full windows of order 2 to 8, 19 and 20
  ;; what 1 and 11 have outside of held windows, 21 those in held windows. 22 holds numbers by order.
  (func $place (param $room i32) (param $number i32) (result i32)
    (i32.add (local.get $room) (i32.shl (local.get $number) (i32.const 6))))

  ;; How many bits $a and $b have in common.
  (func $both (param $a i32) (param $b i32) (result i32)
    (i32.wrap_i64
      (i64.add
        (i64.add
          (i64.add
            (i64.popcnt (i64.and (i64.load offset=0 (local.get $a)) (i64.load offset=0 (local.get $b))))
            (i64.popcnt (i64.and (i64.load offset=8 (local.get $a)) (i64.load offset=8 (local.get $b)))))
          (i64.add
            (i64.popcnt (i64.and (i64.load offset=16 (local.get $a)) (i64.load offset=16 (local.get $b))))
            (i64.popcnt (i64.and (i64.load offset=24 (local.get $a)) (i64.load offset=24 (local.get $b))))))
        (i64.add
          (i64.add
            (i64.popcnt (i64.and (i64.load offset=32 (local.get $a)) (i64.load offset=32 (local.get $b))))
            (i64.popcnt (i64.and (i64.load offset=40 (local.get $a)) (i64.load offset=40 (local.get $b)))))
          (i64.add
            (i64.popcnt (i64.and (i64.load offset=48 (local.get $a)) (i64.load offset=48 (local.get $b))))
            (i64.popcnt (i64.and (i64.load offset=56 (local.get $a)) (i64.load offset=56 (local.get $b)))))))))

  ;; What $a has and $not has not, to $to.
  (func $without (param $a i32) (param $not i32) (param $to i32)
    (v128.store (local.get $to) (v128.andnot (v128.load (local.get $a)) (v128.load (local.get $not))))
    (v128.store offset=16 (local.get $to) (v128.andnot (v128.load offset=16 (local.get $a)) (v128.load offset=16 (local.get $not))))
    (v128.store offset=32 (local.get $to) (v128.andnot (v128.load offset=32 (local.get $a)) (v128.load offset=32 (local.get $not))))
    (v128.store offset=48 (local.get $to) (v128.andnot (v128.load offset=48 (local.get $a)) (v128.load offset=48 (local.get $not)))))

  ;; The first bit of every window of an order up to 6, in an i64.
  (func $firsts (param $order i32) (result i64)
    (if (i32.eq (local.get $order) (i32.const 1)) (then (return (i64.const 0x5555555555555555))))
    (if (i32.eq (local.get $order) (i32.const 2)) (then (return (i64.const 0x1111111111111111))))
    (if (i32.eq (local.get $order) (i32.const 3)) (then (return (i64.const 0x0101010101010101))))
    (if (i32.eq (local.get $order) (i32.const 4)) (then (return (i64.const 0x0001000100010001))))
    (if (i32.eq (local.get $order) (i32.const 5)) (then (return (i64.const 0x0000000100000001))))
    (i64.const 1))

  ;; All bits of the windows of an order from 1 on in which $from has any, or with $flip = -1 of those in which it has all.
  (func $widen (param $from i32) (param $order i32) (param $to i32) (param $flip i64)
    (local $at i32) (local $step i32) (local $size i32) (local $firsts v128) (local $flips v128) (local $words v128) (local $word i64)
    (if (i32.lt_u (local.get $order) (i32.const 6))
      (then
        (local.set $firsts (i64x2.splat (call $firsts (local.get $order))))
        (local.set $flips (i64x2.splat (local.get $flip)))
        (local.set $size (i32.shl (i32.const 1) (local.get $order)))
        (loop $next
          (local.set $words (v128.xor (v128.load (i32.add (local.get $from) (local.get $at))) (local.get $flips)))
          (local.set $step (i32.const 1))
          (loop $fold
            (local.set $words (v128.or (local.get $words) (i64x2.shr_u (local.get $words) (local.get $step))))
            (local.set $step (i32.shl (local.get $step) (i32.const 1)))
            (br_if $fold (i32.lt_u (local.get $step) (local.get $size))))
          ;; From the first bit of each window on, all bits of it: 2^(first + size) - 2^first.
          (local.set $words (v128.and (local.get $words) (local.get $firsts)))
          (v128.store (i32.add (local.get $to) (local.get $at))
            (v128.xor
              (i64x2.sub (i64x2.shl (local.get $words) (local.get $size)) (local.get $words))
              (local.get $flips)))
          (local.set $at (i32.add (local.get $at) (i32.const 16)))
          (br_if $next (i32.lt_u (local.get $at) (i32.const 64))))
        (return)))
    ;; Windows of whole words, of so many bytes.
    (local.set $size (i32.shl (i32.const 1) (i32.sub (local.get $order) (i32.const 3))))
    (loop $window
      (local.set $word (i64.const 0))
      (local.set $step (i32.const 0))
      (loop $gather
        (local.set $word (i64.or (local.get $word)
          (i64.xor (i64.load (i32.add (local.get $from) (i32.add (local.get $at) (local.get $step)))) (local.get $flip))))
        (local.set $step (i32.add (local.get $step) (i32.const 8)))
        (br_if $gather (i32.lt_u (local.get $step) (local.get $size))))
      (local.set $word (i64.xor (select (i64.const 0) (i64.const -1) (i64.eqz (local.get $word))) (local.get $flip)))
      (local.set $step (i32.const 0))
      (loop $spread
        (i64.store (i32.add (local.get $to) (i32.add (local.get $at) (local.get $step))) (local.get $word))
        (local.set $step (i32.add (local.get $step) (i32.const 8)))
        (br_if $spread (i32.lt_u (local.get $step) (local.get $size))))
      (local.set $at (i32.add (local.get $at) (local.get $size)))
      (br_if $window (i32.lt_u (local.get $at) (i32.const 64)))))

  ;; Adds to $saving the PTEs that whole folios of an order save: $folio has those of folios of that order, and is overwritten.
  (func $addSaving (param $folio i32) (param $order i32) (param $block i32) (param $saving i32)
    (local $at i32) (local $firsts i64) (local $every i32)
    (call $widen (local.get $folio) (local.get $order) (local.get $folio) (i64.const -1))
    (if (i32.gt_u (local.get $block) (local.get $order)) (then (local.set $block (local.get $order))))
    (local.set $firsts (call $firsts (local.get $block)))
    ;; In one word of so many is a first bit.
    (if (i32.gt_u (local.get $block) (i32.const 6))
      (then (local.set $every (i32.sub (i32.shl (i32.const 1) (i32.sub (local.get $block) (i32.const 3))) (i32.const 1)))))
    (loop $next
      (i64.store (i32.add (local.get $saving) (local.get $at))
        (i64.or
          (i64.load (i32.add (local.get $saving) (local.get $at)))
          (i64.and
            (i64.load (i32.add (local.get $folio) (local.get $at)))
            (i64.xor
              (select (i64.const 0) (local.get $firsts) (i32.and (local.get $at) (local.get $every)))
              (i64.const -1)))))
      (local.set $at (i32.add (local.get $at) (i32.const 8)))
      (br_if $next (i32.lt_u (local.get $at) (i32.const 64)))))

  ;; Writes the bitmaps 0 to one above the largest order that a page has, which it answers: 0, and bitmap 0 alone, where no
  ;; occupied PTE is in a large folio.
  (func $levels (export "levels") (param $bitmap i32) (param $orders i32) (param $room i32) (result i32)
    (local $largest v128) (local $seen v128) (local $limit v128) (local $at i32) (local $top i32) (local $order i32)
    (local $within i32) (local $cell i32)
    (v128.store (local.get $room) (v128.load (local.get $bitmap)))
    (v128.store offset=16 (local.get $room) (v128.load offset=16 (local.get $bitmap)))
    (v128.store offset=32 (local.get $room) (v128.load offset=32 (local.get $bitmap)))
    (v128.store offset=48 (local.get $room) (v128.load offset=48 (local.get $bitmap)))
    (loop $next
      (local.set $limit (v128.load (i32.add (local.get $orders) (local.get $at))))
      (local.set $largest (i8x16.max_u (local.get $largest) (local.get $limit)))
      ;; Bit k - 1 for order k, up to 8.
      (local.set $seen (v128.or (local.get $seen)
        (i8x16.swizzle (v128.const i8x16 0 1 2 4 8 16 32 64 128 0 0 0 0 0 0 0) (local.get $limit))))
      (local.set $at (i32.add (local.get $at) (i32.const 16)))
      (br_if $next (i32.lt_u (local.get $at) (i32.const 512))))
    (if (i32.eqz (v128.any_true (local.get $largest))) (then (return (i32.const 0))))
    (local.set $top (i32.const 9))
    (block $found
      (loop $next
        (br_if $found (v128.any_true (i8x16.ge_u (local.get $largest) (i8x16.splat (local.get $top)))))
        (local.set $top (i32.sub (local.get $top) (i32.const 1)))
        (br $next)))
    (local.set $order (i32.const 1))
    (loop $next
      (local.set $limit (i8x16.splat (local.get $order)))
      (local.set $within (call $place (local.get $room) (local.get $order)))
      (if
        (i32.or (i32.eq (local.get $order) (i32.const 1))
          (v128.any_true (v128.and (local.get $seen) (i8x16.splat (i32.shr_u (i32.shl (i32.const 1) (local.get $order)) (i32.const 2))))))
        (then
          (local.set $at (i32.const 0))
          (local.set $cell (local.get $orders))
          (loop $pages
            (i32.store (i32.add (local.get $within) (local.get $at))
              (i32.and
                (i32.load (i32.add (local.get $bitmap) (local.get $at)))
                (i32.or
                  (i8x16.bitmask (i8x16.ge_u (v128.load (local.get $cell)) (local.get $limit)))
                  (i32.shl
                    (i8x16.bitmask (i8x16.ge_u (v128.load offset=16 (local.get $cell)) (local.get $limit)))
                    (i32.const 16)))))
            (local.set $cell (i32.add (local.get $cell) (i32.const 32)))
            (local.set $at (i32.add (local.get $at) (i32.const 4)))
            (br_if $pages (i32.lt_u (local.get $at) (i32.const 64)))))
        ;; No folio is of the order before: they are the same.
        (else
          (local.set $cell (i32.sub (local.get $within) (i32.const 64)))
          (v128.store (local.get $within) (v128.load (local.get $cell)))
          (v128.store offset=16 (local.get $within) (v128.load offset=16 (local.get $cell)))
          (v128.store offset=32 (local.get $within) (v128.load offset=32 (local.get $cell)))
          (v128.store offset=48 (local.get $within) (v128.load offset=48 (local.get $cell)))))
      (local.set $order (i32.add (local.get $order) (i32.const 1)))
      (br_if $next (i32.le_u (local.get $order) (local.get $top))))
    (local.set $within (call $place (local.get $room) (i32.const 1)))
    (if (i32.eqz (call $holds (local.get $within))) (then (return (i32.const 0))))
    (local.set $cell (call $place (local.get $room) (i32.add (local.get $top) (i32.const 1))))
    (call $without (local.get $within) (local.get $within) (local.get $cell))
    (local.get $top))

  (func $folios (export "folios")
    (param $bitmap i32) (param $orders i32) (param $room i32) (param $any i32) (param $rows i32) (param $saves i32) (param $block i32)
    (result i32)
    (local $at i32) (local $top i32) (local $order i32) (local $outer i32)
    (local $full i32) (local $pages i32) (local $large i32) (local $saving i32) (local $held i32) (local $isHeld i32)
    (local $openLarge i32) (local $openSaving i32) (local $within i32) (local $cell i32) (local $counts i32) (local $isKnown i32)
    (local.set $top (call $levels (local.get $bitmap) (local.get $orders) (local.get $room)))
    (if (i32.eqz (local.get $top)) (then (return (i32.const 0))))
    (local.set $large (call $place (local.get $room) (i32.const 1)))
    (local.set $saving (call $place (local.get $room) (i32.const 11)))
    (local.set $held (call $place (local.get $room) (i32.const 21)))
    (local.set $counts (call $place (local.get $room) (i32.const 22)))
    (local.set $pages (call $count (local.get $room)))
    ;; Full windows, up to the largest order that has any.
    (local.set $full (i32.const 1))
    (block $done
      (loop $next
        (local.set $within (call $place (local.get $room) (i32.add (local.get $full) (i32.const 11))))
        (call $widen (local.get $room) (i32.add (local.get $full) (i32.const 1)) (local.get $within) (i64.const -1))
        (br_if $done (i32.eqz (call $holds (local.get $within))))
        (local.set $full (i32.add (local.get $full) (i32.const 1)))
        (br_if $next (i32.lt_u (local.get $full) (i32.const 8)))))
    (call $without (local.get $large) (local.get $large) (local.get $saving))
    (local.set $order (local.get $saves))
    (block $done
      (loop $next
        (br_if $done (i32.gt_u (local.get $order) (local.get $top)))
        (local.set $within (call $place (local.get $room) (local.get $order)))
        (call $without (local.get $within) (i32.add (local.get $within) (i32.const 64)) (local.get $held))
        (if (call $holds (local.get $held))
          (then (call $addSaving (local.get $held) (local.get $order) (local.get $block) (local.get $saving))))
        (local.set $order (i32.add (local.get $order) (i32.const 1)))
        (br $next)))
    ;; Counts by the order of the window and, in full windows, by that of the window around it.
    (local.set $rows (i32.add (local.get $rows) (i32.mul (local.get $pages) (i32.const 1200))))
    (local.set $order (i32.const 2))
    (loop $next
      (local.set $isHeld (i32.le_u (local.get $order) (local.get $top)))
      (local.set $cell (i32.add (local.get $any) (i32.shl (local.get $order) (i32.const 2))))
      (if (local.get $isHeld)
        (then
          (call $widen (call $place (local.get $room) (local.get $order)) (local.get $order) (local.get $held) (i64.const 0))
          (call $add (local.get $cell) (i32.shr_u (call $count (local.get $held)) (local.get $order)))
          (call $add (i32.add (local.get $cell) (i32.const 40)) (call $both (local.get $room) (local.get $held)))
          (local.set $openLarge (call $place (local.get $room) (i32.const 19)))
          (local.set $openSaving (call $place (local.get $room) (i32.const 20)))
          (call $without (local.get $large) (local.get $held) (local.get $openLarge))
          (call $without (local.get $saving) (local.get $held) (local.get $openSaving)))
        (else
          (local.set $openLarge (local.get $large))
          (local.set $openSaving (local.get $saving))))
      ;; Above all folios no window is held: then the counts are the same for all orders.
      (local.set $isKnown (i32.and (i32.eqz (local.get $isHeld))
        (i32.and (i32.gt_u (local.get $order) (i32.const 2)) (i32.gt_u (i32.sub (local.get $order) (i32.const 1)) (local.get $top)))))
      (if (i32.eqz (local.get $isKnown))
        (then
          (i32.store (local.get $counts) (call $count (local.get $openLarge)))
          (i32.store offset=40 (local.get $counts) (call $count (local.get $openSaving)))))
      (call $add (i32.add (local.get $cell) (i32.const 80)) (i32.load (local.get $counts)))
      (call $add (i32.add (local.get $cell) (i32.const 120)) (i32.load offset=40 (local.get $counts)))
      (local.set $outer (local.get $order))
      (block $done
        (loop $around
          (br_if $done (i32.gt_u (local.get $outer) (local.get $full)))
          (local.set $within (call $place (local.get $room) (i32.add (local.get $outer) (i32.const 10))))
          (local.set $at (i32.add (local.get $counts) (i32.shl (local.get $outer) (i32.const 2))))
          (local.set $cell (i32.add (local.get $rows)
            (i32.shl (i32.add (i32.mul (local.get $outer) (i32.const 10)) (local.get $order)) (i32.const 2))))
          (if (local.get $isHeld)
            (then
              (call $add (local.get $cell)
                (i32.shr_u (call $both (local.get $held) (local.get $within)) (local.get $order)))))
          (if (i32.eqz (local.get $isKnown))
            (then
              (i32.store (local.get $at) (i32.const 0))
              (i32.store offset=40 (local.get $at) (i32.const 0))
              (if (i32.load (local.get $counts))
                (then (i32.store (local.get $at) (call $both (local.get $openLarge) (local.get $within)))))
              (if (i32.load offset=40 (local.get $counts))
                (then (i32.store offset=40 (local.get $at) (call $both (local.get $openSaving) (local.get $within)))))))
          (call $add (i32.add (local.get $cell) (i32.const 400)) (i32.load (local.get $at)))
          (call $add (i32.add (local.get $cell) (i32.const 800)) (i32.load offset=40 (local.get $at)))
          (local.set $outer (i32.add (local.get $outer) (i32.const 1)))
          (br $around)))
      (local.set $order (i32.add (local.get $order) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $order) (i32.const 9))))
    ;; The whole range.
    (local.set $at (call $count (local.get $large)))
    (local.set $cell (call $count (local.get $saving)))
    (call $add (i32.add (local.get $any) (i32.const 116)) (local.get $at))
    (call $add (i32.add (local.get $any) (i32.const 156)) (local.get $cell))
    (call $add (i32.add (local.get $rows) (i32.const 796)) (local.get $at))
    (call $add (i32.add (local.get $rows) (i32.const 1196)) (local.get $cell))
    (local.get $pages))

  ;; The bits that $a and $b have in common, to $to.
  (func $common (param $a i32) (param $b i32) (param $to i32)
    (v128.store (local.get $to) (v128.and (v128.load (local.get $a)) (v128.load (local.get $b))))
    (v128.store offset=16 (local.get $to) (v128.and (v128.load offset=16 (local.get $a)) (v128.load offset=16 (local.get $b))))
    (v128.store offset=32 (local.get $to) (v128.and (v128.load offset=32 (local.get $a)) (v128.load offset=32 (local.get $b))))
    (v128.store offset=48 (local.get $to) (v128.and (v128.load offset=48 (local.get $a)) (v128.load offset=48 (local.get $b)))))

  ;; Adds the bits of $a to $to.
  (func $join (param $a i32) (param $to i32)
    (v128.store (local.get $to) (v128.or (v128.load (local.get $a)) (v128.load (local.get $to))))
    (v128.store offset=16 (local.get $to) (v128.or (v128.load offset=16 (local.get $a)) (v128.load offset=16 (local.get $to))))
    (v128.store offset=32 (local.get $to) (v128.or (v128.load offset=32 (local.get $a)) (v128.load offset=32 (local.get $to))))
    (v128.store offset=48 (local.get $to) (v128.or (v128.load offset=48 (local.get $a)) (v128.load offset=48 (local.get $to)))))

  ;; The same bitmaps as $levels, all of them, from runs of pages of one order: the order in the upper 4 of 16 bits, the
  ;; pages less one in those below.
  (func $runLevels (export "runLevels") (param $bitmap i32) (param $runs i32) (param $count i32) (param $room i32) (result i32)
    (local $at i32) (local $end i32) (local $page i32) (local $next i32) (local $size i32) (local $run i32) (local $order i32)
    (local $within i32) (local $word i32) (local $top i32)
    (local.set $within (call $place (local.get $room) (i32.const 10)))
    (loop $clear
      (v128.store (i32.add (local.get $room) (local.get $at)) (v128.const i64x2 0 0))
      (local.set $at (i32.add (local.get $at) (i32.const 16)))
      (br_if $clear (i32.lt_u (local.get $at) (i32.const 704))))
    (call $join (local.get $bitmap) (local.get $room))
    (local.set $end (i32.add (local.get $runs) (i32.shl (local.get $count) (i32.const 1))))
    (block $done
      (loop $each
        (br_if $done (i32.ge_u (local.get $runs) (local.get $end)))
        (local.set $run (i32.load16_u (local.get $runs)))
        (local.set $runs (i32.add (local.get $runs) (i32.const 2)))
        (local.set $next (i32.add (i32.add (local.get $page) (i32.and (local.get $run) (i32.const 0xfff))) (i32.const 1)))
        (local.set $order (i32.shr_u (local.get $run) (i32.const 12)))
        (if (i32.eqz (local.get $order))
          (then
            (local.set $page (local.get $next))
            (br $each)))
        (local.set $within (call $place (local.get $room) (local.get $order)))
        (loop $words
          (local.set $size (i32.sub (i32.const 64) (i32.and (local.get $page) (i32.const 63))))
          (if (i32.gt_u (local.get $size) (i32.sub (local.get $next) (local.get $page)))
            (then (local.set $size (i32.sub (local.get $next) (local.get $page)))))
          (local.set $word (i32.add (local.get $within) (i32.shl (i32.shr_u (local.get $page) (i32.const 6)) (i32.const 3))))
          (i64.store (local.get $word)
            (i64.or
              (i64.load (local.get $word))
              (i64.shl
                (i64.shr_u (i64.const -1) (i64.extend_i32_u (i32.sub (i32.const 64) (local.get $size))))
                (i64.extend_i32_u (i32.and (local.get $page) (i32.const 63))))))
          (local.set $page (i32.add (local.get $page) (local.get $size)))
          (br_if $words (i32.lt_u (local.get $page) (local.get $next))))
        (br $each)))
    (local.set $order (i32.const 9))
    (loop $next
      (local.set $within (call $place (local.get $room) (local.get $order)))
      (call $common (local.get $within) (local.get $room) (local.get $within))
      (if (local.get $top)
        (then (call $join (i32.add (local.get $within) (i32.const 64)) (local.get $within)))
        (else (if (call $holds (local.get $within)) (then (local.set $top (local.get $order))))))
      (local.set $order (i32.sub (local.get $order) (i32.const 1)))
      (br_if $next (local.get $order)))
    (local.get $top))

  ;; Runs of pages of one order as $runLevels reads them, to $runs; answers how many. $orders begins at no place before 16.
  (func $packRuns (export "packRuns") (param $orders i32) (param $runs i32) (result i32)
    (local $at i32) (local $bits i32) (local $first i32) (local $page i32) (local $end i32)
    (local.set $end (local.get $runs))
    (loop $next
      ;; Pages of another order than the one before.
      (local.set $bits (i32.xor (i32.const 0xffff)
        (i8x16.bitmask (i8x16.eq
          (v128.load (i32.add (local.get $orders) (local.get $at)))
          (v128.load (i32.sub (i32.add (local.get $orders) (local.get $at)) (i32.const 1)))))))
      (if (i32.eqz (local.get $at)) (then (local.set $bits (i32.and (local.get $bits) (i32.const 0xfffe)))))
      (block $done
        (loop $each
          (br_if $done (i32.eqz (local.get $bits)))
          (local.set $page (i32.add (local.get $at) (i32.ctz (local.get $bits))))
          (i32.store16 (local.get $end)
            (i32.or
              (i32.shl (i32.load8_u (i32.add (local.get $orders) (local.get $first))) (i32.const 12))
              (i32.sub (i32.sub (local.get $page) (local.get $first)) (i32.const 1))))
          (local.set $end (i32.add (local.get $end) (i32.const 2)))
          (local.set $first (local.get $page))
          (local.set $bits (i32.and (local.get $bits) (i32.sub (local.get $bits) (i32.const 1))))
          (br $each)))
      (local.set $at (i32.add (local.get $at) (i32.const 16)))
      (br_if $next (i32.lt_u (local.get $at) (i32.const 512))))
    (i32.store16 (local.get $end)
      (i32.or
        (i32.shl (i32.load8_u (i32.add (local.get $orders) (local.get $first))) (i32.const 12))
        (i32.sub (i32.const 511) (local.get $first))))
    (i32.add (i32.shr_u (i32.sub (local.get $end) (local.get $runs)) (i32.const 1)) (i32.const 1)))

  ;; Pages in folios of exactly this order, to bitmap 13, and those of whole folios among them to 14; answers how many there
  ;; are of these.
  (func $whole (param $room i32) (param $order i32) (result i32)
    (local $within i32) (local $folio i32) (local $whole i32)
    (local.set $within (call $place (local.get $room) (local.get $order)))
    (local.set $folio (call $place (local.get $room) (i32.const 13)))
    (local.set $whole (call $place (local.get $room) (i32.const 14)))
    (call $without (local.get $within) (i32.add (local.get $within) (i32.const 64)) (local.get $folio))
    (call $widen (local.get $folio) (local.get $order) (local.get $whole) (i64.const -1))
    (i32.shr_u (call $count (local.get $whole)) (local.get $order)))

  (func $mapping (export "mapping") (param $room i32) (param $top i32) (param $counts i32)
    (local $order i32) (local $above i32) (local $pages i32)
    (local.set $order (i32.const 9))
    (loop $next
      (local.set $pages (i32.const 0))
      (if (i32.le_u (local.get $order) (local.get $top))
        (then
          (local.set $pages (call $count (call $place (local.get $room) (local.get $order))))
          (i32.store (i32.add (local.get $counts) (i32.shl (local.get $order) (i32.const 2)))
            (i32.sub (local.get $pages) (local.get $above)))
          (i32.store offset=40 (i32.add (local.get $counts) (i32.shl (local.get $order) (i32.const 2)))
            (if (result i32) (i32.lt_u (i32.sub (local.get $pages) (local.get $above)) (i32.shl (i32.const 1) (local.get $order)))
              (then (i32.const 0))
              (else (call $whole (local.get $room) (local.get $order))))))
        (else
          (i32.store (i32.add (local.get $counts) (i32.shl (local.get $order) (i32.const 2))) (i32.const 0))
          (i32.store offset=40 (i32.add (local.get $counts) (i32.shl (local.get $order) (i32.const 2))) (i32.const 0))))
      (local.set $above (local.get $pages))
      (local.set $order (i32.sub (local.get $order) (i32.const 1)))
      (br_if $next (local.get $order)))
    (i32.store (local.get $counts) (i32.sub (call $count (local.get $room)) (local.get $above)))
    (i32.store offset=40 (local.get $counts) (i32.const 0)))

  (func $collapse (export "collapse") (param $room i32) (param $top i32) (param $orders i32) (param $all i32) (param $counts i32)
    (local $flip i64) (local $order i32) (local $cell i32) (local $windows i32) (local $held i32) (local $taken i32) (local $open i32)
    (local $attempts i32) (local $failed i32) (local $pages i32) (local $above i32) (local $bit i32)
    (local.set $flip (select (i64.const -1) (i64.const 0) (local.get $all)))
    (local.set $taken (call $place (local.get $room) (i32.const 11)))
    (local.set $open (call $place (local.get $room) (i32.const 12)))
    (local.set $windows (call $place (local.get $room) (i32.const 13)))
    (local.set $held (call $place (local.get $room) (i32.const 14)))
    (call $without (local.get $room) (local.get $room) (local.get $taken))
    (call $without (local.get $room) (local.get $room) (local.get $open))
    (local.set $order (i32.const 9))
    (loop $next
      (local.set $cell (i32.add (local.get $counts) (i32.shl (local.get $order) (i32.const 2))))
      (i32.store offset=80 (local.get $cell) (i32.const 0))
      (local.set $bit (i32.and (i32.shr_u (local.get $orders) (local.get $order)) (i32.const 1)))
      (if (local.get $bit)
        (then
          (call $widen (local.get $room) (local.get $order) (local.get $windows) (local.get $flip))
          (call $without (local.get $windows) (local.get $taken) (local.get $windows))
          (if (call $holds (local.get $windows))
            (then
              (call $join (local.get $windows) (local.get $taken))
              (local.set $pages (call $count (local.get $windows)))
              (local.set $attempts (i32.add (local.get $attempts) (i32.shr_u (local.get $pages) (local.get $order))))
              (if (i32.and (i32.le_u (local.get $order) (local.get $top)) (i32.lt_u (local.get $order) (i32.const 9)))
                (then
                  (call $widen (call $place (local.get $room) (local.get $order)) (local.get $order) (local.get $held) (i64.const 0))
                  (call $without (local.get $windows) (local.get $held) (local.get $windows))
                  (local.set $above (call $count (local.get $windows)))
                  (local.set $failed (i32.add (local.get $failed)
                    (i32.shr_u (i32.sub (local.get $pages) (local.get $above)) (local.get $order))))
                  (local.set $pages (local.get $above))))
              (i32.store offset=80 (local.get $cell) (i32.shr_u (local.get $pages) (local.get $order)))
              (call $join (local.get $windows) (local.get $open))))))
      (local.set $order (i32.sub (local.get $order) (i32.const 1)))
      (br_if $next (local.get $order)))
    (i32.store offset=200 (local.get $counts) (local.get $attempts))
    (i32.store offset=204 (local.get $counts) (local.get $failed))
    (if (i32.eq (local.get $attempts) (local.get $failed)) (then (return)))
    ;; What lies in the windows that are made.
    (local.set $above (i32.const 0))
    (local.set $order (i32.const 9))
    (loop $next
      (local.set $cell (i32.add (local.get $counts) (i32.shl (local.get $order) (i32.const 2))))
      (local.set $pages (i32.const 0))
      (i32.store offset=160 (local.get $cell) (i32.const 0))
      (if (i32.le_u (local.get $order) (local.get $top))
        (then
          (local.set $pages (call $both (call $place (local.get $room) (local.get $order)) (local.get $open)))
          (if (i32.ge_u (i32.sub (local.get $pages) (local.get $above)) (i32.shl (i32.const 1) (local.get $order)))
            (then
              (drop (call $whole (local.get $room) (local.get $order)))
              (i32.store offset=160 (local.get $cell)
                (i32.shr_u
                  (call $both (call $place (local.get $room) (i32.const 14)) (local.get $open))
                  (local.get $order)))))))
      (i32.store offset=120 (local.get $cell) (i32.sub (local.get $pages) (local.get $above)))
      (local.set $above (local.get $pages))
      (local.set $order (i32.sub (local.get $order) (i32.const 1)))
      (br_if $next (local.get $order)))
    (i32.store offset=80 (local.get $counts) (i32.const 0))
    (i32.store offset=160 (local.get $counts) (i32.const 0))
    (i32.store offset=120 (local.get $counts)
      (i32.sub (call $both (local.get $room) (local.get $open)) (local.get $above))))

  ;; The top bytes of 16 pagemap entries.
  (func $topBytes (param $entries i32) (result v128)
    (i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23
      (i8x16.shuffle 0 1 2 3 16 17 18 19 0 0 0 0 0 0 0 0
        (i8x16.shuffle 7 15 23 31 0 0 0 0 0 0 0 0 0 0 0 0 (v128.load (local.get $entries)) (v128.load offset=16 (local.get $entries)))
        (i8x16.shuffle 7 15 23 31 0 0 0 0 0 0 0 0 0 0 0 0 (v128.load offset=32 (local.get $entries)) (v128.load offset=48 (local.get $entries))))
      (i8x16.shuffle 0 1 2 3 16 17 18 19 0 0 0 0 0 0 0 0
        (i8x16.shuffle 7 15 23 31 0 0 0 0 0 0 0 0 0 0 0 0 (v128.load offset=64 (local.get $entries)) (v128.load offset=80 (local.get $entries)))
        (i8x16.shuffle 7 15 23 31 0 0 0 0 0 0 0 0 0 0 0 0 (v128.load offset=96 (local.get $entries)) (v128.load offset=112 (local.get $entries))))))

  ;; One bit of 32 top bytes, moved to the top of each by $shift.
  (func $bit (param $first v128) (param $second v128) (param $shift i32) (result i32)
    (i32.or
      (i8x16.bitmask (i8x16.shl (local.get $first) (local.get $shift)))
      (i32.shl (i8x16.bitmask (i8x16.shl (local.get $second) (local.get $shift))) (i32.const 16))))

  (func $extract (export "extract") (param $entries i32) (param $words i32) (param $out i32) (param $stride i32)
    (local $first v128) (local $second v128) (local $present i32) (local $swap i32)
    (loop $next
      (local.set $first (call $topBytes (local.get $entries)))
      (local.set $second (call $topBytes (i32.add (local.get $entries) (i32.const 128))))
      (local.set $present (call $bit (local.get $first) (local.get $second) (i32.const 0)))
      (local.set $swap (i32.and
        (call $bit (local.get $first) (local.get $second) (i32.const 1))
        (i32.xor (local.get $present) (i32.const -1))))
      (i32.store (local.get $out) (local.get $present))
      (i32.store (i32.add (local.get $out) (local.get $stride)) (local.get $swap))
      (i32.store (i32.add (local.get $out) (i32.shl (local.get $stride) (i32.const 1)))
        (i32.and (local.get $swap) (call $bit (local.get $first) (local.get $second) (i32.const 5))))
      (i32.store (i32.add (local.get $out) (i32.add (local.get $stride) (i32.shl (local.get $stride) (i32.const 1))))
        (call $bit (local.get $first) (local.get $second) (i32.const 6)))
      (i32.store (i32.add (local.get $out) (i32.shl (local.get $stride) (i32.const 2)))
        (i32.and
          (local.get $present)
          (i32.xor (call $bit (local.get $first) (local.get $second) (i32.const 7)) (i32.const -1))))
      (local.set $entries (i32.add (local.get $entries) (i32.const 256)))
      (local.set $out (i32.add (local.get $out) (i32.const 4)))
      (local.set $words (i32.sub (local.get $words) (i32.const 1)))
      (br_if $next (local.get $words)))))
