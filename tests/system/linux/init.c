/*
 * The first process of a machine that has nothing else: says how many CPUs there are, sees that two processes that
 * take turns keep their own floating-point and vector registers, and powers off.
 */
#include "runtime.h"

enum { ROUNDS = 200, QUADWORDS = 3 };

/* Ends of the pipes by which a process wakes the other and waits for it. */
struct turns {
  u64 wake, wait;
};

/*
 * Gives FPR 1, VR 3 and VSR 40 values, lets the other process run (a byte written, a byte read), and stores what the
 * registers hold then.
 */
static void through_switches(const u64 *in, u64 *out, const struct turns *turns) {
  u8 byte = 0;
  register const u64 *from asm("r14") = in;
  register u64 *to asm("r15") = out;
  register const struct turns *pipes asm("r16") = turns;
  register u8 *buffer asm("r17") = &byte;
  asm volatile(".machine power9\n\t"
               "lfd 1, 0(14)\n\t"
               "addi 18, 14, 16\n\t"
               "lvx 3, 0, 18\n\t"
               "addi 18, 14, 32\n\t"
               "lxvd2x 40, 0, 18\n\t"
               "li 0, %4\n\t"
               "ld 3, 0(16)\n\t"
               "mr 4, 17\n\t"
               "li 5, 1\n\t"
               "sc\n\t"
               "li 0, %5\n\t"
               "ld 3, 8(16)\n\t"
               "mr 4, 17\n\t"
               "li 5, 1\n\t"
               "sc\n\t"
               "stfd 1, 0(15)\n\t"
               "addi 18, 15, 16\n\t"
               "stvx 3, 0, 18\n\t"
               "addi 18, 15, 32\n\t"
               "stxvd2x 40, 0, 18"
               : "+r"(from), "+r"(to), "+r"(pipes), "+r"(buffer)
               : "i"(SYS_write), "i"(SYS_read)
               : "r0", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "r12", "r18", "cr0", "ctr",
                 "memory");
}

static void keep_registers(u64 seed, const struct turns *turns) {
  u64 in[2 * QUADWORDS] __attribute__((aligned(16)));
  u64 out[2 * QUADWORDS] __attribute__((aligned(16)));
  for (int round = 0; round < ROUNDS; round++) {
    for (int i = 0; i < 2 * QUADWORDS; i++) in[i] = (seed << 56) | ((u64)round << 8) | i;
    out[1] = in[1];
    through_switches(in, out, turns);
    for (int i = 0; i < 2 * QUADWORDS; i++)
      if (out[i] != in[i]) fail("a register of the other process", out[i]);
  }
}

static void count_cpus(void) {
  u64 mask[32] = {0};
  long bytes = syscall(SYS_sched_getaffinity, 0, sizeof(mask), (long)mask);
  if (bytes < 0) fail("sched_getaffinity", bytes);
  int cpus = 0;
  for (long i = 0; i < bytes / 8; i++)
    for (u64 word = mask[i]; word; word &= word - 1) cpus++;
  print_value("CPUs", cpus);
}

int main(void) {
  print("init runs\n");
  count_cpus();
  u32 there[2], back[2];
  if (syscall(SYS_pipe, (long)there) || syscall(SYS_pipe, (long)back)) fail("pipe", -1);
  long child = syscall(SYS_fork);
  if (child < 0) fail("fork", child);
  const struct turns turns = child ? (struct turns){there[1], back[0]} : (struct turns){back[1], there[0]};
  keep_registers(child ? 0xa5 : 0x5a, &turns);
  if (!child) syscall(SYS_exit, 0);
  long ended = syscall(SYS_wait4, child);
  if (ended != child) fail("wait", ended);
  print("registers kept\n");
  power_off();
}
