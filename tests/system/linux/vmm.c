/*
 * The first process of an L1: loads Linux's own KVM, makes a virtual machine with one CPU, runs the guest of `l2.S` in
 * it and answers its hypercalls. What the guest does is named beside each of its parts. Ends with "KVM works".
 */
#include "kvm.h"

/* What the guest asks for; see l2.S. */
enum {
  CALL_REPORT = 0xf400, CALL_ANSWER = 0xf404, CALL_TRANSLATION = 0xf408, CALL_DROP = 0xf40c, CALL_END = 0xf410,
  CALL_FAIL = 0xf414,
};
#define ANSWER_KEY 0x5a5a5a5a5a5a5a5aul
#define MMIO_ANSWER 0x12345678ul
enum { PAGE = 65536, ENTRY = 0x1000, DONTNEED = 4 };
#define MEMORY_BYTES (32ul << 20)

extern const u8 l2_start[], l2_end[];

static void start_guest(void) {
  for (long i = 0; i < l2_end - l2_start; i++) memory[i] = l2_start[i];
  set_lpcr(LPCR_ILE);
  start_at(ENTRY, MSR_SF | MSR_ME | MSR_RI | MSR_LE, 0, 0);
}

/* The guest's pages of a range go back to the kernel and come again with other contents. */
static long drop(u64 address, u64 bytes) {
  long result = syscall(SYS_madvise, (long)(memory + address), bytes, DONTNEED);
  for (u64 at = address; at < address + bytes; at += PAGE) *(volatile u64 *)(memory + at) = 0xfeed0000 + at;
  return result;
}

static long answer(u64 number, const u64 *arguments) {
  switch (number) {
    case CALL_REPORT:
      print_value("L2 passed", arguments[0]);
      print_value("  with", arguments[1]);
      return 0;
    case CALL_ANSWER:
      return arguments[0] ^ ANSWER_KEY;
    case CALL_TRANSLATION:
      return set_process_table(arguments[0]);
    case CALL_DROP:
      return drop(arguments[0], arguments[1]);
    case CALL_END:
      print("KVM works\n");
      power_off();
    case CALL_FAIL:
      print_value("L2 at", arguments[0]);
      fail("L2 found", arguments[1]);
    default:
      fail("hypercall", number);
  }
}

static void device_access(void) {
  u64 value = 0;
  for (u32 i = 0; i < run->mmio.length; i++)
    if (run->mmio.is_write) value |= (u64)run->mmio.data[i] << (8 * i);
    else run->mmio.data[i] = MMIO_ANSWER >> (8 * i);
  print_value(run->mmio.is_write ? "device stored at" : "device loaded at", run->mmio.address);
  if (run->mmio.is_write) print_value("  value", value);
}

int main(void) {
  print("L1 process runs\n");
  make_machine(MEMORY_BYTES);
  start_guest();
  for (;;) {
    run_cpu();
    if (run->exit_reason == EXIT_MMIO) device_access();
    else if (run->exit_reason == EXIT_HYPERCALL)
      run->hypercall.result = answer(run->hypercall.number, run->hypercall.arguments);
    else fail("exit for an unknown reason", run->exit_reason);
  }
}
