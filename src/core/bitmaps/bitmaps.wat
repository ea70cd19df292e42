;; The inner loops of thpscope over packed occupancy: see kernel.ts for what the functions answer. The bitmap of a range is
;; a row of blocks of 64 bytes, 512 PTEs each. Inside a block a bit of an i64 stands for a byte, that is for 8 PTEs:
;; flags of order 3. Flags of the next order are the AND (full) or OR (any) of neighbours, kept at the bit of the first.
(module
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

  ;; Writes one window, offset * 16 + order, and returns where the next goes.
  (func $emit (param $out i32) (param $offset i32) (param $order i32) (result i32)
    (i32.store (local.get $out) (i32.or (i32.shl (local.get $offset) (i32.const 4)) (local.get $order)))
    (i32.add (local.get $out) (i32.const 4)))

  ;; The windows of order 2 in the flagged halves of bytes, ascending.
  (func $planHalves (param $low i64) (param $high i64) (param $offset i32) (param $out i32) (result i32)
    (local $left i64) (local $at i64)
    (local.set $left (i64.or (local.get $low) (local.get $high)))
    (block $done
      (loop $next
        (br_if $done (i64.eqz (local.get $left)))
        (local.set $at (i64.ctz (local.get $left)))
        (local.set $left (i64.and (local.get $left) (i64.sub (local.get $left) (i64.const 1))))
        (if (i32.wrap_i64 (i64.and (i64.shr_u (local.get $low) (local.get $at)) (i64.const 1)))
          (then (local.set $out (call $emit (local.get $out)
            (i32.add (local.get $offset) (i32.shl (i32.wrap_i64 (local.get $at)) (i32.const 3))) (i32.const 2)))))
        (if (i32.wrap_i64 (i64.and (i64.shr_u (local.get $high) (local.get $at)) (i64.const 1)))
          (then (local.set $out (call $emit (local.get $out)
            (i32.add (i32.add (local.get $offset) (i32.shl (i32.wrap_i64 (local.get $at)) (i32.const 3))) (i32.const 4)) (i32.const 2)))))
        (br $next)))
    (local.get $out))

  ;; The windows of one order from 3 on that begin at flagged bytes, ascending.
  (func $planFlagged (param $flags i64) (param $order i32) (param $offset i32) (param $out i32) (result i32)
    (block $done
      (loop $next
        (br_if $done (i64.eqz (local.get $flags)))
        (local.set $out (call $emit (local.get $out)
          (i32.add (local.get $offset) (i32.shl (i32.wrap_i64 (i64.ctz (local.get $flags))) (i32.const 3))) (local.get $order)))
        (local.set $flags (i64.and (local.get $flags) (i64.sub (local.get $flags) (i64.const 1))))
        (br $next)))
    (local.get $out))

  ;; The windows of one order of 2 to 8 with any page in a block.
  (func $planAny (param $block i32) (param $order i32) (param $offset i32) (param $out i32) (result i32)
    (local $low i64) (local $high i64) (local $flags i64)
    (local.set $low (i64.xor (call $bytes (local.get $block) (i32.const 0x0f) (i32.const 0)) (i64.const -1)))
    (local.set $high (i64.xor (call $bytes (local.get $block) (i32.const 0xf0) (i32.const 0)) (i64.const -1)))
    (if (i32.eq (local.get $order) (i32.const 2))
      (then (return (call $planHalves (local.get $low) (local.get $high) (local.get $offset) (local.get $out)))))
    (local.set $flags (i64.or (local.get $low) (local.get $high)))
    (block $raised
      (br_if $raised (i32.eq (local.get $order) (i32.const 3)))
      (local.set $flags (i64.and (i64.or (local.get $flags) (i64.shr_u (local.get $flags) (i64.const 1))) (i64.const 0x5555555555555555)))
      (br_if $raised (i32.eq (local.get $order) (i32.const 4)))
      (local.set $flags (i64.and (i64.or (local.get $flags) (i64.shr_u (local.get $flags) (i64.const 2))) (i64.const 0x1111111111111111)))
      (br_if $raised (i32.eq (local.get $order) (i32.const 5)))
      (local.set $flags (i64.and (i64.or (local.get $flags) (i64.shr_u (local.get $flags) (i64.const 4))) (i64.const 0x0101010101010101)))
      (br_if $raised (i32.eq (local.get $order) (i32.const 6)))
      (local.set $flags (i64.and (i64.or (local.get $flags) (i64.shr_u (local.get $flags) (i64.const 8))) (i64.const 0x0001000100010001)))
      (br_if $raised (i32.eq (local.get $order) (i32.const 7)))
      (local.set $flags (i64.and (i64.or (local.get $flags) (i64.shr_u (local.get $flags) (i64.const 16))) (i64.const 0x0000000100000001))))
    (call $planFlagged (local.get $flags) (local.get $order) (local.get $offset) (local.get $out)))

  ;; The largest full windows of some orders of 2 to 8 in a block, ascending.
  (func $planFull (param $block i32) (param $orders i32) (param $offset i32) (param $out i32) (result i32)
    (local $low i64) (local $high i64) (local $full i64) (local $left i64) (local $at i64) (local $order i32) (local $where i32)
    (local $w3 i64) (local $w4 i64) (local $w5 i64) (local $w6 i64) (local $w7 i64) (local $w8 i64) (local $large i64)
    (local.set $low (call $bytes (local.get $block) (i32.const 0x0f) (i32.const 0x0f)))
    (local.set $high (call $bytes (local.get $block) (i32.const 0xf0) (i32.const 0xf0)))
    (if (i32.eq (local.get $orders) (i32.const 4))
      (then (return (call $planHalves (local.get $low) (local.get $high) (local.get $offset) (local.get $out)))))
    (local.set $full (i64.and (local.get $low) (local.get $high)))
    (if (i32.and (local.get $orders) (i32.const 8)) (then (local.set $w3 (local.get $full))))
    (local.set $full (i64.and (i64.and (local.get $full) (i64.shr_u (local.get $full) (i64.const 1))) (i64.const 0x5555555555555555)))
    (if (i32.and (local.get $orders) (i32.const 0x10)) (then (local.set $w4 (local.get $full))))
    (local.set $full (i64.and (i64.and (local.get $full) (i64.shr_u (local.get $full) (i64.const 2))) (i64.const 0x1111111111111111)))
    (if (i32.and (local.get $orders) (i32.const 0x20)) (then (local.set $w5 (local.get $full))))
    (local.set $full (i64.and (i64.and (local.get $full) (i64.shr_u (local.get $full) (i64.const 4))) (i64.const 0x0101010101010101)))
    (if (i32.and (local.get $orders) (i32.const 0x40)) (then (local.set $w6 (local.get $full))))
    (local.set $full (i64.and (i64.and (local.get $full) (i64.shr_u (local.get $full) (i64.const 8))) (i64.const 0x0001000100010001)))
    (if (i32.and (local.get $orders) (i32.const 0x80)) (then (local.set $w7 (local.get $full))))
    (local.set $full (i64.and (i64.and (local.get $full) (i64.shr_u (local.get $full) (i64.const 16))) (i64.const 0x0000000100000001)))
    (if (i32.and (local.get $orders) (i32.const 0x100)) (then (local.set $w8 (local.get $full))))
    (local.set $large (i64.or (i64.or (local.get $w5) (local.get $w6)) (i64.or (local.get $w7) (local.get $w8))))
    (local.set $left (i64.or (local.get $large) (i64.or (local.get $w3) (local.get $w4))))
    (if (i32.eqz (i32.and (local.get $orders) (i32.sub (local.get $orders) (i32.const 1))))
      (then (return (call $planFlagged (local.get $left) (i32.ctz (local.get $orders)) (local.get $offset) (local.get $out)))))
    (if (i32.and (local.get $orders) (i32.const 4))
      (then (local.set $left (i64.or (local.get $left) (i64.or (local.get $low) (local.get $high))))))
    (block $done
      (loop $next
        (br_if $done (i64.eqz (local.get $left)))
        (local.set $at (i64.ctz (local.get $left)))
        (local.set $where (i32.add (local.get $offset) (i32.shl (i32.wrap_i64 (local.get $at)) (i32.const 3))))
        (block $found
          (block $small
            (br_if $small (i64.eqz (i64.and (i64.shr_u (local.get $large) (local.get $at)) (i64.const 1))))
            (local.set $order (i32.const 8))
            (br_if $found (i32.wrap_i64 (i64.and (i64.shr_u (local.get $w8) (local.get $at)) (i64.const 1))))
            (local.set $order (i32.const 7))
            (br_if $found (i32.wrap_i64 (i64.and (i64.shr_u (local.get $w7) (local.get $at)) (i64.const 1))))
            (local.set $order (i32.const 6))
            (br_if $found (i32.wrap_i64 (i64.and (i64.shr_u (local.get $w6) (local.get $at)) (i64.const 1))))
            (local.set $order (i32.const 5))
            (br $found))
          (local.set $order (i32.const 4))
          (br_if $found (i32.wrap_i64 (i64.and (i64.shr_u (local.get $w4) (local.get $at)) (i64.const 1))))
          ;; Order 3 or its halves: one byte.
          (local.set $left (i64.and (local.get $left) (i64.sub (local.get $left) (i64.const 1))))
          (if (i32.wrap_i64 (i64.and (i64.shr_u (local.get $w3) (local.get $at)) (i64.const 1)))
            (then (local.set $out (call $emit (local.get $out) (local.get $where) (i32.const 3))))
            (else
              (if (i32.wrap_i64 (i64.and (i64.shr_u (local.get $low) (local.get $at)) (i64.const 1)))
                (then (local.set $out (call $emit (local.get $out) (local.get $where) (i32.const 2)))))
              (if (i32.wrap_i64 (i64.and (i64.shr_u (local.get $high) (local.get $at)) (i64.const 1)))
                (then (local.set $out (call $emit (local.get $out) (i32.add (local.get $where) (i32.const 4)) (i32.const 2)))))))
          (br $next))
        (local.set $out (call $emit (local.get $out) (local.get $where) (local.get $order)))
        ;; Past the window: 2^(order - 3) bytes.
        (local.set $left (i64.and (local.get $left) (i64.xor (i64.const -1)
          (i64.shl
            (i64.sub (i64.shl (i64.const 1) (i64.shl (i64.const 1) (i64.extend_i32_u (i32.sub (local.get $order) (i32.const 3))))) (i64.const 1))
            (local.get $at)))))
        (br $next)))
    (local.get $out))

  ;; The largest of some orders from 9 on whose window begins at block $block and has all its bits in $full; 0 if none has.
  (func $blockOrder (param $block i32) (param $full i32) (param $orders i32) (result i32)
    (local $order i32) (local $bits i32)
    (local.set $full (i32.shr_u (local.get $full) (local.get $block)))
    (local.set $order (i32.const 12))
    (loop $next
      (local.set $bits (i32.shl (i32.const 1) (i32.sub (local.get $order) (i32.const 9))))
      (if (i32.and
            (i32.and (i32.shr_u (local.get $orders) (local.get $order)) (i32.const 1))
            (i32.and
              (i32.eqz (i32.and (local.get $block) (i32.sub (local.get $bits) (i32.const 1))))
              (i32.eqz (i32.and
                (i32.xor (local.get $full) (i32.const -1))
                (i32.sub (i32.shl (i32.const 1) (local.get $bits)) (i32.const 1))))))
        (then (return (local.get $order))))
      (local.set $order (i32.sub (local.get $order) (i32.const 1)))
      (br_if $next (i32.ge_u (local.get $order) (i32.const 9))))
    (i32.const 0))

  (func $plan (export "plan")
    (param $range i32) (param $ranges i32) (param $blocks i32) (param $pmdOrder i32)
    (param $orders i32) (param $needed i32) (param $out i32) (param $ends i32) (result i32)
    (local $begin i32) (local $block i32) (local $flags i32) (local $order i32) (local $pages i32) (local $top i32)
    (local $below i32) (local $inBlock i32) (local $high i32)
    (local.set $begin (local.get $out))
    (local.set $top (i32.sub (i32.const 31) (i32.clz (local.get $orders))))
    (local.set $below (i32.and (local.get $orders) (i32.sub (i32.shl (i32.const 1) (local.get $pmdOrder)) (i32.const 1))))
    (local.set $inBlock (i32.and (local.get $below) (i32.const 0x1ff)))
    (local.set $high (i32.sub (local.get $below) (local.get $inBlock)))
    (loop $nextRange
      (block $planned
        ;; One page is enough: only the largest order is tried, wherever there is one.
        (if (i32.eq (local.get $needed) (i32.const 1))
          (then
            (local.set $block (i32.const 0))
            (if (i32.lt_u (local.get $top) (i32.const 9))
              (then
                (loop $nextAny
                  (local.set $out (call $planAny
                    (i32.add (local.get $range) (i32.shl (local.get $block) (i32.const 6)))
                    (local.get $top) (i32.shl (local.get $block) (i32.const 9)) (local.get $out)))
                  (local.set $block (i32.add (local.get $block) (i32.const 1)))
                  (br_if $nextAny (i32.lt_u (local.get $block) (local.get $blocks)))))
              (else
                (loop $nextGroup
                  (local.set $flags (i32.const 0))
                  (local.set $pages (local.get $block))
                  (loop $nextOfGroup
                    (local.set $flags (i32.or (local.get $flags)
                      (call $holds (i32.add (local.get $range) (i32.shl (local.get $block) (i32.const 6))))))
                    (local.set $block (i32.add (local.get $block) (i32.const 1)))
                    (br_if $nextOfGroup (i32.lt_u
                      (i32.sub (local.get $block) (local.get $pages))
                      (i32.shl (i32.const 1) (i32.sub (local.get $top) (i32.const 9))))))
                  (if (local.get $flags)
                    (then (local.set $out (call $emit (local.get $out) (i32.shl (local.get $pages) (i32.const 9)) (local.get $top)))))
                  (br_if $nextGroup (i32.lt_u (local.get $block) (local.get $blocks))))))
            (br $planned)))
        (if (i32.eq (local.get $top) (local.get $pmdOrder))
          (then
            (local.set $pages (i32.const 0))
            (local.set $block (i32.const 0))
            (loop $nextCount
              (local.set $pages (i32.add (local.get $pages)
                (call $count (i32.add (local.get $range) (i32.shl (local.get $block) (i32.const 6))))))
              (local.set $block (i32.add (local.get $block) (i32.const 1)))
              (br_if $nextCount (i32.lt_u (local.get $block) (local.get $blocks))))
            (if (i32.ge_u (local.get $pages) (local.get $needed))
              (then
                (local.set $out (call $emit (local.get $out) (i32.const 0) (local.get $top)))
                (br $planned)))))
        (br_if $planned (i32.eqz (local.get $below)))
        (local.set $flags (i32.const 0))
        (local.set $block (i32.const 0))
        (if (local.get $high)
          (then
            (loop $nextFlag
              (if (i32.eq (call $count (i32.add (local.get $range) (i32.shl (local.get $block) (i32.const 6)))) (i32.const 512))
                (then (local.set $flags (i32.or (local.get $flags) (i32.shl (i32.const 1) (local.get $block))))))
              (local.set $block (i32.add (local.get $block) (i32.const 1)))
              (br_if $nextFlag (i32.lt_u (local.get $block) (local.get $blocks))))
            (local.set $block (i32.const 0))))
        (loop $nextBlock
          (block $stepped
            (if (local.get $flags)
              (then
                (local.set $order (call $blockOrder (local.get $block) (local.get $flags) (local.get $high)))
                (if (local.get $order)
                  (then
                    (local.set $out (call $emit (local.get $out) (i32.shl (local.get $block) (i32.const 9)) (local.get $order)))
                    (local.set $block (i32.add (local.get $block) (i32.shl (i32.const 1) (i32.sub (local.get $order) (i32.const 9)))))
                    (br $stepped)))))
            (if (local.get $inBlock)
              (then (local.set $out (call $planFull
                (i32.add (local.get $range) (i32.shl (local.get $block) (i32.const 6)))
                (local.get $inBlock) (i32.shl (local.get $block) (i32.const 9)) (local.get $out)))))
            (local.set $block (i32.add (local.get $block) (i32.const 1))))
          (br_if $nextBlock (i32.lt_u (local.get $block) (local.get $blocks)))))
      (i32.store (local.get $ends) (i32.shr_u (i32.sub (local.get $out) (local.get $begin)) (i32.const 2)))
      (local.set $ends (i32.add (local.get $ends) (i32.const 4)))
      (local.set $range (i32.add (local.get $range) (i32.shl (local.get $blocks) (i32.const 6))))
      (local.set $ranges (i32.sub (local.get $ranges) (i32.const 1)))
      (br_if $nextRange (local.get $ranges)))
    (i32.shr_u (i32.sub (local.get $out) (local.get $begin)) (i32.const 2)))

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
