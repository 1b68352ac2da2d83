# Entry of a process: the address of global data, an aligned stack, main().
	.abiversion 2
	.text
	.globl _start
_start:
	lis 2, .TOC.@ha
	addi 2, 2, .TOC.@l
	clrrdi 1, 1, 4
	stdu 1, -256(1)
	bl main
	nop
1:	b 1b
