/* A virtual machine with one CPU by Linux's /dev/kvm. Whatever fails here ends the process with a message. */
#ifndef KVM_H
#define KVM_H

#include "runtime.h"

/* linux/kvm.h. */
struct kvm_run {
  u32 request[2];
  u32 exit_reason;
  u32 state[5];
  union {
    struct {
      u64 number, result, arguments[9];
    } hypercall;
    struct {
      u64 address;
      u8 data[8];
      u32 length;
      u8 is_write;
    } mmio;
  };
};
enum { EXIT_MMIO = 6, EXIT_HYPERCALL = 19 };

/* Interrupts are little-endian; those taken with relocation on are delivered with it (AIL 3). */
#define LPCR_ILE (1ul << 25)
#define LPCR_AIL_3 (3ul << 23)
#define MSR_SF (1ul << 63)
#define MSR_ME (1ul << 12)
#define MSR_RI (1ul << 1)
#define MSR_LE 1ul

/* What make_machine() made: the machine's memory from guest address 0, and what its CPU left for. */
extern u8 *memory;
extern struct kvm_run *run;

/* The result, which must not be an error number. */
long expect(const char *what, long result);
/* A file that is there. */
long open_file(const char *path, long flags);
/* Loads kvm.ko and kvm-hv.ko from the root folder and makes the machine. */
void make_machine(u64 bytes);
/* Lets the CPU have these bits of LPCR too. */
void set_lpcr(u64 bits);
/* The CPU's state before its first instruction; the other registers are as after reset. */
void start_at(u64 pc, u64 msr, const u64 *arguments, int count);
/* The guest's own radix translation: a process table of 2^(12 + size) bytes. 0, or a negated error number. */
long set_process_table(u64 address_and_size);
/* Runs the CPU until it wants something: `run` says what. */
void run_cpu(void);

#endif
