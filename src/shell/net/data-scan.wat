;; What data-scan.ts says of `scan`, for octets in memory, 16 at a time where they are text within a line or a line end. In
;; text form here; `npm run generate` makes data-scan-code.ts of it.
(module
  (import "data" "memory" (memory 1))
  ;; from $at up to $end; $reached as in data-reader.ts. The address behind the end of data, -1, or -2 when a line is wrong.
  ;; At 0 it leaves the stuffed dots, at 4 what is reached at the end.
  (func (export "scan") (param $at i32) (param $end i32) (param $reached i32) (result i32)
    (local $dots i32) (local $block v128) (local $crs i32) (local $lfs i32) (local $starts i32) (local $until i32) (local $octet i32)
    (block $done
      (loop $blocks
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
        (local.set $until (local.get $end))
        (block $slowly
          ;; whole blocks of 16 octets, when no end of data has begun
          (br_if $slowly (i32.gt_u (local.get $reached) (i32.const 2)))
          (block $tail
            (loop $whole
              (br_if $tail (i32.lt_u (i32.sub (local.get $end) (local.get $at)) (i32.const 16)))
              (local.set $block (v128.load (local.get $at)))
              ;; text within a line
              (if (i32.eqz (i32.or (local.get $reached) (v128.any_true (i8x16.le_u (local.get $block) (v128.const i8x16 13 13 13 13 13 13 13 13 13 13 13 13 13 13 13 13)))))
                (then
                  (local.set $at (i32.add (local.get $at) (i32.const 16)))
                  (br $whole)))
              (local.set $crs (i8x16.bitmask (i8x16.eq (local.get $block) (v128.const i8x16 13 13 13 13 13 13 13 13 13 13 13 13 13 13 13 13))))
              (local.set $lfs (i8x16.bitmask (i8x16.eq (local.get $block) (v128.const i8x16 10 10 10 10 10 10 10 10 10 10 10 10 10 10 10 10))))
              (local.set $starts (i32.or (i32.shl (local.get $lfs) (i32.const 1)) (i32.eq (local.get $reached) (i32.const 2))))
              (if (i32.or
                    (i32.or
                      (i32.ne (local.get $lfs) (i32.and (i32.const 0xffff) (i32.or (i32.shl (local.get $crs) (i32.const 1)) (i32.eq (local.get $reached) (i32.const 1)))))
                      (i32.eqz (i8x16.all_true (local.get $block))))
                    (i32.and (local.get $starts) (i8x16.bitmask (i8x16.eq (local.get $block) (v128.const i8x16 46 46 46 46 46 46 46 46 46 46 46 46 46 46 46 46)))))
                (then
                  (local.set $until (i32.add (local.get $at) (i32.const 16)))
                  (br $slowly)))
              (local.set $reached (i32.or (i32.shr_u (local.get $crs) (i32.const 15)) (i32.shl (i32.shr_u (local.get $lfs) (i32.const 15)) (i32.const 1))))
              (local.set $at (i32.add (local.get $at) (i32.const 16)))
              (br $whole))))
        ;; octet by octet
        (loop $octets
          (br_if $blocks (i32.ge_u (local.get $at) (local.get $until)))
          (local.set $octet (i32.load8_u (local.get $at)))
          ;; NUL, LF without CR, CR without LF
          (if (i32.or (i32.eqz (local.get $octet))
                (i32.ne (i32.eq (local.get $octet) (i32.const 10))
                        (i32.or (i32.eq (local.get $reached) (i32.const 1)) (i32.eq (local.get $reached) (i32.const 4)))))
            (then (return (i32.const -2))))
          (local.set $at (i32.add (local.get $at) (i32.const 1)))
          (if (i32.eq (local.get $octet) (i32.const 13))
            (then (local.set $reached (select (i32.const 4) (i32.const 1) (i32.eq (local.get $reached) (i32.const 3)))))
            (else (if (i32.eq (local.get $octet) (i32.const 10))
              (then
                (local.set $reached (select (i32.const 5) (i32.const 2) (i32.eq (local.get $reached) (i32.const 4))))
                (br_if $done (i32.eq (local.get $reached) (i32.const 5))))
              (else
                (if (i32.and (i32.eq (local.get $octet) (i32.const 46)) (i32.eq (local.get $reached) (i32.const 2)))
                  (then (local.set $dots (i32.add (local.get $dots) (i32.const 1))) (local.set $reached (i32.const 3)))
                  (else (local.set $reached (i32.const 0))))))))
          (br $octets))))
    (i32.store (i32.const 0) (local.get $dots))
    (i32.store (i32.const 4) (local.get $reached))
    (if (result i32) (i32.eq (local.get $reached) (i32.const 5)) (then (local.get $at)) (else (i32.const -1)))))
