/*
 * The guest of vmm.c (L2): little-endian, loaded at 0, entered at 0x1000 in guest real mode. Every part does one thing
 * that leaves the guest in its own way and reports with a hypercall; see vmm.c for the calls.
 */
#define CALL_REPORT 0xf400
#define CALL_ANSWER 0xf404
#define CALL_TRANSLATION 0xf408
#define CALL_DROP 0xf40c
#define CALL_END 0xf410
#define CALL_FAIL 0xf414
#define ANSWER_KEY 0x5a5a

#define DATA 0x100000
#define PROCESS_TABLE 0x600000
#define ROOT 0x610000
#define LEVEL2 0x620000
#define LOW 0x621000
#define HIGH 0x622000
#define LEAVES 0x623000
#define FRAME_A 0x300000
#define FRAME_B 0x310000
#define USER_FRAME 0x330000
#define ALIAS 0x40000000
#define USER 0x40010000
#define DEVICE 0x80000000

/* Radix entries: valid, leaf; R, C and access; the size of the next level. */
#define VALID 0x8000
#define LEAF 0xc000
#define PRIVILEGED_RWX 0x18f
#define PRIVILEGED_RW 0x18e
#define USER_RWX 0x187
#define DEVICE_RW 0x1ae
#define LEVEL_9 9
#define LEVEL_5 5
#define RTS_52_BITS 0x4000
#define RTS_AND_ROOT_13 0xad
#define DR_IR 0x30
#define EE 0x8000
#define PR 0x4000
#define PIDR 48

.macro CALL number
	li 3, 0
	ori 3, 3, \number
	sc 1
.endm
.macro REPORT part
	li 4, \part
	CALL CALL_REPORT
.endm
.macro EXPECT_EQUAL a, b
	cmpd \a, \b
	bne fail
.endm
.macro ADDRESS register, value		/* up to 32 bits, zero-extended */
	lis \register, (\value) >> 16
	ori \register, \register, (\value) & 0xffff
	clrldi \register, \register, 32
.endm
/* Entry at a place: bits 0:15, an address, bits 48:63. Big-endian, as tables are. */
.macro ENTRY at, high, address, low
	ADDRESS 15, \address
	ori 15, 15, \low
	ADDRESS 14, \high
	sldi 14, 14, 48
	or 15, 15, 14
	ADDRESS 14, \at
	stdbrx 15, 0, 14
.endm

	.abiversion 2
	.section .rodata
	.globl l2_start, l2_end
	.balign 16
l2_start:
	.org l2_start + 0x300
	b fail
	.org l2_start + 0x380
	b fail
	.org l2_start + 0x400
	b fail
	.org l2_start + 0x600
	b fail

	.org l2_start + 0x700		/* program: counts illegal instructions in r27 and skips them */
	mtsprg0 3
	mfsrr0 3
	addi 3, 3, 4
	mtsrr0 3
	mfsrr1 3
	rldicl 3, 3, 45, 63
	add 27, 27, 3
	mfsprg0 3
	rfid

	.org l2_start + 0x900		/* decrementer: counts in r28 */
	addi 28, 28, 1
	lis 29, 0x7000
	mtdec 29
	rfid

	.org l2_start + 0xc00		/* system call: to r26 with the MSR in r24; SRR1 in r25 */
	mfsrr1 25
	mtsrr0 26
	mtsrr1 24
	rfid

	.org l2_start + 0x1000
	/* 1: 64 pages that L1 does not have yet */
	ADDRESS 31, DATA
	li 5, 64
	mtctr 5
	mr 6, 31
1:	std 6, 8(6)
	addis 6, 6, 1
	bdnz 1b
	mtctr 5
	mr 6, 31
1:	ld 7, 8(6)
	EXPECT_EQUAL 7, 6
	addis 6, 6, 1
	bdnz 1b
	mr 5, 6
	REPORT 1

	/* 2: a hypercall that L1's process answers */
	li 4, 0x777
	CALL CALL_ANSWER
	ADDRESS 5, ANSWER_KEY
	rldimi 5, 5, 16, 0
	rldimi 5, 5, 32, 0
	xori 5, 5, 0x777
	EXPECT_EQUAL 3, 5
	REPORT 2

	/* 3: translation of its own: 2 MiB one to one, 64 KiB at an alias that moves to another frame */
	ENTRY PROCESS_TABLE, RTS_52_BITS, ROOT, RTS_AND_ROOT_13
	ENTRY ROOT, VALID, LEVEL2, LEVEL_9
	ENTRY LEVEL2, VALID, LOW, LEVEL_9
	ENTRY (LEVEL2 + 8), VALID, HIGH, LEVEL_9
	ENTRY (LEVEL2 + 16), LEAF, DEVICE, DEVICE_RW
	.set index, 0
	.rept 16
	ENTRY (LOW + 8 * index), LEAF, (index << 21), PRIVILEGED_RWX
	.set index, index + 1
	.endr
	ENTRY HIGH, VALID, LEAVES, LEVEL_5
	ENTRY LEAVES, LEAF, FRAME_A, PRIVILEGED_RW
	ENTRY (LEAVES + 8), LEAF, USER_FRAME, USER_RWX
	li 3, 0
	mtspr PIDR, 3
	ptesync
	ADDRESS 4, PROCESS_TABLE + 4	/* 2^(12+4) bytes */
	CALL CALL_TRANSLATION
	cmpdi 3, 0
	bne fail
	mfmsr 3
	ori 3, 3, DR_IR
	mtsrr1 3
	ADDRESS 3, translated - l2_start
	mtsrr0 3
	rfid
translated:
	ADDRESS 21, ALIAS
	ADDRESS 22, FRAME_A
	li 5, 0x123
	std 5, 16(21)
	ld 6, 16(22)
	EXPECT_EQUAL 5, 6
	li 5, 0x456
	std 5, 16(22)
	ld 6, 16(21)
	EXPECT_EQUAL 5, 6
	ADDRESS 23, FRAME_B
	li 5, 0x789
	std 5, 16(23)
	ENTRY LEAVES, LEAF, FRAME_B, PRIVILEGED_RW
	ptesync
	li 5, 0xc00
	li 6, 0
	.machine push
	.machine power9
	tlbie 5, 6, 2, 1, 1		/* everything of this partition */
	.machine pop
	eieio
	tlbsync
	ptesync
	ld 6, 16(21)
	li 5, 0x789
	EXPECT_EQUAL 5, 6
	REPORT 3

	/* 4: a decrementer interrupt */
	li 28, 0
	li 5, 0x2000
	mtdec 5
	mfmsr 3
	ori 4, 3, EE
	mtmsrd 4
	lis 5, 0x100
	mtctr 5
1:	cmpdi 28, 0
	bne 2f
	bdnz 1b
	b fail
2:	mtmsrd 3
	mr 5, 28
	REPORT 4

	/* 5: an illegal instruction, which L1 gives back as a program interrupt */
	li 27, 0
	.long 0
	cmpdi 27, 1
	bne fail
	mr 5, 27
	REPORT 5

	/* 6: problem state and back by a system call */
	ADDRESS 5, USER_FRAME
	ADDRESS 6, user_code - l2_start
	ld 7, 0(6)
	std 7, 0(5)
	dcbst 0, 5
	sync
	icbi 0, 5
	isync
	mfmsr 24
	ADDRESS 26, back - l2_start
	ori 3, 24, PR
	ori 3, 3, EE
	mtsrr1 3
	ADDRESS 3, USER
	mtsrr0 3
	li 5, 0
	rfid
	.balign 8
user_code:
	li 5, 0x66
	sc
back:	cmpdi 5, 0x66
	bne fail
	andi. 6, 25, PR
	beq fail
	mr 5, 25
	REPORT 6

	/* 7: a device that L1's process emulates */
	ADDRESS 5, DEVICE
	lwz 6, 0x40(5)
	ADDRESS 7, 0x12345678
	EXPECT_EQUAL 6, 7
	ADDRESS 7, 0x6badf00d
	stw 7, 0x44(5)
	mr 5, 6
	REPORT 7

	/* 8: 32 pages of part 1 that L1's process gives back: what was translated to the old ones must be gone */
	ADDRESS 4, DATA
	ADDRESS 5, 32 << 16
	CALL CALL_DROP
	cmpdi 3, 0
	bne fail
	li 5, 32
	mtctr 5
	mr 6, 31
	ADDRESS 8, 0xfeed0000
1:	ld 7, 0(6)
	add 9, 8, 6
	EXPECT_EQUAL 7, 9
	ld 7, 8(6)
	cmpdi 7, 0
	bne fail
	addis 6, 6, 1
	bdnz 1b
	mr 5, 9
	REPORT 8
	CALL CALL_END

fail:	mr 5, 6
	bl 1f
1:	mflr 4
	mfsrr0 6
	mfsrr1 7
	CALL CALL_FAIL
	.balign 16
l2_end:
