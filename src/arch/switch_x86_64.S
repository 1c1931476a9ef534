/* SPDX-License-Identifier: MIT */
/* switch_x86_64.S - see arch.h. */
        .text

        .macro  load_register reg, unwindable
        popq    %\reg
        .if     \unwindable
        .cfi_adjust_cfa_offset -8
        .cfi_restore \reg
        .endif
        .endm

/* The half that leat__switch and leat__jump share: the stack pointer is loaded, now the rest.
 * Unwinders can follow it in leat__switch only: leat__jump has no caller. */
        .macro  load_saved unwindable
        ldmxcsr (%rsp)
        fldcw   4(%rsp)
        addq    $8, %rsp
        .if     \unwindable
        .cfi_adjust_cfa_offset -8
        .endif
        load_register r15, \unwindable
        load_register r14, \unwindable
        load_register r13, \unwindable
        load_register r12, \unwindable
        load_register rbx, \unwindable
        load_register rbp, \unwindable
        .endm

/* A saved stack: control words, r15 r14 r13 r12 rbx rbp, where to continue. */
        .globl  leat__switch
        .hidden leat__switch
        .type   leat__switch, @function
        .p2align 4
leat__switch:
        .cfi_startproc
        endbr64
        pushq   %rbp
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset rbp, 0
        pushq   %rbx
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset rbx, 0
        pushq   %r12
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset r12, 0
        pushq   %r13
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset r13, 0
        pushq   %r14
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset r14, 0
        pushq   %r15
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset r15, 0
        subq    $8, %rsp
        .cfi_adjust_cfa_offset 8
        stmxcsr (%rsp)
        fnstcw  4(%rsp)
        movq    %rsp, (%rdi)
        testb   $1, %sil
        jne     leat__begin
        movq    %rsi, %rsp
        movq    %rdx, %rax
        load_saved 1
        ret
        .cfi_endproc
        .size   leat__switch, .-leat__switch

/* void leat__jump(void *load, void *arg): the second half of leat__switch. */
        .globl  leat__jump
        .hidden leat__jump
        .type   leat__jump, @function
        .p2align 4
leat__jump:
        .cfi_startproc
        .cfi_undefined rip
        endbr64
        testb   $1, %dil
        jne     1f
        movq    %rdi, %rsp
        movq    %rsi, %rax
        load_saved 0
        ret
1:      movq    %rsi, %rdx
        movq    %rdi, %rsi
        jmp     leat__begin
        .cfi_endproc
        .size   leat__jump, .-leat__jump

/* void *leat__prepare(void *top): the picture of a stack that continues in leat__entry. */
        .globl  leat__prepare
        .hidden leat__prepare
        .type   leat__prepare, @function
        .p2align 4
leat__prepare:
        .cfi_startproc
        endbr64
        leaq    1(%rdi), %rax
        ret
        .cfi_endproc
        .size   leat__prepare, .-leat__prepare

/* The second half of a switch to an empty stack: rsi is its top + 1, rdx is who was left. */
        .type   leat__begin, @function
        .p2align 4
leat__begin:
        .cfi_startproc
        .cfi_undefined rip
        leaq    -1(%rsi), %rsp
        movq    %rdx, %rax
        ldmxcsr control_words(%rip)
        fldcw   4+control_words(%rip)
        jmp     leat__entry
        .cfi_endproc
        .size   leat__begin, .-leat__begin

        .section .rodata
        .p2align 3
control_words:                          /* those a process starts with */
        .long   0x1f80, 0x037f
        .text

/* void leat__restart(void *top, void *arg) */
        .globl  leat__restart
        .hidden leat__restart
        .type   leat__restart, @function
        .p2align 4
leat__restart:
        .cfi_startproc
        .cfi_undefined rip
        endbr64
        movq    %rdi, %rsp
        movq    %rsi, %rax
        jmp     leat__entry
        .cfi_endproc
        .size   leat__restart, .-leat__restart

/* First instructions of a goroutine: rsp is 16-aligned, rax is who was left. */
        .globl  leat__entry
        .hidden leat__entry
        .type   leat__entry, @function
        .p2align 4
leat__entry:
        .cfi_startproc
        .cfi_undefined rip
        endbr64
        xorl    %ebp, %ebp
        subq    $16, %rsp
        .cfi_adjust_cfa_offset 16
        movq    %rax, %rdi
        movq    %rsp, %rsi
        call    leat__g_begin
        movq    (%rsp), %r11
        movq    8(%rsp), %r10
        cmpb    $1, 49-128(%r10)
        jb      2f
        movq    0(%r10), %rdi
        movq    8(%r10), %rsi
        movq    16(%r10), %rdx
        movq    24(%r10), %rcx
        movq    32(%r10), %r8
        movq    40(%r10), %r9
        je      2f
        movsd   64(%r10), %xmm0
        movsd   72(%r10), %xmm1
        movsd   80(%r10), %xmm2
        movsd   88(%r10), %xmm3
        movsd   96(%r10), %xmm4
        movsd   104(%r10), %xmm5
        movsd   112(%r10), %xmm6
        movsd   120(%r10), %xmm7
2:      movl    $8, %eax
        call    *%r11
        movl    %eax, %edi
        call    leat__g_end
3:      xorl    %esi, %esi
        movq    %rax, %rdi
        testq   %rax, %rax
        jne     leat__jump
        movq    %rdx, %rdi
        jmp     leat__restart
        .cfi_endproc
        .size   leat__entry, .-leat__entry

/* void leat__leave(void) */
        .globl  leat__leave
        .hidden leat__leave
        .type   leat__leave, @function
        .p2align 4
leat__leave:
        .cfi_startproc
        endbr64
        subq    $8, %rsp
        .cfi_adjust_cfa_offset 8
        movl    $0x80000000, %edi       /* LEAT__LEFT */
        call    leat__g_end
        jmp     3b
        .cfi_endproc
        .size   leat__leave, .-leat__leave

/* Called through the type of the function to start: store its argument registers. */
        .globl  leat__capture_stub
        .hidden leat__capture_stub
        .type   leat__capture_stub, @function
        .p2align 4
leat__capture_stub:
        .cfi_startproc
        endbr64
        movq    leat__tls_m@gottpoff(%rip), %r11
        movq    %fs:(%r11), %r11
        testq   %r11, %r11
        je      2f
1:      movq    0(%r11), %r11
        movb    $2, 49(%r11)
        movq    %rdi, 128(%r11)
        movq    %rsi, 136(%r11)
        movq    %rdx, 144(%r11)
        movq    %rcx, 152(%r11)
        movq    %r8, 160(%r11)
        movq    %r9, 168(%r11)
        movsd   %xmm0, 192(%r11)
        movsd   %xmm1, 200(%r11)
        movsd   %xmm2, 208(%r11)
        movsd   %xmm3, 216(%r11)
        movsd   %xmm4, 224(%r11)
        movsd   %xmm5, 232(%r11)
        movsd   %xmm6, 240(%r11)
        movsd   %xmm7, 248(%r11)
        ret
2:      subq    $120, %rsp
        .cfi_adjust_cfa_offset 120
        movq    %rdi, (%rsp)
        movq    %rsi, 8(%rsp)
        movq    %rdx, 16(%rsp)
        movq    %rcx, 24(%rsp)
        movq    %r8, 32(%rsp)
        movq    %r9, 40(%rsp)
        movsd   %xmm0, 48(%rsp)
        movsd   %xmm1, 56(%rsp)
        movsd   %xmm2, 64(%rsp)
        movsd   %xmm3, 72(%rsp)
        movsd   %xmm4, 80(%rsp)
        movsd   %xmm5, 88(%rsp)
        movsd   %xmm6, 96(%rsp)
        movsd   %xmm7, 104(%rsp)
        call    leat__thread_attach
        movq    %rax, %r11
        movq    (%rsp), %rdi
        movq    8(%rsp), %rsi
        movq    16(%rsp), %rdx
        movq    24(%rsp), %rcx
        movq    32(%rsp), %r8
        movq    40(%rsp), %r9
        movsd   48(%rsp), %xmm0
        movsd   56(%rsp), %xmm1
        movsd   64(%rsp), %xmm2
        movsd   72(%rsp), %xmm3
        movsd   80(%rsp), %xmm4
        movsd   88(%rsp), %xmm5
        movsd   96(%rsp), %xmm6
        movsd   104(%rsp), %xmm7
        addq    $120, %rsp
        .cfi_adjust_cfa_offset -120
        jmp     1b
        .cfi_endproc
        .size   leat__capture_stub, .-leat__capture_stub

/* The same for calls whose arguments are all in integer registers. */
        .globl  leat__capture_ints_stub
        .hidden leat__capture_ints_stub
        .type   leat__capture_ints_stub, @function
        .p2align 4
leat__capture_ints_stub:
        .cfi_startproc
        endbr64
        movq    leat__tls_m@gottpoff(%rip), %r11
        movq    %fs:(%r11), %r11
        testq   %r11, %r11
        je      leat__capture_stub
        movq    0(%r11), %r11
        movb    $1, 49(%r11)
        movq    %rdi, 128(%r11)
        movq    %rsi, 136(%r11)
        movq    %rdx, 144(%r11)
        movq    %rcx, 152(%r11)
        movq    %r8, 160(%r11)
        movq    %r9, 168(%r11)
        ret
        .cfi_endproc
        .size   leat__capture_ints_stub, .-leat__capture_ints_stub

/* Called through the type of a function without arguments: its result registers are the
 * captured call's. */
        .globl  leat__blocking_stub
        .hidden leat__blocking_stub
        .type   leat__blocking_stub, @function
        .p2align 4
leat__blocking_stub:
        .cfi_startproc
        endbr64
        subq    $56, %rsp
        .cfi_adjust_cfa_offset 56
        movq    %rsp, %rdi
        call    leat__blocking_run
        movq    (%rsp), %rax
        movq    8(%rsp), %rdx
        movsd   16(%rsp), %xmm0
        movsd   24(%rsp), %xmm1
        addq    $56, %rsp
        .cfi_adjust_cfa_offset -56
        ret
        .cfi_endproc
        .size   leat__blocking_stub, .-leat__blocking_stub

/* void leat__call_on(void *sp, void (*fn)(void), const args *, result *) */
        .globl  leat__call_on
        .hidden leat__call_on
        .type   leat__call_on, @function
        .p2align 4
leat__call_on:
        .cfi_startproc
        endbr64
        pushq   %rbp
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset rbp, 0
        movq    %rsp, %rbp
        .cfi_def_cfa_register rbp
        pushq   %rbx
        .cfi_offset rbx, -24
        pushq   %rbx
        movq    %rcx, %rbx
        leaq    -256(%rdi), %rsp
        andq    $-16, %rsp
        movq    %rsi, %r11
        movq    %rdx, %r10
        movq    0(%r10), %rdi
        movq    8(%r10), %rsi
        movq    16(%r10), %rdx
        movq    24(%r10), %rcx
        movq    32(%r10), %r8
        movq    40(%r10), %r9
        movsd   64(%r10), %xmm0
        movsd   72(%r10), %xmm1
        movsd   80(%r10), %xmm2
        movsd   88(%r10), %xmm3
        movsd   96(%r10), %xmm4
        movsd   104(%r10), %xmm5
        movsd   112(%r10), %xmm6
        movsd   120(%r10), %xmm7
        movl    $8, %eax
        call    *%r11
        movq    %rax, (%rbx)
        movq    %rdx, 8(%rbx)
        movsd   %xmm0, 16(%rbx)
        movsd   %xmm1, 24(%rbx)
        movq    -8(%rbp), %rbx
        movq    %rbp, %rsp
        popq    %rbp
        .cfi_def_cfa rsp, 8
        ret
        .cfi_endproc
        .size   leat__call_on, .-leat__call_on

        .section .note.GNU-stack,"",@progbits

/* Indirect-branch tracking: yes. Shadow stacks: not claimed, the switch does not keep one. */
        .section .note.gnu.property,"a",@note
        .p2align 3
        .long   4, 16, 5
        .asciz  "GNU"
        .long   0xc0000002, 4, 1, 0
