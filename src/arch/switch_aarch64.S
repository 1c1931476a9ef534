/* SPDX-License-Identifier: MIT */
/* switch_aarch64.S - see arch.h. Saved stack, 176 bytes: x19..x28, x29, x30, d8..d15, fpcr. */
        .text

        .macro  global_function name
        .globl  \name
        .hidden \name
        .type   \name, %function
        .p2align 4
\name:
        .cfi_startproc
        hint    #34             /* bti c */
        .endm

        .macro  end_function name
        .cfi_endproc
        .size   \name, .-\name
        .endm

        /* The half that leat__switch and leat__jump share. What unwinders learn is not in it: to
         * them leat__jump has no caller, before and after. */
        .macro  load_saved
        ldr     x9, [sp, #160]
        msr     fpcr, x9
        ldp     x19, x20, [sp, #0]
        ldp     x21, x22, [sp, #16]
        ldp     x23, x24, [sp, #32]
        ldp     x25, x26, [sp, #48]
        ldp     x27, x28, [sp, #64]
        ldp     x29, x30, [sp, #80]
        ldp     d8, d9, [sp, #96]
        ldp     d10, d11, [sp, #112]
        ldp     d12, d13, [sp, #128]
        ldp     d14, d15, [sp, #144]
        add     sp, sp, #176
        .endm

        global_function leat__switch
        sub     sp, sp, #176
        .cfi_adjust_cfa_offset 176
        stp     x19, x20, [sp, #0]
        stp     x21, x22, [sp, #16]
        stp     x23, x24, [sp, #32]
        stp     x25, x26, [sp, #48]
        stp     x27, x28, [sp, #64]
        stp     x29, x30, [sp, #80]
        .cfi_rel_offset x19, 0
        .cfi_rel_offset x20, 8
        .cfi_rel_offset x21, 16
        .cfi_rel_offset x22, 24
        .cfi_rel_offset x23, 32
        .cfi_rel_offset x24, 40
        .cfi_rel_offset x25, 48
        .cfi_rel_offset x26, 56
        .cfi_rel_offset x27, 64
        .cfi_rel_offset x28, 72
        .cfi_rel_offset x29, 80
        .cfi_rel_offset x30, 88
        stp     d8, d9, [sp, #96]
        stp     d10, d11, [sp, #112]
        stp     d12, d13, [sp, #128]
        stp     d14, d15, [sp, #144]
        mrs     x9, fpcr
        str     x9, [sp, #160]
        mov     x9, sp
        str     x9, [x0]
        mov     sp, x1
        mov     x0, x2
        load_saved
        .cfi_adjust_cfa_offset -176
        .cfi_restore x19
        .cfi_restore x20
        .cfi_restore x21
        .cfi_restore x22
        .cfi_restore x23
        .cfi_restore x24
        .cfi_restore x25
        .cfi_restore x26
        .cfi_restore x27
        .cfi_restore x28
        .cfi_restore x29
        .cfi_restore x30
        ret
        end_function leat__switch

        global_function leat__jump
        .cfi_undefined x30
        mov     sp, x0
        mov     x0, x1
        load_saved
        ret
        end_function leat__jump

        global_function leat__prepare
        sub     x0, x0, #176
        adrp    x9, leat__entry
        add     x9, x9, :lo12:leat__entry
        stp     xzr, x9, [x0, #80]
        str     xzr, [x0, #160] /* the control word a process starts with */
        ret
        end_function leat__prepare

        global_function leat__restart
        .cfi_undefined x30
        mov     sp, x0
        mov     x0, x1
        b       leat__entry
        end_function leat__restart

        .macro  load_ints from
        ldp     x0, x1, [\from, #0]
        ldp     x2, x3, [\from, #16]
        ldp     x4, x5, [\from, #32]
        ldp     x6, x7, [\from, #48]
        .endm

        .macro  load_floats from
        ldp     d0, d1, [\from, #64]
        ldp     d2, d3, [\from, #80]
        ldp     d4, d5, [\from, #96]
        ldp     d6, d7, [\from, #112]
        .endm

        .macro  load_arguments from
        load_ints \from
        load_floats \from
        .endm

        .macro  store_ints to, at
        stp     x0, x1, [\to, #\at]
        stp     x2, x3, [\to, #\at + 16]
        stp     x4, x5, [\to, #\at + 32]
        stp     x6, x7, [\to, #\at + 48]
        .endm

        .macro  store_arguments to, at
        store_ints \to, \at
        stp     d0, d1, [\to, #\at + 64]
        stp     d2, d3, [\to, #\at + 80]
        stp     d4, d5, [\to, #\at + 96]
        stp     d6, d7, [\to, #\at + 112]
        .endm

        .macro  load_m to
        mrs     x9, tpidr_el0
        adrp    \to, :gottprel:leat__tls_m
        ldr     \to, [\to, :gottprel_lo12:leat__tls_m]
        ldr     \to, [x9, \to]
        .endm

        global_function leat__entry
        .cfi_undefined x30
        hint    #36             /* bti j: reached by ret and by b */
        mov     x29, xzr
        sub     sp, sp, #16
        .cfi_adjust_cfa_offset 16
        mov     x1, sp
        bl      leat__g_begin
        ldp     x10, x11, [sp]
        ldurb   w9, [x11, #49-128]
        cbz     w9, 1f
        load_ints x11
        tbz     w9, #1, 1f
        load_floats x11
1:      blr     x10
        bl      leat__g_end
3:      mov     x9, x1
        mov     x1, xzr
        cbnz    x0, leat__jump
        mov     x0, x9
        b       leat__restart
        end_function leat__entry

        global_function leat__leave
        .cfi_undefined x30
        mov     w0, #0x80000000         /* LEAT__LEFT */
        bl      leat__g_end
        b       3b
        end_function leat__leave

        global_function leat__capture_stub
        load_m  x10
        cbz     x10, 2f
1:      ldr     x10, [x10, #0]
        mov     w9, #2
        strb    w9, [x10, #49]
        store_arguments x10, 128
        ret
2:      stp     x29, x30, [sp, #-144]!
        .cfi_adjust_cfa_offset 144
        .cfi_rel_offset x29, 0
        .cfi_rel_offset x30, 8
        store_arguments sp, 16
        bl      leat__thread_attach
        mov     x10, x0
        add     x11, sp, #16
        load_arguments x11
        ldp     x29, x30, [sp], #144
        .cfi_adjust_cfa_offset -144
        .cfi_restore x29
        .cfi_restore x30
        b       1b
        end_function leat__capture_stub

        global_function leat__capture_ints_stub
        load_m  x10
        cbz     x10, leat__capture_stub
        ldr     x10, [x10, #0]
        mov     w9, #1
        strb    w9, [x10, #49]
        store_ints x10, 128
        ret
        end_function leat__capture_ints_stub

        global_function leat__blocking_stub
        stp     x29, x30, [sp, #-64]!
        .cfi_adjust_cfa_offset 64
        .cfi_rel_offset x29, 0
        .cfi_rel_offset x30, 8
        add     x0, sp, #16
        bl      leat__blocking_run
        ldp     x0, x1, [sp, #16]
        ldp     d0, d1, [sp, #32]
        ldp     d2, d3, [sp, #48]
        ldp     x29, x30, [sp], #64
        .cfi_adjust_cfa_offset -64
        .cfi_restore x29
        .cfi_restore x30
        ret
        end_function leat__blocking_stub

        global_function leat__call_on
        stp     x29, x30, [sp, #-32]!
        .cfi_adjust_cfa_offset 32
        .cfi_rel_offset x29, 0
        .cfi_rel_offset x30, 8
        str     x19, [sp, #16]
        .cfi_rel_offset x19, 16
        mov     x29, sp
        .cfi_def_cfa_register x29
        mov     x19, x3
        sub     x9, x0, #256
        and     x9, x9, #-16
        mov     sp, x9
        mov     x10, x1
        mov     x11, x2
        load_arguments x11
        blr     x10
        stp     x0, x1, [x19]
        stp     d0, d1, [x19, #16]
        stp     d2, d3, [x19, #32]
        mov     sp, x29
        .cfi_def_cfa_register sp
        ldr     x19, [sp, #16]
        .cfi_restore x19
        ldp     x29, x30, [sp], #32
        .cfi_adjust_cfa_offset -32
        .cfi_restore x29
        .cfi_restore x30
        ret
        end_function leat__call_on

        .section .note.GNU-stack,"",%progbits

/* Branch-target identification: yes. Return addresses are not signed here. */
        .section .note.gnu.property,"a",%note
        .p2align 3
        .word   4, 16, 5
        .asciz  "GNU"
        .word   0xc0000000, 4, 1, 0
