#ifdef __x86_64__
/* PVH entry (32-bit, unpaged, EBX = start_info) to 64-bit C: identity tables over 4 GiB, SSE on. */
    .section .note.Xen, "a", @note
    .long 4, 8, 18                      /* name size, value size, XEN_ELFNOTE_PHYS32_ENTRY */
    .asciz "Xen"
    .quad guest_entry

    .text
    .code32
    .globl guest_entry
guest_entry:
    cli
    cld
    mov $stack_end, %esp
    /* One level-2 table a GiB, 2 MiB pages. */
    mov $level2, %edi
    mov $0x83, %eax
    xor %edx, %edx
1:  mov %eax, (%edi)
    movl $0, 4(%edi)
    add $0x200000, %eax
    add $8, %edi
    inc %edx
    cmp $2048, %edx
    jne 1b
    mov $level3, %edi
    mov $level2 + 3, %eax
    mov $4, %ecx
2:  mov %eax, (%edi)
    add $4096, %eax
    add $8, %edi
    loop 2b
    movl $level3 + 3, level4
    mov $level4, %eax
    mov %eax, %cr3
    mov %cr4, %eax
    or $0x620, %eax                     /* PAE, OSFXSR, OSXMMEXCPT */
    mov %eax, %cr4
    mov $0xC0000080, %ecx
    rdmsr
    or $0x100, %eax                     /* EFER.LME */
    wrmsr
    mov %cr0, %eax
    and $~0xC, %eax                     /* EM, TS */
    or $0x80010002, %eax                /* PG, WP, MP */
    mov %eax, %cr0
    lgdt gdt_pointer
    ljmp $8, $long_mode

    .code64
long_mode:
    mov $16, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    mov $stack_end, %rsp
    mov %ebx, %edi
    call guest_main
3:  cli
    hlt
    jmp 3b

    .section .rodata
    .balign 16
gdt:
    .quad 0, 0x00AF9B000000FFFF, 0x00CF93000000FFFF
gdt_pointer:
    .word . - gdt - 1
    .quad gdt

    .bss
    .balign 4096
level4: .space 4096
level3: .space 4096
level2: .space 4 * 4096
    .space 32768
stack_end:
#else
/* The same to 32-bit C: identity tables over 4 GiB, of two levels with PAE, else of one, in the largest pages. */
    .section .note.Xen, "a", @note
    .long 4, 4, 18                      /* name size, value size, XEN_ELFNOTE_PHYS32_ENTRY */
    .asciz "Xen"
    .long guest_entry

    .text
    .globl guest_entry
guest_entry:
    cli
    cld
    mov $stack_end, %esp
    mov $tables, %edi
    mov $0x83, %eax
#ifdef GUEST_PAE
    mov $2048, %ecx
1:  mov %eax, (%edi)
    movl $0, 4(%edi)
    add $0x200000, %eax
    add $8, %edi
    loop 1b
    mov $root, %edi
    mov $tables + 1, %eax               /* present: an entry at this level has no other rights */
    mov $4, %ecx
2:  mov %eax, (%edi)
    movl $0, 4(%edi)
    add $4096, %eax
    add $8, %edi
    loop 2b
    mov $root, %eax
    mov $0x620, %edx                    /* PAE, OSFXSR, OSXMMEXCPT */
#else
    mov $1024, %ecx
1:  mov %eax, (%edi)
    add $0x400000, %eax
    add $4, %edi
    loop 1b
    mov $tables, %eax
    mov $0x610, %edx                    /* PSE, OSFXSR, OSXMMEXCPT */
#endif
    mov %eax, %cr3
    mov %cr4, %eax
    or %edx, %eax
    mov %eax, %cr4
    mov %cr0, %eax
    and $~0xC, %eax                     /* EM, TS */
    or $0x80010002, %eax                /* PG, WP, MP */
    mov %eax, %cr0
    lgdt gdt_pointer
    ljmp $8, $protected_mode
protected_mode:
    mov $16, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    mov $stack_end, %esp
    push %ebx
    call guest_main
3:  cli
    hlt
    jmp 3b

    .section .rodata
    .balign 16
gdt:
    .quad 0, 0x00CF9B000000FFFF, 0x00CF93000000FFFF
gdt_pointer:
    .word . - gdt - 1
    .long gdt

    .bss
    .balign 4096
tables: .space 4 * 4096
root:   .space 4096
    .space 32768
stack_end:
#endif

/* A second vCPU in protected mode without paging. */
    .text
    .code32
    .globl second_vcpu
second_vcpu:
    movl $1, second_vcpu_ran
1:  cli
    hlt
    jmp 1b

    .bss
    .globl second_vcpu_ran
    .balign 4
second_vcpu_ran: .space 4

    .section .note.GNU-stack, "", @progbits
