/* SPDX-License-Identifier: MIT */
/*
 * The least a switch can do that keeps what the System V ABI says a call keeps: void
 * limit_switch(void **save, void *load), and the same without the floating-point control words.
 */
        .text

        .macro  PUSH_ALL
        pushq   %rbp
        pushq   %rbx
        pushq   %r12
        pushq   %r13
        pushq   %r14
        pushq   %r15
        .endm
        .macro  POP_ALL_AND_JUMP
        popq    %r15
        popq    %r14
        popq    %r13
        popq    %r12
        popq    %rbx
        popq    %rbp
        popq    %rcx
        notrack jmp *%rcx
        .endm

        .globl  limit_switch
        .type   limit_switch, @function
        .p2align 4
limit_switch:
        endbr64
        PUSH_ALL
        subq    $8, %rsp
        stmxcsr (%rsp)
        fnstcw  4(%rsp)
        movq    %rsp, (%rdi)
        movq    %rsi, %rsp
        ldmxcsr (%rsp)
        fldcw   4(%rsp)
        addq    $8, %rsp
        POP_ALL_AND_JUMP
        .size   limit_switch, .-limit_switch

        .globl  limit_switch_integer
        .type   limit_switch_integer, @function
        .p2align 4
limit_switch_integer:
        endbr64
        PUSH_ALL
        movq    %rsp, (%rdi)
        movq    %rsi, %rsp
        POP_ALL_AND_JUMP
        .size   limit_switch_integer, .-limit_switch_integer

        .section .note.GNU-stack,"",@progbits
