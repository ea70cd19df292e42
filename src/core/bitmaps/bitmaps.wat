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
