/* A process of its own, without a C library: what the kernel gives, and a console. Never allocates, never returns. */
#ifndef RUNTIME_H
#define RUNTIME_H

typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long u64;

enum {
  SYS_exit = 1, SYS_fork = 2, SYS_read = 3, SYS_write = 4, SYS_close = 6, SYS_lseek = 19, SYS_ioctl = 54, SYS_pipe = 42, SYS_reboot = 88, SYS_mmap = 90,
  SYS_wait4 = 114, SYS_madvise = 205, SYS_sched_getaffinity = 223, SYS_openat = 286,
  SYS_finit_module = 353,
};

/* The result, or a negated error number (CR0[SO] of the kernel's return). */
static inline long syscall6(long number, const long *arguments) {
  register long r0 asm("r0") = number;
  register long r3 asm("r3") = arguments[0];
  register long r4 asm("r4") = arguments[1];
  register long r5 asm("r5") = arguments[2];
  register long r6 asm("r6") = arguments[3];
  register long r7 asm("r7") = arguments[4];
  register long r8 asm("r8") = arguments[5];
  asm volatile("sc\n\tbns+ 1f\n\tneg 3, 3\n1:"
               : "+r"(r0), "+r"(r3), "+r"(r4), "+r"(r5), "+r"(r6), "+r"(r7), "+r"(r8)
               :
               : "r9", "r10", "r11", "r12", "cr0", "ctr", "memory");
  return r3;
}
#define syscall(number, ...) syscall6(number, (const long[6]){__VA_ARGS__})

void *memset(void *to, int byte, u64 length);
void print(const char *text);
/* "NAME 0123456789abcdef" on a line. */
void print_value(const char *name, u64 value);
/* Powers the machine off; reached by every end, good or bad. */
void power_off(void) __attribute__((noreturn));
/* Says what was expected to hold and did not, and powers off. */
void fail(const char *what, long value) __attribute__((noreturn));

#endif
